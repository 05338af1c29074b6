//! The message stage: From, Sender and Resent fields (docs/semantics.md 6).

use crate::address::fields::{FieldName, ResentName};
use crate::address::header::{
    FieldClass, FieldError, FieldSummary, Mailbox, mailboxes, read_everyday, read_field, read_other,
};
use crate::address::{CanonicalView, Known, Likeness, Span, octet, suffix};
use crate::decision::{Place, Subject};
use crate::gather::Fact;
use crate::ledger::{Strengths, place};
use crate::observer::Observer;
use crate::options::Limits;
use crate::policy::{Alignment, Strength};
use crate::reason::Reason;
use crate::request::Header;
use crate::snapshot::hash::Hasher;
use crate::snapshot::layout::Read;
use crate::snapshot::rows::{account, tenant};
use crate::snapshot::target::Target;

use super::address::{AddressCheck, Judged, Outcome};
use super::envelope::Envelope;
use super::fields::{FieldAt, HeaderFault, Originators, Repeated, ResentBlock, visit};
use super::memory::{FEW_OCTETS, Memory, Octets};
use super::names;

/// What the request says in its header.
#[derive(Default)]
pub(super) struct SaidHeader<'r> {
    fault: Option<HeaderFault>,
    found: Originators<'r>,
    /// What the one From field holds, if there is one, or why it cannot be read.
    from: Option<Result<FieldSummary, FieldError>>,
    /// How its address is like that of the envelope, if both are everyday ones.
    likeness: Likeness,
}

/// What a From field held that repeats the envelope sender, perhaps in other letters.
#[derive(Clone, Debug)]
pub(super) struct RepeatedFrom {
    body: Octets,
    /// Where the address stands.
    address: Span,
}

impl<'r> SaidHeader<'r> {
    /// Reads the header, sooner where From holds an address that is known, and calls `meanwhile` once its fields are found.
    #[inline(never)]
    pub(super) fn read(
        &mut self,
        header: &Header<'r>,
        limits: &Limits,
        known: Option<Known<'_>>,
        meanwhile: impl FnOnce(),
    ) {
        self.find(header, limits);
        meanwhile();
        self.read_from(limits, known);
    }

    /// Finds the fields of the header that a decision looks at.
    #[inline(always)]
    pub(super) fn find(&mut self, header: &Header<'r>, limits: &Limits) {
        let found = &mut self.found;
        self.fault = visit(header, limits, |name, field, is_one| found.add(name, field, is_one)).err();
    }

    /// Reads the one From field that was found.
    #[inline(always)]
    pub(super) fn read_from(&mut self, limits: &Limits, known: Option<Known<'_>>) {
        let Some(field) = self.found.from.single() else { return };
        // Entered by each arm, so that it is written where it stands.
        if let Some(everyday) = read_everyday(field.body, limits, known) {
            self.likeness = everyday.likeness;
            self.from = Some(Ok(everyday.into()));
        } else {
            self.from = Some(read_other(field.body, limits));
        }
    }

    /// What there is to keep of a From field for which there is a [repetition](Self::repetition), if it is not too long.
    pub(super) fn repeated(&self) -> Option<RepeatedFrom> {
        let (summary, field) = (self.from.as_ref()?.as_ref().ok()?, self.found.from.single()?);
        let fits = field.body.len() <= FEW_OCTETS;
        fits.then(|| RepeatedFrom { body: Octets::from_slice(field.body), address: summary.first.addr_spec.span })
    }

    /// The address in From, to be looked up, where it is the only one, canonical as it is spelled, and another one than
    /// that of the envelope.
    #[inline]
    pub(super) fn target(&self, hasher: &'r Hasher, envelope: Option<&Target<'_>>) -> Option<Target<'r>> {
        match &self.from {
            Some(Ok(summary)) if self.likeness == Likeness::None => self.another_target(summary, hasher, envelope),
            _ => None,
        }
    }

    #[inline(never)]
    fn another_target(
        &self,
        summary: &FieldSummary,
        hasher: &'r Hasher,
        envelope: Option<&Target<'_>>,
    ) -> Option<Target<'r>> {
        let field = self.found.from.single().filter(|_| summary.mailboxes == 1)?;
        let address = summary.first.addr_spec.as_spelled(field.body)?;
        let is_known = envelope.is_some_and(|envelope| envelope.is_but_for_case(address));
        (!is_known).then(|| Target::new(hasher, address))
    }

    /// Where the address of From stands, if the header is judged, and nothing more is to be judged in it than this address: it is
    /// that of the envelope, nothing else can show an address, and no other originator field is there. An address in other letters
    /// is that of the envelope only where case tells nothing, and not where somebody `watches`: an explanation judges each spelling.
    #[inline]
    pub(super) fn repetition(&self, strengths: &Strengths, envelope: Outcome, watches: bool) -> Option<Place> {
        let is_it = match self.likeness {
            Likeness::Full => true,
            Likeness::ButForCase => !watches && envelope.facts.is_some_and(|facts| !facts.has(Fact::CaseTells)),
            Likeness::None => false,
        };
        match &self.from {
            Some(Ok(summary)) if is_it && summary.plain => {
                self.alone(strengths).map(|field| place_of(&field, summary.first.addr_spec.span))
            }
            _ => None,
        }
    }

    /// The same, before From is read, where it is spelled as it was beside the same envelope sender before.
    pub(super) fn repetition_of(&self, before: &RepeatedFrom, strengths: &Strengths) -> Option<Place> {
        let field = self.alone(strengths)?;
        octet::same(&before.body, field.body).then(|| place_of(&field, before.address))
    }

    /// The From field, if the header is judged, and it is the only field of it to judge.
    #[inline]
    fn alone(&self, strengths: &Strengths) -> Option<FieldAt<'r>> {
        let found = &self.found;
        let is_alone = found.sender.first.is_none() && found.resent.is_none() && found.ambiguous.is_none();
        let is_judged = strengths.reading != Strength::Off && strengths.header != Strength::Off;
        if is_alone && is_judged && self.fault.is_none() { found.from.single() } else { None }
    }
}

/// The place of an address in a From field.
fn place_of(field: &FieldAt<'_>, address: Span) -> Place {
    place(Subject::From, field.number, field.base, address)
}

/// Judges the header; an address in From may be one that is being looked up already.
pub(super) fn judge<O: Observer, M: Memory>(
    check: &mut AddressCheck<'_, '_, '_, O, M>,
    header: &Header<'_>,
    (said, expected): (&SaidHeader<'_>, Option<&Target<'_>>),
    envelope: &Envelope<'_>,
    limits: &Limits,
) -> Read<()> {
    let strengths = check.ledger.strengths;
    if strengths.reading == Strength::Off && strengths.hosted == Strength::Off {
        return Ok(());
    }
    let whole = Place::of(Subject::Header);
    if matches!(header, Header::NotGiven) {
        let denied = check.ledger.find(Reason::HeaderNotGiven, whole);
        check.unreadable(whole, denied);
        return Ok(());
    }
    match said.fault {
        None => {}
        Some(HeaderFault::TooLong) => {
            check.ledger.find(Reason::LimitExceeded, whole);
            return Ok(());
        }
        Some(HeaderFault::Ambiguous(offset)) => {
            let at = place(Subject::Header, 0, offset, Span::default());
            let denied = check.ledger.find(Reason::FieldNameAmbiguous, at);
            check.unreadable(at, denied);
            return Ok(());
        }
    }
    // Such a From is aligned, its names hold nothing, and its address has been judged.
    if let Envelope::Address { outcome, .. } = envelope {
        if let Some(at) = said.repetition(&strengths, *outcome, !O::IS_BLIND) {
            check.judge_again(*outcome, at, Judged::Fully);
            return Ok(());
        }
    }
    let SaidHeader { found, from, .. } = said;
    if let Some(field) = found.ambiguous {
        let at = Place { field: field.number, ..whole };
        let denied = check.ledger.find(Reason::FieldNameAmbiguous, at);
        check.unreadable(at, denied);
    }
    let page = check.asker.page;
    let mut message = Message {
        limits,
        header,
        envelope,
        expected,
        read: from.as_ref(),
        ignore_sender: page.has(tenant::IGNORE_SENDER),
        multiple_from: page.has(tenant::MULTIPLE_FROM),
        alignment: page.alignment()?,
        check,
    };
    message.judge(found)
}

/// One message, and what its header is judged with.
struct Message<'m, 'c, 'd, 's, O, M> {
    check: &'m mut AddressCheck<'c, 'd, 's, O, M>,
    limits: &'m Limits,
    header: &'m Header<'m>,
    envelope: &'m Envelope<'m>,
    expected: Option<&'m Target<'m>>,
    /// What the one From field holds.
    read: Option<&'m Result<FieldSummary, FieldError>>,
    ignore_sender: bool,
    multiple_from: bool,
    alignment: Alignment,
}

impl<'m, O: Observer, M: Memory> Message<'m, '_, '_, '_, O, M> {
    fn judge(&mut self, found: &Originators<'_>) -> Read<()> {
        let header_on = self.check.ledger.strengths.header != Strength::Off;
        let (resent, resent_denied) = if header_on { self.resent(found)? } else { (None, false) };
        self.from(found, resent.is_some())?;
        if self.ignore_sender {
            self.every_field(Subject::Sender, false)?;
        } else {
            self.sender(&found.sender, header_on)?;
        }
        if let Some(resent) = resent {
            for (field, summary) in [Some(resent.from), resent.sender].into_iter().flatten() {
                self.mailboxes(Subject::Resent, &field, &summary, Judged::Fully)?;
            }
            self.align(Subject::Resent, &resent.from.0, &resent.from.1)?;
        } else if found.resent.is_some() && !resent_denied {
            self.every_field(Subject::Resent, false)?;
        }
        Ok(())
    }

    fn from(&mut self, found: &Originators<'_>, resent: bool) -> Read<()> {
        let strengths = self.check.ledger.strengths;
        if let Some(second) = found.from.second {
            let at = place(Subject::From, second.number, second.base, second.whole());
            self.check.ledger.find(Reason::FromRepeated, at);
            return self.every_field(Subject::From, strengths.header == Strength::Enforce);
        }
        let (Some(field), Some(read)) = (found.from.first, self.read) else {
            self.check.ledger.find(Reason::FromMissing, Place::of(Subject::Header));
            return Ok(());
        };
        let summary = match read {
            Ok(summary) => summary,
            Err(error) => {
                let at = self.error_place(Subject::From, &field, error);
                let denied = self.check.ledger.find(from_reason(error.construct().class()), at);
                self.unread(error, at, denied);
                return Ok(());
            }
        };
        if summary.mailboxes > 1 {
            if !self.multiple_from {
                let at = place(Subject::From, field.number, field.base, field.whole());
                self.check.ledger.find(Reason::FromMultiple, at);
            } else if found.sender.first.is_none() {
                self.check.ledger.find(Reason::SenderMissing, Place::of(Subject::Header));
            }
        }
        let judged = match (strengths.reading, resent) {
            (Strength::Off, _) => Judged::HostedOnly,
            (_, true) => Judged::AsResent,
            (_, false) => Judged::Fully,
        };
        self.mailboxes(Subject::From, &field, summary, judged)?;
        if strengths.header != Strength::Off {
            names::judge(self.check, Subject::From, &field, summary, self.limits)?;
            if !resent {
                self.align(Subject::From, &field, summary)?;
            }
        }
        Ok(())
    }

    fn sender(&mut self, sender: &Repeated<'_>, header_on: bool) -> Read<()> {
        if let Some(second) = sender.second {
            let at = place(Subject::Sender, second.number, second.base, second.whole());
            self.check.ledger.find(Reason::SenderFieldSyntax, at);
            let covered = self.check.ledger.strengths.header == Strength::Enforce;
            return self.every_field(Subject::Sender, covered);
        }
        let Some(field) = sender.first else { return Ok(()) };
        let summary = match read_field(field.body, self.limits) {
            Ok(summary) => summary,
            Err(error) => {
                let at = self.error_place(Subject::Sender, &field, &error);
                let reason = match error.construct().class() {
                    FieldClass::Limit => Reason::LimitExceeded,
                    _ => Reason::SenderFieldSyntax,
                };
                let denied = self.check.ledger.find(reason, at);
                self.unread(&error, at, denied);
                return Ok(());
            }
        };
        if !is_one_mailbox(&summary) {
            let at = place(Subject::Sender, field.number, field.base, field.whole());
            self.check.ledger.find(Reason::SenderFieldSyntax, at);
        }
        let judged = if header_on { Judged::Fully } else { Judged::HostedOnly };
        self.mailboxes(Subject::Sender, &field, &summary, judged)?;
        if header_on {
            names::judge(self.check, Subject::Sender, &field, &summary, self.limits)?;
        }
        Ok(())
    }

    /// Returns the fields that are authorised in place of From, when the account may resend and they are complete;
    /// and whether it is denied for them.
    fn resent(&mut self, found: &Originators<'_>) -> Read<(Option<Resent<'m>>, bool)> {
        let Some(first) = found.resent else { return Ok((None, false)) };
        let at = place(Subject::Resent, first.number, first.base, first.whole());
        if self.check.asker.account.flags() & account::RESEND == 0 {
            return Ok((None, self.check.ledger.find(Reason::ResentNotEnabled, at)));
        }
        let Some(resent) = self.complete() else {
            return Ok((None, self.check.ledger.find(Reason::ResentIncomplete, at)));
        };
        if resent.from.1.mailboxes > 1 && !self.multiple_from {
            let field = &resent.from.0;
            let whole = place(Subject::Resent, field.number, field.base, field.whole());
            self.check.ledger.find(Reason::FromMultiple, whole);
        }
        Ok((Some(resent), false))
    }

    fn complete(&mut self) -> Option<Resent<'m>> {
        let block = ResentBlock::topmost(self.header, self.limits);
        let (from, sender) = (self.read_resent(&block.from), self.read_resent(&block.sender));
        block.date.single()?;
        let from = from?;
        let sender = match block.sender.first {
            None if from.1.mailboxes > 1 => return None,
            None => None,
            Some(_) => Some(sender.filter(|(_, summary)| is_one_mailbox(summary))?),
        };
        Some(Resent { from, sender })
    }

    fn read_resent<'f>(&mut self, repeated: &Repeated<'f>) -> Option<(FieldAt<'f>, FieldSummary)> {
        let field = repeated.single()?;
        match read_field(field.body, self.limits) {
            Ok(summary) => Some((field, summary)),
            Err(error) => {
                let at = self.error_place(Subject::Resent, &field, &error);
                self.over_limit(&error, at);
                None
            }
        }
    }

    /// Returns where the construct stands that keeps a field from being read, and notes which it is.
    fn error_place(&mut self, subject: Subject, field: &FieldAt<'_>, error: &FieldError) -> Place {
        let at = place(subject, field.number, field.base, Span { start: error.offset(), end: error.offset() });
        self.check.note_unread(at, error.construct().text());
        at
    }

    /// Enters that a field is over a limit, if that is what keeps it from being read.
    fn over_limit(&mut self, error: &FieldError, at: Place) -> bool {
        error.construct().class() == FieldClass::Limit && self.check.ledger.find(Reason::LimitExceeded, at)
    }

    /// Judges the mailboxes of a field that was read.
    fn mailboxes(&mut self, subject: Subject, field: &FieldAt<'_>, summary: &FieldSummary, judged: Judged) -> Read<()> {
        if summary.mailboxes == 1 {
            return self.mailbox(subject, field, &summary.first, judged);
        }
        for mailbox in mailboxes(field.body, self.limits) {
            self.mailbox(subject, field, &mailbox, judged)?;
        }
        Ok(())
    }

    fn mailbox(&mut self, subject: Subject, field: &FieldAt<'_>, mailbox: &Mailbox, judged: Judged) -> Read<()> {
        let at = place(subject, field.number, field.base, mailbox.addr_spec.span);
        // Most senders write the same address in both places, and it need not be brought to canonical form twice.
        if let Envelope::Address { spelled, form, outcome, .. } = self.envelope {
            if *form == mailbox.addr_spec.form && *spelled == mailbox.addr_spec.span.of(field.body) {
                self.check.judge_again(*outcome, at, judged);
                return Ok(());
            }
        }
        match mailbox.addr_spec.view(field.body, &mut None) {
            Ok(address) => {
                if let Some(outcome) = self.envelope.outcome_of(address).filter(|_| O::IS_BLIND) {
                    self.check.judge_again(outcome, at, judged);
                    return Ok(());
                }
                match self.expected.filter(|expected| expected.address() == address) {
                    Some(target) => self.check.judge_apart(target, at, judged),
                    None => self.check.judge_apart(&Target::new(self.check.asker.root.hasher, address), at, judged),
                }
            }
            Err(error) => {
                let reason = match subject {
                    _ if !error.kind().is_syntax() => Reason::NotCanonical,
                    Subject::Sender => Reason::SenderFieldSyntax,
                    Subject::Resent => Reason::ResentIncomplete,
                    _ => Reason::FromSyntax,
                };
                let denied = judged != Judged::HostedOnly && self.check.ledger.find(reason, at);
                self.check.unreadable(at, denied);
                Ok(())
            }
        }
    }

    /// Enters that a field cannot be read, save one of empty groups: it names nobody (docs/semantics.md 5.2, 5.3).
    fn unread(&mut self, error: &FieldError, at: Place, denied_already: bool) {
        if error.construct().class() != FieldClass::GroupEmpty {
            self.check.unreadable(at, denied_already);
        }
    }

    /// Judges by `hosted` the mailboxes of every field of this kind: one that stands more than once, or that nothing
    /// else looks at. `covered`: a field that cannot be read is denied already.
    fn every_field(&mut self, subject: Subject, covered: bool) -> Read<()> {
        let wanted = |name: FieldName| match subject {
            Subject::Resent => matches!(name, FieldName::Resent(ResentName::From | ResentName::Sender)),
            Subject::Sender => name == FieldName::Sender,
            _ => name == FieldName::From,
        };
        let (header, limits) = (self.header, self.limits);
        let mut result = Ok(());
        // The header was taken apart before; it has no fault now.
        let _complete = visit(header, limits, |name, field, _| {
            if wanted(name) && result.is_ok() {
                result = self.hosted_only(subject, &field, covered);
            }
        });
        result
    }

    fn hosted_only(&mut self, subject: Subject, field: &FieldAt<'_>, covered: bool) -> Read<()> {
        match read_field(field.body, self.limits) {
            Ok(summary) => self.mailboxes(subject, field, &summary, Judged::HostedOnly),
            Err(error) => {
                let at = self.error_place(subject, field, &error);
                let denied = self.over_limit(&error, at) || covered;
                self.unread(&error, at, denied);
                Ok(())
            }
        }
    }

    /// Asks each mailbox of a field to match the envelope sender (docs/semantics.md 6.8).
    fn align(&mut self, subject: Subject, field: &FieldAt<'_>, summary: &FieldSummary) -> Read<()> {
        let Envelope::Address { target, .. } = self.envelope else { return Ok(()) };
        if self.alignment == Alignment::None {
            return Ok(());
        }
        let mut check = |mailbox: &Mailbox| {
            if let Ok(address) = mailbox.addr_spec.view(field.body, &mut None) {
                if !aligned(self.alignment, address, target.address()) {
                    let at = place(subject, field.number, field.base, mailbox.addr_spec.span);
                    self.check.ledger.find(Reason::AlignmentFailed, at);
                }
            }
        };
        if summary.mailboxes == 1 {
            check(&summary.first);
        } else {
            mailboxes(field.body, self.limits).for_each(|mailbox| check(&mailbox));
        }
        Ok(())
    }
}

/// The fields of a complete Resent block.
struct Resent<'f> {
    from: (FieldAt<'f>, FieldSummary),
    sender: Option<(FieldAt<'f>, FieldSummary)>,
}

fn aligned(alignment: Alignment, a: CanonicalView<'_>, b: CanonicalView<'_>) -> bool {
    match alignment {
        Alignment::None => true,
        Alignment::Address => a.domain == b.domain && a.local.eq_ignore_ascii_case(b.local),
        Alignment::Domain => a.domain == b.domain,
        Alignment::Organizational => {
            a.domain == b.domain || matches!((organization(a), organization(b)), (Some(a), Some(b)) if a == b)
        }
    }
}

fn organization(address: CanonicalView<'_>) -> Option<&str> {
    let name = core::str::from_utf8(address.domain).ok().filter(|_| !address.is_literal())?;
    suffix::organizational_domain(name)
}

const fn is_one_mailbox(summary: &FieldSummary) -> bool {
    summary.mailboxes == 1 && summary.groups == 0
}

const fn from_reason(class: FieldClass) -> Reason {
    match class {
        FieldClass::Syntax => Reason::FromSyntax,
        FieldClass::Ambiguous => Reason::FromAmbiguous,
        FieldClass::GroupEmpty => Reason::FromGroupEmpty,
        FieldClass::TooManyMailboxes => Reason::TooManyMailboxes,
        FieldClass::Limit => Reason::LimitExceeded,
    }
}

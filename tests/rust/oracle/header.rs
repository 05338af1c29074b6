//! The header (section 6, 5.2).

use sendas::policy::{Alignment, Strength};
use sendas::{Basis, Control, Reason, Subject};

use super::answer::{Findings, Spot};
use super::envelope::{self, Reading};
use super::modes::strength;
use super::{Asked, address, forms, names};
use crate::request::{Body, Damage, Envelope, Field, Header, Kind, Mailbox, Spelling, Value};

/// The strengths that the rules of the header ask for.
struct Strengths {
    header: Strength,
    hosted: Strength,
    /// 6.5: of the reasons from `header_not_given` to `too_many_mailboxes`.
    reading: Strength,
}

/// One field with its number in the header.
#[derive(Clone, Copy)]
pub(crate) struct Numbered<'a> {
    pub(crate) number: usize,
    pub(crate) body: &'a Body,
}

pub(crate) fn judge(asked: &Asked<'_>, findings: &mut Findings) {
    let (header, sender) = (strength(asked, Control::Header), strength(asked, Control::Sender));
    let null = matches!(asked.request.envelope, Envelope::Null | Envelope::NullPath);
    let reading = if null { header.max(sender) } else { header };
    let strengths = Strengths { header, hosted: strength(asked, Control::Hosted), reading };
    if reading == Strength::Off && strengths.hosted == Strength::Off {
        return;
    }
    let whole = Spot::whole(Subject::Header);
    let fields = match &asked.request.header {
        Header::NotGiven => {
            envelope::unreadable(asked, reading, Reason::HeaderNotGiven, whole, findings);
            return;
        }
        // 6.10
        Header::Oversized { .. } => {
            findings.always(Reason::LimitExceeded, Subject::Header);
            return;
        }
        // 6.2
        Header::Block(_, Some(damage)) => {
            match damage {
                Damage::BareCr
                | Damage::BareLf
                | Damage::Nul
                | Damage::NoField
                | Damage::Mbox
                | Damage::FoldedFirst
                | Damage::BlankFold => {
                    envelope::unreadable(asked, reading, Reason::FieldNameAmbiguous, whole, findings);
                }
            }
            return;
        }
        Header::Fields(fields) | Header::Block(fields, None) => fields,
    };
    if fields.iter().any(is_ambiguous) {
        envelope::unreadable(asked, reading, Reason::FieldNameAmbiguous, whole, findings);
    }
    let resent = resent(asked, &strengths, fields, findings);
    from(asked, &strengths, fields, resent.is_some(), findings);
    sender_field(asked, &strengths, fields, findings);
    // 5.2: what nothing else looks at.
    if resent.is_none() && strengths.header != Strength::Enforce {
        for kind in [Kind::ResentFrom, Kind::ResentSender] {
            for field in of_kind(fields, kind) {
                protect_field(asked, Strength::Off, field, Spot::field(Subject::Resent, field.number), findings);
            }
        }
    }
    align(asked, &strengths, fields, resent, findings);
}

/// The fields of a kind, with their numbers.
fn of_kind(fields: &[Field], kind: Kind) -> Vec<Numbered<'_>> {
    let mut found = Vec::new();
    for (number, field) in fields.iter().enumerate() {
        if field.kind == kind {
            found.push(Numbered { number, body: &field.body });
        }
    }
    found
}

/// Why a body cannot be read as From, if it cannot (5.2, 6.10).
fn fault(asked: &Asked<'_>, body: &Body) -> Option<Reason> {
    match body {
        Body::Broken(_, reason) => Some(*reason),
        Body::Text(_) => Some(Reason::FromSyntax),
        Body::Oversized(_) | Body::Deep(_) => Some(Reason::LimitExceeded),
        Body::List(_) => {
            let mailboxes = body.mailboxes().len();
            if mailboxes > asked.limits.mailboxes as usize {
                Some(Reason::TooManyMailboxes)
            } else if !body.has_empty_group() {
                None
            } else if mailboxes > 0 {
                // one reader sees the mailboxes, another nobody
                Some(Reason::FromAmbiguous)
            } else {
                Some(Reason::FromGroupEmpty)
            }
        }
    }
}

/// Section 5 alone, for a field that section 4 does not judge (5.2, 5.3).
fn protect_field(asked: &Asked<'_>, denies: Strength, field: Numbered<'_>, spot: Spot, findings: &mut Findings) {
    let hosted = strength(asked, Control::Hosted);
    match fault(asked, field.body) {
        Some(Reason::LimitExceeded) => findings.add(Strength::Enforce, Reason::LimitExceeded, spot),
        // names nobody
        Some(Reason::FromGroupEmpty) => {}
        // 5.3: one enforced reason is enough
        Some(_) if denies == Strength::Enforce => {}
        Some(_) => findings.add(hosted, Reason::AddressOfAnotherTenant, spot),
        None => {
            for (number, mailbox) in field.body.mailboxes().into_iter().enumerate() {
                let spot = spot.mailbox(number);
                if envelope::not_canonical(&mailbox.address) {
                    // what is repeated is not denied for this
                    findings.add(hosted, Reason::AddressOfAnotherTenant, spot);
                } else {
                    envelope::protect(asked, &mailbox.address, spot, findings);
                }
            }
        }
    }
}

/// The From fields (6.3, 6.4, 6.5, 6.9).
fn from(asked: &Asked<'_>, strengths: &Strengths, fields: &[Field], resent: bool, findings: &mut Findings) {
    let froms = of_kind(fields, Kind::From);
    let field = match froms.as_slice() {
        [] => {
            findings.add(strengths.reading, Reason::FromMissing, Spot::whole(Subject::Header));
            return;
        }
        [field] => *field,
        [_, second, ..] => {
            findings.add(strengths.reading, Reason::FromRepeated, Spot::field(Subject::From, second.number));
            for field in froms {
                let spot = Spot::field(Subject::From, field.number);
                protect_field(asked, strengths.header, field, spot, findings);
            }
            return;
        }
    };
    let spot = Spot::field(Subject::From, field.number);
    match fault(asked, field.body) {
        Some(Reason::LimitExceeded) => {
            findings.add(Strength::Enforce, Reason::LimitExceeded, spot);
            return;
        }
        Some(Reason::FromGroupEmpty) => {
            // names nobody, so that 5.2 has nothing to fear
            findings.add(strengths.reading, Reason::FromGroupEmpty, spot);
            return;
        }
        Some(reason) => {
            envelope::unreadable(asked, strengths.reading, reason, spot, findings);
            return;
        }
        None => {}
    }
    if strengths.reading == Strength::Off {
        protect_field(asked, strengths.reading, field, spot, findings);
        return;
    }
    let mailboxes = field.body.mailboxes();
    if mailboxes.len() > 1 {
        if !asked.tenant.header.multiple_from {
            findings.add(strengths.reading, Reason::FromMultiple, spot);
        } else if of_kind(fields, Kind::Sender).is_empty() {
            findings.add(strengths.header, Reason::SenderMissing, Spot::whole(Subject::Header));
        }
    }
    for (number, mailbox) in mailboxes.into_iter().enumerate() {
        if resent {
            original_author(asked, &mailbox.address, spot.mailbox(number), findings);
        } else {
            envelope::address(asked, &mailbox.address, spot.mailbox(number), findings);
        }
    }
    if strengths.header != Strength::Off {
        names::judge(asked, strengths.header, field, spot, findings);
    }
}

/// 6.9: a From mailbox of a resent message.
fn original_author(asked: &Asked<'_>, spelling: &Spelling, spot: Spot, findings: &mut Findings) {
    let sender = strength(asked, Control::Sender);
    if envelope::not_canonical(spelling) {
        envelope::unreadable(asked, sender, Reason::NotCanonical, spot, findings);
        return;
    }
    let denied = address::denied(asked, &spelling.value);
    if denied {
        findings.add(sender, Reason::AddressDenied, spot);
    }
    let hosted = envelope::protect(asked, spelling, spot, findings);
    if (denied && sender == Strength::Enforce) || hosted == Some(Strength::Enforce) {
        return;
    }
    let clean = !denied && hosted.is_none() && sender != Strength::Off;
    findings.grant(if clean { Basis::Resend } else { Basis::NotEnforced }, spot);
}

/// The Sender field (6.6).
fn sender_field(asked: &Asked<'_>, strengths: &Strengths, fields: &[Field], findings: &mut Findings) {
    let senders = of_kind(fields, Kind::Sender);
    if strengths.header == Strength::Off || asked.tenant.header.ignore_sender {
        for field in senders {
            protect_field(asked, Strength::Off, field, Spot::field(Subject::Sender, field.number), findings);
        }
        return;
    }
    if let [_, second, ..] = senders.as_slice() {
        findings.add(strengths.header, Reason::SenderFieldSyntax, Spot::field(Subject::Sender, second.number));
        for field in senders {
            protect_field(asked, strengths.header, field, Spot::field(Subject::Sender, field.number), findings);
        }
        return;
    }
    for field in senders {
        let spot = Spot::field(Subject::Sender, field.number);
        match fault(asked, field.body) {
            Some(Reason::LimitExceeded) => findings.add(Strength::Enforce, Reason::LimitExceeded, spot),
            // 5.2: names nobody
            Some(Reason::FromGroupEmpty) => findings.add(strengths.header, Reason::SenderFieldSyntax, spot),
            Some(_) => envelope::unreadable(asked, strengths.header, Reason::SenderFieldSyntax, spot, findings),
            None => {
                if single_mailbox(asked, field.body).is_none() {
                    findings.add(strengths.header, Reason::SenderFieldSyntax, spot);
                }
                for (number, mailbox) in field.body.mailboxes().into_iter().enumerate() {
                    envelope::address(asked, &mailbox.address, spot.mailbox(number), findings);
                }
                names::judge(asked, strengths.header, field, spot, findings);
            }
        }
    }
}

/// The one field of a list that is exactly that.
fn only<'l, 'a>(fields: &'l [Numbered<'a>]) -> Option<&'l Numbered<'a>> {
    match fields {
        [field] => Some(field),
        _ => None,
    }
}

/// The one mailbox of a body that is exactly that.
fn single_mailbox<'a>(asked: &Asked<'_>, body: &'a Body) -> Option<&'a Mailbox> {
    if fault(asked, body).is_some() || body.has_group() {
        return None;
    }
    match body.mailboxes().as_slice() {
        [mailbox] => Some(mailbox),
        _ => None,
    }
}

/// 6.1, 6.2
fn is_ambiguous(field: &Field) -> bool {
    let breaks_out = matches!(field.body, Body::Broken(text, _) if text.contains(['\r', '\n', '\0']));
    matches!(field.kind, Kind::Disguised(_)) || field.kind != Kind::From && breaks_out
}

/// 6.9: judges the topmost Resent block; returns its Resent-From if it takes From's place.
fn resent<'a>(
    asked: &Asked<'_>,
    strengths: &Strengths,
    fields: &'a [Field],
    findings: &mut Findings,
) -> Option<Numbered<'a>> {
    if strengths.header == Strength::Off {
        return None;
    }
    let first = fields.iter().position(|field| field.kind.is_resent())?;
    let spot = Spot::field(Subject::Resent, first);
    if !asked.account.resend {
        findings.add(strengths.header, Reason::ResentNotEnabled, spot);
        return None;
    }
    let length = fields[first..].iter().take_while(|field| field.kind.is_resent() || is_ambiguous(field)).count();
    let in_block = |kind| -> Vec<Numbered<'a>> {
        of_kind(fields, kind)
            .into_iter()
            .filter(|field| field.number >= first && field.number < first + length)
            .collect()
    };
    let (dates, froms, senders) =
        (in_block(Kind::ResentDate), in_block(Kind::ResentFrom), in_block(Kind::ResentSender));
    for field in [froms.as_slice(), senders.as_slice()].into_iter().filter_map(only) {
        if fault(asked, field.body) == Some(Reason::LimitExceeded) {
            let spot = Spot::field(Subject::Resent, field.number);
            findings.add(Strength::Enforce, Reason::LimitExceeded, spot);
        }
    }
    let complete = match (dates.len(), froms.as_slice(), senders.as_slice()) {
        (1, [from], []) => fault(asked, from.body).is_none() && from.body.mailboxes().len() == 1,
        (1, [from], [sender]) => fault(asked, from.body).is_none() && single_mailbox(asked, sender.body).is_some(),
        _ => false,
    };
    let [from] = froms.as_slice() else {
        findings.add(strengths.header, Reason::ResentIncomplete, spot);
        return None;
    };
    if !complete {
        findings.add(strengths.header, Reason::ResentIncomplete, spot);
        return None;
    }
    let mailboxes = from.body.mailboxes();
    if mailboxes.len() > 1 && !asked.tenant.header.multiple_from {
        findings.add(strengths.reading, Reason::FromMultiple, Spot::field(Subject::Resent, from.number));
    }
    for field in froms.iter().chain(&senders) {
        let spot = Spot::field(Subject::Resent, field.number);
        for (number, mailbox) in field.body.mailboxes().into_iter().enumerate() {
            envelope::address(asked, &mailbox.address, spot.mailbox(number), findings);
        }
    }
    Some(*from)
}

/// 6.8
fn align(
    asked: &Asked<'_>,
    strengths: &Strengths,
    fields: &[Field],
    resent_from: Option<Numbered<'_>>,
    findings: &mut Findings,
) {
    let Reading::Address(sender) = envelope::readable(asked) else { return };
    if envelope::not_canonical(sender) {
        return;
    }
    let (field, subject) = match resent_from {
        Some(field) => (field, Subject::Resent),
        None => match of_kind(fields, Kind::From).as_slice() {
            [field] => (*field, Subject::From),
            _ => return,
        },
    };
    if fault(asked, field.body).is_some() {
        return;
    }
    for (number, mailbox) in field.body.mailboxes().into_iter().enumerate() {
        if envelope::not_canonical(&mailbox.address) {
            continue;
        }
        if !aligned(asked.tenant.header.alignment, &sender.value, &mailbox.address.value) {
            let spot = Spot::field(subject, field.number).mailbox(number);
            findings.add(strengths.header, Reason::AlignmentFailed, spot);
        }
    }
}

fn aligned(alignment: Alignment, sender: &Value, author: &Value) -> bool {
    match alignment {
        Alignment::None => true,
        Alignment::Organizational => organization(&sender.domain) == organization(&author.domain),
        Alignment::Domain => sender.domain == author.domain,
        Alignment::Address => {
            forms::folded(&sender.local) == forms::folded(&author.local) && sender.domain == author.domain
        }
    }
}

/// The organizational domain; right for `org`, `example` and `test`, which have no public suffixes below them.
fn organization(domain: &str) -> &str {
    if domain.starts_with('[') {
        return domain;
    }
    let mut dots = domain.rmatch_indices('.');
    match dots.nth(1) {
        Some((at, _)) => &domain[at + 1..],
        None => domain,
    }
}

//! The envelope stage: the reverse-path (docs/semantics.md 3).

use crate::address::path::{PathError, ReversePath, read_any_path, read_everyday, read_unquoted};
use crate::address::{AddrSpec, Canonical, CanonicalError, CanonicalView, Known, LocalForm, Span};
use crate::decision::{Place, Stage, Subject};
use crate::ledger::place;
use crate::locate::Asker;
use crate::observer::Observer;
use crate::policy::{Proof, Strength};
use crate::reason::Reason;
use crate::request::{EnvelopeSender, Request};
use crate::snapshot::hash::Hasher;
use crate::snapshot::layout::Read;
use crate::snapshot::page::PageView;
use crate::snapshot::rows::{holding, tenant};
use crate::snapshot::target::Target;

use super::address::{AddressCheck, Judged, Outcome};
use super::memory::Memory;

/// What the request says of the envelope sender.
pub(super) enum SaidSender<'r> {
    Null,
    Unknown,
    /// An address, and the octets that it stands in.
    Mailbox {
        bytes: &'r [u8],
        spec: AddrSpec,
    },
    Error(PathError),
}

impl<'r> SaidSender<'r> {
    /// An address that was read before, where it stands.
    pub(super) fn known_as(request: &Request<'r>, spec: AddrSpec) -> Self {
        match request.envelope_sender {
            EnvelopeSender::Path(bytes) | EnvelopeSender::Unquoted(bytes) => Self::Mailbox { bytes, spec },
            EnvelopeSender::Null | EnvelopeSender::Unknown => Self::Unknown,
        }
    }

    /// The address, to be looked up; its canonical form may take up `room`.
    pub(super) fn target<'a>(&self, hasher: &'a Hasher, room: &'a mut Option<Canonical>) -> Option<Asked<'a>>
    where
        'r: 'a,
    {
        match self {
            Self::Mailbox { bytes, spec } => Some(spec.view(bytes, room).map(|address| Target::new(hasher, address))),
            Self::Null | Self::Unknown | Self::Error(_) => None,
        }
    }

    /// The address, where a field that holds it too can be read sooner for that.
    pub(super) fn known(&self) -> Option<Known<'r>> {
        match self {
            Self::Mailbox { bytes, spec } => Known::new(bytes, spec),
            Self::Null | Self::Unknown | Self::Error(_) => None,
        }
    }
}

/// Reads the envelope sender, if the stage has one.
#[inline]
pub(super) fn read<'r>(request: &Request<'r>, stage: Stage) -> SaidSender<'r> {
    if let (EnvelopeSender::Path(bytes), true) = (request.envelope_sender, stage >= Stage::Envelope) {
        if let Some(spec) = read_everyday(bytes) {
            return SaidSender::Mailbox { bytes, spec };
        }
    }
    read_other(request, stage)
}

/// Reads one that is not everyday.
#[inline(never)]
fn read_other<'r>(request: &Request<'r>, stage: Stage) -> SaidSender<'r> {
    let (bytes, read) = match request.envelope_sender {
        _ if stage < Stage::Envelope => return SaidSender::Unknown,
        EnvelopeSender::Null => return SaidSender::Null,
        EnvelopeSender::Unknown => return SaidSender::Unknown,
        EnvelopeSender::Path(bytes) => (bytes, read_any_path(bytes, request.smtputf8)),
        EnvelopeSender::Unquoted(bytes) => (bytes, read_unquoted(bytes, request.smtputf8).map(ReversePath::Mailbox)),
    };
    match read {
        Ok(ReversePath::Null) => SaidSender::Null,
        Ok(ReversePath::Mailbox(spec)) => SaidSender::Mailbox { bytes, spec },
        Err(error) => SaidSender::Error(error),
    }
}

/// The address that is asked for, or why it is none.
pub(super) type Asked<'a> = Result<Target<'a>, CanonicalError>;

/// What the envelope sender came to.
pub(super) enum Envelope<'r> {
    /// The null reverse-path.
    Null,
    /// An address, its octets as the request spells it, and what is known of it.
    Address { target: &'r Target<'r>, spelled: &'r [u8], form: LocalForm, outcome: Outcome },
    /// Not known, or not readable.
    Unread,
}

impl<'r> Envelope<'r> {
    /// An address of which everything is known.
    pub(super) fn known_as(said: &SaidSender<'r>, asked: Option<&'r Asked<'r>>, outcome: Outcome) -> Self {
        match (said, asked) {
            (SaidSender::Mailbox { bytes, spec }, Some(Ok(target))) => {
                Self::Address { target, spelled: spec.span.of(bytes), form: spec.form, outcome }
            }
            _ => Self::Unread,
        }
    }

    /// Where the address stands and what it came to.
    pub(super) const fn address(&self, said: &SaidSender<'_>) -> Option<(AddrSpec, Outcome)> {
        match (self, said) {
            (Self::Address { outcome, .. }, SaidSender::Mailbox { spec, .. }) => Some((*spec, *outcome)),
            _ => None,
        }
    }

    /// What an address came to, if it is that of the envelope or differs from it in nothing that tells.
    pub(super) fn outcome_of(&self, address: CanonicalView<'_>) -> Option<Outcome> {
        match self {
            Self::Address { target, outcome, .. } => {
                outcome.facts?.hold_for(target.address(), address).then_some(*outcome)
            }
            _ => None,
        }
    }
}

/// Judges the envelope sender, whose address is `asked` for if it has one.
pub(super) fn judge<'r>(
    check: &mut AddressCheck<'_, '_, '_, impl Observer, impl Memory>,
    said: &SaidSender<'r>,
    asked: Option<&'r Asked<'r>>,
) -> Read<Envelope<'r>> {
    let here = Place::of(Subject::EnvelopeSender);
    if check.ledger.strengths.sender != Strength::Off && nothing_authorised(check.asker, check.proof)? {
        check.ledger.find(Reason::NoAuthorizedSenders, here);
    }
    match (said, asked) {
        (SaidSender::Mailbox { bytes, spec }, Some(asked)) => mailbox(check, bytes, spec, asked),
        (SaidSender::Null, _) => null(check),
        (SaidSender::Unknown | SaidSender::Mailbox { .. }, _) => {
            let denied = check.ledger.find(Reason::SenderUnknown, here);
            check.unreadable(here, denied);
            Ok(Envelope::Unread)
        }
        (SaidSender::Error(error), _) => {
            let at = place(Subject::EnvelopeSender, 0, 0, Span { start: error.offset(), end: error.offset() });
            check.note_unread(at, error.kind().text());
            let denied = check.ledger.find(Reason::SenderSyntax, at);
            check.unreadable(at, denied);
            Ok(Envelope::Unread)
        }
    }
}

fn null<'r>(check: &mut AddressCheck<'_, '_, '_, impl Observer, impl Memory>) -> Read<Envelope<'r>> {
    if check.asker.page.has(tenant::REFUSE_NULL) {
        check.ledger.find(Reason::NullSenderRefused, Place::of(Subject::EnvelopeSender));
    }
    Ok(Envelope::Null)
}

fn mailbox<'r>(
    check: &mut AddressCheck<'_, '_, '_, impl Observer, impl Memory>,
    bytes: &'r [u8],
    spec: &AddrSpec,
    asked: &'r Asked<'r>,
) -> Read<Envelope<'r>> {
    let at = place(Subject::EnvelopeSender, 0, 0, spec.span);
    match asked {
        Ok(target) => {
            let outcome = check.judge(target, at, Judged::Fully)?;
            Ok(Envelope::Address { target, spelled: spec.span.of(bytes), form: spec.form, outcome })
        }
        Err(error) => {
            let reason = if error.kind().is_syntax() { Reason::SenderSyntax } else { Reason::NotCanonical };
            let denied = check.ledger.find(reason, at);
            check.unreadable(at, denied);
            Ok(Envelope::Unread)
        }
    }
}

/// Whether the tenant has nothing that `proof` accepts (docs/semantics.md 3.2).
#[inline]
fn nothing_authorised(asker: &Asker<'_>, proof: Proof) -> Read<bool> {
    let own = asker.page.head().holdings();
    let has = |flag: u32| own & flag != 0;
    if has(holding::OWN_ADDRESS) || accepts(proof, has(holding::IDENTITY), has(holding::DOMAIN)) {
        return Ok(false);
    }
    nothing_above_either(asker, proof)
}

/// The same, with what ends one day and what other tenants give.
#[inline(never)]
fn nothing_above_either(asker: &Asker<'_>, proof: Proof) -> Read<bool> {
    let own = asker.root.holdings(asker.page, asker.link.page)?;
    if own & holding::OWN_ADDRESS != 0 {
        return Ok(false);
    }
    let grandfathered =
        |page: PageView<'_>| page.head().grandfathered_until().map(|until| asker.clock.is_before(until));
    let mut domain = own & holding::DOMAIN != 0;
    let mut identity = own & holding::IDENTITY != 0 || own & holding::GRANDFATHERED != 0 && grandfathered(asker.page)?;
    for &number in asker.domain_holders().iter().skip(1) {
        domain |= asker.root.holdings(asker.root.page(number)?, number)? & holding::DOMAIN != 0;
    }
    for &number in asker.identity_holders().iter().skip(1) {
        let page = asker.root.page(number)?;
        let flags = asker.root.holdings(page, number)?;
        identity |=
            flags & holding::TENANT_IDENTITY != 0 || flags & holding::TENANT_GRANDFATHERED != 0 && grandfathered(page)?;
    }
    Ok(!accepts(proof, identity, domain))
}

/// Whether a proof setting accepts what there is.
const fn accepts(proof: Proof, identity: bool, domain: bool) -> bool {
    match proof {
        Proof::Identity => identity,
        Proof::Domain => domain,
        Proof::Either => identity || domain,
        Proof::Both => identity && domain,
    }
}

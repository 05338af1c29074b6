//! From a request to a decision: client, envelope, header, in this order, into one ledger.

mod address;
mod client;
mod course;
mod envelope;
mod facts;
pub(crate) mod fields;
mod header;
mod many;
mod memory;
mod names;

use crate::decision::{Decision, Place, Stage, Subject, Verdict};
use crate::ledger::{Ledger, Strengths};
use crate::locate::{Asker, HeldRole};
use crate::observer::{Blind, Note, Observer};
use crate::options::Limits;
use crate::policy::{OnDeny, Strength};
use crate::reason::{Control, Reason};
use crate::request::{EnvelopeSender, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::approach::Approach;
use crate::snapshot::layout::{Damaged, Read};
use crate::snapshot::rows::account;
use crate::snapshot::target::Target;
use crate::time::Clock;

use self::address::{AddressCheck, Outcome};
use self::envelope::{Envelope, SaidSender};
use self::header::SaidHeader;
use self::memory::{Forgetful, KnownSession, Memory, Transaction};

pub(crate) use self::course::Course;

impl Snapshot {
    /// Decides a request at the message stage: client, envelope and header.
    ///
    /// Total and deterministic: it never fails and never panics, whatever the octets. A header that is not given denies.
    #[must_use]
    pub fn evaluate(&self, request: &Request<'_>) -> Decision {
        self.evaluate_stage(request, Stage::Message)
    }

    /// Decides a request as far as it is known at a stage; what belongs to a later stage is not looked at.
    #[must_use]
    pub fn evaluate_stage(&self, request: &Request<'_>, stage: Stage) -> Decision {
        decide(self, request, stage, &mut Blind)
    }
}

/// Decides, and lets an observer watch.
pub(crate) fn decide(
    snapshot: &Snapshot,
    request: &Request<'_>,
    stage: Stage,
    observer: &mut impl Observer,
) -> Decision {
    let mut decision = Decision::open(stage, snapshot.id());
    enter(&mut decision, snapshot, request, observer, &mut Forgetful);
    decision.settled()
}

/// Enters everything into a decision that is open. Apart from its callers, it gets along with less of the stack.
#[inline(never)]
fn enter(
    decision: &mut Decision,
    snapshot: &Snapshot,
    request: &Request<'_>,
    observer: &mut impl Observer,
    memory: &mut impl Memory,
) {
    let clock = Clock::new(request.now);
    let entered = run(snapshot, request, &clock, &mut Ledger::new(decision), observer, memory);
    close(decision, entered, &clock, memory);
}

/// Defers where something could not be found out, and forgets all else then; otherwise takes note of how long all of it holds.
#[inline]
fn close(decision: &mut Decision, entered: Read<()>, clock: &Clock, memory: &mut impl Memory) {
    if let Err(Damaged) = entered {
        decision.defer(Reason::SnapshotDamaged);
    }
    match decision.verdict() {
        Verdict::Defer => memory.forget(),
        Verdict::Allow | Verdict::Deny => memory.keep_until(clock.holds()),
    }
}

fn run<O: Observer>(
    snapshot: &Snapshot,
    request: &Request<'_>,
    clock: &Clock,
    ledger: &mut Ledger<'_>,
    observer: &mut O,
    memory: &mut impl Memory,
) -> Read<()> {
    let root = &snapshot.root();
    // What the request says is read while the memory of the account is on its way. It is large, and used where it stands.
    let mut approach = Approach::start(root, request.account.unwrap_or_default());
    let sender = envelope::read(request, ledger.stage());
    approach.find_record();
    let mut room = None;
    let asked = sender.target(root.hasher, &mut room);
    if let Some(Ok(target)) = &asked {
        approach.ask_for_entries(Some(target));
    }
    with_account(snapshot, request, (&approach, &sender, asked.as_ref()), clock, ledger, observer, memory)
}

/// Decides about an account that is being looked up, if there is one.
fn with_account<O: Observer>(
    snapshot: &Snapshot,
    request: &Request<'_>,
    (approach, sender, asked): (&Approach<'_>, &SaidSender<'_>, Option<&envelope::Asked<'_>>),
    clock: &Clock,
    ledger: &mut Ledger<'_>,
    observer: &mut O,
    memory: &mut impl Memory,
) -> Read<()> {
    if request.account.is_none() {
        return unknown(ledger, Reason::AuthenticationRequired);
    }
    let (root, limits, stage) = (approach.root(), &snapshot.options().limits, ledger.stage());
    let target = asked.and_then(|asked| asked.as_ref().ok());
    let mut header = SaidHeader::default();
    if stage == Stage::Message {
        header.read(&request.header, limits, sender.known(), || approach.ask_for_identity(target));
    }
    let from = header.target(root.hasher, target);
    if let Some(from) = &from {
        approach.ask_for_holders(from);
    }
    let Some(found) = approach.account()? else { return unknown(ledger, Reason::UnknownAccount) };
    let asker = &mut Asker::of(root, found, request.channel, clock);
    asker.climb()?;
    session(asker, request, ledger, observer)?;
    if ledger.is_empty() {
        let holds_role = asker.role != HeldRole::None;
        memory.keep_session(KnownSession { located: asker.located(), holds_role, standing: ledger.standing() });
    }
    let said = Said { sender, asked, header: &header, from: from.as_ref() };
    transaction(asker, request, (said, None), ledger, observer, memory, limits)
}

/// What a request says, and the addresses of it that are looked up.
struct Said<'c, 'r> {
    sender: &'c SaidSender<'r>,
    asked: Option<&'c envelope::Asked<'c>>,
    header: &'c SaidHeader<'r>,
    from: Option<&'c Target<'c>>,
}

/// Judges what is known after MAIL FROM, and closes the book; the envelope sender may have been judged.
#[inline]
fn transaction(
    asker: &Asker<'_>,
    request: &Request<'_>,
    (said, known): (Said<'_, '_>, Option<Outcome>),
    ledger: &mut Ledger<'_>,
    observer: &mut impl Observer,
    memory: &mut impl Memory,
    limits: &Limits,
) -> Read<()> {
    let Said { sender, asked, header, from } = said;
    let stage = ledger.stage();
    let null_path = stage >= Stage::Envelope && is_null(request.envelope_sender);
    ledger.strengths.begin(null_path);
    if stage >= Stage::Envelope {
        let mut check = AddressCheck::new(asker, ledger, observer, memory)?;
        let envelope = match known {
            Some(outcome) => Envelope::known_as(sender, asked, outcome),
            None => envelope::judge(&mut check, sender, asked)?,
        };
        if stage == Stage::Message {
            header::judge(&mut check, &request.header, (header, from), &envelope, limits)?;
        } else if let Some((spec, outcome)) = envelope.address(sender) {
            memory.keep_transaction(Transaction { spec, outcome, standing: ledger.standing() });
        }
    }
    ledger.close(asker.page.on_deny()?, null_path);
    Ok(())
}

/// Denies whoever is not known.
fn unknown(ledger: &mut Ledger<'_>, reason: Reason) -> Read<()> {
    ledger.find(reason, Place::of(Subject::Account));
    ledger.close(OnDeny::Reject, false);
    Ok(())
}

/// Finds how strictly the controls are applied, and judges everything that is known after AUTH.
#[inline]
fn session<'s, O: Observer>(
    asker: &mut Asker<'s>,
    request: &Request<'s>,
    ledger: &mut Ledger<'_>,
    observer: &mut O,
) -> Read<()> {
    let watch = if O::IS_BLIND { asker.account.flags() } else { account::WATCHED };
    if watch & account::WATCH_STANDING != 0 {
        ledger.strengths = strengths(asker, observer)?;
    } else {
        ledger.strengths.hosted = asker.root.hosted(asker.clock)?;
    }
    client::judge(asker, watch, request, ledger, observer)
}

/// Whether the reverse-path is null, however the host hands it over.
fn is_null(sender: EnvelopeSender<'_>) -> bool {
    matches!(sender, EnvelopeSender::Null | EnvelopeSender::Path(b"<>"))
}

fn strengths(asker: &Asker<'_>, observer: &mut impl Observer) -> Read<Strengths> {
    let exemptions = asker.account.exemptions()?.count != 0;
    let mut apply = |control: Control, strength: Strength| -> Read<Strength> {
        let exempted = exemptions && asker.exempted(control)?;
        observer.note(|| Note::Control { control, strength, exempted });
        Ok(if exempted { strength.min(Strength::Monitor) } else { strength })
    };
    let [sender, header, allowlist, credential] = asker.strengths()?;
    let (sender, header) = (apply(Control::Sender, sender)?, apply(Control::Header, header)?);
    Ok(Strengths {
        sender,
        header,
        allowlist: apply(Control::Allowlist, allowlist)?,
        credential: apply(Control::Credential, credential)?,
        hosted: apply(Control::Hosted, asker.root.hosted(asker.clock)?)?,
        reading: header,
    })
}

//! From a request to a decision: client, envelope, header, in this order, into one ledger.

mod address;
mod client;
mod envelope;
pub(crate) mod fields;
mod header;
mod names;

use crate::decision::{Decision, Place, Stage, Subject};
use crate::ledger::Ledger;
use crate::locate::Asker;
use crate::observer::{Blind, Note, Observer};
use crate::policy::{OnDeny, Strength};
use crate::reason::{Control, Reason};
use crate::request::{EnvelopeSender, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::approach::Approach;
use crate::snapshot::layout::{Damaged, Read};

use self::address::AddressCheck;

impl Snapshot {
    /// Decides a request at the message stage: client, envelope and header.
    ///
    /// Total and deterministic: it never fails and never panics, whatever the bytes. A header that is not given denies.
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
    if let Err(Damaged) = run(snapshot, request, stage, &mut Ledger::new(&mut decision), observer) {
        decision.defer(Reason::SnapshotDamaged);
    }
    decision.settled()
}

fn run<O: Observer>(
    snapshot: &Snapshot,
    request: &Request<'_>,
    stage: Stage,
    ledger: &mut Ledger<'_>,
    observer: &mut O,
) -> Read<()> {
    let (root, limits) = (snapshot.root(), &snapshot.options().limits);
    // What the request says is read while the memory of the account is on its way.
    let mut approach = request.account.map(|id| Approach::start(root, id)).transpose()?;
    let sender = envelope::read(request, stage);
    let mut room = None;
    let asked = sender.target(root.key, &mut room);
    let target = asked.as_ref().and_then(|asked| asked.as_ref().ok());
    if let Some(approach) = &mut approach {
        target.map(|target| approach.ask_for_holders(target)).transpose()?;
        approach.find_page()?;
    }
    let mut header = header::Said::default();
    if stage == Stage::Message {
        header.read(&request.header, limits, sender.known());
    }
    let from = header.target(root.key, target);
    if let Some(approach) = &approach {
        from.as_ref().map(|from| approach.ask_for_holders(from)).transpose()?;
        approach.find_record(target)?;
    }
    let Some(mut asker) = Asker::arrive(root, request, approach)? else {
        let reason = if request.account.is_none() { Reason::AuthenticationRequired } else { Reason::UnknownAccount };
        ledger.find(reason, Place::of(Subject::Account));
        ledger.close(OnDeny::Reject, false);
        return Ok(());
    };
    let null_path = stage >= Stage::Envelope && is_null(request.envelope_sender);
    let names_something = request.role.is_some() || request.credential.as_ref().is_some_and(|facts| facts.id.is_some());
    if asker.is_watched() || names_something || !O::IS_BLIND {
        ledger.strengths = strengths(&asker, null_path, observer)?;
        client::judge(&mut asker, request, ledger, observer)?;
    } else {
        ledger.strengths.hosted = root.hosted(request.now)?;
    }
    if stage >= Stage::Envelope {
        let mut check = AddressCheck::new(&asker, ledger, observer)?;
        let envelope = envelope::judge(&mut check, &sender, asked.as_ref())?;
        if stage == Stage::Message {
            header::judge(&mut check, &request.header, (&header, from.as_ref()), &envelope, limits)?;
        }
    }
    ledger.close(asker.page.on_deny()?, null_path);
    Ok(())
}

/// Whether the reverse-path is null, however the host hands it over.
fn is_null(sender: EnvelopeSender<'_>) -> bool {
    matches!(sender, EnvelopeSender::Null | EnvelopeSender::Path(b"<>"))
}

fn strengths(asker: &Asker<'_>, null_path: bool, observer: &mut impl Observer) -> Read<crate::ledger::Strengths> {
    let exemptions = asker.account.exemptions()?.count != 0;
    let mut apply = |control: Control, strength: Strength| -> Read<Strength> {
        let exempted = exemptions && asker.exempted(control)?;
        observer.note(|| Note::Control { control, strength, exempted });
        Ok(if exempted { strength.min(Strength::Monitor) } else { strength })
    };
    let [sender, header, allowlist, credential] = asker.strengths()?;
    let (sender, header) = (apply(Control::Sender, sender)?, apply(Control::Header, header)?);
    Ok(crate::ledger::Strengths {
        sender,
        header,
        allowlist: apply(Control::Allowlist, allowlist)?,
        credential: apply(Control::Credential, credential)?,
        hosted: apply(Control::Hosted, asker.root.hosted(asker.now)?)?,
        reading: if null_path { header.max(sender) } else { header },
    })
}

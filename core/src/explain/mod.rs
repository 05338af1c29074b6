//! Why a request is decided as it is: the same judge, watched, and the near misses.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::address::Canonical;
use crate::address::path::{ReversePath, read_path, read_unquoted};
use crate::decision::{Decision, Finding, Place, Stage, Subject, Verdict};
use crate::evaluate::decide;
use crate::gather::{Depth, gather};
use crate::judge::{authorise, of_another_tenant};
use crate::locate::Asker;
use crate::observer::{Blind, Note, Observer};
use crate::policy::{Proof, Strength};
use crate::reason::Reason;
use crate::request::{EnvelopeSender, Header, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::compare::Separators;
use crate::snapshot::layout::Read;
use crate::snapshot::page::Listed;
use crate::snapshot::rows::{DomainRow, IdentityExtra, IdentityRow, account, domain, identity, records};
use crate::time::Timestamp;

/// Who reads an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two readers")]
pub enum View {
    /// The provider, who may see everything.
    Provider,
    /// The account's tenant, who sees nothing of other tenants.
    Tenant,
}

impl View {
    /// Every reader.
    pub const ALL: [Self; 2] = [Self::Provider, Self::Tenant];

    /// Returns the name, such as `provider`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Tenant => "tenant",
        }
    }
}

/// Why a request is decided as it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// Who it is for.
    pub view: View,
    /// The stage that was decided.
    pub stage: Stage,
    /// The verdict, which is that of [`Snapshot::evaluate_stage`].
    pub verdict: Verdict,
    /// The reasons, as this reader may see them, enforced ones first.
    pub reasons: Vec<ExplainedReason>,
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// What would have been right, or nearly so.
    pub near_misses: Vec<NearMiss>,
    decision: Decision,
}

/// A reason in an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedReason {
    /// What is wrong.
    pub reason: Reason,
    /// Where.
    pub place: Place,
    /// Whether it denies, or only would.
    pub enforced: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The address in question, if one is.
    pub place: Option<Place>,
    /// What was found, as a sentence.
    pub text: String,
}

/// Something close to what would have been right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// The address that failed.
    pub place: Place,
    /// What is close to it, as a sentence.
    pub text: String,
}

impl Snapshot {
    /// Explains the decision of a request at the message stage.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>, view: View) -> Explanation {
        self.explain_stage(request, Stage::Message, view)
    }

    /// Explains the decision of a request as far as it is known at a stage.
    #[must_use]
    pub fn explain_stage(&self, request: &Request<'_>, stage: Stage, view: View) -> Explanation {
        let mut recorder = Recorder { view, place: None, steps: Vec::new() };
        let decision = decide(self, request, stage, &mut recorder);
        let listed = |findings: &[Finding], enforced| -> Vec<ExplainedReason> {
            findings
                .iter()
                .map(|finding| ExplainedReason { reason: finding.reason, place: finding.place, enforced })
                .collect()
        };
        let mut reasons = listed(decision.reasons(), true);
        reasons.extend(listed(decision.would_deny(), false));
        if view == View::Tenant {
            reasons.iter_mut().for_each(hide);
            let mut seen = Vec::new();
            reasons.retain(|reason| {
                !seen.contains(reason) && {
                    seen.push(*reason);
                    true
                }
            });
        }
        let near_misses = near_misses(self, request, &reasons).unwrap_or_default();
        Explanation { view, stage, verdict: decision.verdict(), reasons, steps: recorder.steps, near_misses, decision }
    }
}

impl Explanation {
    /// The decision that is explained, with everything that only the provider may see.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

impl fmt::Display for Explanation {
    /// Writes the explanation for a person, a line per fact.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} at the {} stage", self.verdict.name(), self.stage.name())?;
        for reason in &self.reasons {
            let how = if reason.enforced { "because" } else { "would deny" };
            write!(formatter, "  {how}: {} ({})", reason.reason.slug(), reason.place.subject.name())?;
            writeln!(formatter, ": {}", reason.reason.doc().trim())?;
        }
        for step in &self.steps {
            writeln!(formatter, "  {}", step.text)?;
        }
        for miss in &self.near_misses {
            writeln!(formatter, "  near miss: {}", miss.text)?;
        }
        Ok(())
    }
}

/// Keeps a tenant from learning what is another's: the address is merely not its own.
fn hide(explained: &mut ExplainedReason) {
    if matches!(explained.reason, Reason::AddressOfAnotherTenant | Reason::AddressProtected) {
        explained.reason = Reason::AddressNotOwned;
    }
}

struct Recorder {
    view: View,
    place: Option<Place>,
    steps: Vec<Step>,
}

impl Observer for Recorder {
    fn depth(_proof: Proof) -> Depth {
        Depth::Everything
    }

    fn note<'s>(&mut self, note: impl FnOnce() -> Note<'s>) {
        let note = note();
        if let Note::Address { place } = note {
            self.place = Some(place);
            return;
        }
        // A page that cannot be read has already deferred the decision; there is nothing to say of it.
        if let Ok(Some(text)) = describe(&note, self.view) {
            self.steps.push(Step { place: self.place, text });
        }
    }
}

fn describe(note: &Note<'_>, view: View) -> Read<Option<String>> {
    Ok(Some(match *note {
        Note::Address { .. } => return Ok(None),
        Note::Control { control, strength, exempted } => {
            let strength = match strength {
                Strength::Off => "off",
                Strength::Monitor => "monitored",
                Strength::Enforce => "enforced",
            };
            format!(
                "control `{}` is {strength}{}",
                control.name(),
                if exempted { ", but the account is exempted" } else { "" }
            )
        }
        Note::Allowlist { scope, listed } => match listed {
            Listed::NoList => format!("no allowlist of the {scope} binds this channel"),
            Listed::Yes => format!("the allowlist of the {scope} contains the client address"),
            Listed::No => format!("the allowlist of the {scope} does not contain the client address"),
        },
        Note::OwnAddress { exact, counted } => format!(
            "it is {}the account's own address, which {}",
            if exact { "" } else { "a sub-address of " },
            if counted { "counts" } else { "is neither assigned by the provider nor at a verified active domain" }
        ),
        Note::Domain { row, stopped: true, .. } if view == View::Tenant => {
            format!("domain `{}` does not cover this sub-domain", show(row.name()?))
        }
        Note::Domain { row, listed, approval, stopped } => domain_text(row, listed, approval, stopped)?,
        Note::DomainAbove { row } => {
            format!("domain `{}` does not include its sub-domains", show(row.name()?))
        }
        Note::Identity { row, exact, counts, usable } => identity_text(row, exact, counts, usable)?,
        Note::Protected { account, same_tenant, opened, .. } => {
            if view == View::Tenant && !same_tenant {
                return Ok(None);
            }
            format!(
                "it is the own address of account `{}`{}, {}",
                show(account.id()?),
                if same_tenant { "" } else { " of another tenant" },
                if opened { "which is open to this account" } else { "which only an exact right reaches" }
            )
        }
        Note::DomainHeld { row, .. } => {
            if view == View::Tenant {
                return Ok(None);
            }
            format!("another tenant holds domain `{}`", show(row.name()?))
        }
        Note::Denied => "a deny entry names it".to_string(),
    }))
}

fn domain_text(row: DomainRow<'_>, listed: bool, approval: bool, stopped: bool) -> Read<String> {
    let flags = row.flags()?;
    let name = show(row.name()?);
    let since = since(flags & domain::HAS_SINCE != 0, row.since()?);
    Ok(if stopped {
        format!("domain `{name}` does not reach below a sub-domain that has its own proof")
    } else if flags & domain::ACTIVE == 0 {
        format!("domain `{name}` is not active")
    } else if flags & domain::SUSPENDED != 0 {
        format!("domain `{name}` is suspended{since}")
    } else if flags & domain::VERIFIED == 0 {
        format!("domain `{name}` is pending{since}")
    } else if approval && flags & domain::APPROVED == 0 {
        format!("domain `{name}` is verified{since}, but not approved")
    } else if listed {
        format!("domain `{name}` is verified{since} and may be used by this account")
    } else {
        format!("domain `{name}` is verified{since}, but does not list this account")
    })
}

fn identity_text(row: IdentityRow<'_>, exact: bool, counts: bool, usable: bool) -> Read<String> {
    let flags = row.flags()?;
    let instant = row.extra()?.map(IdentityExtra::since).transpose()?.unwrap_or(0);
    let since = since(flags & identity::HAS_SINCE != 0, instant);
    let holder = if row.holder()? == 0 { "tenant" } else { "account" };
    let address = format!("{}@{}", show(row.local()?), show(row.domain()?));
    let state = if flags & identity::REFUSED != 0 {
        "was refused by the mailbox owner"
    } else if flags & identity::WITHDRAWN != 0 {
        "was withdrawn by the mailbox owner"
    } else if counts && usable {
        "counts and may be used by this account"
    } else if counts {
        "counts, but not for this account in this role"
    } else if flags & identity::VERIFIED != 0 {
        "is verified by an Admin, but its domain is not proved"
    } else {
        "is pending"
    };
    let relation = if exact { "" } else { ", which the address is a sub-address of," };
    Ok(format!("identity `{address}` of the {holder}{relation} {state}{since}"))
}

fn since(known: bool, instant: i64) -> String {
    if known { format!(" since {}", Timestamp(instant)) } else { String::new() }
}

fn show(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// For each address that failed: the authorised address of the account that is nearest to it.
fn near_misses(snapshot: &Snapshot, request: &Request<'_>, reasons: &[ExplainedReason]) -> Read<Vec<NearMiss>> {
    let root = snapshot.root();
    let Some(mut asker) = Asker::locate(root, request)? else { return Ok(Vec::new()) };
    asker.take_role(request.role)?;
    let mut places: Vec<Place> = reasons
        .iter()
        .filter(|explained| explained.reason.row().text.contains("{address}"))
        .map(|explained| explained.place)
        .collect();
    places.dedup();
    let mut found = Vec::new();
    if places.is_empty() {
        return Ok(found);
    }
    let authorised = authorised(&asker)?;
    for place in places {
        let Some(failed) = address_at(request, place) else { continue };
        if let Some(text) = nearest(&failed, &authorised) {
            found.push(NearMiss { place, text });
        }
    }
    Ok(found)
}

/// The addresses that the account holds by name and may use.
fn authorised(asker: &Asker<'_>) -> Read<Vec<(String, String)>> {
    let mut candidates = Vec::new();
    if asker.account.flags()? & account::HAS_ADDRESS != 0 {
        candidates.push((show(asker.account.local()?), show(asker.account.domain()?)));
    }
    for &number in asker.identity_holders() {
        let page = asker.root.page(number)?;
        for row in records::<IdentityRow<'_>>(page.bytes(), page.head().identities()?) {
            let row = row?;
            let holder = row.holder()?;
            if holder == 0 || number == asker.link.page && holder == asker.account.number()? + 1 {
                candidates.push((show(row.local()?), show(row.domain()?)));
            }
        }
    }
    let proof = asker.page.proof()?;
    let mut authorised = Vec::new();
    for (local, domain) in candidates {
        let text = format!("{local}@{domain}");
        let Ok(spec) = read_unquoted(text.as_bytes(), true) else { continue };
        let Ok(canonical) = spec.canonical(text.as_bytes()) else { continue };
        let facts = gather(asker, canonical.view(), Depth::Everything, &mut Blind)?;
        if authorise(&facts, proof).passes() && !of_another_tenant(&facts) {
            authorised.push((local, domain));
        }
    }
    Ok(authorised)
}

fn address_at(request: &Request<'_>, place: Place) -> Option<Canonical> {
    let whole = match (place.subject, &request.header) {
        (Subject::EnvelopeSender, _) => match request.envelope_sender {
            EnvelopeSender::Unquoted(bytes) => {
                return read_unquoted(bytes, true).ok()?.canonical(bytes).ok();
            }
            EnvelopeSender::Path(bytes) => bytes,
            EnvelopeSender::Null | EnvelopeSender::Unknown => return None,
        },
        (_, Header::Fields(fields)) => fields.get(place.field as usize)?.1,
        (_, Header::Block(block)) => block,
        (_, Header::NotGiven) => return None,
    };
    let octets = place.span.of(whole);
    match read_path(octets, true).ok()? {
        ReversePath::Mailbox(spec) => spec.canonical(octets).ok(),
        ReversePath::Null => None,
    }
}

fn nearest(failed: &Canonical, authorised: &[(String, String)]) -> Option<String> {
    let (local, domain) = (show(failed.local()), show(failed.domain()));
    let any = [b'+', b'-', b'=', b'#'].into_iter().fold(Separators::default(), Separators::with);
    let best = authorised
        .iter()
        .map(|(own_local, own_domain)| {
            let same_domain = *own_domain == domain;
            let same_base = any.base(own_local.as_bytes()).eq_ignore_ascii_case(any.base(local.as_bytes()));
            let (rank, how) = if same_domain && own_local.eq_ignore_ascii_case(&local) {
                (0, "differs only in case from")
            } else if same_domain && same_base {
                (1, "differs only in the sub-address from")
            } else if own_local.eq_ignore_ascii_case(&local) {
                (2, "differs only in the domain from")
            } else if same_domain && distance(own_local, &local) <= 2 {
                (3, "is spelled nearly as")
            } else if same_domain {
                (4, "is not authorised; the nearest authorised address is")
            } else {
                (5, "is not authorised; an authorised address is")
            };
            (rank, how, own_local, own_domain)
        })
        .min()?;
    let (_, how, own_local, own_domain) = best;
    Some(format!("`{local}@{domain}` {how} `{own_local}@{own_domain}`, which this account may use"))
}

/// The number of single-character edits between two texts, counted up to 3.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, char) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((other, pair), left) in b.iter().zip(row.windows(2)).zip(0..) {
            let (diagonal, above) = (pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0));
            let beside = next.get(left).copied().unwrap_or(0);
            next.push((diagonal + usize::from(char != *other)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0).min(3)
}

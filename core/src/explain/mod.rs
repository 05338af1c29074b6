//! Why a request is decided as it is: the same judge, watched, and the near misses.

mod near_miss;
mod steps;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::decision::{Decision, Finding, Place, Stage, Verdict};
use crate::evaluate::decide;
use crate::reason::Reason;
use crate::request::Request;
use crate::snapshot::Snapshot;

use near_miss::near_misses;
use steps::Recorder;

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// What was looked at, in order. Of very many own addresses that are one with an address, the first are named.
    pub steps: Vec<Step>,
    /// For each address that failed, the nearest one that the account may use, if one is found.
    ///
    /// The own address and the first 10 000 identities that the account holds or its tenants hold are compared, and the 8
    /// nearest of them are judged: what an explanation costs does not grow with a tenant.
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
        let mut recorder = Recorder::new(view);
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
        Explanation {
            view,
            stage,
            verdict: decision.verdict(),
            reasons,
            steps: recorder.into_steps(),
            near_misses,
            decision,
        }
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

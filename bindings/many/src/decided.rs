//! What was decided of some requests.

use sendas::{Action, Decision, Request, Snapshot, Stage, Verdict};

use crate::requests::Requests;

/// Decisions with the requests that they answer, in their order.
///
/// Of each the summary is kept. The decision itself has hundreds of octets, of which most callers ask for none: it is made when it
/// is asked for, by deciding the same request with the same snapshot again, which gives the same.
pub struct Decided {
    snapshot: Snapshot,
    requests: Requests,
    summaries: Vec<Summary>,
}

/// What most callers ask a decision for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "both packages read all of it")]
pub struct Summary {
    /// The stage at which the request was decided.
    pub stage: Stage,
    /// Whether the request may go on.
    pub verdict: Verdict,
    /// What the host shall do with the message.
    pub action: Action,
    /// Whether an allow rests on the header that is still to come.
    pub provisional: bool,
}

impl From<&Decision> for Summary {
    #[inline]
    fn from(decision: &Decision) -> Self {
        Self {
            stage: decision.stage(),
            verdict: decision.verdict(),
            action: decision.action(),
            provisional: decision.provisional(),
        }
    }
}

impl Decided {
    /// Decides requests, and keeps them.
    #[must_use]
    pub fn new(snapshot: &Snapshot, mut requests: Requests) -> Self {
        let mut summaries = Vec::with_capacity(requests.len());
        requests.decide(snapshot, |decision| summaries.push(Summary::from(decision)));
        requests.settle();
        Self { snapshot: snapshot.clone(), requests, summaries }
    }

    /// The octets of memory that they take, beside the snapshot.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.requests.size() + size_of_val(&self.summaries[..])
    }

    /// The summaries of all decisions.
    #[must_use]
    pub fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// Makes the decision with this number; `None` where there is none.
    #[must_use]
    pub fn decision(&self, number: usize) -> Option<Decision> {
        self.with_request(number, |request, stage| self.snapshot.evaluate_stage(request, stage))
    }

    /// Hands the request with this number to `take`; `None` where there is none.
    pub fn with_request<T>(&self, number: usize, take: impl FnOnce(&Request<'_>, Stage) -> T) -> Option<T> {
        self.requests.with_request(number, take)
    }
}

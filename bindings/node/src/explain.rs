//! Why a request is decided as it is.

use napi_derive::napi;

use crate::decision::Place;

/// Why a request is decided as it is, as plain data.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct Explanation {
    /// Who it is for: the provider, who may see everything, or the tenant, who sees nothing of other tenants.
    #[napi(ts_type = "View")]
    pub view: &'static str,
    /// The stage that was decided.
    #[napi(ts_type = "Stage")]
    pub stage: &'static str,
    /// The verdict, which is that of `evaluate`.
    #[napi(ts_type = "Verdict")]
    pub verdict: &'static str,
    /// The reasons, as this reader may see them, enforced ones first.
    pub reasons: Vec<ExplainedReason>,
    /// What was looked at, in order.
    pub steps: Vec<Step>,
    /// What would have been right, or nearly so.
    pub near_misses: Vec<NearMiss>,
    /// All of it for a person, a line per fact.
    pub text: String,
}

/// A reason in an explanation.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct ExplainedReason {
    /// What is wrong.
    #[napi(ts_type = "Reason")]
    pub reason: &'static str,
    /// Whether it denies, or only would.
    pub enforced: bool,
    /// Where.
    pub place: Place,
}

/// One thing that was looked at.
#[napi(object, object_from_js = false, use_nullable = true)]
#[non_exhaustive]
pub struct Step {
    /// The address in question, or null if none is.
    pub place: Option<Place>,
    /// What was found, as a sentence.
    pub text: String,
}

/// Something close to what would have been right.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct NearMiss {
    /// The address that failed.
    pub place: Place,
    /// What is close to it, as a sentence.
    pub text: String,
}

impl From<sendas::Explanation> for Explanation {
    fn from(explanation: sendas::Explanation) -> Self {
        let text = explanation.to_string();
        let reasons = explanation.reasons.iter().map(|explained| ExplainedReason {
            reason: explained.reason.slug(),
            enforced: explained.enforced,
            place: explained.place.into(),
        });
        let steps = explanation.steps.into_iter();
        let near_misses = explanation.near_misses.into_iter();
        Self {
            view: explanation.view.name(),
            stage: explanation.stage.name(),
            verdict: explanation.verdict.name(),
            reasons: reasons.collect(),
            steps: steps.map(|step| Step { place: step.place.map(Place::from), text: step.text }).collect(),
            near_misses: near_misses.map(|miss| NearMiss { place: miss.place.into(), text: miss.text }).collect(),
            text,
        }
    }
}

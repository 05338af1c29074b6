//! Why a request is decided as it is.

use napi_derive::napi;

use crate::decision::Place;

/// Why a request is decided as it is.
#[napi]
pub struct Explanation {
    explanation: sendas::Explanation,
}

#[napi]
impl Explanation {
    /// Who it is for: the provider, who may see everything, or the tenant, who sees nothing of other tenants.
    #[napi(getter, ts_return_type = "View")]
    #[must_use]
    pub fn view(&self) -> &'static str {
        self.explanation.view.name()
    }

    /// The stage that was decided.
    #[napi(getter, ts_return_type = "Stage")]
    #[must_use]
    pub fn stage(&self) -> &'static str {
        self.explanation.stage.name()
    }

    /// The verdict, which is that of `evaluate`.
    #[napi(getter, ts_return_type = "Verdict")]
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        self.explanation.verdict.name()
    }

    /// The reasons, as this reader may see them, enforced ones first.
    #[napi(getter)]
    #[must_use]
    pub fn reasons(&self) -> Vec<ExplainedReason> {
        let reasons = self.explanation.reasons.iter();
        let reasons = reasons.map(|explained| ExplainedReason {
            reason: explained.reason.slug(),
            place: explained.place.into(),
            enforced: explained.enforced,
        });
        reasons.collect()
    }

    /// What was looked at, in order.
    #[napi(getter)]
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let steps = self.explanation.steps.iter();
        steps.map(|step| Step { place: step.place.map(Place::from), text: step.text.clone() }).collect()
    }

    /// For each address that failed, the nearest one that the account may use, if one is found.
    #[napi(getter)]
    #[must_use]
    pub fn near_misses(&self) -> Vec<NearMiss> {
        let misses = self.explanation.near_misses.iter();
        misses.map(|miss| NearMiss { place: miss.place.into(), text: miss.text.clone() }).collect()
    }

    /// Returns all of it for a person, a line per fact.
    #[napi(js_name = "toString")]
    #[must_use]
    pub fn text(&self) -> String {
        self.explanation.to_string()
    }

    /// Returns the explanation, as this reader may see it, as JSON, on one line without its end.
    ///
    /// `toJSON`, which `JSON.stringify` asks for, returns what this writes as plain data.
    #[napi]
    #[must_use]
    pub fn to_json(&self) -> String {
        self.explanation.to_json()
    }
}

impl From<sendas::Explanation> for Explanation {
    fn from(explanation: sendas::Explanation) -> Self {
        Self { explanation }
    }
}

/// A reason in an explanation.
#[napi(object, object_from_js = false)]
#[non_exhaustive]
pub struct ExplainedReason {
    /// What is wrong.
    #[napi(ts_type = "Reason")]
    pub reason: &'static str,
    /// Where.
    pub place: Place,
    /// Whether it denies, or only would.
    pub enforced: bool,
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

//! Why a request is decided as it is.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};

use crate::decision::{Decision, as_dicts, at};
use crate::request::Facts;

/// Why a request is decided as it is; `str` writes it for a person, a line per fact.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Explanation {
    explanation: sendas::Explanation,
    facts: Arc<Facts>,
}

impl Explanation {
    pub(crate) fn new(explanation: sendas::Explanation, facts: Arc<Facts>) -> Self {
        Self { explanation, facts }
    }
}

#[pymethods]
impl Explanation {
    /// Who it is for.
    #[getter]
    fn view(&self) -> &'static str {
        self.explanation.view.name()
    }

    /// The stage that was decided.
    #[getter]
    fn stage(&self) -> &'static str {
        self.explanation.stage.name()
    }

    /// The verdict.
    #[getter]
    fn verdict(&self) -> &'static str {
        self.explanation.verdict.name()
    }

    /// The reasons, as this reader may see them, enforced ones first.
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static REASON: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let explained = REASON.import(py, "sendas._values", "ExplainedReason")?;
        let reasons = self.explanation.reasons.iter().map(|reason| {
            let (slug, place) = (reason.reason.slug(), reason.place);
            explained.call1((
                slug,
                reason.enforced,
                place.subject.name(),
                place.field,
                place.span.start,
                place.span.end,
            ))
        });
        PyList::new(py, reasons.collect::<PyResult<Vec<_>>>()?)
    }

    /// What was looked at, in order.
    #[getter]
    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static STEP: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let value = STEP.import(py, "sendas._values", "Step")?;
        let steps = self.explanation.steps.iter().map(|step| match step.place {
            Some(place) => at(value, &step.text, place),
            None => value.call1((&step.text, py.None(), py.None(), py.None(), py.None())),
        });
        PyList::new(py, steps.collect::<PyResult<Vec<_>>>()?)
    }

    /// What would have been right, or nearly so.
    #[getter]
    fn near_misses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static NEAR_MISS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let value = NEAR_MISS.import(py, "sendas._values", "NearMiss")?;
        let misses = self.explanation.near_misses.iter().map(|miss| at(value, &miss.text, miss.place));
        PyList::new(py, misses.collect::<PyResult<Vec<_>>>()?)
    }

    /// The decision that is explained, with everything that only the provider may see.
    #[getter]
    fn decision(&self) -> Decision {
        Decision::new(*self.explanation.decision(), Arc::clone(&self.facts))
    }

    /// Return the explanation, as this reader may see it, as plain values that can be written as JSON.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let members = PyDict::new(py);
        members.set_item("view", self.view())?;
        members.set_item("stage", self.stage())?;
        members.set_item("verdict", self.verdict())?;
        members.set_item("reasons", as_dicts(self.reasons(py)?)?)?;
        members.set_item("steps", as_dicts(self.steps(py)?)?)?;
        members.set_item("near_misses", as_dicts(self.near_misses(py)?)?)?;
        Ok(members)
    }

    fn __str__(&self) -> String {
        self.explanation.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Explanation of {} at {} for the {}>", self.verdict(), self.stage(), self.view())
    }
}

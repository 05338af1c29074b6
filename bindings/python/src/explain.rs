//! Why a request is decided as it is.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyType};
use sendas::{ExplainedReason, NearMiss, Place, Step};

/// Why a request is decided as it is; `str` writes it for a person, a line per fact.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Explanation {
    explanation: sendas::Explanation,
}

impl Explanation {
    pub(crate) fn new(explanation: sendas::Explanation) -> Self {
        Self { explanation }
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
        let value = REASON.import(py, "sendas._values", "ExplainedReason")?;
        list(py, &self.explanation.reasons, |&ExplainedReason { reason, place, enforced, .. }| {
            value.call1((reason.slug(), enforced, position(py, place)?))
        })
    }

    /// What was looked at, in order.
    #[getter]
    fn steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static STEP: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let value = STEP.import(py, "sendas._values", "Step")?;
        list(py, &self.explanation.steps, |Step { place, text, .. }| {
            value.call1((place.map(|place| position(py, place)).transpose()?, text))
        })
    }

    /// What would have been right, or nearly so.
    #[getter]
    fn near_misses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static NEAR_MISS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let value = NEAR_MISS.import(py, "sendas._values", "NearMiss")?;
        list(py, &self.explanation.near_misses, |NearMiss { place, text, .. }| {
            value.call1((position(py, *place)?, text))
        })
    }

    /// Return the explanation, as this reader may see it, as plain values that can be written as JSON.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let members = PyDict::new(py);
        members.set_item("view", self.view())?;
        members.set_item("stage", self.stage())?;
        members.set_item("verdict", self.verdict())?;
        members.set_item("reasons", as_dicts(&self.reasons(py)?)?)?;
        members.set_item("steps", as_dicts(&self.steps(py)?)?)?;
        members.set_item("near_misses", as_dicts(&self.near_misses(py)?)?)?;
        Ok(members)
    }

    fn __str__(&self) -> String {
        self.explanation.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Explanation of {} at {} for the {}>", self.verdict(), self.stage(), self.view())
    }
}

fn list<'py, T>(
    py: Python<'py>,
    values: &[T],
    convert: impl Fn(&T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, values.iter().map(convert).collect::<PyResult<Vec<_>>>()?)
}

fn position(py: Python<'_>, place: Place) -> PyResult<Bound<'_, PyAny>> {
    static PLACE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let value = PLACE.import(py, "sendas._values", "Place")?;
    value.call1((place.subject.name(), place.field, place.span.start, place.span.end))
}

/// Returns the members of each value by name, and those of its place.
fn as_dicts<'py>(values: &Bound<'py, PyList>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let members = |value: Bound<'py, PyAny>| {
        let members = value.call_method0("_asdict")?;
        let place = members.get_item("place")?;
        if !place.is_none() {
            members.set_item("place", place.call_method0("_asdict")?)?;
        }
        Ok(members)
    };
    values.iter().map(members).collect()
}

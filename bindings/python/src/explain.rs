//! Why a request is decided as it is.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};
use sendas::{ExplainedReason, NearMiss, Step};

use crate::decision::{plain, position};

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
            value.call1((reason.slug(), position(py, place)?, enforced))
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

    /// Return the explanation, as this reader may see it, as JSON, on one line without its end.
    fn to_json(&self) -> String {
        self.explanation.to_json()
    }

    /// Return what `to_json` writes as plain values.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        plain(py, &self.to_json())
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
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

//! Policies as text, and what is wrong with them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList, PyString, PyType};
use sendas::{CompileError, PolicyError, PolicyLines};

use crate::analysis::{Asked, Observations, foreseen};
use crate::text::Text;

/// What the provider and its tenants have laid down.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Policy {
    pub(crate) policy: sendas::Policy,
}

#[pymethods]
impl Policy {
    /// Read a policy from TOML.
    #[staticmethod]
    fn from_toml(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        read(text, |octets| sendas::Policy::from_toml(octets))
    }

    /// Read a policy from JSON.
    #[staticmethod]
    fn from_json(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        read(text, |octets| sendas::Policy::from_json(octets))
    }

    /// Read a policy from JSON Lines: as one text, or line by line as an open file gives it.
    #[staticmethod]
    fn from_json_lines(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        if text.is_instance_of::<PyBytes>() || text.is_instance_of::<PyString>() {
            return read(text, |octets| sendas::Policy::from_json_lines(octets));
        }
        let mut lines = PolicyLines::new();
        for line in text.try_iter()? {
            lines.push(Text::new(&line?, "text")?.octets(text.py())?);
        }
        finish(text.py(), lines.finish())
    }

    /// Read a policy file, whose suffix says what it is: `.toml`, `.json` or `.jsonl`.
    #[staticmethod]
    fn from_path(py: Python<'_>, path: &Bound<'_, PyAny>) -> PyResult<Self> {
        let path = py.import("pathlib")?.call_method1("Path", (path,))?;
        let read: fn(&Bound<'_, PyAny>) -> PyResult<Self> = match path.getattr("suffix")?.extract()? {
            ".toml" => Self::from_toml,
            ".json" => Self::from_json,
            ".jsonl" => Self::from_json_lines,
            _ => return Err(PyValueError::new_err("`path` must end with `.toml`, `.json` or `.jsonl`")),
        };
        read(&path.call_method0("read_bytes")?)
    }

    /// Return the policy as JSON that `from_json` reads back as an equal policy.
    fn to_json(&self, py: Python<'_>) -> String {
        py.detach(|| self.policy.to_json())
    }

    /// Return the policy as JSON Lines that `from_json_lines` reads back as an equal policy.
    fn to_json_lines(&self, py: Python<'_>) -> String {
        py.detach(|| self.policy.to_json_lines())
    }

    /// Say what another policy in its place would begin to deny.
    #[pyo3(signature = (candidate, observations, *, now, hash_key=None))]
    fn preflight<'py>(
        &self,
        py: Python<'py>,
        candidate: &Self,
        observations: &Observations,
        now: &Bound<'py, PyAny>,
        hash_key: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (asked, seen) = (Asked::read(now, hash_key)?, observations.current(py));
        let (policy, candidate) = (&self.policy, &candidate.policy);
        foreseen(py, py.detach(move || Ok(policy.preflight(candidate, &seen, asked.now, &asked.options)?)))
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> bool {
        py.detach(|| self.policy == other.policy)
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Policy of {} tenants>", self.policy.tenants.len())
    }
}

/// Return the JSON Schema (draft 2020-12) of policies as one JSON document.
#[pyfunction]
pub(crate) fn policy_schema() -> String {
    sendas::policy_schema()
}

/// Says why a policy was not compiled.
pub(crate) fn not_compiled(py: Python<'_>, error: &CompileError) -> PyErr {
    let diagnostics = match error {
        CompileError::Damaged(damaged) => return damaged_snapshot(py, damaged),
        CompileError::Policy(problems) => problems
            .iter()
            .map(|problem| (None, None, problem.path_text(), problem.kind.to_string(), Some(problem.kind.help())))
            .collect(),
        other => vec![(None, None, String::new(), other.to_string(), None)],
    };
    refuse(py, "PolicyError", &error.to_string(), diagnostics).unwrap_or_else(|error| error)
}

/// Says why a sealed snapshot cannot be used.
pub(crate) fn damaged_snapshot(py: Python<'_>, error: &impl ToString) -> PyErr {
    let named = py.import("sendas._values").and_then(|values| values.getattr("SnapshotError"));
    named.and_then(|named| named.call1((error.to_string(),))).map_or_else(|error| error, PyErr::from_value)
}

/// Line, column, path, message, help.
type Diagnostic = (Option<usize>, Option<usize>, String, String, Option<String>);

fn read(
    text: &Bound<'_, PyAny>,
    read: impl FnOnce(&[u8]) -> Result<sendas::Policy, PolicyError> + Send,
) -> PyResult<Policy> {
    let text_given = Text::new(text, "text")?;
    let octets = text_given.octets(text.py())?;
    finish(text.py(), text.py().detach(|| read(octets)))
}

fn finish(py: Python<'_>, policy: Result<sendas::Policy, PolicyError>) -> PyResult<Policy> {
    policy.map(|policy| Policy { policy }).map_err(|error| not_read(py, "PolicyError", &error, error.diagnostics()))
}

/// Says why a text was not read.
pub(crate) fn not_read(py: Python<'_>, name: &str, error: &impl ToString, diagnostics: &[sendas::Diagnostic]) -> PyErr {
    let diagnostics = diagnostics.iter().map(|found| {
        (Some(found.line), Some(found.column), found.path.clone(), found.message.clone(), found.help.clone())
    });
    refuse(py, name, &error.to_string(), diagnostics.collect()).unwrap_or_else(|error| error)
}

/// Makes the error of this name.
fn refuse(py: Python<'_>, name: &str, message: &str, diagnostics: Vec<Diagnostic>) -> PyResult<PyErr> {
    static DIAGNOSTIC: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let diagnostic = DIAGNOSTIC.import(py, "sendas._values", "Diagnostic")?;
    let diagnostics = diagnostics.into_iter().map(|members| diagnostic.call1(members)).collect::<PyResult<Vec<_>>>()?;
    let error = py.import("sendas._values")?.getattr(name)?;
    Ok(PyErr::from_value(error.call1((message, PyList::new(py, diagnostics)?))?))
}

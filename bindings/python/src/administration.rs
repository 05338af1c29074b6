//! Administration: commands and actors in as mappings, records and what comes of them out as dictionaries.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use sendas::admin::{Actor, Command, Order, Record};

use crate::policy::Policy;
use crate::request::instant;
use crate::text::Text;

/// Everything that a log of records says: the policy, and what administration needs beside it.
#[pyclass(module = "sendas")]
pub(crate) struct Directory {
    pub(crate) directory: sendas::admin::Directory,
}

#[pymethods]
impl Directory {
    #[new]
    fn new() -> Self {
        Self { directory: sendas::admin::Directory::new() }
    }

    /// Fold a log of records: JSON Lines.
    #[staticmethod]
    fn from_log(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text_given = Text::new(text, "text")?;
        let octets = text_given.octets(text.py())?;
        let directory = text.py().detach(|| sendas::admin::Directory::from_log(octets));
        directory.map(|directory| Self { directory }).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Decide a command. Nothing is changed.
    #[pyo3(signature = (actor, command, *, id, now, expected=None))]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        actor: &Bound<'py, PyAny>,
        command: &Bound<'py, PyAny>,
        id: String,
        now: &Bound<'py, PyAny>,
        expected: Option<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let actor = read(actor, Actor::from_json)?;
        let command = read(command, Command::from_json)?;
        let mut order = Order::new(id, instant(now)?);
        order.expected = expected;
        let answer = py.detach(|| match self.directory.decide(&actor, &command, &order) {
            Ok(outcome) => outcome.to_json(),
            Err(refusal) => refusal.to_json(),
        });
        write(py, &answer)
    }

    /// Apply a record: all of it, or nothing.
    fn apply(&mut self, record: &Bound<'_, PyAny>) -> PyResult<()> {
        let record = read(record, Record::from_json)?;
        self.directory.apply(&record).map_err(|unfit| PyValueError::new_err(unfit.to_string()))
    }

    /// Return what would be wrong with the policy after a record; nothing for most records.
    fn problems_after(&self, record: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let record = read(record, Record::from_json)?;
        let problems = self.directory.problems_after(&record);
        let problems = problems.map_err(|unfit| PyValueError::new_err(unfit.to_string()))?;
        Ok(problems.iter().map(ToString::to_string).collect())
    }

    /// Return the records that take a policy over into an empty log.
    #[pyo3(signature = (policy, *, name, now))]
    fn import_policy<'py>(
        &self,
        py: Python<'py>,
        policy: &Policy,
        name: &str,
        now: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let records = self.directory.import(&policy.policy, name, instant(now)?);
        let records = records.map_err(|refusal| PyValueError::new_err(refusal.to_string()))?;
        records.iter().map(|record| write(py, &record.to_json())).collect()
    }

    /// Return the policy that decides.
    fn policy(&self) -> Policy {
        Policy { policy: self.directory.policy() }
    }

    /// The sequence number of the last record; 0 before the first.
    #[getter]
    fn sequence(&self) -> u64 {
        self.directory.sequence()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.directory == other.directory
    }

    fn __repr__(&self) -> String {
        format!("<sendas.Directory after {} records>", self.directory.sequence())
    }
}

/// Return what the host has to do after a record.
#[pyfunction]
pub(crate) fn obligations<'py>(record: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    write(record.py(), &read(record, Record::from_json)?.obligations_to_json())
}

/// Reads what a mapping says as JSON.
pub(crate) fn read<T>(
    object: &Bound<'_, PyAny>,
    read: impl FnOnce(String) -> Result<T, sendas::ReadError>,
) -> PyResult<T> {
    let text: String = object.py().import("json")?.call_method1("dumps", (object,))?.extract()?;
    read(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn write<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

//! Administration: commands and actors in as mappings, records and what comes of them out as dictionaries.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sendas::Address;
use sendas::admin::{Actor, Command, Order, Record};

use crate::analysis::{Asked, Observations, foreseen};
use crate::policy::{Policy, not_compiled};
use crate::request::instant;
use crate::shared::Shared;
use crate::text::Text;

/// Everything that a log of records says: the policy, and what administration needs beside it.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Directory {
    directory: Shared<sendas::admin::Directory>,
}

impl Directory {
    fn of(directory: sendas::admin::Directory) -> Self {
        Self { directory: Shared::new(directory) }
    }

    /// The directory as it is now.
    pub(crate) fn current(&self, py: Python<'_>) -> Arc<sendas::admin::Directory> {
        self.directory.current(py)
    }
}

#[pymethods]
impl Directory {
    #[new]
    fn new() -> Self {
        Self::of(sendas::admin::Directory::new())
    }

    /// Fold a log of records: JSON Lines.
    #[staticmethod]
    fn from_log(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text_given = Text::new(text, "text")?;
        let octets = text_given.octets(text.py())?;
        let directory = text.py().detach(|| sendas::admin::Directory::from_log(octets));
        directory.map(Self::of).map_err(|error| PyValueError::new_err(error.to_string()))
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
        let directory = self.current(py);
        let answer = py.detach(move || match directory.decide(&actor, &command, &order) {
            Ok(outcome) => outcome.to_json(),
            Err(refusal) => refusal.to_json(),
        });
        write(py, &answer)
    }

    /// Apply a record: all of it, or nothing.
    fn apply(&self, record: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, record) = (record.py(), read(record, Record::from_json)?);
        let applied = self.directory.change(py, |directory| directory.apply(&record));
        applied.map_err(|unfit| PyValueError::new_err(unfit.to_string()))
    }

    /// Return what would be wrong with the policy after a record; nothing for most records.
    fn problems_after(&self, record: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let (py, record) = (record.py(), read(record, Record::from_json)?);
        let problems = self.current(py).problems_after(&record);
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
        let (directory, now) = (self.current(py), instant(now)?);
        let records = py.detach(move || directory.import(&policy.policy, name, now));
        let records = records.map_err(|refusal| PyValueError::new_err(refusal.to_string()))?;
        records.iter().map(|record| write(py, &record.to_json())).collect()
    }

    /// Say what a command would begin to deny. Nothing is changed.
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    #[pyo3(signature = (observations, actor, command, *, id, now, expected=None, hash_key=None))]
    fn preflight<'py>(
        &self,
        py: Python<'py>,
        observations: &Observations,
        actor: &Bound<'py, PyAny>,
        command: &Bound<'py, PyAny>,
        id: String,
        now: &Bound<'py, PyAny>,
        expected: Option<u64>,
        hash_key: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let actor = read(actor, Actor::from_json)?;
        let command = read(command, Command::from_json)?;
        let asked = Asked::read(now, hash_key)?;
        let mut order = Order::new(id, asked.now);
        order.expected = expected;
        let (directory, seen) = (self.current(py), observations.current(py));
        foreseen(py, py.detach(move || directory.preflight(&seen, &actor, &command, &order, &asked.options)))
    }

    /// Say what begins to be denied at later instants if nothing is changed.
    #[pyo3(signature = (observations, *, now, hash_key=None))]
    fn outlook<'py>(
        &self,
        py: Python<'py>,
        observations: &Observations,
        now: &Bound<'py, PyAny>,
        hash_key: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let asked = Asked::read(now, hash_key)?;
        let (directory, seen) = (self.current(py), observations.current(py));
        foreseen(py, py.detach(move || Ok(directory.outlook(&seen, asked.now, &asked.options)?)))
    }

    /// Say which accounts were seen, and how many of their messages are authorised.
    #[pyo3(signature = (observations, *, now, hash_key=None))]
    fn coverage<'py>(
        &self,
        py: Python<'py>,
        observations: &Observations,
        now: &Bound<'py, PyAny>,
        hash_key: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let asked = Asked::read(now, hash_key)?;
        let (directory, seen) = (self.current(py), observations.current(py));
        let coverage = py.detach(move || directory.coverage(&seen, asked.now, &asked.options));
        write(py, &coverage.map_err(|error| not_compiled(py, &error))?.to_json())
    }

    /// Choose the pairs that are not authorised, and a command for each.
    #[pyo3(signature = (observations, *, least, now, hash_key=None))]
    fn choose<'py>(
        &self,
        py: Python<'py>,
        observations: &Observations,
        least: u64,
        now: &Bound<'py, PyAny>,
        hash_key: Option<&Bound<'_, PyBytes>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let asked = Asked::read(now, hash_key)?;
        let (directory, seen) = (self.current(py), observations.current(py));
        let choices = py.detach(move || directory.choose(&seen, least, asked.now, &asked.options));
        let choices = choices.map_err(|error| not_compiled(py, &error))?;
        choices.iter().map(|choice| write(py, &choice.to_json())).collect()
    }

    /// Return one tenant with what is pending in it, or None where there is no such tenant.
    fn desk<'py>(&self, py: Python<'py>, tenant: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.current(py).desk(tenant).map(|desk| write(py, &desk.to_json())).transpose()
    }

    /// Return who may use, or asked to use, an address with its mailbox owner's word.
    fn consents<'py>(&self, py: Python<'py>, address: &str) -> PyResult<Bound<'py, PyAny>> {
        let address = Address::parse(address).map_err(|error| PyValueError::new_err(format!("`address`: {error}")))?;
        let directory = self.current(py);
        write(py, &py.detach(move || directory.consents_to_json(&address)))
    }

    /// Return the domains whose TXT record is to be looked up again.
    #[pyo3(signature = (*, now))]
    fn rechecks_due<'py>(&self, py: Python<'py>, now: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (directory, now) = (self.current(py), instant(now)?);
        write(py, &py.detach(move || directory.rechecks_due_to_json(now)))
    }

    /// Return the policy that decides.
    fn policy(&self, py: Python<'_>) -> Policy {
        let directory = self.current(py);
        Policy { policy: py.detach(move || directory.policy()) }
    }

    /// The sequence number of the last record; 0 before the first.
    #[getter]
    fn sequence(&self, py: Python<'_>) -> u64 {
        self.current(py).sequence()
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> bool {
        let (directory, other) = (self.current(py), other.current(py));
        py.detach(move || directory == other)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<sendas.Directory after {} records>", self.sequence(py))
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

pub(crate) fn write<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

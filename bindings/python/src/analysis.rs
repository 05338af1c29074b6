//! Observations and what comes of them: requests in, dictionaries out.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sendas::analysis::{Preflight, PreflightError, Table};
use sendas::postfix_log::{Line, LogReader, Timestamps};
use sendas::{Limits, Options, Timestamp};

use crate::administration::write;
use crate::argument::{Call, Items};
use crate::policy::not_compiled;
use crate::record::RequestRecord;
use crate::request::{Facts, instant};
use crate::shared::Shared;
use crate::snapshot::read_key;
use crate::text::Text;

/// What was seen of accounts, as tallies, in bounded memory.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Observations {
    observations: Shared<sendas::analysis::Observations>,
}

impl Observations {
    fn of(observations: sendas::analysis::Observations) -> Self {
        Self { observations: Shared::new(observations) }
    }

    /// The observations as they are now.
    pub(crate) fn current(&self, py: Python<'_>) -> Arc<sendas::analysis::Observations> {
        self.observations.current(py)
    }
}

#[pymethods]
impl Observations {
    #[new]
    #[pyo3(signature = (*, most))]
    fn new(most: usize) -> Self {
        Self::of(sendas::analysis::Observations::new(most))
    }

    /// Read observations from JSON Lines.
    #[staticmethod]
    fn from_json_lines(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text_given = Text::new(text, "text")?;
        let octets = text_given.octets(text.py())?;
        let read = text.py().detach(|| sendas::analysis::Observations::from_json_lines(octets));
        read.map(Self::of).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Write the observations as JSON Lines.
    fn to_json_lines(&self, py: Python<'_>) -> String {
        let seen = self.current(py);
        py.detach(move || seen.to_json_lines())
    }

    /// Count every fact of one request.
    #[pyo3(signature = (request, /))]
    fn observe(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<()> {
        let items = Items::of_mapping(request, Call::Record, ["request", "a mapping"])?;
        let facts = Facts::read(&items.arguments())?;
        let lent = facts.lend(py)?;
        self.observations.change(py, |observations| observations.observe(&lent.request(), &Limits::default()));
        Ok(())
    }

    /// Add what other observations hold.
    fn merge(&self, py: Python<'_>, other: &Self) {
        let other = other.current(py);
        self.observations.change(py, |observations| py.detach(|| observations.merge(&other)));
    }

    /// As many tallies as are kept at most.
    #[getter]
    fn most(&self, py: Python<'_>) -> usize {
        self.current(py).most()
    }

    /// How many requests were observed.
    #[getter]
    fn requests(&self, py: Python<'_>) -> u64 {
        self.current(py).requests()
    }

    /// How many of them name no account, or none that an account can be.
    #[getter]
    fn unattributed(&self, py: Python<'_>) -> u64 {
        self.current(py).unattributed()
    }

    /// How many facts were counted in each table, those included that were dropped.
    #[getter]
    fn counted(&self, py: Python<'_>) -> BTreeMap<&'static str, u64> {
        let seen = self.current(py);
        Table::ALL.iter().map(|&table| (table.name(), seen.counted(table))).collect()
    }

    /// How many facts of each table are in no tally.
    #[getter]
    fn dropped(&self, py: Python<'_>) -> BTreeMap<&'static str, u64> {
        let seen = self.current(py);
        Table::ALL.iter().map(|&table| (table.name(), seen.dropped(table))).collect()
    }

    /// Return every tally that is kept.
    fn tallies<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let seen = self.current(py);
        let tallies: Vec<String> = py.detach(move || seen.tallies().map(|tally| tally.to_json()).collect());
        tallies.iter().map(|tally| write(py, tally)).collect()
    }

    fn __eq__(&self, py: Python<'_>, other: &Self) -> bool {
        let (seen, other) = (self.current(py), other.current(py));
        py.detach(move || seen == other)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<sendas.Observations of {} requests>", self.requests(py))
    }
}

/// Makes records of requests from the lines of a Postfix mail log.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct PostfixLog {
    log: Shared<LogReader>,
}

#[pymethods]
impl PostfixLog {
    #[new]
    #[pyo3(signature = (*, most, year = None, offset))]
    fn new(most: usize, year: Option<i32>, offset: i32) -> Self {
        Self { log: Shared::new(LogReader::new(Timestamps { year, offset }, most)) }
    }

    /// Take the next line.
    fn push<'py>(&self, py: Python<'py>, line: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let line = Text::new(line, "line")?;
        let line = line.octets(py)?;
        match self.log.change(py, |log| log.push(line)) {
            Line::Message(record) => Ok(Bound::new(py, RequestRecord { record })?.into_any()),
            Line::Taken => Ok("taken".into_pyobject(py)?.into_any()),
            Line::Other => Ok("other".into_pyobject(py)?.into_any()),
            Line::NotUnderstood(fault) => Ok(fault.name().into_pyobject(py)?.into_any()),
        }
    }

    /// Return what became of the lines so far.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        write(py, &self.log.current(py).counts().to_json())
    }
}

/// Reads the arguments that what is asked of a policy and observations has in common.
pub(crate) struct Asked {
    pub(crate) now: Timestamp,
    pub(crate) options: Options,
}

impl Asked {
    pub(crate) fn read(now: &Bound<'_, PyAny>, hash_key: Option<&Bound<'_, PyBytes>>) -> PyResult<Self> {
        Ok(Self { now: instant(now)?, options: Options::new(read_key(now.py(), hash_key)?) })
    }
}

/// Writes what was foreseen, or the refusal of the command.
pub(crate) fn foreseen(py: Python<'_>, foreseen: Result<Preflight, PreflightError>) -> PyResult<Bound<'_, PyAny>> {
    match foreseen {
        Ok(foreseen) => write(py, &foreseen.to_json()),
        Err(PreflightError::Refused(refusal)) => write(py, &refusal.to_json()),
        Err(PreflightError::Compile(error)) => Err(not_compiled(py, &error)),
    }
}

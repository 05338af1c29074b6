//! Deciding batches of requests.

use std::mem;
use std::sync::{Arc, Mutex};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Fields, Schema, SchemaRef};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use super::capsule::{self, Given, Upstream};
use super::columns::{Columns, answers};
use super::decisions::{Decisions, Full};
use super::rows::{Room, Rows};
use super::wrong::Wrong;

/// Decides what an object exports: one batch at once, a stream as it is read.
pub(crate) fn evaluate<'py>(
    snapshot: &sendas::Snapshot,
    data: &Bound<'py, PyAny>,
    asked: &Asked,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    match Given::take(data)? {
        Given::Array(array, fields) => {
            let judge = Judge::new(snapshot, &fields, asked)?;
            let batch = py
                .detach(|| capsule::guarded(|| capsule::import(array, &fields)))
                .map_err(|wrong| capsule::refused(&wrong))?;
            let decided = match batch {
                Some(batch) => judge.whole(py, &batch)?,
                None => RecordBatch::new_empty(judge.schema.clone()),
            };
            Ok(Bound::new(py, DecisionBatch { decided })?.into_any())
        }
        Given::Stream(upstream) => {
            let decided = Decided::begin(snapshot, upstream, asked)?;
            let schema = decided.schema();
            Ok(Bound::new(py, DecisionStream { schema, decided: Mutex::new(Some(decided)) })?.into_any())
        }
    }
}

/// What the answer is to hold.
pub(crate) struct Asked {
    /// The columns of the requests that stand before the decisions.
    pub(crate) keep: Vec<String>,
    /// The columns of the decisions; all of them where nothing is said.
    pub(crate) columns: Option<Vec<String>>,
}

/// Decides the rows of batches that have the same columns.
struct Judge {
    snapshot: sendas::Snapshot,
    columns: Columns,
    /// The columns of the decisions.
    answers: Fields,
    /// That of the decisions, behind the columns that are kept.
    schema: SchemaRef,
}

impl Judge {
    fn new(snapshot: &sendas::Snapshot, fields: &Fields, asked: &Asked) -> PyResult<Self> {
        let refused = |problems: Vec<String>| PyTypeError::new_err(problems.join("\n"));
        let answers = match &asked.columns {
            Some(names) => answers(names, &Decisions::fields()).map_err(refused)?,
            None => Decisions::fields(),
        };
        let columns = Columns::of(fields, &asked.keep, &answers).map_err(refused)?;
        let kept = columns.kept.iter().filter_map(|&index| fields.get(index).cloned());
        let all: Fields = kept.chain(answers.iter().cloned()).collect();
        let metadata = [("sendas.snapshot_id".to_owned(), snapshot.id().to_string())].into();
        let schema = Arc::new(Schema::new_with_metadata(all, metadata));
        Ok(Self { snapshot: snapshot.clone(), columns, answers, schema })
    }

    /// Decides a batch, and looks for signals meanwhile.
    fn whole(&self, py: Python<'_>, batch: &StructArray) -> PyResult<RecordBatch> {
        let mut decisions = Decisions::with_capacity(batch.len(), &self.answers);
        for start in (0..batch.len()).step_by(MOST_ROWS) {
            let part = batch.slice(start, MOST_ROWS.min(batch.len() - start));
            let decide = || capsule::guarded(|| self.decide(&part, start as u64, &mut decisions));
            let taken = py.detach(decide).map_err(|wrong| capsule::refused(&wrong))?;
            if taken < part.len() {
                let wrong = Wrong::new(
                    "the decisions do not fit into one batch; hand the requests over as a stream, or in smaller batches",
                );
                return Err(capsule::refused(&wrong));
            }
            py.check_signals()?;
        }
        self.finish(batch, decisions).map_err(|wrong| capsule::refused(&wrong))
    }

    /// Decides rows until the decisions are full, and returns of how many; `before` counts the rows before them.
    fn decide(&self, part: &StructArray, before: u64, decisions: &mut Decisions) -> Result<usize, Wrong> {
        for start in (0..part.len()).step_by(AT_ONCE) {
            let some = part.slice(start, AT_ONCE.min(part.len() - start));
            let rows = Rows::bind(&self.columns, &some)?;
            let mut room = Room::default();
            for row in 0..some.len() {
                let decided = rows.with(row, &mut room, |request, stage| {
                    decisions.push(&self.snapshot.evaluate_stage(request, stage), request)
                });
                match decided {
                    Ok(Ok(())) => {}
                    Ok(Err(Full)) => return Ok(start + row),
                    Err(wrong) => return Err(wrong.in_row(before + (start + row) as u64)),
                }
            }
        }
        Ok(part.len())
    }

    /// Returns the decisions behind the columns that are kept of the same rows.
    fn finish(&self, rows: &StructArray, decisions: Decisions) -> Result<RecordBatch, Wrong> {
        let kept = self.columns.kept.iter().filter_map(|&index| rows.columns().get(index).cloned());
        let columns: Vec<ArrayRef> = kept.chain(decisions.finish()?).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// The decisions on a stream of requests, made when they are asked for.
pub(super) struct Decided {
    judge: Judge,
    upstream: Upstream,
    /// What is left of the latest batch.
    at_hand: Option<StructArray>,
    /// How many rows were decided.
    before: u64,
    ended: bool,
}

impl Decided {
    /// Finds the columns of a stream, of which no batch is read yet.
    pub(super) fn begin(snapshot: &sendas::Snapshot, upstream: Upstream, asked: &Asked) -> PyResult<Self> {
        let judge = Judge::new(snapshot, upstream.fields(), asked)?;
        Ok(Self { judge, upstream, at_hand: None, before: 0, ended: false })
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, Wrong> {
        let Self { judge, upstream, at_hand, before, .. } = self;
        let batch = match at_hand.take() {
            Some(batch) => batch,
            None => match upstream.next()? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let part = batch.slice(0, MOST_ROWS.min(batch.len()));
        let mut decisions = Decisions::with_capacity(part.len(), &judge.answers);
        let taken = judge.decide(&part, *before, &mut decisions)?;
        if taken == 0 {
            return Err(Wrong::new("the decision is larger than a batch can be").in_row(*before));
        }
        if taken < batch.len() {
            *at_hand = Some(batch.slice(taken, batch.len() - taken));
        }
        *before += taken as u64;
        judge.finish(&part.slice(0, taken), decisions).map(Some)
    }
}

impl Iterator for Decided {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let stepped = capsule::guarded(|| self.step()).map_err(ArrowError::from).transpose();
        self.ended = !matches!(stepped, Some(Ok(_)));
        stepped
    }
}

impl RecordBatchReader for Decided {
    fn schema(&self) -> SchemaRef {
        self.judge.schema.clone()
    }
}

/// The decisions on one batch of requests, for any library that takes Arrow.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct DecisionBatch {
    decided: RecordBatch,
}

#[pymethods]
impl DecisionBatch {
    /// Export the schema of the decisions as an `ArrowSchema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::export_schema(py, &self.decided.schema())
    }

    /// Export the decisions as an `ArrowArray`; a requested schema is not looked at.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let _ = requested_schema;
        capsule::export_array(py, &self.decided.schema(), &self.decided.clone().into())
    }

    /// Export the decisions as an `ArrowArrayStream` of one batch; a requested schema is not looked at.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        capsule::export_stream(py, RecordBatchIterator::new([Ok(self.decided.clone())], self.decided.schema()))
    }

    fn __len__(&self) -> usize {
        self.decided.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<sendas.DecisionBatch of {} rows>", self.decided.num_rows())
    }
}

/// The decisions on a stream of requests, made batch by batch as a library that takes Arrow asks for them, once.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct DecisionStream {
    schema: SchemaRef,
    decided: Mutex<Option<Decided>>,
}

#[pymethods]
impl DecisionStream {
    /// Export the schema of the decisions as an `ArrowSchema`.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::export_schema(py, &self.schema)
    }

    /// Export the decisions as an `ArrowArrayStream`, once; a requested schema is not looked at.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let decided = self.take().ok_or_else(|| capsule::consumed("stream"))?;
        capsule::export_stream(py, decided)
    }

    fn __repr__(&self) -> &'static str {
        "<sendas.DecisionStream>"
    }
}

impl DecisionStream {
    fn take(&self) -> Option<Decided> {
        // A thread that panicked here left nothing half done.
        let mut decided = self.decided.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        mem::take(&mut *decided)
    }
}

/// As many rows are decided before somebody else has a turn: some ten milliseconds.
const MOST_ROWS: usize = 1 << 14;
/// As many rows are made ready to be read at once, so that what is copied for it stays near.
const AT_ONCE: usize = 1 << 10;

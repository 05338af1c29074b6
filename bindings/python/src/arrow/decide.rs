//! Deciding batches of requests.

use std::mem;
use std::sync::Mutex;

use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::SchemaRef;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use sendas_arrow::{Asked, Decided, Judge, Problems, guarded};

use super::capsule::{self, Given, Upstream};

/// Decides what an object exports: one batch at once, a stream as it is read.
pub(crate) fn evaluate<'py>(
    snapshot: &sendas::Snapshot,
    data: &Bound<'py, PyAny>,
    asked: &Asked,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let judge = |fields| Judge::new(snapshot, fields, asked).map_err(|problems| refused(&problems));
    match Given::take(data)? {
        Given::Array(array, fields) => {
            let judge = judge(&fields)?;
            let decided =
                py.detach(|| match guarded("the batch cannot be read", || capsule::import(array, &fields)) {
                    Ok(Some(batch)) => judge.whole(&batch, look_for_signals),
                    Ok(None) => Ok(Ok(RecordBatch::new_empty(judge.schema().clone()))),
                    Err(wrong) => Ok(Err(wrong)),
                })?;
            let decided = decided.map_err(|wrong| capsule::refused(&wrong))?;
            Ok(Bound::new(py, DecisionBatch { decided })?.into_any())
        }
        Given::Stream(upstream) => {
            let decided = Decided::new(judge(upstream.fields())?, upstream);
            let schema = decided.schema();
            Ok(Bound::new(py, DecisionStream { schema, decided: Mutex::new(Some(decided)) })?.into_any())
        }
    }
}

/// Lets an interrupt end the work.
fn look_for_signals() -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        Ok(())
    })
}

/// Says that the columns are not those of requests, or of decisions.
fn refused(problems: &Problems) -> PyErr {
    PyTypeError::new_err(problems.to_string())
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

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
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
    decided: Mutex<Option<Decided<Upstream>>>,
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
    fn take(&self) -> Option<Decided<Upstream>> {
        // A thread that panicked here left nothing half done.
        let mut decided = self.decided.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        mem::take(&mut *decided)
    }
}

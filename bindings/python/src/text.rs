//! Text as Python has it: `bytes` or `str`, kept and not copied.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// Octets in a Python object.
pub(crate) enum Text {
    Bytes(Py<PyBytes>),
    /// Has a UTF-8 form.
    Str(Py<PyString>),
}

impl Text {
    /// Takes `bytes` or `str`; `name` says which argument it is.
    ///
    /// Lone surrogates of a `str` become octets that are no UTF-8, so that core sees what is wrong with them.
    pub(crate) fn new(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        if let Ok(string) = object.cast::<PyString>() {
            if string.to_str().is_ok() {
                return Ok(Self::Str(string.clone().unbind()));
            }
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone().unbind()));
        } else {
            return Err(wrong_type(object, name, "bytes or str"));
        }
        let encode = object.py().get_type::<PyString>().getattr("encode")?;
        let bytes = encode.call1((object, "utf-8", "surrogatepass"))?;
        Ok(Self::Bytes(bytes.cast_into()?.unbind()))
    }

    /// As [`Text::new`], and `None` for Python's.
    pub(crate) fn optional(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Self>> {
        if object.is_none() { Ok(None) } else { Self::new(object, name).map(Some) }
    }

    /// Returns the octets, which stay as they are with or without the interpreter.
    #[inline]
    pub(crate) fn octets<'a>(&'a self, py: Python<'_>) -> PyResult<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.as_bytes(py)),
            Self::Str(string) => string.to_str(py).map(str::as_bytes),
        }
    }

    /// Takes hold of the same object again.
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.clone_ref(py)),
            Self::Str(string) => Self::Str(string.clone_ref(py)),
        }
    }

    /// Returns the Python object.
    pub(crate) fn object(&self, py: Python<'_>) -> Py<PyAny> {
        match self {
            Self::Bytes(bytes) => bytes.clone_ref(py).into_any(),
            Self::Str(string) => string.clone_ref(py).into_any(),
        }
    }
}

/// Says that an argument has the wrong type, as Python does.
pub(crate) fn wrong_type(object: &Bound<'_, PyAny>, name: &str, right: &str) -> PyErr {
    match object.get_type().name() {
        Ok(given) => PyTypeError::new_err(format!("`{name}` must be {right}, not {given}")),
        Err(error) => error,
    }
}

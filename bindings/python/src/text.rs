//! Text as Python has it: `bytes` or `str`, kept and not copied.

use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};
use sendas_many::which;

/// Octets in a Python object.
pub(crate) enum Text {
    Bytes(Py<PyBytes>),
    /// Has a UTF-8 form.
    Str(Py<PyString>),
}

impl Text {
    /// Takes `bytes` or `str`; `name` says which argument it is.
    ///
    /// Lone surrogates of a `str` become octets that are no UTF-8, so that core sees what is wrong with them. Of an object of a
    /// subclass its text is taken and nothing else: it may hold what holds this, and Python cannot free such a circle.
    pub(crate) fn new(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        if let Ok(string) = object.cast_exact::<PyString>() {
            if string.to_str().is_ok() {
                return Ok(Self::Str(string.clone().unbind()));
            }
        } else if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone().unbind()));
        } else if let Ok(string) = object.cast::<PyString>() {
            if let Ok(text) = string.to_str() {
                return Ok(Self::Str(PyString::new(object.py(), text).unbind()));
            }
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Bytes(PyBytes::new(object.py(), bytes.as_bytes()).unbind()));
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

/// Says which of many requests an error is about, without changing its type.
///
/// What Python's own code has raised stays the error that it is, with a note where notes are known (Python 3.11).
pub(crate) fn of_request(py: Python<'_>, error: PyErr, number: usize) -> PyErr {
    let which = which(number);
    let has_type = |exception: &Bound<'_, PyType>| error.get_type(py).is(exception);
    if error.traceback(py).is_none() {
        for exception in [py.get_type::<PyTypeError>(), py.get_type::<PyValueError>()] {
            if has_type(&exception) {
                return PyErr::from_type(exception, format!("{which}{}", error.value(py)));
            }
        }
    }
    if error.is_instance_of::<PyException>(py) {
        // A note that cannot be added is none of the caller's concern.
        let _ = error.value(py).call_method1("add_note", (which.trim_end_matches(": "),));
    }
    error
}

/// Says that an argument has the wrong type, as Python does.
pub(crate) fn wrong_type(object: &Bound<'_, PyAny>, name: &str, right: &str) -> PyErr {
    match object.get_type().name() {
        Ok(given) => PyTypeError::new_err(format!("`{name}` must be {right}, not {given}")),
        Err(error) => error,
    }
}

//! The interpreter that the package is loaded in, of which a process may have several.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::{PyResult, ffi};

/// Refuses an interpreter that is not the first one: classes and names are kept for all of them, and would be those of another one, or
/// of one that is gone. Python looks after that from 3.12 on.
pub(crate) fn only_one() -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(NONE);
    // SAFETY: a module is made by the thread that has the interpreter.
    #[expect(unsafe_code, reason = "pyo3 does not tell the interpreter")]
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(NONE, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "sendas is used in another interpreter of this process, and can be used in one only",
        )),
        _ => Ok(()),
    }
}

/// No interpreter has this id.
const NONE: i64 = -1;

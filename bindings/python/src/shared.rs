//! What changes, and may be used by several threads at once.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;

/// A value that is read as it was when it was asked for, also while another thread changes it, so that neither waits for the other
/// or fails.
pub(crate) struct Shared<T>(Mutex<Arc<T>>);

impl<T: Clone> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(Arc::new(value)))
    }

    /// The value as it is now.
    pub(crate) fn current(&self, py: Python<'_>) -> Arc<T> {
        Arc::clone(&self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the value, or a copy of it while it is being read. Nothing that runs Python may happen in `change`.
    pub(crate) fn change<R>(&self, py: Python<'_>, change: impl FnOnce(&mut T) -> R) -> R {
        change(Arc::make_mut(&mut self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)))
    }
}

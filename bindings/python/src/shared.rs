//! What changes, and may be used by several threads at once.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;

/// A value that is read as it was when it was asked for, also while another thread changes it, so that neither fails. Who
/// has it keeps nobody from changing it; who asks for it while it is changed waits for that.
pub(crate) struct Shared<T> {
    value: Mutex<Arc<T>>,
    /// Held by whoever changes the value, so that no change is lost while another one is made to a copy.
    turn: Mutex<()>,
}

impl<T: Clone + Send + Sync> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(Arc::new(value)), turn: Mutex::new(()) }
    }

    /// The value as it is now.
    pub(crate) fn current(&self, py: Python<'_>) -> Arc<T> {
        Arc::clone(&lock(&self.value, py))
    }

    /// Changes the value, or a copy of it while it is being read; others run Python while it is copied. `change` must
    /// run no Python, and lets others run it if it takes long.
    pub(crate) fn change<R>(&self, py: Python<'_>, change: impl FnOnce(&mut T) -> R) -> R {
        let turn = lock(&self.turn, py);
        let before = {
            let mut value = lock(&self.value, py);
            if let Some(value) = Arc::get_mut(&mut value) {
                return change(value);
            }
            Arc::clone(&value)
        };
        let mut copy = py.detach(|| Arc::new(T::clone(&before)));
        let answer = change(Arc::make_mut(&mut copy));
        let replaced = mem::replace(&mut *lock(&self.value, py), copy);
        drop(turn);
        // Whoever read it may be done with it: then it is freed here, and it may be large.
        py.detach(|| drop((before, replaced)));
        answer
    }
}

/// Waits without keeping others from running Python. A thread that panicked left nothing half done.
fn lock<'a, V>(mutex: &'a Mutex<V>, py: Python<'_>) -> MutexGuard<'a, V> {
    mutex.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
}

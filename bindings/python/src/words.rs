//! The names that stand for core's enumerations.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use sendas::{Action, Channel, Control, CredentialKind, Profile, Reason, Stage, Subject, Tls, Verdict, View};

use crate::text::wrong_type;

/// An enumeration whose values have names.
pub(crate) trait Word: Copy + 'static {
    /// What an argument of this kind is called.
    const ARGUMENT: &'static str;
    /// Every value.
    const ALL: &'static [Self];

    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($name:ident is $argument:literal;)+) => { $(
        impl Word for $name {
            const ARGUMENT: &'static str = $argument;
            const ALL: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static str {
                self.name()
            }
        }
    )+ };
}

words! {
    Channel is "channel";
    CredentialKind is "credential_kind";
    Profile is "profile";
    Stage is "stage";
    Subject is "subject";
    Tls is "tls";
    View is "view";
}

/// Reads a name; another one is the caller's mistake.
pub(crate) fn read<T: Word>(object: &Bound<'_, PyAny>) -> PyResult<T> {
    let name = T::ARGUMENT;
    let Ok(given) = object.cast::<PyString>() else {
        return Err(wrong_type(object, name, "str"));
    };
    // A string without a UTF-8 form is none of them.
    let text = given.to_str().ok();
    if let Some(&value) = T::ALL.iter().find(|value| text == Some(value.word())) {
        return Ok(value);
    }
    let right: Vec<_> = T::ALL.iter().map(|value| format!("'{}'", value.word())).collect();
    Err(PyValueError::new_err(format!("`{name}` must be one of {}, not {}", right.join(", "), object.repr()?)))
}

/// Reads a name, or `None`.
pub(crate) fn optional<T: Word>(object: &Bound<'_, PyAny>) -> PyResult<Option<T>> {
    if object.is_none() { Ok(None) } else { read(object).map(Some) }
}

/// The names that decisions answer with, each as the one object that a program's own literal is too.
pub(crate) struct Names {
    stages: [Py<PyString>; Stage::ALL.len()],
    verdicts: [Py<PyString>; Verdict::ALL.len()],
    actions: [Py<PyString>; Action::ALL.len()],
}

#[expect(clippy::indexing_slicing, reason = "each list has every value of its enumeration, in its order")]
impl Names {
    pub(crate) fn of(py: Python<'_>) -> &Self {
        static NAMES: PyOnceLock<Names> = PyOnceLock::new();
        let intern = |name| PyString::intern(py, name).unbind();
        NAMES.get_or_init(py, || Self {
            stages: Stage::ALL.map(|stage| intern(stage.name())),
            verdicts: Verdict::ALL.map(|verdict| intern(verdict.name())),
            actions: Action::ALL.map(|action| intern(action.name())),
        })
    }

    pub(crate) fn stage<'py>(&'py self, py: Python<'py>, stage: Stage) -> &'py Bound<'py, PyString> {
        self.stages[stage as usize].bind(py)
    }

    pub(crate) fn verdict<'py>(&'py self, py: Python<'py>, verdict: Verdict) -> &'py Bound<'py, PyString> {
        self.verdicts[verdict as usize].bind(py)
    }

    pub(crate) fn action<'py>(&'py self, py: Python<'py>, action: Action) -> &'py Bound<'py, PyString> {
        self.actions[action as usize].bind(py)
    }
}

type ReasonRow = (&'static str, Option<&'static str>, &'static str, &'static str, String);

/// Return slug, control, stage, verdict and meaning of every reason, in reporting order.
#[pyfunction]
pub(crate) fn reasons() -> Vec<ReasonRow> {
    let row = |reason: &Reason| {
        let doc = reason.doc().split_whitespace().collect::<Vec<_>>().join(" ");
        (reason.slug(), reason.control().map(Control::name), reason.stage().name(), reason.verdict().name(), doc)
    };
    Reason::ALL.iter().map(row).collect()
}

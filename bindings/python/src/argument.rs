//! Arguments as they are given, before any is read.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyMapping, PyString};
use pyo3::{Borrowed, PyErr};

use crate::text::wrong_type;

/// One argument: an object, `None` of Python's among them, or nothing where it was not given.
#[derive(Clone, Copy, Default)]
pub(crate) struct Argument<'a, 'py>(Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Argument<'a, 'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(object)))
    }
}

impl<'py> Argument<'_, 'py> {
    /// Reads the argument where it was given.
    #[inline]
    pub(crate) fn read<T>(self, read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>) -> PyResult<Option<T>> {
        self.0.map(|object| read(&object)).transpose()
    }

    /// Reads an argument that means the same when it is `None` as when it was not given.
    #[inline]
    pub(crate) fn optional<T>(
        self,
        read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Option<T>>,
    ) -> PyResult<Option<T>> {
        Ok(self.read(read)?.flatten())
    }
}

/// The arguments of a request.
#[derive(Default)]
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) now: Argument<'a, 'py>,
    pub(crate) channel: Argument<'a, 'py>,
    pub(crate) account: Argument<'a, 'py>,
    pub(crate) role: Argument<'a, 'py>,
    pub(crate) client_ip: Argument<'a, 'py>,
    pub(crate) credential_kind: Argument<'a, 'py>,
    pub(crate) credential_id: Argument<'a, 'py>,
    pub(crate) scopes: Argument<'a, 'py>,
    pub(crate) tls: Argument<'a, 'py>,
    pub(crate) smtputf8: Argument<'a, 'py>,
    pub(crate) envelope_sender: Argument<'a, 'py>,
    pub(crate) header: Argument<'a, 'py>,
    pub(crate) stage: Argument<'a, 'py>,
    pub(crate) view: Argument<'a, 'py>,
}

/// What the arguments are for: each call has those of the calls before it, and more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// A client after AUTH.
    Session,
    /// A request without a stage.
    Record,
    /// A request.
    Evaluate,
    /// A request, and who reads the answer.
    Explain,
}

/// Arguments by their numbers.
pub(crate) struct Items<'py>([Option<Bound<'py, PyAny>>; ARGUMENTS.len()]);

impl<'py> Items<'py> {
    /// Takes those of a call; one that it does not have is refused.
    pub(crate) fn of(py: Python<'py>, arguments: Option<&Bound<'py, PyDict>>, call: Call) -> PyResult<Self> {
        let mut items = [const { None }; ARGUMENTS.len()];
        let (interned, mut next) = (interned(py), 0);
        for (name, object) in arguments.into_iter().flatten() {
            let number = number(&name, interned, next)?;
            let Some(number) = number.filter(|number| ARGUMENTS[*number].1 <= call) else {
                let name = name.cast::<PyString>()?.to_str()?;
                return Err(unexpected(name, call));
            };
            if items[number].replace(object).is_some() {
                return Err(PyTypeError::new_err(format!("argument `{}` is given twice", ARGUMENTS[number].0)));
            }
            next = number + 1;
        }
        Ok(Self(items))
    }

    /// Takes the members of a mapping, which is a request: those that `**` would hand over. What is no mapping is named, with what
    /// would be right.
    pub(crate) fn of_mapping(mapping: &Bound<'py, PyAny>, call: Call, [name, right]: [&str; 2]) -> PyResult<Self> {
        if let Ok(dictionary) = mapping.cast_exact::<PyDict>() {
            return Self::of(mapping.py(), Some(dictionary), call);
        }
        let members = PyDict::new(mapping.py());
        let wrong = || wrong_type(mapping, name, right);
        members.update(mapping.cast::<PyMapping>().map_err(|_| wrong())?)?;
        Self::of(mapping.py(), Some(&members), call)
    }

    /// Lends them.
    pub(crate) fn arguments(&self) -> Arguments<'_, 'py> {
        let [now, channel, account, role, client_ip, credential_kind, credential_id, scopes, rest @ ..] =
            self.0.each_ref().map(|item| Argument(item.as_ref().map(Bound::as_borrowed)));
        let [tls, smtputf8, envelope_sender, header, stage, view] = rest;
        Arguments {
            now,
            channel,
            account,
            role,
            client_ip,
            credential_kind,
            credential_id,
            scopes,
            tls,
            smtputf8,
            envelope_sender,
            header,
            stage,
            view,
        }
    }
}

/// Returns the number of a name, which probably is `next` or soon behind.
pub(crate) fn number(
    name: &Bound<'_, PyAny>,
    interned: &[Py<PyString>; ARGUMENTS.len()],
    next: usize,
) -> PyResult<Option<usize>> {
    // Names that stand in a program are one object each, so most are found without being read.
    let is_it = |number: &usize| interned[*number].as_ptr() == name.as_ptr();
    if let Some(number) = (next..ARGUMENTS.len()).chain(0..next.min(ARGUMENTS.len())).find(is_it) {
        return Ok(Some(number));
    }
    let text = name.cast::<PyString>().map_err(|_| wrong_type(name, "an argument's name", "str"))?.to_str()?;
    Ok(ARGUMENTS.iter().position(|(right, _)| *right == text))
}

pub(crate) fn interned(py: Python<'_>) -> &[Py<PyString>; ARGUMENTS.len()] {
    static INTERNED: PyOnceLock<[Py<PyString>; ARGUMENTS.len()]> = PyOnceLock::new();
    INTERNED.get_or_init(py, || ARGUMENTS.map(|(name, _)| PyString::intern(py, name).unbind()))
}

/// Says that an argument is needed.
pub(crate) fn missing(name: &str) -> PyErr {
    PyTypeError::new_err(format!("missing argument `{name}`"))
}

/// Says that a call does not have an argument, and which it has.
fn unexpected(name: &str, call: Call) -> PyErr {
    let right = ARGUMENTS.iter().filter(|(_, first)| *first <= call);
    let right: Vec<&str> = right.map(|(name, _)| *name).collect();
    PyTypeError::new_err(format!("unexpected argument `{name}`; the arguments are {}", right.join(", ")))
}

/// The names of all arguments, in the order of [`Arguments`], and the first call that has them.
pub(crate) const ARGUMENTS: [(&str, Call); 14] = [
    ("now", Call::Session),
    ("channel", Call::Session),
    ("account", Call::Session),
    ("role", Call::Session),
    ("client_ip", Call::Session),
    ("credential_kind", Call::Session),
    ("credential_id", Call::Session),
    ("scopes", Call::Session),
    ("tls", Call::Session),
    ("smtputf8", Call::Record),
    ("envelope_sender", Call::Record),
    ("header", Call::Record),
    ("stage", Call::Evaluate),
    ("view", Call::Explain),
];

//! Arguments as they are given, before any is read.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
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

impl<'a, 'py> Arguments<'a, 'py> {
    /// Sorts arguments by their names; those that `call` does not have are refused.
    pub(crate) fn sort(items: &'a Items<'py>, call: Call) -> PyResult<Self> {
        let mut given = Self::default();
        for (name, object) in &items.0 {
            let name = name.cast::<PyString>().map_err(|_| wrong_type(name, "an argument's name", "str"))?.to_str()?;
            let place = match name {
                "now" => &mut given.now,
                "channel" => &mut given.channel,
                "account" => &mut given.account,
                "role" => &mut given.role,
                "client_ip" => &mut given.client_ip,
                "credential_kind" => &mut given.credential_kind,
                "credential_id" => &mut given.credential_id,
                "scopes" => &mut given.scopes,
                "tls" => &mut given.tls,
                "smtputf8" if call.has_transaction() => &mut given.smtputf8,
                "envelope_sender" if call.has_transaction() => &mut given.envelope_sender,
                "header" if call.has_transaction() => &mut given.header,
                "stage" if call.has_stage() => &mut given.stage,
                "view" if call == Call::Explain => &mut given.view,
                _ => return Err(PyTypeError::new_err(format!("unexpected argument `{name}`"))),
            };
            place.0 = Some(object.as_borrowed());
        }
        Ok(given)
    }
}

/// What the arguments are for.
#[derive(Clone, Copy, PartialEq, Eq)]
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

impl Call {
    const fn has_transaction(self) -> bool {
        !matches!(self, Self::Session)
    }

    const fn has_stage(self) -> bool {
        matches!(self, Self::Evaluate | Self::Explain)
    }
}

/// Arguments with their names, in the order in which they were given.
pub(crate) struct Items<'py>(Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>);

impl<'py> Items<'py> {
    /// Takes those of a call; none where it has none.
    pub(crate) fn of(arguments: Option<&Bound<'py, PyDict>>) -> Self {
        Self(arguments.into_iter().flatten().collect())
    }

    /// Takes the members of a mapping.
    pub(crate) fn of_mapping(mapping: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(dictionary) = mapping.cast::<PyDict>() {
            return Ok(Self::of(Some(dictionary)));
        }
        let members = PyDict::new(mapping.py());
        let wrong = || wrong_type(mapping, "requests", "a sequence of mappings");
        members.update(mapping.cast::<PyMapping>().map_err(|_| wrong())?)?;
        Ok(Self::of(Some(&members)))
    }
}

/// Says that an argument is needed.
pub(crate) fn missing(name: &str) -> PyErr {
    PyTypeError::new_err(format!("missing argument `{name}`"))
}

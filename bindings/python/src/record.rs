//! Requests as they are recorded.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sendas::record::{EnvelopeRecord, HeaderRecord};

use crate::argument::{Call, Items};
use crate::policy::not_read;
use crate::request::{Facts, Unquoted};
use crate::text::Text;

/// A request that keeps octets of its own, to be written as JSON and read back.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct RequestRecord {
    pub(crate) record: sendas::record::RequestRecord,
}

#[pymethods]
impl RequestRecord {
    #[new]
    #[pyo3(
        signature = (**facts),
        text_signature = "(*, now, channel, account=None, role=None, client_ip=None, credential_kind=None, credential_id=None, scopes=None, tls=None, smtputf8=False, envelope_sender=None, header=None)"
    )]
    fn new(py: Python<'_>, facts: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let facts = Facts::read(&Items::of(py, facts, Call::Record)?.arguments())?;
        let lent = facts.lend(py)?;
        Ok(Self { record: (&lent.request()).into() })
    }

    /// Read a record from JSON, such as a line of a file of records.
    #[staticmethod]
    fn from_json(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = text.py();
        let record = sendas::record::RequestRecord::from_json(Text::new(text, "text")?.octets(py)?);
        record.map(|record| Self { record }).map_err(|error| not_read(py, "RecordError", &error, error.diagnostics()))
    }

    /// Return the record as JSON that `from_json` reads back as an equal record, on one line without its end.
    fn to_json(&self) -> String {
        self.record.to_json()
    }

    /// Return the request, as arguments of `Snapshot.evaluate`; what is not known is left out.
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let record = &self.record;
        let octets = |octets: &[u8]| PyBytes::new(py, octets);
        let members = PyDict::new(py);
        members.set_item("now", record.now.0)?;
        members.set_item("channel", record.channel.name())?;
        for (name, value) in [("account", &record.account), ("role", &record.role), ("client_ip", &record.client_ip)] {
            if let Some(value) = value {
                members.set_item(name, octets(value))?;
            }
        }
        if let Some(credential) = &record.credential {
            members.set_item("credential_kind", credential.kind.name())?;
            if let Some(id) = &credential.id {
                members.set_item("credential_id", octets(id))?;
            }
            if let Some(scopes) = &credential.scopes {
                members.set_item("scopes", scopes.iter().map(|scope| octets(scope)).collect::<Vec<_>>())?;
            }
        }
        if let Some(tls) = record.tls {
            members.set_item("tls", tls.name())?;
        }
        members.set_item("smtputf8", record.smtputf8)?;
        match &record.envelope {
            EnvelopeRecord::Unknown => {}
            EnvelopeRecord::Null => members.set_item("envelope_sender", octets(b"<>"))?,
            EnvelopeRecord::Path(path) => members.set_item("envelope_sender", octets(path))?,
            EnvelopeRecord::Unquoted(sender) => members.set_item("envelope_sender", Unquoted::of(py, sender))?,
        }
        match &record.header {
            HeaderRecord::NotGiven => {}
            HeaderRecord::Block(block) => members.set_item("header", octets(block))?,
            HeaderRecord::Fields(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, body)| (octets(name), octets(body))).collect();
                members.set_item("header", fields)?;
            }
        }
        Ok(members)
    }

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.record == other.record
    }

    fn __repr__(&self) -> String {
        format!("<sendas.RequestRecord {}>", self.record.to_json())
    }
}

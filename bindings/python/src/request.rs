//! A request as Python hands it over: its objects are kept, so that nothing large is copied.

use std::net::IpAddr;
use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString, PyType};
use sendas::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Timestamp, Tls};

use crate::text::{Text, wrong_type};
use crate::words;

/// Everything that is known of one attempt to send.
pub(crate) struct Facts {
    pub(crate) client: Arc<Client>,
    pub(crate) transaction: Arc<Transaction>,
    pub(crate) header: Option<GivenHeader>,
}

/// What is known after AUTH.
pub(crate) struct Client {
    channel: Channel,
    account: Option<Text>,
    role: Option<Text>,
    ip: Option<GivenIp>,
    credential: Option<Credential>,
    tls: Option<Tls>,
}

enum GivenIp {
    Address(IpAddr),
    Text(Text),
}

struct Credential {
    kind: CredentialKind,
    id: Option<Text>,
    scopes: Option<Vec<Text>>,
}

/// What is known at MAIL FROM.
pub(crate) struct Transaction {
    pub(crate) now: Timestamp,
    pub(crate) smtputf8: bool,
    pub(crate) sender: Option<GivenSender>,
}

pub(crate) enum GivenSender {
    Path(Text),
    Unquoted(Py<Unquoted>),
}

pub(crate) enum GivenHeader {
    Block(Text),
    Fields(Vec<(Text, Text)>),
}

/// An envelope sender in the internal form that Postfix hands to policy services: not quoted, split at the last `@`.
#[pyclass(frozen, module = "sendas")]
pub(crate) struct Unquoted {
    text: Text,
}

impl Unquoted {
    pub(crate) fn of(py: Python<'_>, sender: &[u8]) -> Self {
        Self { text: Text::Bytes(PyBytes::new(py, sender).unbind()) }
    }
}

#[pymethods]
impl Unquoted {
    #[new]
    fn new(sender: &Bound<'_, PyAny>) -> PyResult<Self> {
        Text::new(sender, "sender").map(|text| Self { text })
    }

    /// The octets or text that were given.
    #[getter]
    fn sender(&self, py: Python<'_>) -> Py<PyAny> {
        self.text.object(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Unquoted({})", self.text.object(py).bind(py).repr()?))
    }
}

impl Facts {
    /// Reads the arguments of a request.
    pub(crate) fn read(arguments: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut members = Members::default();
        let mut transaction = (false, None);
        let mut header = None;
        for (name, value) in arguments.into_iter().flatten() {
            match text_of(&name)? {
                "smtputf8" => transaction.0 = flag(&value, "smtputf8")?,
                "envelope_sender" => transaction.1 = GivenSender::read(&value, "envelope_sender")?,
                "header" => header = GivenHeader::read(&value)?,
                other => members.take(other, &value)?,
            }
        }
        let (client, now) = members.finish()?;
        let (smtputf8, sender) = transaction;
        let transaction = Arc::new(Transaction { now, smtputf8, sender });
        Ok(Self { client: Arc::new(client), transaction, header })
    }

    /// Reads the arguments of a session, which are those that are known after AUTH.
    pub(crate) fn read_client(arguments: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut members = Members::default();
        for (name, value) in arguments.into_iter().flatten() {
            members.take(text_of(&name)?, &value)?;
        }
        let (client, now) = members.finish()?;
        let transaction = Transaction { now, smtputf8: false, sender: None };
        Ok(Self { client: Arc::new(client), transaction: Arc::new(transaction), header: None })
    }

    /// Lends the octets of all facts, with or without the interpreter.
    pub(crate) fn lend(&self, py: Python<'_>) -> PyResult<Lent<'_>> {
        fn octets<'a>(text: Option<&'a Text>, py: Python<'_>) -> PyResult<Option<&'a [u8]>> {
            text.map(|text| text.octets(py)).transpose()
        }
        let (client, transaction) = (&*self.client, &*self.transaction);
        let mut request = Request::new(client.channel, transaction.now);
        request.account = octets(client.account.as_ref(), py)?;
        request.role = octets(client.role.as_ref(), py)?;
        request.client_ip = match &client.ip {
            None => ClientIp::Unknown,
            Some(GivenIp::Address(address)) => ClientIp::Address(*address),
            Some(GivenIp::Text(text)) => ClientIp::Text(text.octets(py)?),
        };
        let mut scopes = None;
        if let Some(credential) = &client.credential {
            let mut facts = CredentialFacts::new(credential.kind);
            facts.id = octets(credential.id.as_ref(), py)?;
            request.credential = Some(facts);
            if let Some(presented) = &credential.scopes {
                scopes = Some(presented.iter().map(|scope| scope.octets(py)).collect::<PyResult<Vec<_>>>()?);
            }
        }
        request.tls = client.tls;
        request.smtputf8 = transaction.smtputf8;
        request.envelope_sender = match &transaction.sender {
            None => EnvelopeSender::Unknown,
            Some(GivenSender::Path(text)) => EnvelopeSender::Path(text.octets(py)?),
            Some(GivenSender::Unquoted(sender)) => EnvelopeSender::Unquoted(sender.get().text.octets(py)?),
        };
        let mut fields = None;
        match &self.header {
            None => {}
            Some(GivenHeader::Block(text)) => request.header = Header::Block(text.octets(py)?),
            Some(GivenHeader::Fields(given)) => {
                let lent = given.iter().map(|(name, body)| Ok((name.octets(py)?, body.octets(py)?)));
                fields = Some(lent.collect::<PyResult<Vec<_>>>()?);
            }
        }
        Ok(Lent { request, scopes, fields })
    }
}

/// The octets of a request, and the lists that core wants them in.
pub(crate) struct Lent<'a> {
    /// Without scopes and fields.
    request: Request<'a>,
    scopes: Option<Vec<&'a [u8]>>,
    fields: Option<Vec<(&'a [u8], &'a [u8])>>,
}

impl Lent<'_> {
    pub(crate) fn request(&self) -> Request<'_> {
        let mut request = self.request;
        if let Some(facts) = &mut request.credential {
            facts.scopes = self.scopes.as_deref();
        }
        if let Some(fields) = &self.fields {
            request.header = Header::Fields(fields);
        }
        request
    }

    /// Returns the number of octets in the header.
    pub(crate) fn header_octets(&self) -> usize {
        match (&self.fields, self.request.header) {
            (Some(fields), _) => fields.iter().map(|(name, body)| name.len() + body.len()).sum(),
            (None, Header::Block(block)) => block.len(),
            (None, _) => 0,
        }
    }
}

impl GivenSender {
    pub(crate) fn read(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Self>> {
        if object.is_none() {
            return Ok(None);
        }
        if let Ok(unquoted) = object.cast::<Unquoted>() {
            return Ok(Some(Self::Unquoted(unquoted.clone().unbind())));
        }
        if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyString>() {
            return Ok(Some(Self::Path(Text::new(object, name)?)));
        }
        Err(wrong_type(object, name, "bytes, str, `sendas.Unquoted` or None"))
    }
}

impl GivenHeader {
    pub(crate) fn read(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if object.is_none() {
            return Ok(None);
        }
        if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyString>() {
            return Ok(Some(Self::Block(Text::new(object, "header")?)));
        }
        let Ok(given) = object.try_iter() else {
            return Err(wrong_type(object, "header", "bytes, str, a sequence of (name, body) pairs, or None"));
        };
        let mut fields = Vec::new();
        for field in given {
            fields.push(pair(&field?)?);
        }
        Ok(Some(Self::Fields(fields)))
    }
}

/// The arguments of a request that are known after AUTH, one by one.
#[derive(Default)]
struct Members {
    now: Option<Timestamp>,
    channel: Option<Channel>,
    account: Option<Text>,
    role: Option<Text>,
    ip: Option<GivenIp>,
    kind: Option<CredentialKind>,
    id: Option<Text>,
    scopes: Option<Vec<Text>>,
    tls: Option<Tls>,
}

impl Members {
    fn take(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match name {
            "now" => self.now = Some(instant(value)?),
            "channel" => self.channel = Some(words::read(value)?),
            "account" => self.account = Text::optional(value, name)?,
            "role" => self.role = Text::optional(value, name)?,
            "client_ip" => self.ip = client_ip(value)?,
            "credential_kind" => self.kind = words::optional(value)?,
            "credential_id" => self.id = Text::optional(value, name)?,
            "scopes" => self.scopes = scopes(value)?,
            "tls" => self.tls = words::optional(value)?,
            _ => return Err(PyTypeError::new_err(format!("unexpected argument `{name}`"))),
        }
        Ok(())
    }

    fn finish(self) -> PyResult<(Client, Timestamp)> {
        let Self { now, channel, account, role, ip, kind, id, scopes, tls } = self;
        let credential = match kind {
            Some(kind) => Some(Credential { kind, id, scopes }),
            // What is known of a credential must not be lost: it may be revoked.
            None if id.is_some() || scopes.is_some() => return Err(missing("credential_kind")),
            None => None,
        };
        let channel = channel.ok_or_else(|| missing("channel"))?;
        Ok((Client { channel, account, role, ip, credential, tls }, now.ok_or_else(|| missing("now"))?))
    }
}

/// Says that an argument is needed.
pub(crate) fn missing(name: &str) -> PyErr {
    PyTypeError::new_err(format!("missing argument `{name}`"))
}

/// Reads whole seconds since the epoch, or a `datetime` that knows its offset from UTC, rounded down.
pub(crate) fn instant(object: &Bound<'_, PyAny>) -> PyResult<Timestamp> {
    static DATETIME: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    if object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>() {
        // What has more than 64 bits is as wrong as this.
        let seconds = object.extract::<i64>().unwrap_or(i64::MIN);
        return Timestamp::from_seconds(seconds).map_err(|error| PyValueError::new_err(format!("`now`: {error}")));
    }
    let datetime = DATETIME.import(py, "datetime", "datetime")?;
    if !object.is_instance(datetime)? {
        return Err(wrong_type(object, "now", "int or datetime"));
    }
    if object.call_method0("utcoffset")?.is_none() {
        return Err(PyValueError::new_err(
            "`now` must be a datetime with a time zone, such as `datetime.now(timezone.utc)`",
        ));
    }
    let epoch = EPOCH.get_or_try_init(py, || {
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        datetime.call1((1970, 1, 1, 0, 0, 0, 0, utc)).map(Bound::unbind)
    })?;
    let since = object.sub(epoch)?;
    let (days, seconds): (i64, i64) = (since.getattr("days")?.extract()?, since.getattr("seconds")?.extract()?);
    Ok(Timestamp(days * 86_400 + seconds))
}

/// Reads a `bool`, and nothing that is merely true or false.
pub(crate) fn flag(object: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    match object.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(wrong_type(object, name, "bool")),
    }
}

fn client_ip(object: &Bound<'_, PyAny>) -> PyResult<Option<GivenIp>> {
    static IPV4: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static IPV6: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = object.py();
    if object.is_none() {
        return Ok(None);
    }
    if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyString>() {
        return Text::new(object, "client_ip").map(|text| Some(GivenIp::Text(text)));
    }
    if object.is_instance(IPV4.import(py, "ipaddress", "IPv4Address")?)?
        || object.is_instance(IPV6.import(py, "ipaddress", "IPv6Address")?)?
    {
        return object.extract().map(|address| Some(GivenIp::Address(address)));
    }
    Err(wrong_type(object, "client_ip", "bytes, str, an `ipaddress` address or None"))
}

fn scopes(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<Text>>> {
    if object.is_none() {
        return Ok(None);
    }
    let is_text = object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyString>();
    match object.try_iter() {
        Ok(given) if !is_text => given.map(|scope| Text::new(&scope?, "scopes")).collect::<PyResult<_>>().map(Some),
        _ => Err(wrong_type(object, "scopes", "a sequence of bytes or str, or None")),
    }
}

fn pair(field: &Bound<'_, PyAny>) -> PyResult<(Text, Text)> {
    let is_text = field.is_instance_of::<PyBytes>() || field.is_instance_of::<PyString>();
    if is_text || field.len().ok() != Some(2) {
        return Err(wrong_type(field, "header", "a sequence of (name, body) pairs; one element is"));
    }
    let (name, body): (Bound<'_, PyAny>, Bound<'_, PyAny>) = (field.get_item(0)?, field.get_item(1)?);
    Ok((Text::new(&name, "header")?, Text::new(&body, "header")?))
}

/// Returns the text of an argument's name.
fn text_of<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    name.cast::<PyString>().map_err(|_| wrong_type(name, "an argument's name", "str"))?.to_str()
}

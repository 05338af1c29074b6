//! A request as Python hands it over: its objects are kept, so that nothing large is copied.

use std::net::IpAddr;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyMapping, PyString, PyTuple, PyType};
use sendas::{
    Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Timestamp, Tls,
};
use smallvec::SmallVec;

use crate::argument::{Arguments, missing};
use crate::text::{Text, wrong_type};
use crate::words;

/// Everything that is known of one attempt to send.
pub(crate) struct Facts {
    pub(crate) client: Client,
    pub(crate) transaction: Transaction,
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
    scopes: Option<SmallVec<[Text; 1]>>,
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
    Fields(SmallVec<[(Text, Text); FEW]>),
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

    /// Return the same: it never changes.
    fn __copy__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Return the same: it never changes.
    fn __deepcopy__(this: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        this
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Unquoted({})", self.text.object(py).bind(py).repr()?))
    }
}

impl Facts {
    /// Reads the arguments of a request.
    pub(crate) fn read(given: &Arguments<'_, '_>) -> PyResult<Self> {
        let transaction = Transaction {
            now: given.now.read(instant)?.ok_or_else(|| missing("now"))?,
            smtputf8: given.smtputf8.read(|smtputf8| flag(smtputf8, "smtputf8"))?.unwrap_or(false),
            sender: given.envelope_sender.optional(|sender| GivenSender::read(sender, "envelope_sender"))?,
        };
        Ok(Self { client: Client::read(given)?, transaction, header: given.header.optional(GivenHeader::read)? })
    }

    /// Takes hold of the same objects again.
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let header = self.header.as_ref().map(|header| header.clone_ref(py));
        Self { client: self.client.clone_ref(py), transaction: self.transaction.clone_ref(py), header }
    }

    /// Lends the octets of all facts, with or without the interpreter.
    pub(crate) fn lend(&self, py: Python<'_>) -> PyResult<Lent<'_>> {
        fn octets<'a>(text: Option<&'a Text>, py: Python<'_>) -> PyResult<Option<&'a [u8]>> {
            text.map(|text| text.octets(py)).transpose()
        }
        let (client, transaction) = (&self.client, &self.transaction);
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
                let mut lent = SmallVec::new();
                for scope in presented {
                    lent.push(scope.octets(py)?);
                }
                scopes = Some(lent);
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
                let mut lent = SmallVec::with_capacity(given.len());
                for (name, body) in given {
                    lent.push((name.octets(py)?, body.octets(py)?));
                }
                fields = Some(lent);
            }
        }
        Ok(Lent { request, scopes, fields })
    }
}

/// A header field's name and body.
type Field<'a> = (&'a [u8], &'a [u8]);

/// The octets of a request, and the lists that core wants them in.
pub(crate) struct Lent<'a> {
    /// Without scopes and fields.
    request: Request<'a>,
    scopes: Option<SmallVec<[&'a [u8]; 1]>>,
    fields: Option<SmallVec<[Field<'a>; FEW]>>,
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

impl Client {
    /// Reads the arguments that are known after AUTH.
    fn read(given: &Arguments<'_, '_>) -> PyResult<Self> {
        let kind = given.credential_kind.optional(words::optional)?;
        let id = given.credential_id.optional(|id| Text::optional(id, "credential_id"))?;
        let scopes = given.scopes.optional(scopes)?;
        let credential = match kind {
            Some(kind) => Some(Credential { kind, id, scopes }),
            // What is known of a credential must not be lost: it may be revoked.
            None if id.is_some() || scopes.is_some() => return Err(missing("credential_kind")),
            None => None,
        };
        Ok(Self {
            channel: given.channel.read(words::read)?.ok_or_else(|| missing("channel"))?,
            account: given.account.optional(|account| Text::optional(account, "account"))?,
            role: given.role.optional(|role| Text::optional(role, "role"))?,
            ip: given.client_ip.optional(client_ip)?,
            credential,
            tls: given.tls.optional(words::optional)?,
        })
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.clone_ref(py));
        Self {
            channel: self.channel,
            account: text(&self.account),
            role: text(&self.role),
            ip: self.ip.as_ref().map(|ip| match ip {
                GivenIp::Address(address) => GivenIp::Address(*address),
                GivenIp::Text(text) => GivenIp::Text(text.clone_ref(py)),
            }),
            credential: self.credential.as_ref().map(|credential| Credential {
                kind: credential.kind,
                id: text(&credential.id),
                scopes: credential.scopes.as_ref().map(|all| all.iter().map(|scope| scope.clone_ref(py)).collect()),
            }),
            tls: self.tls,
        }
    }
}

impl Transaction {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let sender = self.sender.as_ref().map(|sender| match sender {
            GivenSender::Path(text) => GivenSender::Path(text.clone_ref(py)),
            GivenSender::Unquoted(sender) => GivenSender::Unquoted(sender.clone_ref(py)),
        });
        Self { sender, ..*self }
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
        let mut fields = SmallVec::new();
        // A list needs no iterator.
        if let Ok(list) = object.cast_exact::<PyList>() {
            for field in list {
                fields.push(pair(&field)?);
            }
        } else {
            let Ok(given) = object.try_iter() else {
                return Err(wrong_type(object, "header", "bytes, str, a sequence of (name, body) pairs, or None"));
            };
            for field in given {
                fields.push(pair(&field?)?);
            }
        }
        Ok(Some(Self::Fields(fields)))
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Block(text) => Self::Block(text.clone_ref(py)),
            Self::Fields(fields) => {
                Self::Fields(fields.iter().map(|(name, body)| (name.clone_ref(py), body.clone_ref(py))).collect())
            }
        }
    }
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
    let seconds = days.checked_mul(86_400).and_then(|days| days.checked_add(seconds)).unwrap_or(i64::MIN);
    // Its unit is known, so that none is guessed at.
    Timestamp::from_seconds(seconds).map_err(|_| PyValueError::new_err("`now` must be within the years 0 to 9999"))
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
    let is_ipv6 = object.is_instance(IPV6.import(py, "ipaddress", "IPv6Address")?)?;
    if is_ipv6 && !object.getattr("scope_id")?.is_none() {
        // An address of a zone is not the one without, and is refused as its text is.
        return Text::new(object.str()?.as_any(), "client_ip").map(|text| Some(GivenIp::Text(text)));
    }
    if is_ipv6 || object.is_instance(IPV4.import(py, "ipaddress", "IPv4Address")?)? {
        return object.extract().map(|address| Some(GivenIp::Address(address)));
    }
    Err(wrong_type(object, "client_ip", "bytes, str, an `ipaddress` address or None"))
}

fn scopes(object: &Bound<'_, PyAny>) -> PyResult<Option<SmallVec<[Text; 1]>>> {
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
    if let Ok(tuple) = field.cast_exact::<PyTuple>() {
        if let (Ok(name), Ok(body), 2) = (tuple.get_borrowed_item(0), tuple.get_borrowed_item(1), tuple.len()) {
            return Ok((Text::new(&name, "header")?, Text::new(&body, "header")?));
        }
    }
    // Neither has a name and a body as its items, of whatever length it is; that a list is no mapping need not be asked.
    let is_text = field.is_instance_of::<PyBytes>() || field.is_instance_of::<PyString>();
    let is_pairless = is_text || !field.is_instance_of::<PyList>() && field.cast::<PyMapping>().is_ok();
    let given = match field.len() {
        Ok(2) if !is_pairless => None,
        Ok(length) if !is_pairless => Some(format!("{} of length {length}", field.get_type().name()?)),
        _ => Some(field.get_type().name()?.to_string()),
    };
    if let Some(given) = given {
        let wrong = format!("each field of `header` must be a pair of name and body, not {given}");
        return Err(PyTypeError::new_err(wrong));
    }
    Ok((Text::new(&field.get_item(0)?, "header")?, Text::new(&field.get_item(1)?, "header")?))
}

/// The fields of a header that are kept where the decision is; more of them take memory of their own.
pub(crate) const FEW: usize = 2;

/// The stage of a request that does not say it.
pub(crate) const STAGE: Stage = Stage::Message;

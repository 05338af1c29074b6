//! The requests in the rows of a batch.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::DataType;
use sendas::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Tls};

use crate::columns::{Columns, FIELD, Fact, SENDER};
use crate::instants::Instants;
use crate::lists::Lists;
use crate::texts::Texts;
use crate::wrong::{Wrong, shown};

/// The columns of a batch, ready to be read row by row.
pub(crate) struct Rows {
    now: Instants,
    channel: Texts,
    account: Texts,
    role: Texts,
    client_ip: Texts,
    credential_kind: Texts,
    credential_id: Texts,
    scopes: Option<(Lists, Texts)>,
    tls: Texts,
    smtputf8: Flags,
    sender: Senders,
    header: Headers,
    stage: Texts,
}

/// True where it is set and valid.
type Flags = Option<(BooleanBuffer, Option<NullBuffer>)>;

enum Senders {
    Path(Texts),
    Either { path: Texts, unquoted: Texts, nulls: Option<NullBuffer> },
}

enum Headers {
    Block(Texts),
    Fields(Box<HeaderFields>),
}

struct HeaderFields {
    lists: Lists,
    names: Texts,
    bodies: Texts,
    nulls: Option<NullBuffer>,
}

/// Room for the lists of one request, kept from one to the next.
pub(crate) struct Room<'a> {
    scopes: Vec<&'a [u8]>,
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl Room<'_> {
    pub(crate) const fn new() -> Self {
        Self { scopes: Vec::new(), fields: Vec::new() }
    }
}

impl Rows {
    /// Takes the columns of a batch; their octets are not copied.
    pub(crate) fn bind(columns: &Columns, batch: &StructArray) -> Result<Self, Wrong> {
        let column = |fact| columns.index(fact).and_then(|index| batch.columns().get(index));
        let text = |fact: Fact| column(fact).map_or(Ok(Texts::Unknown), |array| Texts::bind(array, fact.name()));
        let now = column(Fact::Now).ok_or_else(|| Wrong::broken(Fact::Now.name()))?;
        Ok(Self {
            now: Instants::bind(now, Fact::Now.name())?,
            channel: text(Fact::Channel)?,
            account: text(Fact::Account)?,
            role: text(Fact::Role)?,
            client_ip: text(Fact::ClientIp)?,
            credential_kind: text(Fact::CredentialKind)?,
            credential_id: text(Fact::CredentialId)?,
            scopes: column(Fact::Scopes).map_or(Ok(None), scopes)?,
            tls: text(Fact::Tls)?,
            smtputf8: column(Fact::Smtputf8).map_or(Ok(None), flags)?,
            sender: column(Fact::EnvelopeSender).map_or(Ok(Senders::Path(Texts::Unknown)), senders)?,
            header: column(Fact::Header).map_or(Ok(Headers::Block(Texts::Unknown)), headers)?,
            stage: text(Fact::Stage)?,
        })
    }

    /// Returns the request of a row, and the stage at which it is to be decided.
    pub(crate) fn read<'a, 'room>(
        &'a self,
        row: usize,
        room: &'room mut Room<'a>,
    ) -> Result<(Request<'room>, Stage), Wrong>
    where
        'a: 'room,
    {
        let text = |texts: &'a Texts, fact: Fact| texts.get(row, fact.name());
        let now = self.now.get(row, Fact::Now.name())?;
        let channel = word(text(&self.channel, Fact::Channel)?, Fact::Channel, &Channel::ALL, Channel::name)?;
        let channel = channel.ok_or_else(|| Wrong::new("`channel` is null, but every request comes on one"))?;
        let mut request = Request::new(channel, now);
        request.account = text(&self.account, Fact::Account)?;
        request.role = text(&self.role, Fact::Role)?;
        request.client_ip = text(&self.client_ip, Fact::ClientIp)?.map_or(ClientIp::Unknown, ClientIp::Text);
        let kind = text(&self.credential_kind, Fact::CredentialKind)?;
        let kind = word(kind, Fact::CredentialKind, &CredentialKind::ALL, CredentialKind::name)?;
        let id = text(&self.credential_id, Fact::CredentialId)?;
        let scopes = self.scopes(row, &mut room.scopes)?;
        request.credential = match kind {
            Some(kind) => {
                let mut facts = CredentialFacts::new(kind);
                (facts.id, facts.scopes) = (id, scopes);
                Some(facts)
            }
            // What is known of a credential must not be lost: it may be revoked.
            None if id.is_some() || scopes.is_some() => {
                return Err(Wrong::new("`credential_kind` is needed where there is a `credential_id` or `scopes`"));
            }
            None => None,
        };
        request.tls = word(text(&self.tls, Fact::Tls)?, Fact::Tls, &Tls::ALL, Tls::name)?;
        request.smtputf8 = self.smtputf8(row);
        request.envelope_sender = self.sender(row)?;
        request.header = self.header(row, &mut room.fields)?;
        let stage = word(text(&self.stage, Fact::Stage)?, Fact::Stage, &Stage::ALL, Stage::name)?;
        Ok((request, stage.unwrap_or(Stage::Message)))
    }

    fn scopes<'a, 'room>(
        &'a self,
        row: usize,
        room: &'room mut Vec<&'a [u8]>,
    ) -> Result<Option<&'room [&'a [u8]]>, Wrong> {
        let Some((range, texts)) = self.scopes.as_ref().and_then(|(lists, texts)| Some((lists.get(row)?, texts)))
        else {
            return Ok(None);
        };
        room.clear();
        for element in range {
            let scope = texts.get(element, Fact::Scopes.name())?;
            room.push(scope.ok_or_else(|| Wrong::new("an element of `scopes` is null; leave it out"))?);
        }
        Ok(Some(room))
    }

    fn smtputf8(&self, row: usize) -> bool {
        let Some((values, nulls)) = &self.smtputf8 else { return false };
        is_there(nulls.as_ref(), row) && values.value(row)
    }

    fn sender(&self, row: usize) -> Result<EnvelopeSender<'_>, Wrong> {
        let name = Fact::EnvelopeSender.name();
        let (path, unquoted) = match &self.sender {
            Senders::Path(texts) => (texts.get(row, name)?, None),
            Senders::Either { nulls, .. } if !is_there(nulls.as_ref(), row) => (None, None),
            Senders::Either { path, unquoted, .. } => (path.get(row, name)?, unquoted.get(row, name)?),
        };
        match (path, unquoted) {
            (None, None) => Ok(EnvelopeSender::Unknown),
            (Some(path), None) => Ok(EnvelopeSender::Path(path)),
            (None, Some(sender)) => Ok(EnvelopeSender::Unquoted(sender)),
            (Some(_), Some(_)) => {
                Err(Wrong::new("`envelope_sender` has a `path` and an `unquoted`; one of them must be null"))
            }
        }
    }

    fn header<'a, 'room>(
        &'a self,
        row: usize,
        room: &'room mut Vec<(&'a [u8], &'a [u8])>,
    ) -> Result<Header<'room>, Wrong>
    where
        'a: 'room,
    {
        let name = Fact::Header.name();
        let (lists, names, bodies, nulls) = match &self.header {
            Headers::Block(texts) => return Ok(texts.get(row, name)?.map_or(Header::NotGiven, Header::Block)),
            Headers::Fields(fields) => (&fields.lists, &fields.names, &fields.bodies, fields.nulls.as_ref()),
        };
        let Some(range) = lists.get(row) else { return Ok(Header::NotGiven) };
        room.clear();
        // What most libraries have is read without asking about each field what it is.
        let runs = nulls.is_none().then(|| names.run(range.clone()).zip(bodies.run(range.clone()))).flatten();
        if let Some((names, bodies)) = runs {
            room.extend(names.zip(bodies));
            if room.len() == range.len() {
                return Ok(Header::Fields(room));
            }
            room.clear();
        }
        for element in range {
            let field = match (names.get(element, name)?, bodies.get(element, name)?) {
                (Some(name), Some(body)) if is_there(nulls, element) => (name, body),
                _ => {
                    return Err(Wrong::new(
                        "a field of `header` lacks its name or its body; an empty body is an empty string",
                    ));
                }
            };
            room.push(field);
        }
        Ok(Header::Fields(room))
    }
}

fn is_there(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

/// Reads a name; another one is the host's mistake.
#[inline]
fn word<T: Copy>(
    given: Option<&[u8]>,
    fact: Fact,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Wrong> {
    let Some(given) = given else { return Ok(None) };
    if let Some(&value) = all.iter().find(|value| name(**value).as_bytes() == given) {
        return Ok(Some(value));
    }
    let right: Vec<_> = all.iter().map(|value| format!("`{}`", name(*value))).collect();
    Err(Wrong::new(format_args!("`{}` must be one of {}, not {}", fact.name(), right.join(", "), shown(given))))
}

fn flags(array: &ArrayRef) -> Result<Flags, Wrong> {
    if array.data_type() == &DataType::Null {
        return Ok(None);
    }
    let flags = array.as_boolean_opt().ok_or_else(|| Wrong::broken(Fact::Smtputf8.name()))?;
    Ok(Some((flags.values().clone(), flags.nulls().cloned())))
}

fn scopes(array: &ArrayRef) -> Result<Option<(Lists, Texts)>, Wrong> {
    if array.data_type() == &DataType::Null {
        return Ok(None);
    }
    let name = Fact::Scopes.name();
    let (lists, elements) = Lists::bind(array, name)?;
    Ok(Some((lists, Texts::bind(&elements, name)?)))
}

fn senders(array: &ArrayRef) -> Result<Senders, Wrong> {
    let name = Fact::EnvelopeSender.name();
    match array.as_struct_opt() {
        None => Texts::bind(array, name).map(Senders::Path),
        Some(members) => {
            let [path, unquoted] = pair(members, SENDER, name)?;
            Ok(Senders::Either { path, unquoted, nulls: members.nulls().cloned() })
        }
    }
}

fn headers(array: &ArrayRef) -> Result<Headers, Wrong> {
    let name = Fact::Header.name();
    if Lists::elements(array.data_type()).is_none() {
        return Texts::bind(array, name).map(Headers::Block);
    }
    let (lists, elements) = Lists::bind(array, name)?;
    let fields = elements.as_struct_opt().ok_or_else(|| Wrong::broken(name))?;
    let [names, bodies] = pair(fields, FIELD, name)?;
    Ok(Headers::Fields(Box::new(HeaderFields { lists, names, bodies, nulls: fields.nulls().cloned() })))
}

fn pair(members: &StructArray, names: [&str; 2], column: &str) -> Result<[Texts; 2], Wrong> {
    let member = |name| members.column_by_name(name).ok_or_else(|| Wrong::broken(column));
    let [first, second] = names;
    Ok([Texts::bind(member(first)?, column)?, Texts::bind(member(second)?, column)?])
}

//! The requests in the rows of a batch.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::DataType;
use sendas::{Channel, ClientIp, CredentialFacts, CredentialKind, EnvelopeSender, Header, Request, Stage, Tls};

use crate::columns::{Columns, FIELD, Fact, SENDER};
use crate::instants::Instants;
use crate::lists::Lists;
use crate::reading::{Elements, Reading};
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

/// Room for the lists of some requests, kept from some to the next.
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

    /// Reads the requests of some rows.
    pub(crate) fn read<'a, 'room>(&'a self, rows: Range<usize>, room: &'room mut Room<'a>) -> Reading<'room>
    where
        'a: 'room,
    {
        let mut reading = Reading::begin(rows, |row| self.begin(row));
        reading.texts((&self.account, Fact::Account), |(request, _), account| {
            request.account = Some(account);
            Ok(())
        });
        reading.texts((&self.role, Fact::Role), |(request, _), role| {
            request.role = Some(role);
            Ok(())
        });
        reading.texts((&self.client_ip, Fact::ClientIp), |(request, _), client_ip| {
            request.client_ip = ClientIp::Text(client_ip);
            Ok(())
        });
        reading.texts((&self.credential_kind, Fact::CredentialKind), |(request, _), kind| {
            let kind = word(kind, Fact::CredentialKind, &CredentialKind::ALL, CredentialKind::name)?;
            request.credential = Some(CredentialFacts::new(kind));
            Ok(())
        });
        reading.texts((&self.credential_id, Fact::CredentialId), |(request, _), id| {
            credential(request)?.id = Some(id);
            Ok(())
        });
        if let Some((lists, texts)) = &self.scopes {
            let scope = |element| {
                let scope = texts.get(element, Fact::Scopes.name())?;
                scope.ok_or_else(|| Wrong::new("an element of `scopes` is null; leave it out"))
            };
            reading.lists((lists, Fact::Scopes), Elements::Unread(&mut room.scopes), scope, |request, scopes| {
                credential(request)?.scopes = Some(scopes);
                Ok(())
            });
        }
        reading.texts((&self.tls, Fact::Tls), |(request, _), tls| {
            request.tls = Some(word(tls, Fact::Tls, &Tls::ALL, Tls::name)?);
            Ok(())
        });
        if let Some((values, nulls)) = &self.smtputf8 {
            reading.each(|row, request| {
                request.smtputf8 = is_there(nulls.as_ref(), row) && values.value(row);
                Ok(())
            });
        }
        self.sender.read(&mut reading);
        self.header.read(&mut reading, &mut room.fields);
        reading.texts((&self.stage, Fact::Stage), |(_, stage), given| {
            *stage = word(given, Fact::Stage, &Stage::ALL, Stage::name)?;
            Ok(())
        });
        reading
    }

    /// Returns what every request has: its channel and its instant.
    #[inline]
    fn begin(&self, row: usize) -> Result<Request<'_>, Wrong> {
        let now = self.now.get(row, Fact::Now.name())?;
        let channel = self.channel.get(row, Fact::Channel.name())?;
        let channel = channel.ok_or_else(|| Wrong::new("`channel` is null, but every request comes on one"))?;
        Ok(Request::new(word(channel, Fact::Channel, &Channel::ALL, Channel::name)?, now))
    }
}

impl Senders {
    #[inline]
    fn read<'r>(&'r self, reading: &mut Reading<'r>) {
        let name = Fact::EnvelopeSender.name();
        match self {
            Self::Path(paths) => reading.texts((paths, Fact::EnvelopeSender), |(request, _), path| {
                request.envelope_sender = EnvelopeSender::Path(path);
                Ok(())
            }),
            Self::Either { path, unquoted, nulls } => reading.each(|row, request| {
                if !is_there(nulls.as_ref(), row) {
                    return Ok(());
                }
                request.envelope_sender = match (path.get(row, name)?, unquoted.get(row, name)?) {
                    (None, None) => EnvelopeSender::Unknown,
                    (Some(path), None) => EnvelopeSender::Path(path),
                    (None, Some(sender)) => EnvelopeSender::Unquoted(sender),
                    (Some(_), Some(_)) => {
                        return Err(Wrong::new(
                            "`envelope_sender` has a `path` and an `unquoted`; one of them must be null",
                        ));
                    }
                };
                Ok(())
            }),
        }
    }
}

impl Headers {
    #[inline]
    fn read<'a, 'room>(&'a self, reading: &mut Reading<'room>, room: &'room mut Vec<(&'a [u8], &'a [u8])>)
    where
        'a: 'room,
    {
        let HeaderFields { lists, names, bodies, nulls } = match self {
            Self::Block(blocks) => {
                return reading.texts((blocks, Fact::Header), |(request, _), block| {
                    request.header = Header::Block(block);
                    Ok(())
                });
            }
            Self::Fields(fields) => &**fields,
        };
        room.clear();
        // What most libraries have is read without asking about each field what it is.
        let all = lists.together(reading.rows()).filter(|_| nulls.is_none());
        let run = all.and_then(|all| Some((all.len(), names.run(all.clone())?, bodies.run(all)?)));
        // Where one is broken it is not known yet whose it is.
        let is_read = run.is_some_and(|(count, names, bodies)| {
            room.extend(names.zip(bodies));
            room.len() == count
        });
        let elements = if is_read { Elements::Read(room) } else { Elements::Unread(room) };
        let field = |element| {
            let name = Fact::Header.name();
            match (names.get(element, name)?, bodies.get(element, name)?) {
                (Some(name), Some(body)) if is_there(nulls.as_ref(), element) => Ok((name, body)),
                _ => {
                    Err(Wrong::new("a field of `header` lacks its name or its body; an empty body is an empty string"))
                }
            }
        };
        reading.lists((lists, Fact::Header), elements, field, |request, fields| {
            request.header = Header::Fields(fields);
            Ok(())
        });
    }
}

/// Returns the credential of a request, of which something is known: that must not be lost, as it may be revoked.
fn credential<'q, 'r>(request: &'q mut Request<'r>) -> Result<&'q mut CredentialFacts<'r>, Wrong> {
    let needed = || Wrong::new("`credential_kind` is needed where there is a `credential_id` or `scopes`");
    request.credential.as_mut().ok_or_else(needed)
}

fn is_there(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

/// Reads a name; another one is the host's mistake.
#[inline]
fn word<T: Copy>(given: &[u8], fact: Fact, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Wrong> {
    if let Some(&value) = all.iter().find(|value| name(**value).as_bytes() == given) {
        return Ok(value);
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

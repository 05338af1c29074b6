//! The header as the mail parser sees it, and what that parser is too lenient for.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Group, HeaderName, HeaderValue, MessageParser};

use super::address::{Address, Fault};
use crate::data::Attempt;

/// How the fields are found.
pub(super) enum Reader {
    /// The mail parser reads the header block, as its documentation shows.
    Header(Box<MessageParser>),
    /// The engine takes the fields that the host has, and gives the parser's inner reader nothing but their bodies.
    Field,
}

/// A field that is looked at.
pub(super) struct Field<'a> {
    pub(super) kind: Kind,
    pub(super) list: List<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    From,
    Sender,
    ResentFrom,
    ResentSender,
    ResentDate,
    ResentOther,
    /// Another field, which ends a block of Resent fields.
    Other,
}

/// What an address field says.
pub(super) enum List<'a> {
    Mailboxes {
        all: Vec<Mailbox<'a>>,
        names: Names,
        group: bool,
    },
    /// Empty groups only.
    Nobody,
    Unreadable,
}

pub(super) struct Mailbox<'a> {
    /// `None` where it is not canonical.
    pub(super) address: Option<Address<'a>>,
}

/// What the names of a field show.
#[derive(Default)]
pub(super) struct Names {
    pub(super) undecodable: bool,
    /// Text that looks like an address.
    pub(super) addresses: Vec<String>,
}

impl Reader {
    pub(super) fn header() -> Self {
        Self::Header(Box::new(
            MessageParser::new()
                .header_address(HeaderName::From)
                .header_address(HeaderName::Sender)
                .header_address(HeaderName::ResentFrom)
                .header_address(HeaderName::ResentSender)
                .default_header_ignore(),
        ))
    }

    /// Reads the fields in their order.
    pub(super) fn read<'a>(&self, attempt: &'a Attempt) -> Vec<Field<'a>> {
        match self {
            Self::Header(parser) => {
                let block = attempt.header.block();
                let Some(message) = parser.parse_headers(block) else { return Vec::new() };
                let headers = message.parts.into_iter().next().map(|part| part.headers).unwrap_or_default();
                let field = |header: mail_parser::Header<'a>| {
                    let kind = Kind::of(header.name.as_str());
                    let range = header.offset_start as usize..header.offset_end as usize;
                    let body = block.get(range).unwrap_or_default();
                    Field { kind, list: list(kind, body, || header.value) }
                };
                headers.into_iter().map(field).collect()
            }
            Self::Field => {
                let field = |(name, body): (&str, &'a str)| {
                    let kind = Kind::of(name);
                    Field { kind, list: list(kind, body, || MessageStream::new(body.as_bytes()).parse_address()) }
                };
                attempt.header.lines().map(field).collect()
            }
        }
    }
}

impl Kind {
    fn of(name: &str) -> Self {
        let is = |other| name.eq_ignore_ascii_case(other);
        match () {
            () if is("from") => Self::From,
            () if is("sender") => Self::Sender,
            () if is("resent-from") => Self::ResentFrom,
            () if is("resent-sender") => Self::ResentSender,
            () if is("resent-date") => Self::ResentDate,
            () if name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("resent-")) => Self::ResentOther,
            () => Self::Other,
        }
    }

    pub(super) fn is_resent(self) -> bool {
        matches!(self, Self::ResentFrom | Self::ResentSender | Self::ResentDate | Self::ResentOther)
    }
}

/// Whether a name is taken for one that is looked at once it is cleaned up, but is not one as it stands.
pub(super) fn is_ambiguous(name: &str) -> bool {
    if name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    let shown: String = name.chars().filter(char::is_ascii_graphic).collect();
    Kind::of(&shown) != Kind::Other
}

fn list<'a>(kind: Kind, body: &str, value: impl FnOnce() -> HeaderValue<'a>) -> List<'a> {
    if !matches!(kind, Kind::From | Kind::Sender | Kind::ResentFrom | Kind::ResentSender) {
        return List::Nobody;
    }
    let HeaderValue::Address(address) = value() else { return List::Unreadable };
    let (groups, group) = match address {
        mail_parser::Address::List(list) => (vec![Group { name: None, addresses: list }], false),
        mail_parser::Address::Group(groups) => (groups, true),
    };
    let count: usize = groups.iter().map(|group| group.addresses.len()).sum();
    if !marks_fit(body, count) || count > 64 || body.len() > 65_536 {
        return List::Unreadable;
    }
    if count == 0 {
        return List::Nobody;
    }
    let mut names = Names { undecodable: has_unknown_charset(body), addresses: Vec::new() };
    let mut all = Vec::with_capacity(count);
    for group in groups {
        if group.addresses.is_empty() {
            return List::Unreadable;
        }
        names.add(group.name);
        for Addr { name, address } in group.addresses {
            names.add(name);
            match address.map(read) {
                Some(Ok(address)) => all.push(Mailbox { address: Some(address) }),
                Some(Err(Fault::NotCanonical)) => all.push(Mailbox { address: None }),
                Some(Err(Fault::Syntax)) | None => return List::Unreadable,
            }
        }
    }
    List::Mailboxes { all, names, group }
}

fn read(text: Cow<'_, str>) -> Result<Address<'_>, Fault> {
    match text {
        Cow::Borrowed(text) => Address::read(text),
        Cow::Owned(text) => Address::read(&text).map(Address::into_owned),
    }
}

/// Whether the marks of the grammar, outside of quoted strings and comments, are those of so many mailboxes: what the parser
/// leaves out of an address, or takes for part of a name, another one would not.
fn marks_fit(body: &str, mailboxes: usize) -> bool {
    let (mut at, mut angles, mut groups, mut depth) = (0, 0, 0, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in body.bytes() {
        if byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n') || byte == 0x7f {
            return false;
        }
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' if quoted || depth > 0 => escaped = true,
            b'"' if depth == 0 => quoted = !quoted,
            _ if quoted => {}
            b'(' => depth += 1,
            b')' if depth == 0 => return false,
            b')' => depth -= 1,
            _ if depth > 0 => {}
            b'@' => at += 1,
            b'<' => angles += 1,
            b'>' => angles -= 1,
            b':' => groups += 1,
            b';' => groups -= 1,
            _ => {}
        }
    }
    !quoted && depth == 0 && angles == 0 && groups == 0 && at == mailboxes
}

/// Whether an encoded-word names a charset that the parser does not know, in place of which it takes another.
fn has_unknown_charset(body: &str) -> bool {
    body.split("=?").skip(1).any(|word| {
        let charset = word.split('?').next().unwrap_or_default();
        let charset = charset.split('*').next().unwrap_or_default();
        // UTF-8 is what the parser takes it for.
        !charset.eq_ignore_ascii_case("utf-8") && charset_decoder(charset.as_bytes()).is_none()
    })
}

impl Names {
    fn add(&mut self, name: Option<Cow<'_, str>>) {
        let Some(name) = name.filter(|name| name.contains('@')) else { return };
        let words =
            name.split(|character: char| !super::address::is_atom(character) && !matches!(character, '.' | '@'));
        let addresses = words.filter(|word| word.split_once('@').is_some_and(|(_, domain)| domain.contains('.')));
        self.addresses.extend(addresses.map(|word| word.trim_matches('.').to_owned()));
    }
}

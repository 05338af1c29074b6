//! Writes a structured request as octets, and knows where each address and name stands in them.

use std::net::{IpAddr, Ipv4Addr};

use sendas::{CredentialFacts, EnvelopeSender, Limits, Span, Subject};

use crate::oracle::At;
use crate::request::{Body, Client, DomainForm, Envelope, Field, Flaw, Item, Kind, Mailbox, Name, NameForm, Shown};
use crate::request::{Damage, Header, Request, Spelling};

/// A request as octets.
#[derive(Clone, Debug)]
pub struct Written {
    request: Request,
    client: Option<String>,
    envelope: Text,
    fields: Vec<(String, Text)>,
    block: Option<Vec<u8>>,
    /// Where each field's body begins in the block.
    bodies: Vec<usize>,
}

/// Octets with the places of the addresses and names in them.
#[derive(Clone, Debug, Default)]
struct Text {
    octets: String,
    mailboxes: Vec<Span>,
    names: Vec<Span>,
}

impl Written {
    /// Writes a request so that only what is meant to be over a limit is.
    #[must_use]
    pub fn new(request: &Request, limits: &Limits) -> Self {
        let mut fields = Vec::new();
        let (given, padded, as_block) = match &request.header {
            Header::NotGiven => (&[][..], false, false),
            Header::Fields(given) => (given.as_slice(), false, false),
            Header::Block(given, _) => (given.as_slice(), false, true),
            Header::Oversized { fields: given, block } => (given.as_slice(), true, *block),
        };
        for field in given {
            fields.push((field_name(field), body(field, limits)));
        }
        if padded {
            let length = limits.field_octets as usize / 2;
            for _ in 0..=limits.header_octets as usize / length {
                fields.push(("X-Filler".to_owned(), Text { octets: " ".repeat(length), ..Text::default() }));
            }
        }
        let (block, bodies) = match &request.header {
            Header::Block(_, damage) => block(&fields, *damage),
            _ if as_block => block(&fields, None),
            _ => (Vec::new(), Vec::new()),
        };
        Self {
            request: request.clone(),
            client: client(&request.client),
            envelope: envelope(&request.envelope),
            fields,
            block: as_block.then_some(block),
            bodies,
        }
    }

    /// Hands over the request as the engine takes it.
    pub fn ask<T>(&self, answer: impl FnOnce(&sendas::Request<'_>) -> T) -> T {
        let fields: Vec<(&[u8], &[u8])> =
            self.fields.iter().map(|(name, body)| (name.as_bytes(), body.octets.as_bytes())).collect();
        let scopes: Option<Vec<&[u8]>> = self
            .request
            .credential
            .as_ref()
            .and_then(|credential| credential.scopes.as_ref())
            .map(|scopes| scopes.iter().map(String::as_bytes).collect());
        let mut request = sendas::Request::new(self.request.channel, self.request.now);
        request.account = self.request.account.as_deref().map(str::as_bytes);
        request.role = self.request.role.as_deref().map(str::as_bytes);
        request.client_ip = match (&self.request.client, &self.client) {
            (Client::Address(address), _) => sendas::ClientIp::Address(*address),
            (_, Some(text)) => sendas::ClientIp::Text(text.as_bytes()),
            (_, None) => sendas::ClientIp::Unknown,
        };
        request.credential = self.request.credential.as_ref().map(|credential| {
            let mut facts = CredentialFacts::new(credential.kind);
            facts.id = credential.id.as_deref().map(str::as_bytes);
            facts.scopes = scopes.as_deref();
            facts
        });
        request.tls = self.request.tls;
        request.smtputf8 = self.request.smtputf8;
        let path = self.envelope.octets.as_bytes();
        request.envelope_sender = match &self.request.envelope {
            Envelope::Unknown => EnvelopeSender::Unknown,
            Envelope::Null => EnvelopeSender::Null,
            Envelope::NullPath | Envelope::Path { .. } | Envelope::BrokenPath(_) => EnvelopeSender::Path(path),
            Envelope::Unquoted(_) | Envelope::BrokenUnquoted(_) => EnvelopeSender::Unquoted(path),
        };
        request.header = match (&self.request.header, &self.block) {
            (Header::NotGiven, _) => sendas::Header::NotGiven,
            (_, Some(block)) => sendas::Header::Block(block),
            (_, None) => sendas::Header::Fields(&fields),
        };
        answer(&request)
    }

    /// Tells which address or name a place of the engine's answer means.
    #[must_use]
    pub fn at(&self, subject: Subject, field: usize, span: Span) -> At {
        let (text, base) = match subject {
            Subject::EnvelopeSender => (&self.envelope, 0),
            Subject::From | Subject::Sender | Subject::Resent => match self.fields.get(field) {
                Some((_, body)) => (body, self.bodies.get(field).copied().unwrap_or(0)),
                None => return At::Whole,
            },
            _ => return At::Whole,
        };
        let (start, end) =
            (span.start as usize - base.min(span.start as usize), span.end as usize - base.min(span.end as usize));
        let same = |other: &Span| (other.start as usize, other.end as usize) == (start, end);
        if let Some(number) = text.mailboxes.iter().position(same) {
            return At::Mailbox(number);
        }
        text.names.iter().position(same).map_or(At::Whole, At::Name)
    }
}

fn client(client: &Client) -> Option<String> {
    match client {
        Client::Unknown | Client::Address(_) => None,
        Client::Text(address) => Some(address.to_string()),
        Client::Nonsense(text) => Some((*text).to_owned()),
    }
}

fn envelope(envelope: &Envelope) -> Text {
    let mut text = Text::default();
    match envelope {
        Envelope::Unknown | Envelope::Null => {}
        Envelope::NullPath => text.octets.push_str("<>"),
        Envelope::Path { address, brackets } => {
            if *brackets {
                text.octets.push('<');
            }
            text.mailbox(&spelled(address, true));
            if *brackets {
                text.octets.push('>');
            }
        }
        Envelope::Unquoted(address) => text.mailbox(&spelled(address, false)),
        Envelope::BrokenPath(octets) | Envelope::BrokenUnquoted(octets) => text.octets.push_str(octets),
    }
    text
}

fn field_name(field: &Field) -> String {
    let name = match field.kind {
        Kind::From => "From",
        Kind::Sender => "Sender",
        Kind::ResentFrom => "Resent-From",
        Kind::ResentSender => "Resent-Sender",
        Kind::ResentDate => "Resent-Date",
        Kind::ResentOther => "Resent-To",
        Kind::Other => "Subject",
        Kind::Disguised(name) => name,
    };
    if field.odd_case { name.to_ascii_uppercase() } else { name.to_owned() }
}

fn body(field: &Field, limits: &Limits) -> Text {
    let mut text = Text { octets: " ".to_owned(), ..Text::default() };
    match &field.body {
        Body::List(items) => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    text.octets.push_str(if field.odd_case { ",\r\n\t" } else { ", " });
                }
                text.item(item);
            }
        }
        Body::Text(octets) | Body::Broken(octets, _) => text.octets.push_str(octets),
        Body::Oversized(mailbox) => {
            text.octets.push_str(&" ".repeat(limits.field_octets as usize));
            text.written_mailbox(mailbox);
        }
        Body::Deep(mailbox) => {
            let depth = limits.comment_depth as usize + 1;
            text.octets.push_str(&"(".repeat(depth));
            text.octets.push_str(&")".repeat(depth));
            text.octets.push(' ');
            text.written_mailbox(mailbox);
        }
    }
    text
}

fn block(fields: &[(String, Text)], damage: Option<Damage>) -> (Vec<u8>, Vec<usize>) {
    let mut block = Vec::new();
    let mut bodies = Vec::new();
    if damage == Some(Damage::FoldedFirst) {
        block.extend(b" X-First: 1\r\n");
    }
    for (name, body) in fields {
        block.extend(name.as_bytes());
        block.push(b':');
        bodies.push(block.len());
        block.extend(body.octets.as_bytes());
        block.extend(b"\r\n");
    }
    let last: &[u8] = match damage {
        None | Some(Damage::FoldedFirst) => b"",
        Some(Damage::BareCr) => b"X-Last: 1\rFrom: joe@a.example\r\n",
        Some(Damage::BareLf) => b"X-Last: 1\nFrom: joe@a.example\r\n",
        Some(Damage::Nul) => b"X-Last: \0\r\n",
        Some(Damage::NoField) => b"no field at all\r\n",
        Some(Damage::BlankFold) => b"X-Last: 1\r\n \t\r\nFrom: joe@a.example\r\n",
        Some(Damage::Mbox) => b"From joe@a.example Sat Nov 21 10:00:00 2026\r\n",
    };
    block.extend(last);
    block.extend(b"\r\nFrom: nobody looks here\r\n");
    (block, bodies)
}

impl Text {
    fn mailbox(&mut self, written: &str) {
        let start = self.octets.len();
        self.octets.push_str(written);
        self.mailboxes.push(span(start, self.octets.len()));
    }

    fn name(&mut self, written: &str) {
        let start = self.octets.len();
        self.octets.push_str(written);
        self.names.push(span(start, self.octets.len()));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Mailbox(mailbox) => self.written_mailbox(mailbox),
            Item::Group(name, members) => {
                self.name(&phrase(name));
                self.octets.push_str(": ");
                for (number, member) in members.iter().enumerate() {
                    if number > 0 {
                        self.octets.push_str(", ");
                    }
                    self.written_mailbox(member);
                }
                self.octets.push(';');
            }
        }
    }

    fn written_mailbox(&mut self, mailbox: &Mailbox) {
        let address = spelled(&mailbox.address, true);
        match &mailbox.name {
            Some(name) => {
                self.name(&phrase(name));
                self.octets.push_str(" <");
                self.mailbox(&address);
                self.octets.push('>');
            }
            None => self.mailbox(&address),
        }
        if let Some(comment) = &mailbox.comment {
            self.octets.push(' ');
            self.name(&format!("({})", free_text(comment)));
        }
    }
}

fn span(start: usize, end: usize) -> Span {
    Span { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
}

/// A name as a phrase.
fn phrase(name: &Name) -> String {
    match (&name.shown, name.form) {
        (Shown::Words(words), NameForm::Quoted) => (*words).to_owned(),
        (Shown::Address(_), NameForm::Quoted) => format!("\"{}\"", free_text(name)),
        _ => free_text(name),
    }
}

/// A name as the text of a comment or quoted string, or as an encoded-word.
fn free_text(name: &Name) -> String {
    let shown = match &name.shown {
        Shown::Undecodable => return "=?x-no-such-charset?Q?abc?=".to_owned(),
        Shown::Words(words) => (*words).to_owned(),
        Shown::Address(value) => format!("for {}@{} only", value.local, value.domain),
    };
    match name.form {
        NameForm::Quoted => shown,
        NameForm::Base64 => format!("=?utf-8?B?{}?=", base64(shown.as_bytes())),
        NameForm::Printable => {
            let mut word = "=?utf-8?q?".to_owned();
            for octet in shown.bytes() {
                match octet {
                    b' ' => word.push('_'),
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => word.push(char::from(octet)),
                    _ => word.push_str(&format!("={octet:02X}")),
                }
            }
            word + "?="
        }
    }
}

fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in octets.chunks(3) {
        let mut group = [0_u32; 3];
        for (place, octet) in group.iter_mut().zip(chunk) {
            *place = u32::from(*octet);
        }
        let bits = group[0] << 16 | group[1] << 8 | group[2];
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

/// An address as it is written; without quotes in the internal form.
fn spelled(spelling: &Spelling, may_quote: bool) -> String {
    let mut local = spelling.value.local.clone();
    match spelling.flaw {
        Some(Flaw::Decomposed) => local.push_str("e\u{301}"),
        Some(Flaw::Kelvin) => local.insert(0, '\u{212a}'),
        Some(Flaw::Ignorable) => local.push('\u{ad}'),
        Some(Flaw::Mapped) | None => {}
    }
    if may_quote && (spelling.quoted || !is_dot_atom(&local)) {
        local = format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut domain = match spelling.domain {
        DomainForm::Plain => spelling.value.domain.clone(),
        DomainForm::Capitals => spelling.value.domain.to_ascii_uppercase(),
        DomainForm::Unicode => spelling.value.domain.replace("xn--bcher-kva", "b\u{fc}cher"),
    };
    if spelling.flaw == Some(Flaw::Mapped) {
        domain = format!("\u{ff57}{domain}");
    }
    format!("{local}@{domain}")
}

fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        let plain = |character: char| {
            character.is_ascii_alphanumeric() || !character.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(character)
        };
        !atom.is_empty() && atom.chars().all(plain)
    })
}

/// The IPv4-mapped form of an address.
#[must_use]
pub fn mapped(address: Ipv4Addr) -> IpAddr {
    IpAddr::V6(address.to_ipv6_mapped())
}

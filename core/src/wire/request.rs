//! The members of a recorded request, from a tree and to JSON.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::record::{CredentialRecord, EnvelopeRecord, HeaderRecord, RequestRecord};
use crate::request::{Channel, CredentialKind, Tls};
use crate::time::Timestamp;

use super::diagnostic::Report;
use super::nearest::nearest;
use super::output::Output;
use super::tree::{Node, Value};

/// Reads a record, or finds everything that is wrong with it.
pub(super) fn read(node: &Node<'_>) -> Result<RequestRecord, Vec<Report>> {
    let mut reader = Reader::default();
    let record = reader.request(node);
    match record {
        Some(record) if reader.reports.is_empty() => Ok(record),
        _ => Err(reader.reports),
    }
}

/// A `None` from any of its methods has been reported.
#[derive(Default)]
struct Reader {
    reports: Vec<Report>,
}

impl Reader {
    fn request(&mut self, node: &Node<'_>) -> Option<RequestRecord> {
        self.members(node, "", &MEMBERS)?;
        let now = self.required(node, "now").and_then(|node| self.instant(node));
        let channel =
            self.required(node, "channel").and_then(|node| self.name(node, "channel", &Channel::ALL, |c| c.name()));
        // What stands in for a missing member is never seen: it has been reported.
        let mut record = RequestRecord::new(channel.unwrap_or(Channel::Smtp), now.unwrap_or(Timestamp(0)));
        record.account = node.get("account").and_then(|node| self.octets(node, "account"));
        record.role = node.get("role").and_then(|node| self.octets(node, "role"));
        record.client_ip = node.get("client_ip").and_then(|node| self.octets(node, "client_ip"));
        record.credential = node.get("credential").and_then(|node| self.credential(node));
        record.tls = node.get("tls").and_then(|node| self.name(node, "tls", &Tls::ALL, |tls| tls.name()));
        record.smtputf8 = node.get("smtputf8").and_then(|node| self.flag(node, "smtputf8")).unwrap_or(false);
        if let Some(envelope) = node.get("envelope").and_then(|node| self.envelope(node)) {
            record.envelope = envelope;
        }
        if let Some(header) = node.get("header").and_then(|node| self.header(node)) {
            record.header = header;
        }
        Some(record)
    }

    fn credential(&mut self, node: &Node<'_>) -> Option<CredentialRecord> {
        self.members(node, "credential", &["kind", "id", "scopes"])?;
        let kind = self.required(node, "kind")?;
        let kind = self.name(kind, "credential.kind", &CredentialKind::ALL, |kind| kind.name())?;
        let mut credential = CredentialRecord::new(kind);
        credential.id = node.get("id").and_then(|node| self.octets(node, "credential.id"));
        if let Some(scopes) = node.get("scopes") {
            let scopes = self.list(scopes, "credential.scopes")?.iter().enumerate();
            let scopes = scopes.map(|(index, scope)| self.octets(scope, &format!("credential.scopes[{index}]")));
            credential.scopes = scopes.collect();
        }
        Some(credential)
    }

    fn envelope(&mut self, node: &Node<'_>) -> Option<EnvelopeRecord> {
        let (kind, value) = self.variant(node, "envelope", &["null", "path", "unquoted"])?;
        match kind {
            "path" => self.octets(value, "envelope.path").map(EnvelopeRecord::Path),
            "unquoted" => self.octets(value, "envelope.unquoted").map(EnvelopeRecord::Unquoted),
            _ if value.value == Value::Bool(true) => Some(EnvelopeRecord::Null),
            _ => self.wrong(value, "envelope.null", "`true`; leave `envelope` out where the sender is not known"),
        }
    }

    fn header(&mut self, node: &Node<'_>) -> Option<HeaderRecord> {
        let (kind, value) = self.variant(node, "header", &["fields", "block"])?;
        if kind == "block" {
            return self.octets(value, "header.block").map(HeaderRecord::Block);
        }
        let mut fields = Vec::new();
        for (index, field) in self.list(value, "header.fields")?.iter().enumerate() {
            let path = format!("header.fields[{index}]");
            match self.list(field, &path)? {
                [name, body] => fields.push((self.octets(name, &path)?, self.octets(body, &path)?)),
                _ => return self.wrong(field, &path, "a field's name and its body"),
            }
        }
        Some(HeaderRecord::Fields(fields))
    }

    /// Reports members that are not known.
    fn members(&mut self, node: &Node<'_>, path: &str, known: &[&str]) -> Option<()> {
        if !matches!(node.value, Value::Table(_)) {
            return self.wrong(node, path, "an object");
        }
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let report = Report::new(entry.key_span.clone(), path, "this member is not known here");
            self.reports.push(match nearest(&entry.key, known.iter().copied()) {
                Some(name) => report.help(format_args!("did you mean `{name}`?")),
                None => report.help(format_args!("known are {}", listed(known))),
            });
        }
        Some(())
    }

    fn required<'n, 't>(&mut self, node: &'n Node<'t>, name: &str) -> Option<&'n Node<'t>> {
        let found = node.get(name);
        if found.is_none() {
            let report =
                Report::new(node.span.start..node.span.start, "", format_args!("the member `{name}` is missing"));
            self.reports.push(report.help("it is required"));
        }
        found
    }

    /// Returns the only member, which is one of `known`.
    fn variant<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        path: &str,
        known: &[&'static str],
    ) -> Option<(&'static str, &'n Node<'t>)> {
        self.members(node, path, known)?;
        match node.entries() {
            [entry] => known.iter().find(|&&name| name == entry.key).map(|&name| (name, &entry.node)),
            _ => self.wrong(node, path, &format!("exactly one of {}", listed(known))),
        }
    }

    fn list<'n, 't>(&mut self, node: &'n Node<'t>, path: &str) -> Option<&'n [Node<'t>]> {
        match &node.value {
            Value::List(elements) => Some(elements),
            _ => self.wrong(node, path, "a list"),
        }
    }

    fn flag(&mut self, node: &Node<'_>, path: &str) -> Option<bool> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => self.wrong(node, path, "`true` or `false`"),
        }
    }

    fn instant(&mut self, node: &Node<'_>) -> Option<Timestamp> {
        match node.text().and_then(Timestamp::parse) {
            Some(instant) => Some(instant),
            None => self.wrong(node, "now", "an RFC 3339 date-time in whole seconds, such as `2026-12-07T09:30:00Z`"),
        }
    }

    fn name<T: Copy>(&mut self, node: &Node<'_>, path: &str, all: &[T], name: fn(&T) -> &'static str) -> Option<T> {
        match node.text().and_then(|text| all.iter().find(|value| name(value) == text)) {
            Some(&value) => Some(value),
            None => self.wrong(node, path, &format!("one of {}", listed(&all.iter().map(name).collect::<Vec<_>>()))),
        }
    }

    /// Reads a string as its UTF-8, or `{"hex": "…"}` as the octets.
    fn octets(&mut self, node: &Node<'_>, path: &str) -> Option<Vec<u8>> {
        if let Some(text) = node.text() {
            return Some(text.as_bytes().to_vec());
        }
        match node.entries() {
            [entry] if entry.key == "hex" => match entry.node.text().and_then(from_hex) {
                Some(octets) => Some(octets),
                None => self.wrong(&entry.node, path, "pairs of hexadecimal digits"),
            },
            _ => self.wrong(node, path, "a string, or `{\"hex\": \"…\"}`"),
        }
    }

    fn wrong<T>(&mut self, node: &Node<'_>, path: &str, expected: &str) -> Option<T> {
        let found = match (&node.value, node.text()) {
            (_, Some(_)) => "another string",
            (Value::Table(_), _) => "an object",
            _ => node.type_name(),
        };
        self.reports.push(Report::new(node.span.clone(), path, format_args!("expected {expected}, found {found}")));
        None
    }
}

/// Writes a record with every member that is known.
pub(super) fn write(output: &mut Output, record: &RequestRecord) {
    output.object(|output| {
        output.key("now").string(&format!("{}", record.now));
        output.key("channel").string(record.channel.name());
        optional(output, "account", record.account.as_deref());
        optional(output, "role", record.role.as_deref());
        optional(output, "client_ip", record.client_ip.as_deref());
        if let Some(credential) = &record.credential {
            output.key("credential").object(|output| {
                output.key("kind").string(credential.kind.name());
                optional(output, "id", credential.id.as_deref());
                if let Some(scopes) = &credential.scopes {
                    output
                        .key("scopes")
                        .array(|output| scopes.iter().for_each(|scope| octets(output.element(), scope)));
                }
            });
        }
        if let Some(tls) = record.tls {
            output.key("tls").string(tls.name());
        }
        output.key("smtputf8").flag(record.smtputf8);
        match &record.envelope {
            EnvelopeRecord::Unknown => {}
            EnvelopeRecord::Null => output.key("envelope").object(|output| output.key("null").flag(true)),
            EnvelopeRecord::Path(path) => output.key("envelope").object(|output| octets(output.key("path"), path)),
            EnvelopeRecord::Unquoted(address) => {
                output.key("envelope").object(|output| octets(output.key("unquoted"), address));
            }
        }
        match &record.header {
            HeaderRecord::NotGiven => {}
            HeaderRecord::Block(block) => output.key("header").object(|output| octets(output.key("block"), block)),
            HeaderRecord::Fields(fields) => output.key("header").object(|output| {
                output.key("fields").array(|output| fields.iter().for_each(|field| pair(output.element(), field)));
            }),
        }
    });
}

fn pair(output: &mut Output, (name, body): &(Vec<u8>, Vec<u8>)) {
    output.array(|output| {
        octets(output.element(), name);
        octets(output.element(), body);
    });
}

fn optional(output: &mut Output, key: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        octets(output.key(key), value);
    }
}

fn octets(output: &mut Output, octets: &[u8]) {
    match core::str::from_utf8(octets) {
        Ok(text) => output.string(text),
        Err(_) => output.object(|output| {
            output.key("hex").string(&octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>());
        }),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

const MEMBERS: [&str; 10] =
    ["now", "channel", "account", "role", "client_ip", "credential", "tls", "smtputf8", "envelope", "header"];

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    #[test]
    fn every_member_is_read_back() {
        let mut record = RequestRecord::new(Channel::Api, Timestamp(1_796_083_200));
        assert_eq!(RequestRecord::from_json(record.to_json()), Ok(record.clone()));
        record.account = Some(b"alice \"a\"".to_vec());
        record.role = Some(b"\xff\x00".to_vec());
        record.client_ip = Some(b"2001:db8::1".to_vec());
        record.credential =
            Some(CredentialRecord { kind: CredentialKind::Oauth, id: Some(vec![]), scopes: Some(vec![]) });
        record.tls = Some(Tls::Implicit);
        record.smtputf8 = true;
        for envelope in [
            EnvelopeRecord::Null,
            EnvelopeRecord::Path(b"<a\xc3\xa9@example.org>".to_vec()),
            EnvelopeRecord::Unquoted(b"\xe9".to_vec()),
        ] {
            record.envelope = envelope;
            for header in [
                HeaderRecord::Block(b"From: a\r\n\x1b\x7f\r\n".to_vec()),
                HeaderRecord::Fields(vec![(b"From".to_vec(), b" \xe9".to_vec())]),
            ] {
                record.header = header;
                let json = record.to_json();
                assert!(json.bytes().all(|byte| byte >= b' ' && byte != 0x7f), "{json}");
                assert_eq!(RequestRecord::from_json(&json), Ok(record.clone()));
            }
        }
    }

    #[test]
    fn hex_is_pairs_of_digits() {
        assert_eq!(from_hex("00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("+1"), None);
        assert_eq!(from_hex("é"), None);
    }

    #[test]
    fn every_problem_is_named() {
        let text = r#"{"now":"today","channel":"smpt","tls":true,"envelope":{},"header":{"fields":[["From"]]},"x":1}"#;
        let error = RequestRecord::from_json(text).unwrap_err().to_string();
        let expected = "\
1:8: now: expected an RFC 3339 date-time in whole seconds, such as `2026-12-07T09:30:00Z`, found another string
1:26: channel: expected one of `smtp`, `api`, `webmail`, `panel`, found another string
1:39: tls: expected one of `plain`, `starttls`, `implicit`, found a boolean
1:55: envelope: expected exactly one of `null`, `path`, `unquoted`, found an object
1:78: header.fields[0]: expected a field's name and its body, found a list
1:89: this member is not known here; known are `now`, `channel`, `account`, `role`, `client_ip`, `credential`, `tls`, \
`smtputf8`, `envelope`, `header`";
        assert_eq!(error, expected);
    }
}

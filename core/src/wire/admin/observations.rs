//! Observations as JSON Lines: a head, then a line for each account, table and channel.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};

use crate::admin::Seen;
use crate::analysis::{
    ClientFact, CredentialFact, CredentialSeen, Fact, Field, Observations, Said, Scopes, Table as Tallies, Tallied,
};
use crate::net::IpRange;
use crate::request::{CredentialKind, Tls};

use super::super::build::{self, RecordBuilder};
use super::super::keys::{CHANNEL, Kind, MinItems, Rule, Table, default, names, optional, required, table};
use super::super::output::Output;
use super::super::tree::Node;
use super::super::write;
use super::codec::{AddressText, ChannelName, Codec, IdText, Instant, LongCount};
use super::{ReadError, read};

impl Observations {
    /// Reads observations from JSON Lines, as [`to_json_lines`](Self::to_json_lines) writes them.
    ///
    /// ```
    /// use sendas::analysis::Observations;
    /// let none = Observations::new(1000);
    /// assert_eq!(Observations::from_json_lines(none.to_json_lines())?, none);
    /// let error = Observations::from_json_lines(r#"{"schema":2}"#).unwrap_err().to_string();
    /// assert!(error.starts_with("1:1: the required key `most` is missing"), "{error}");
    /// # Ok::<(), sendas::ReadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of every line: JSON syntax, unknown or missing keys, unreadable values, and what cannot have been counted.
    pub fn from_json_lines(text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        let mut lines = text.as_ref().split(|&octet| octet == b'\n').zip(1..).peekable();
        let (head, _) = lines.next().unwrap_or((b"", 1));
        let mut read_so_far = read(head, 1, &HEAD, read_head);
        let mut counted = [0_u64; 3];
        while let Some((line, number)) = lines.next() {
            if line.is_empty() && lines.peek().is_none() {
                break;
            }
            let tallied = read(line, number, &TALLIED, |builder, node| {
                let tallied = read_tallied(builder, node)?;
                let Ok(observations) = &mut read_so_far else { return Some(()) };
                let (table, count) = (tallied.table, tallied.counted.count);
                let sum = counted.get_mut(table as usize)?;
                *sum = sum.saturating_add(count);
                if *sum > observations.counted(table) {
                    builder.refuse(node, &"more was counted than the head says");
                } else if let Err(error) = observations.restore(tallied) {
                    builder.refuse(node, &error);
                }
                Some(())
            });
            if let Err(mut error) = tallied {
                if let Err(earlier) = read_so_far {
                    error.diagnostics.splice(0..0, earlier.diagnostics);
                }
                read_so_far = Err(error);
            }
        }
        read_so_far
    }

    /// Writes the observations as JSON Lines, each line with its end: first a head, then one line for each account, table and channel.
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let mut text = Output::line(|output| output.object(|output| write_head(output, self)));
        text.push('\n');
        for tallied in self.tallied() {
            text.push_str(&Output::line(|output| output.object(|output| write_tallied(output, &tallied))));
            text.push('\n');
        }
        text
    }
}

fn read_head(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Observations> {
    let most = usize::try_from(LongCount::read(builder, node, "most")?).unwrap_or(usize::MAX);
    let requests = LongCount::read(builder, node, "requests")?;
    let unattributed = LongCount::read(builder, node, "unattributed")?;
    let mut counted = [0; 3];
    for (sum, table) in counted.iter_mut().zip(Tallies::ALL) {
        *sum = LongCount::read(builder, node, table.name())?;
    }
    Some(Observations::counting(most, requests, unattributed, counted))
}

fn write_head(output: &mut Output, observations: &Observations) {
    output.key("schema").raw("1");
    LongCount::write(output, "most", &u64::try_from(observations.most()).unwrap_or(u64::MAX));
    LongCount::write(output, "requests", &observations.requests());
    LongCount::write(output, "unattributed", &observations.unattributed());
    for table in Tallies::ALL {
        LongCount::write(output, table.name(), &observations.counted(table));
    }
}

fn read_tallied(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Tallied> {
    let table = Tallies::from_name(node.get("table")?.text()?)?;
    let (account, channel) = (IdText::read(builder, node, "account"), ChannelName::read(builder, node, "channel"));
    let counted = read_seen(builder, node);
    let elements = node.get("tallies")?.elements().len();
    let tallies = builder.each(node, "tallies", |builder, node| {
        let fact = match table {
            Tallies::Senders => read_sender(builder, node),
            Tallies::Clients => read_client(builder, node).map(Fact::Client),
            Tallies::Credentials => read_credential(builder, node).map(Fact::Credential),
        };
        let seen = read_seen(builder, node);
        Some((fact?, seen?))
    });
    let whole = tallies.len() == elements;
    let tallies: BTreeMap<Fact, Seen> = tallies.into_iter().collect();
    if whole && tallies.len() < elements {
        builder.refuse(node, &"a fact stands twice; it is tallied once");
        return None;
    }
    Some(Tallied { account: account?, table, channel: channel?, counted: counted?, tallies: whole.then_some(tallies)? })
}

fn write_tallied(output: &mut Output, tallied: &Tallied) {
    write::string(output, "table", tallied.table.name());
    IdText::write(output, "account", &tallied.account);
    ChannelName::write(output, "channel", &tallied.channel);
    write_seen(output, &tallied.counted);
    output.key("tallies").array(|output| {
        for (fact, seen) in &tallied.tallies {
            output.element().object(|output| {
                write_fact(output, fact);
                write_seen(output, seen);
            });
        }
    });
}

fn read_seen(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Seen> {
    let count = LongCount::read(builder, node, "count");
    let (first, last) = (Instant::read(builder, node, "first"), Instant::read(builder, node, "last"));
    Some(Seen { count: count?, first: first?, last: last? })
}

pub(super) fn write_seen(output: &mut Output, seen: &Seen) {
    LongCount::write(output, "count", &seen.count);
    Instant::write(output, "first", &seen.first);
    Instant::write(output, "last", &seen.last);
}

fn read_sender(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Fact> {
    let field = build::choice(node, "field", Field::from_name);
    let address = AddressText::read(builder, node, "address").map(Said::Address);
    let said = address.or_else(|| build::choice(node, "said", Said::from_word));
    Some(Fact::Sender { field: field?, said: said? })
}

fn read_client(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<ClientFact> {
    match node.get("client")?.text()? {
        "unknown" => Some(ClientFact::Unknown),
        "unreadable" => Some(ClientFact::Unreadable),
        _ => builder.parsed(node, "client", network),
    }
}

fn network(text: &str) -> Result<ClientFact, &'static str> {
    let range = if text.contains('/') { IpRange::cidr(text) } else { IpRange::address(text) };
    let wanted = |range: &IpRange| range.prefix_length() == Some(if range.first().is_ipv4() { 32 } else { 64 });
    match range.ok().filter(wanted) {
        Some(range) => Ok(ClientFact::Network(range)),
        None => Err("neither an IPv4 address, nor an IPv6 network with `/64`, nor `unknown`, nor `unreadable`"),
    }
}

fn read_credential(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<CredentialFact> {
    let credential = builder.within(node, "credential", |_, node| {
        let unknown = build::flag(node, "scopes_unknown").unwrap_or_default();
        let mut scopes = build::strings(node, "scopes");
        scopes.sort();
        Some(CredentialSeen {
            kind: build::choice(node, "kind", CredentialKind::from_name)?,
            id: node.get("id").and_then(Node::text).map(String::from),
            scopes: match node.get("scopes") {
                _ if unknown => Scopes::Unknown,
                None => Scopes::NotPresented,
                Some(_) => Scopes::Presented(scopes),
            },
        })
    });
    Some(CredentialFact {
        role: node.get("role").and_then(Node::text).map(String::from),
        credential: match credential {
            None => None,
            Some(read) => Some(read?),
        },
        tls: build::choice(node, "tls", Tls::from_name),
    })
}

/// Writes the members that say which fact it is.
pub(super) fn write_fact(output: &mut Output, fact: &Fact) {
    match fact {
        Fact::Sender { field, said } => {
            write::string(output, "field", field.name());
            match said {
                Said::Address(address) => AddressText::write(output, "address", address),
                other => write::optional(output, "said", other.word()),
            }
        }
        Fact::Client(client) => write::string(output, "client", &client.to_string()),
        Fact::Credential(fact) => {
            write::optional(output, "role", fact.role.as_deref());
            if let Some(seen) = &fact.credential {
                output.key("credential").object(|output| {
                    write::string(output, "kind", seen.kind.name());
                    write::optional(output, "id", seen.id.as_deref());
                    match &seen.scopes {
                        Scopes::NotPresented => {}
                        Scopes::Presented(scopes) => output
                            .key("scopes")
                            .array(|output| scopes.iter().for_each(|scope| output.element().string(scope))),
                        Scopes::Unknown => output.key("scopes_unknown").flag(true),
                    }
                });
            }
            write::optional(output, "tls", fact.tls.map(Tls::name));
        }
    }
}

const HEAD: Kind = Kind::Table(&HEAD_TABLE);

/// The first line.
pub(super) const HEAD_TABLE: Table = table(
    "observations",
    &[
        required("schema", Kind::Version, "version of this format"),
        required("most", Kind::Count, "as many tallies as are kept at most"),
        required("requests", Kind::Count, "how many requests were observed"),
        required("unattributed", Kind::Count, "how many of them name no account, or none that an account can be"),
        required("senders", Kind::Count, "how many facts of this table were counted, dropped ones included"),
        required("clients", Kind::Count, "the same"),
        required("credentials", Kind::Count, "the same"),
    ],
);

/// The keys of a line, whose tallies are of one kind.
macro_rules! line {
    ($table:literal, $tally:expr) => {
        [
            required("table", Kind::Choice(&[$table]), "the table"),
            required("account", Kind::Id, "the account"),
            required("channel", CHANNEL, "the channel"),
            required("count", Kind::Count, "how many facts were counted here, dropped ones included"),
            required("first", Kind::Instant, "the first of them"),
            required("last", Kind::Instant, "the last of them"),
            required("tallies", Kind::List(&Kind::Table($tally), MinItems::One), "the tallies that are kept"),
        ]
    };
}

const TALLIED: Kind = Kind::Tagged("table", TABLES);

/// The other lines.
pub(super) const TABLES: &[(&str, Table)] = &[
    ("senders", table("senders", &line!("senders", &SENDER))),
    ("clients", table("clients", &line!("clients", &CLIENT))),
    ("credentials", table("credentials", &line!("credentials", &CREDENTIAL))),
];

const SENDER: Table = Table {
    name: "sender_tally",
    keys: &[
        required("field", Kind::Choice(names!(Field)), "the field"),
        optional("address", Kind::Address, "the address in it"),
        optional("said", Kind::Choice(&["missing", "null", "several", "unknown", "unreadable"]), "what is no address"),
        required("count", Kind::Count, "in how many messages"),
        required("first", Kind::Instant, "the first of them"),
        required("last", Kind::Instant, "the last of them"),
    ],
    rules: &[Rule::ExactlyOne(&["address", "said"])],
};

const CLIENT: Table = table(
    "client_tally",
    &[
        required("client", Kind::Text, "an IPv4 address, an IPv6 network with `/64`, `unknown` or `unreadable`"),
        required("count", Kind::Count, "in how many messages"),
        required("first", Kind::Instant, "the first of them"),
        required("last", Kind::Instant, "the last of them"),
    ],
);

const CREDENTIAL: Table = table(
    "credential_tally",
    &[
        optional("role", Kind::Text, "the role in which the account acts, none given if absent"),
        optional("credential", Kind::Table(&PRESENTED), "the credential, not known if absent"),
        optional("tls", Kind::Choice(names!(Tls)), "the transport encryption, not known if absent"),
        required("count", Kind::Count, "in how many messages"),
        required("first", Kind::Instant, "the first of them"),
        required("last", Kind::Instant, "the last of them"),
    ],
);

const PRESENTED: Table = Table {
    name: "presented",
    keys: &[
        required("kind", Kind::Choice(names!(CredentialKind)), "its kind"),
        optional("id", Kind::Text, "its id, none given if absent"),
        optional("scopes", Kind::List(&Kind::Text, MinItems::None), "the scopes that it presented"),
        default("scopes_unknown", Kind::Bool, "false", "whether it presented more or others than are kept"),
    ],
    rules: &[Rule::AtMostOne(&["scopes", "scopes_unknown"])],
};

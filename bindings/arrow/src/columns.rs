//! Which column of a batch is which fact of a request.

use std::fmt;

use arrow_schema::{DataType, Fields};

use crate::instants::Instants;
use crate::lists::Lists;
use crate::texts::Texts;

/// The facts of a request, by the names of the arguments of Python's `Snapshot.evaluate`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Now,
    Channel,
    Account,
    Role,
    ClientIp,
    CredentialKind,
    CredentialId,
    Scopes,
    Tls,
    Smtputf8,
    EnvelopeSender,
    Header,
    Stage,
}

/// What the columns of a fact may be.
struct Row {
    fact: Fact,
    name: &'static str,
    required: bool,
    fits: fn(&DataType) -> bool,
    right: &'static str,
}

/// The one table of columns; `docs/arrow.md` says the same to people.
const TABLE: [Row; 13] = [
    Row { required: true, fits: Instants::fits, right: Instants::RIGHT, ..text(Fact::Now, "now") },
    Row { required: true, ..text(Fact::Channel, "channel") },
    text(Fact::Account, "account"),
    text(Fact::Role, "role"),
    text(Fact::ClientIp, "client_ip"),
    text(Fact::CredentialKind, "credential_kind"),
    text(Fact::CredentialId, "credential_id"),
    Row { fits: are_scopes, right: "list of string or binary", ..text(Fact::Scopes, "scopes") },
    text(Fact::Tls, "tls"),
    Row { fits: is_flag, right: "bool", ..text(Fact::Smtputf8, "smtputf8") },
    Row {
        fits: is_sender,
        right: "string or binary (the path of MAIL FROM), or struct<path, unquoted> of them",
        ..text(Fact::EnvelopeSender, "envelope_sender")
    },
    Row {
        fits: is_header,
        right: "string or binary (the raw block), or list<struct<name, body>> of them (all fields)",
        ..text(Fact::Header, "header")
    },
    text(Fact::Stage, "stage"),
];

impl Fact {
    /// The name of the fact's column.
    pub(crate) const fn name(self) -> &'static str {
        TABLE[self as usize].name
    }
}

/// Every problem of a schema, a line for each.
#[derive(Debug)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Where the columns of a schema go.
pub(crate) struct Columns {
    facts: [Option<usize>; TABLE.len()],
    /// Those that are passed on.
    pub(crate) kept: Vec<usize>,
}

impl Columns {
    /// Finds the facts in a schema, and the columns to keep; or returns every problem of it.
    pub(crate) fn of(fields: &Fields, keep: &[String], taken: &Fields) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut facts = [None; TABLE.len()];
        for (index, field) in fields.iter().enumerate() {
            let name = field.name();
            if fields.iter().take(index).any(|earlier| earlier.name() == name) {
                problems.push(format!("`{}` is the name of two columns", name.escape_debug()));
                continue;
            }
            let rows = TABLE.iter().zip(&mut facts);
            match rows.into_iter().find(|(row, _)| row.name == name) {
                Some((row, _)) if !(row.fits)(field.data_type()) => {
                    problems.push(wrong_type(row, field.data_type()));
                }
                Some((_, fact)) => *fact = Some(index),
                None if keep.contains(name) => {}
                None => problems.push(unknown(name)),
            }
        }
        for row in TABLE.iter().filter(|row| row.required && fields.find(row.name).is_none()) {
            problems.push(format!("the column `{}` is missing: it is {}", row.name, row.right));
        }
        let mut kept = Vec::new();
        for (index, name) in keep.iter().enumerate() {
            match fields.find(name) {
                _ if keep.iter().take(index).any(|earlier| earlier == name) => {
                    problems.push(format!("`{}` is to be kept twice", name.escape_debug()));
                }
                _ if taken.find(name).is_some() => {
                    problems.push(format!("`{name}` cannot be kept: the decision has a column of that name"));
                }
                None => problems.push(format!("`{}` cannot be kept: there is no such column", name.escape_debug())),
                Some((index, _)) => kept.push(index),
            }
        }
        if problems.is_empty() { Ok(Self { facts, kept }) } else { Err(Problems(problems)) }
    }

    /// Returns the number of a fact's column; `None` where the fact is unknown in every row.
    pub(crate) const fn index(&self, fact: Fact) -> Option<usize> {
        self.facts[fact as usize]
    }
}

/// Returns the columns of the decision that are asked for, in its own order; or every problem of the list.
pub(crate) fn answers(names: &[String], all: &Fields) -> Result<Fields, Problems> {
    let mut problems = Vec::new();
    if names.is_empty() {
        problems.push("`columns` names no column of the decision; leave it out for all of them".to_owned());
    }
    for (index, name) in names.iter().enumerate() {
        let shown = name.escape_debug();
        if all.find(name).is_none() {
            let meant = meant(name, all.iter().map(|field| field.name().as_str()));
            problems.push(format!("the decision has no column `{shown}`{meant}"));
        } else if names.iter().take(index).any(|earlier| earlier == name) {
            problems.push(format!("the column `{shown}` of the decision is asked for twice"));
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    Ok(all.iter().filter(|field| names.contains(field.name())).cloned().collect())
}

const fn text(fact: Fact, name: &'static str) -> Row {
    Row { fact, name, required: false, fits: Texts::fits, right: Texts::RIGHT }
}

fn are_scopes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Null) || Lists::elements(data_type).is_some_and(Texts::fits)
}

fn is_flag(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Boolean | DataType::Null)
}

fn is_sender(data_type: &DataType) -> bool {
    Texts::fits(data_type) || is_pair_of_texts(data_type, SENDER)
}

fn is_header(data_type: &DataType) -> bool {
    Texts::fits(data_type) || Lists::elements(data_type).is_some_and(|element| is_pair_of_texts(element, FIELD))
}

/// The members of an envelope sender that says in which form it is.
pub(crate) const SENDER: [&str; 2] = ["path", "unquoted"];
/// The members of a header field.
pub(crate) const FIELD: [&str; 2] = ["name", "body"];

fn is_pair_of_texts(data_type: &DataType, names: [&str; 2]) -> bool {
    let DataType::Struct(members) = data_type else { return false };
    let is_text = |name: &str| members.find(name).is_some_and(|(_, member)| Texts::fits(member.data_type()));
    members.len() == names.len() && names.into_iter().all(is_text)
}

fn wrong_type(row: &Row, given: &DataType) -> String {
    let why = match (row.fact, given) {
        (Fact::Now, DataType::Timestamp(_, None)) => "; without a time zone its instants are not known",
        (Fact::Header, DataType::Map(_, _)) => "; a map may have lost repeated fields",
        _ => "",
    };
    format!("the column `{}` must be {}, not {given}{why}", row.name, row.right)
}

fn unknown(name: &str) -> String {
    let meant = meant(name, TABLE.iter().map(|row| row.name));
    format!("the column `{}` is no fact of a request{meant}; leave it out, or name it in `keep`", name.escape_debug())
}

/// Asks whether the nearest of some names was meant, if one is near.
fn meant<'n>(name: &str, right: impl Iterator<Item = &'n str>) -> String {
    let distance = |right: &str| strsim::osa_distance(&name.to_lowercase(), right);
    let near = |right: &&str| distance(right) <= right.len().div_ceil(3);
    let nearest = right.filter(near).min_by_key(|right| distance(right));
    nearest.map_or_else(String::new, |right| format!(" (did you mean `{right}`?)"))
}

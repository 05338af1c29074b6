//! Events and records as JSON, from the table of events.

use alloc::string::String;

use crate::admin::{Event, Record, for_each_event};

use super::super::build::RecordBuilder;
use super::super::keys::{Kind, MinItems, Presence, Table, optional, required, table};
use super::super::output::Output;
use super::super::tree::Node;
use super::actor::{self, BY};
use super::codec::*;
use super::entry::*;
use super::{ReadError, read};

impl Record {
    /// Reads a record from JSON: a line of a log.
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: JSON syntax, unknown or missing keys, unreadable values, an unknown version.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        Self::read_line(text.as_ref(), 1)
    }

    /// Reads the line with this number.
    pub(super) fn read_line(text: &[u8], line: usize) -> Result<Self, ReadError> {
        read(text, line, &RECORD, read_record)
    }

    /// Writes the record as JSON that [`from_json`](Self::from_json) reads back as an equal record, on one line without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| output.object(|output| write_record(output, self)))
    }
}

fn read_record(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Record> {
    let at = Instant::read(builder, node, "at");
    let by = builder.within(node, "by", |_, node| actor::read_by(node));
    let elements = node.get("events")?.elements().len();
    let events = builder.each(node, "events", read_event);
    Some(Record {
        sequence: LongCount::read(builder, node, "sequence")?,
        at: at?,
        by: by??,
        id: IdText::read(builder, node, "id")?,
        command: NameText::read(builder, node, "command")?,
        tenant: OptionalId::read(builder, node, "tenant")?,
        version: LongCount::read(builder, node, "version")?,
        events: (events.len() == elements).then_some(events)?,
    })
}

fn write_record(output: &mut Output, record: &Record) {
    output.key("schema").raw("1");
    LongCount::write(output, "sequence", &record.sequence);
    Instant::write(output, "at", &record.at);
    output.key("by").object(|output| actor::write_by(output, &record.by));
    IdText::write(output, "id", &record.id);
    NameText::write(output, "command", &record.command);
    OptionalId::write(output, "tenant", &record.tenant);
    LongCount::write(output, "version", &record.version);
    output.key("events").array(|output| {
        record.events.iter().for_each(|event| output.element().object(|output| write_event(output, event)));
    });
}

macro_rules! wire_events {
    ($(
        #[doc = $doc:literal]
        $variant:ident $name:literal {
            $( $field_doc:literal $field:ident: $type:ty as $codec:ident ),* $(,)?
        }
    )+) => {
        /// Every event with its keys.
        pub(super) const EVENTS: &[(&str, Table)] = &[$((
            $name,
            Table {
                name: $name,
                keys: &[
                    key("event", Kind::Choice(&[$name]), Presence::Required, $doc),
                    $( key(stringify!($field), <$codec as Codec>::KIND, <$codec as Codec>::PRESENCE, $field_doc), )*
                ],
                rules: &[],
            },
        )),+];

        fn read_event(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Event> {
            match node.get("event")?.text()? {
                $( $name => {
                    $( let $field = <$codec as Codec>::read(builder, node, stringify!($field)); )*
                    Some(Event::$variant { $( $field: $field? ),* })
                } )+
                _ => None,
            }
        }

        pub(super) fn write_event(output: &mut Output, event: &Event) {
            output.key("event").string(event.name());
            match event {
                $( Event::$variant { $($field),* } => {
                    $( <$codec as Codec>::write(output, stringify!($field), $field); )*
                } )+
            }
        }
    };
}

for_each_event!(wire_events);

const EVENT: Kind = Kind::Tagged("event", EVENTS);
const RECORD: Kind = Kind::Table(&RECORD_TABLE);

/// A line of a log.
pub(super) const RECORD_TABLE: Table = table(
    "record",
    &[
        required("schema", Kind::Version, "version of this format"),
        required("sequence", Kind::Count, "its place in the log: 1, then one more each"),
        required("at", Kind::Instant, "when the command was given"),
        required("by", BY, "who gave it"),
        required("id", Kind::Id, "the command's id"),
        required("command", Kind::Name, "the command's name"),
        optional("tenant", Kind::Id, "the tenant that changed; none for the provider's own settings"),
        required("version", Kind::Count, "the version of what changed, after the change"),
        required("events", Kind::List(&EVENT, MinItems::One), "what changed"),
    ],
);

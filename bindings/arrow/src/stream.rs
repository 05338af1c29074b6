//! Streams in Arrow's IPC format: requests in octets go in, decisions in octets come out.
//!
//! Messages are taken apart here and read by `arrow-ipc`, which checks all that arrays say of themselves. Text is read
//! as octets: a stream lays both out alike, and whether text is UTF-8 is for core to say.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, StructArray};
use arrow_buffer::Buffer;
use arrow_ipc::convert::{MessageBuffer, fb_to_schema};
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_ipc::writer::StreamWriter;
use arrow_ipc::{Endianness, MessageHeader, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, UnionFields};
use sendas::Snapshot;

use crate::columns::Problems;
use crate::judge::{Asked, Decided, Judge};
use crate::lent::lend;
use crate::wrong::{Wrong, guarded};

/// Decides the requests of a stream, and returns the decisions as another one.
///
/// # Errors
///
/// [`Refused::Columns`] where the columns are not those of requests, or what was asked for is not there;
/// [`Refused::Stream`] where the stream is none, is cut short or contradicts itself, and where a row holds no request.
pub fn decide_stream(snapshot: &Snapshot, stream: &[u8], asked: &Asked) -> Result<Vec<u8>, Refused> {
    lend(stream, |stream| decide_lent(snapshot, stream, asked))
}

fn decide_lent(snapshot: &Snapshot, stream: Buffer, asked: &Asked) -> Result<Vec<u8>, Refused> {
    let mut messages = Messages { octets: stream, at: 0, count: 0 };
    let schema = guarded("the schema cannot be read", || messages.schema())?;
    // What the answer says of the columns that are kept is what was said of them.
    let declared = Judge::new(snapshot, schema.fields(), asked)?;
    let octets: SchemaRef = Arc::new(Schema::new(schema.fields().iter().map(in_octets).collect::<Vec<_>>()));
    let judge = Judge::new(snapshot, octets.fields(), asked)?;
    let mut decided = Decided::new(judge, Batches { messages, schema: octets, dictionaries: HashMap::new() });
    let mut writer = guarded(UNWRITTEN, || Ok(StreamWriter::try_new(Vec::new(), declared.schema())?))?;
    while let Some(batch) = decided.advance()? {
        // Memory that grows piece by piece is new each time, which costs more than to write there.
        let decisions = batch.columns().iter().skip(asked.keep.len());
        writer.get_mut().reserve(decisions.filter_map(|column| column.to_data().get_slice_memory_size().ok()).sum());
        guarded(UNWRITTEN, || Ok(writer.write(&batch)?))?;
    }
    Ok(guarded(UNWRITTEN, || Ok(writer.into_inner()?))?)
}

/// Why a stream was not decided.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the packages make an error of their languages of each")]
pub enum Refused {
    /// The columns are not those of requests, or of decisions.
    Columns(Problems),
    /// The stream cannot be read, or a row is no request.
    Stream(Wrong),
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns(problems) => problems.fmt(formatter),
            Self::Stream(wrong) => wrong.fmt(formatter),
        }
    }
}

impl std::error::Error for Refused {}

impl From<Problems> for Refused {
    fn from(problems: Problems) -> Self {
        Self::Columns(problems)
    }
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Self {
        Self::Stream(wrong)
    }
}

/// The batches of a stream that have rows.
struct Batches {
    messages: Messages,
    /// The columns, with octets in place of text.
    schema: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Batches {
    fn advance(&mut self) -> Result<Option<StructArray>, Wrong> {
        while let Some((message, body)) = self.messages.advance()? {
            let message = message.as_ref();
            let version = message.version();
            match message.header_type() {
                MessageHeader::DictionaryBatch => {
                    let batch = self.messages.needed(message.header_as_dictionary_batch())?;
                    self.messages.check(batch.data(), &body)?;
                    read_dictionary(&body, batch, &self.schema, &mut self.dictionaries, &version)
                        .map_err(|error| self.messages.wrong(error))?;
                }
                MessageHeader::RecordBatch => {
                    let batch = self.messages.needed(message.header_as_record_batch())?;
                    self.messages.check(Some(batch), &body)?;
                    let decoder =
                        RecordBatchDecoder::try_new(&body, batch, self.schema.clone(), &self.dictionaries, &version);
                    let batch = decoder
                        .and_then(RecordBatchDecoder::read_record_batch)
                        .map_err(|error| self.messages.wrong(error))?;
                    if batch.num_rows() > 0 {
                        return Ok(Some(batch.into()));
                    }
                }
                other => {
                    let what = other.variant_name().unwrap_or("unknown");
                    return Err(self.messages.wrong(format_args!("a batch is expected, not a message of kind {what}")));
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for Batches {
    type Item = Result<StructArray, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}

/// The messages of a stream ("Encapsulated message format", Arrow Columnar Format): lengths are checked before anything
/// is read by them.
struct Messages {
    octets: Buffer,
    at: usize,
    /// How many have been begun to be read.
    count: usize,
}

impl Messages {
    /// Reads the first message.
    fn schema(&mut self) -> Result<Schema, Wrong> {
        if self.octets.starts_with(b"ARROW1") {
            return Err(Wrong::new("this is a file of Arrow's, not a stream; write it in the stream format"));
        }
        let Some((message, _)) = self.advance()? else {
            return Err(Wrong::new("the stream has no schema"));
        };
        let schema = self.needed(message.as_ref().header_as_schema())?;
        if schema.endianness() != Endianness::Little {
            return Err(self.wrong("numbers must have their lowest octet first"));
        }
        self.needed(schema.fields())?;
        Ok(fb_to_schema(schema))
    }

    /// Returns the next message and its body, or `None` at the mark that ends a stream.
    fn advance(&mut self) -> Result<Option<(MessageBuffer, Buffer)>, Wrong> {
        self.count += 1;
        let mut length = self.number()?;
        // Streams from before version 0.15 have no mark before a length.
        if length == u32::MAX {
            length = self.number()?;
        }
        if length == 0 {
            let left = self.octets.len() - self.at;
            return if left == 0 {
                Ok(None)
            } else {
                Err(Wrong::new(format_args!(
                    "{left} octets stand behind the end of the stream; hand over one stream at a time"
                )))
            };
        }
        let metadata = self.take(u64::from(length))?;
        let message = MessageBuffer::try_new(metadata).map_err(|_| self.wrong("it is no flatbuffer of a message"))?;
        let length =
            u64::try_from(message.as_ref().bodyLength()).map_err(|_| self.wrong("its body has a negative length"))?;
        let body = self.take(length)?;
        Ok(Some((message, body)))
    }

    fn number(&mut self) -> Result<u32, Wrong> {
        let octets = self.take(size_of::<u32>() as u64)?;
        octets.as_slice().try_into().map(u32::from_le_bytes).map_err(|_| self.short())
    }

    fn take(&mut self, length: u64) -> Result<Buffer, Wrong> {
        let left = self.octets.len() - self.at;
        let length = usize::try_from(length).ok().filter(|length| *length <= left).ok_or_else(|| self.short())?;
        let taken = self.octets.slice_with_length(self.at, length);
        self.at += length;
        Ok(taken)
    }

    /// Checks what is read of a batch before its arrays are: that its buffers are parts of the body, as they are.
    fn check(&self, batch: Option<RecordBatch<'_>>, body: &Buffer) -> Result<(), Wrong> {
        let batch = self.needed(batch)?;
        if batch.compression().is_some() {
            return Err(self.wrong("it is compressed; write the stream without compression"));
        }
        let inside = |start: i64, length: i64| {
            let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
            start.checked_add(length).filter(|end| *end <= body.len())
        };
        let buffers = self.needed(batch.buffers())?;
        match buffers.iter().all(|buffer| inside(buffer.offset(), buffer.length()).is_some()) {
            true => Ok(()),
            false => Err(self.wrong("it points outside of its body")),
        }
    }

    fn needed<T>(&self, part: Option<T>) -> Result<T, Wrong> {
        part.ok_or_else(|| self.wrong("a part of it is missing"))
    }

    /// The stream ends where something must stand.
    fn short(&self) -> Wrong {
        Wrong::new(format_args!(
            "the stream is cut short: it ends within message {}, counted from 0, or lacks its end",
            self.latest()
        ))
    }

    /// Says what is wrong with the latest message.
    fn wrong(&self, what: impl fmt::Display) -> Wrong {
        Wrong::new(format_args!("message {} of the stream, counted from 0, cannot be read: {what}", self.latest()))
    }

    /// The number of the message that was begun last, counted from 0.
    const fn latest(&self) -> usize {
        self.count.saturating_sub(1)
    }
}

/// Returns a column with octets in place of all its text.
fn in_octets(field: &FieldRef) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(type_in_octets(field.data_type())))
}

fn type_in_octets(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::Dictionary(keys, values) => DataType::Dictionary(keys.clone(), Box::new(type_in_octets(values))),
        DataType::Utf8View => DataType::BinaryView,
        DataType::List(element) => DataType::List(in_octets(element)),
        DataType::LargeList(element) => DataType::LargeList(in_octets(element)),
        DataType::ListView(element) => DataType::ListView(in_octets(element)),
        DataType::LargeListView(element) => DataType::LargeListView(in_octets(element)),
        DataType::FixedSizeList(element, count) => DataType::FixedSizeList(in_octets(element), *count),
        DataType::Struct(members) => DataType::Struct(members.iter().map(in_octets).collect()),
        DataType::Map(entries, sorted) => DataType::Map(in_octets(entries), *sorted),
        DataType::RunEndEncoded(ends, values) => DataType::RunEndEncoded(ends.clone(), in_octets(values)),
        DataType::Union(members, mode) => {
            let members: UnionFields = members.iter().map(|(id, member)| (id, in_octets(member))).collect();
            DataType::Union(members, *mode)
        }
        other => other.clone(),
    }
}

const UNWRITTEN: &str = "the decisions cannot be written";

//! Batches and streams as a whole. In these tests, few decisions fit into one batch.

use std::convert::Infallible;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, ListArray, NullArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields};
use sendas::{HashKey, Options, Policy, Snapshot};

use crate::{Asked, Decided, Judge, Wrong};

/// Returns requests that are denied because of their paths, which stand in the decisions.
fn requests(paths: &[String]) -> RecordBatch {
    let column = |word: &str| -> ArrayRef { Arc::new(StringArray::from(vec![word; paths.len()])) };
    let columns: [(&str, ArrayRef); 5] = [
        ("now", Arc::new(Int64Array::from(vec![0; paths.len()]))),
        ("channel", column("smtp")),
        ("account", column("alice")),
        ("envelope_sender", Arc::new(StringArray::from(paths.to_vec()))),
        ("stage", column("envelope")),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn snapshot() -> Snapshot {
    let text = r#"{"schema": 1, "tenant": [{"id": "acme", "account": [{"id": "alice", "address": "alice@acme.example", "address_assigned": true}]}]}"#;
    Snapshot::compile(&Policy::from_json(text).unwrap(), &Options::new(HashKey([0; 16]))).unwrap()
}

fn decided(batch: &RecordBatch) -> Decided<impl Iterator<Item = Result<StructArray, Wrong>>> {
    let judge = Judge::new(&snapshot(), batch.schema().fields(), &Asked::default()).unwrap();
    Decided::new(judge, [Ok(batch.clone().into())].into_iter())
}

#[test]
fn a_stream_goes_on_in_a_further_batch() {
    let paths: Vec<String> = (0..100).map(|number| format!("<a{number}@acme.example>")).collect();
    let batches: Vec<RecordBatch> = decided(&requests(&paths)).map(Result::unwrap).collect();
    assert!(batches.len() > 1);
    let column = |batch: &RecordBatch| batch.column_by_name("octets").cloned().unwrap();
    let octets: Vec<ArrayRef> = batches.iter().map(column).collect();
    let found =
        octets.iter().flat_map(|octets| octets.as_binary::<i32>().iter().map(|octets| octets.unwrap().to_vec()));
    let expected = paths.iter().map(|path| path.trim_matches(['<', '>']).as_bytes().to_vec());
    assert!(found.eq(expected));
}

#[test]
fn a_decision_that_no_batch_can_hold_is_an_error() {
    let paths = vec!["<a@acme.example>".to_owned(), format!("<{0}@{1}.{1}.example>", "x".repeat(64), "y".repeat(60))];
    let outcomes: Vec<Result<RecordBatch, ArrowError>> = decided(&requests(&paths)).collect();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[0].as_ref().unwrap().num_rows(), 1);
    let error = outcomes[1].as_ref().unwrap_err().to_string();
    assert!(error.ends_with("row 1, counted from 0: the decision is larger than a batch can be"), "{error}");
}

#[test]
fn rows_beyond_all_memory_are_not_what_room_is_asked_for() {
    let nothing: ArrayRef = Arc::new(NullArray::new(1 << 50));
    let batch = RecordBatch::try_from_iter([("now", nothing.clone()), ("channel", nothing)]).unwrap();
    let judge = Judge::new(&snapshot(), batch.schema().fields(), &Asked::default()).unwrap();
    let Ok(whole) = judge.whole(&batch.clone().into(), || Ok::<(), Infallible>(()));
    let right = "row 0, counted from 0: `now` is null, but every request is decided at an instant";
    assert_eq!(whole.unwrap_err().to_string(), right);
    assert!(decided(&batch).next().unwrap().unwrap_err().to_string().ends_with(right));
}

#[test]
fn a_row_that_is_no_request_is_the_error_behind_the_decisions_before_it() {
    let paths: Vec<String> = (0..100).map(|number| format!("<a{number}@acme.example>")).collect();
    let right = requests(&paths);
    let whole: usize = decided(&right).map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(whole, 100);
    let first = decided(&right).next().unwrap().unwrap().num_rows();
    for wrong in [0, 1, first - 1, first, first + 1, 63, 64, 65, 99] {
        let mut stages = vec!["envelope"; 100];
        stages[wrong] = "envelop";
        let mut columns = right.columns().to_vec();
        *columns.last_mut().unwrap() = Arc::new(StringArray::from(stages));
        let mut outcomes: Vec<_> = decided(&RecordBatch::try_new(right.schema(), columns).unwrap()).collect();
        let error = outcomes.pop().unwrap().unwrap_err().to_string();
        assert!(error.contains(&format!("row {wrong}, counted from 0: `stage` must be one of")), "{error}");
        let before: usize = outcomes.into_iter().map(|batch| batch.unwrap().num_rows()).sum();
        // Whole batches come before it; what was begun of the one that it is in does not.
        assert!(before <= wrong && wrong - before <= first, "{before} before {wrong}");
    }
}

#[test]
fn the_first_row_that_is_wrong_is_named_whatever_its_column() {
    let right = requests(&vec!["<a@acme.example>".to_owned(); 100]);
    // The order of a request's facts, in which columns are read.
    let names = ["channel", "stage"];
    for (channel, stage, row, column) in
        [(70, 3, 3, 1), (3, 70, 3, 0), (66, 65, 65, 1), (66, 66, 66, 0), (99, 64, 64, 1)]
    {
        let mut columns = right.columns().to_vec();
        for (name, wrong) in names.into_iter().zip([channel, stage]) {
            let (place, _) = right.schema().column_with_name(name).unwrap();
            let mut words: Vec<&str> = columns[place].as_string::<i32>().iter().map(|word| word.unwrap()).collect();
            words[wrong] = "?";
            columns[place] = Arc::new(StringArray::from(words));
        }
        let batch = RecordBatch::try_new(right.schema(), columns).unwrap();
        let error = decided(&batch).find_map(Result::err).unwrap().to_string();
        let expected = format!("row {row}, counted from 0: `{}` must be one of", names[column]);
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn what_a_null_list_has_is_no_ones() {
    let text = |texts: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let fields = Fields::from(vec![Field::new("name", DataType::Utf8, true), Field::new("body", DataType::Utf8, true)]);
    let field = Arc::new(Field::new("item", DataType::Struct(fields.clone()), true));
    let (mine, other) = (Some("alice@acme.example"), Some("bob@acme.example"));
    for lacking in [other, None] {
        let names = text(&[Some("From"); 5]);
        let bodies = text(&[mine, lacking, lacking, mine, other]);
        let elements = StructArray::new(fields.clone(), vec![names, bodies], None);
        // The second list has two elements, and is null; the fourth has none.
        let offsets = OffsetBuffer::new(vec![0, 1, 3, 4, 4, 5].into());
        let nulls = NullBuffer::from(vec![true, false, true, true, true]);
        let header = ListArray::new(field.clone(), offsets, Arc::new(elements), Some(nulls));
        let batch = requests(&vec!["<alice@acme.example>".to_owned(); 5]);
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        for name in ["now", "channel", "account", "envelope_sender"] {
            columns.push((name, batch.column_by_name(name).cloned().unwrap()));
        }
        columns.push(("header", Arc::new(header)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let reasons: Vec<Option<String>> = decided(&batch)
            .flat_map(|batch| {
                let batch = batch.unwrap();
                let reasons = batch.column_by_name("reason").unwrap().as_string::<i32>();
                reasons.iter().map(|reason| reason.map(str::to_owned)).collect::<Vec<_>>()
            })
            .collect();
        let expected = [None, Some("header_not_given"), None, Some("from_missing"), Some("address_not_owned")];
        assert_eq!(reasons.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }
}

#[cfg(feature = "ipc")]
mod stream {
    use std::io::Cursor;

    use arrow_array::builder::StringDictionaryBuilder;
    use arrow_array::types::Int32Type;
    use arrow_array::{Array, BinaryArray};
    use arrow_buffer::Buffer;
    use arrow_ipc::reader::StreamReader;
    use arrow_ipc::writer::{DictionaryHandling, IpcWriteOptions, StreamWriter};
    use arrow_schema::Schema;

    use super::*;
    use crate::{Refused, decide_stream};

    fn written(schema: &Schema, batches: &[RecordBatch]) -> Vec<u8> {
        let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn read(stream: &[u8]) -> (Vec<RecordBatch>, Schema) {
        let reader = StreamReader::try_new(Cursor::new(stream), None).unwrap();
        let schema = reader.schema().as_ref().clone();
        (reader.map(Result::unwrap).collect(), schema)
    }

    #[test]
    fn it_is_decided_as_its_batches_are() {
        let paths: Vec<String> = (0..100).map(|number| format!("<a{number}@acme.example>")).collect();
        let batch = requests(&paths);
        let expected: Vec<RecordBatch> = decided(&batch).map(Result::unwrap).collect();
        let answer = decide_stream(&snapshot(), &written(&batch.schema(), &[batch]), &Asked::default()).unwrap();
        let (batches, schema) = read(&answer);
        assert_eq!(batches, expected);
        assert_eq!(&schema, expected[0].schema().as_ref());
    }

    #[test]
    fn a_dictionary_may_grow_and_be_replaced() {
        let mut accounts = StringDictionaryBuilder::<Int32Type>::new();
        let mut columns = |names: &[&str]| -> ArrayRef {
            accounts.extend(names.iter().map(|name| Some(*name)));
            Arc::new(accounts.finish_preserve_values())
        };
        let mut grown = vec![columns(&["alice"]), columns(&["bob", "alice"])];
        grown.push(Arc::new(["carol", "alice"].into_iter().collect::<arrow_array::DictionaryArray<Int32Type>>()));
        let batches: Vec<RecordBatch> = grown
            .into_iter()
            .map(|account| {
                let plain = requests(&vec!["<>".to_owned(); account.len()]);
                let mut columns: Vec<(&str, ArrayRef)> =
                    vec![("now", plain.column(0).clone()), ("channel", plain.column(1).clone()), ("account", account)];
                columns.push(("stage", Arc::new(StringArray::from(vec!["session"; plain.num_rows()]))));
                RecordBatch::try_from_iter(columns).unwrap()
            })
            .collect();
        let asked = Asked { keep: vec!["account".to_owned()], columns: Some(vec!["verdict".to_owned()]) };
        let answer = decide_stream(&snapshot(), &written(&batches[0].schema(), &batches), &asked).unwrap();
        let mut rows = Vec::new();
        for batch in read(&answer).0 {
            let accounts = batch.column(0).as_dictionary::<Int32Type>().clone();
            let accounts = accounts.downcast_dict::<StringArray>().unwrap();
            let verdicts = batch.column(1).as_string::<i32>().clone();
            for (account, verdict) in accounts.into_iter().zip(&verdicts) {
                rows.push((account.unwrap().to_owned(), verdict.unwrap().to_owned()));
            }
        }
        let rows: Vec<(&str, &str)> = rows.iter().map(|(account, verdict)| (&account[..], &verdict[..])).collect();
        let [alice, bob, carol] = [("alice", "allow"), ("bob", "deny"), ("carol", "deny")];
        assert_eq!(rows, [alice, bob, alice, carol, alice]);
    }

    #[test]
    fn text_that_is_no_utf8_is_decided_and_kept() {
        let octets = BinaryArray::from_vec(vec![b"\xff".as_slice(); 2]);
        let plain = requests(&["<>".to_owned(), "<>".to_owned()]);
        let columns: [(&str, ArrayRef); 3] =
            [("now", plain.column(0).clone()), ("channel", plain.column(1).clone()), ("account", Arc::new(octets))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let given = batch.schema();
        let fields = given.fields().iter().map(|field| match field.name().as_str() {
            "account" => Field::new("account", DataType::Utf8, false),
            _ => Field::clone(field),
        });
        let declared = Schema::new(fields.collect::<Vec<_>>());
        let asked = Asked { keep: vec!["account".to_owned()], columns: Some(vec!["reason".to_owned()]) };
        let answer = decide_stream(&snapshot(), &written(&declared, &[batch]), &asked).unwrap();
        assert!(answer.windows(2).any(|octets| octets == b"\xff\xff"));
        // A reader that insists on UTF-8 refuses what is kept, as it would have refused what was handed over.
        assert!(StreamReader::try_new(Cursor::new(&answer), None).unwrap().any(|batch| batch.is_err()));
    }

    #[test]
    fn offsets_that_lie_are_refused() {
        let batch = requests(&["<a@acme.example>".to_owned()]);
        let right = written(&batch.schema(), &[batch]);
        let path = right.windows(4).position(|octets| octets == 16_i32.to_le_bytes()).unwrap();
        for wrong in [17, 1 << 20, -1_i32] {
            let mut octets = right.clone();
            for at in (path..octets.len() - 4).filter(|at| right[*at..].starts_with(&16_i32.to_le_bytes())) {
                octets[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            }
            let refused = decide_stream(&snapshot(), &octets, &Asked::default());
            assert!(matches!(refused, Err(Refused::Stream(_))), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_message() {
        let batch = requests(&["<a@acme.example>".to_owned()]);
        let right = written(&batch.schema(), &[batch]);
        // A mark and a length stand before the metadata of a message; a schema has no body.
        let second = 8 + usize::try_from(u32::from_le_bytes(right[4..8].try_into().unwrap())).unwrap();
        let said = |octets: &[u8]| decide_stream(&snapshot(), octets, &Asked::default()).unwrap_err().to_string();
        for (message, start) in [(0, 0), (1, second)] {
            let mut octets = right.clone();
            octets[start + 8..start + 12].fill(0xFF);
            let right = format!("message {message} of the stream, counted from 0, cannot be read: it is no flatbuffer");
            assert!(said(&octets).starts_with(&right), "{}", said(&octets));
            let right = format!("the stream is cut short: it ends within message {message}, counted from 0");
            assert!(said(&octets[..start + 2]).starts_with(&right), "{}", said(&octets[..start + 2]));
            assert!(said(&octets[..start + 12]).starts_with(&right), "{}", said(&octets[..start + 12]));
        }
    }

    /// Whatever is changed or cut, there is an answer that can be read, or an error.
    #[test]
    fn hostile_streams_are_decided_or_refused() {
        let paths: Vec<String> = (0..5).map(|number| format!("<a{number}@acme.example>")).collect();
        let batch = requests(&paths);
        let right = written(&batch.schema(), &[batch.clone(), batch.slice(1, 3)]);
        let asked = Asked { keep: vec!["account".to_owned(), "envelope_sender".to_owned()], columns: None };
        let snapshot = snapshot();
        assert_eq!(read(&decide_stream(&snapshot, &right, &asked).unwrap()).0.len(), 2);
        for length in 0..right.len() {
            let refused = decide_stream(&snapshot, &right[..length], &asked);
            assert!(matches!(refused, Err(Refused::Stream(_))), "{length}");
        }
        let mut random = fastrand::Rng::with_seed(7);
        let (mut answers, mut errors) = (0, 0);
        for _ in 0..3_000 {
            let mut octets = right.clone();
            for _ in 0..random.usize(1..4) {
                octets[random.usize(..right.len())] ^= 1 << random.u8(..8);
            }
            match decide_stream(&snapshot, &octets, &asked) {
                // What is kept may be no UTF-8, which a reader may refuse.
                Ok(answer) => {
                    StreamReader::try_new(Cursor::new(answer), None).unwrap().for_each(drop);
                    answers += 1;
                }
                Err(_) => errors += 1,
            }
        }
        assert!(answers > 100 && errors > 100, "{answers} answers, {errors} errors");
    }

    #[test]
    fn numbers_with_their_highest_octet_first_are_refused() {
        use arrow_ipc::{Endianness, MessageBuilder, MessageHeader, MetadataVersion, SchemaBuilder};
        let mut builder = flatbuffers::FlatBufferBuilder::new();
        let fields = builder.create_vector::<flatbuffers::WIPOffset<arrow_ipc::Field<'_>>>(&[]);
        let mut schema = SchemaBuilder::new(&mut builder);
        schema.add_endianness(Endianness::Big);
        schema.add_fields(fields);
        let schema = schema.finish().as_union_value();
        let mut message = MessageBuilder::new(&mut builder);
        message.add_version(MetadataVersion::V5);
        message.add_header_type(MessageHeader::Schema);
        message.add_header(schema);
        let message = message.finish();
        builder.finish(message, None);
        let message = builder.finished_data();
        let length = u32::try_from(message.len()).unwrap().to_le_bytes();
        let stream = [&[0xFF; 4][..], &length, message, &[0xFF; 4], &[0; 4]].concat();
        let refused = decide_stream(&snapshot(), Buffer::from(stream).as_slice(), &Asked::default()).unwrap_err();
        assert!(refused.to_string().ends_with("numbers must have their lowest octet first"), "{refused}");
    }
}

//! Batches whose decisions do not fit into one: their bound is small in these tests.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::ArrowError;
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

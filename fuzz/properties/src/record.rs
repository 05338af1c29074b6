//! Recorded requests: whatever is read can be written, reads back as the same, and can be asked.

use sendas::record::RequestRecord;
use sendas::{HashKey, Options, Policy, Snapshot};

/// Reads the input as a record.
pub fn record(input: &[u8]) {
    match RequestRecord::from_json(input) {
        Ok(record) => {
            let line = record.to_json();
            assert!(!line.contains('\n'), "a record of several lines: {line}");
            assert_eq!(RequestRecord::from_json(&line).as_ref(), Ok(&record), "{line}");
            let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey([7; 16]))).expect("no tenant");
            let decision = record.with_request(|request| snapshot.evaluate(request));
            assert!(!decision.reasons().is_empty(), "there is no account: {line}");
        }
        Err(error) => crate::policy::diagnosed(error.diagnostics(), input),
    }
}

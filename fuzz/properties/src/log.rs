//! Logs of records: any text is folded or refused, and what was folded stays.

use sendas::admin::Record;
use sendas::event_log::LogReader;

/// Folds the input line by line, going on after lines that are refused.
pub fn log(input: &[u8]) {
    let mut log = LogReader::new();
    let mut text = String::new();
    for line in input.split(|octet| *octet == b'\n') {
        let before = log.directory().clone();
        match log.push(line) {
            Ok(record) => {
                let written = record.to_json();
                assert_eq!(Record::from_json(&written).as_ref(), Ok(&record), "a record does not read back");
                assert_eq!(record.obligations(), record.obligations(), "obligations differ");
                text.push_str(&written);
                text.push('\n');
            }
            Err(error) => {
                assert!(!error.problems().is_empty(), "refused without a reason");
                assert_eq!(log.directory(), &before, "a line that was refused has changed something");
            }
        }
    }
    let mut again = LogReader::new();
    for line in text.lines() {
        assert!(again.push(line.as_bytes()).is_ok(), "what was folded once does not fold again: {line}");
    }
    assert_eq!(again.directory(), log.directory(), "the log folds to another state");
}

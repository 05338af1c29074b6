//! Logs of records: any text is folded or refused, and what was folded stays.

use sendas::admin::{Directory, Record};
use sendas::event_log::LogReader;
use sendas::policy::ProblemKind;

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
    events(input);
    let mut again = LogReader::new();
    for line in text.lines() {
        assert!(again.push(line.as_bytes()).is_ok(), "what was folded once does not fold again: {line}");
    }
    assert_eq!(again.directory(), log.directory(), "the log folds to another state");
}

/// Applies the events of every line that is a record, numbered so that it is refused for its events alone.
fn events(input: &[u8]) {
    let mut directory = Directory::new();
    let mut sound = true;
    for (number, line) in input.split(|octet| *octet == b'\n').enumerate() {
        let Ok(mut record) = Record::from_json(line) else { continue };
        record.sequence = directory.sequence() + 1;
        record.id = format!("line-{number}");
        record.version = 1 + match &record.tenant {
            None => directory.house().version,
            Some(tenant) => directory.desk(tenant).map_or(0, |desk| desk.version),
        };
        let before = directory.clone();
        let found = directory.problems_after(&record);
        match directory.apply(&record) {
            Err(unfit) => {
                assert_eq!(directory, before, "a record that does not fit has changed something");
                assert_eq!(found, Err(unfit), "whether the record fits is told in two ways");
            }
            Ok(()) => {
                let whole: Vec<ProblemKind> =
                    directory.policy().check().into_iter().map(|problem| problem.kind).collect();
                if sound {
                    assert_eq!(found.as_ref(), Ok(&whole), "the part has other problems than the whole");
                }
                sound = whole.is_empty();
            }
        }
    }
}

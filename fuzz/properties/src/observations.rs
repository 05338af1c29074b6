//! Observations: what is read writes and reads back as the same, and a log is reduced whatever is in it.

use sendas::analysis::Observations;
use sendas::postfix_log::{Line, LogReader, Timestamps};
use sendas::{HashKey, Limits, Options, Policy, Timestamp};

/// Reads the input as observations, and asks a policy about them.
pub fn observations(input: &[u8]) {
    match Observations::from_json_lines(input) {
        Ok(observations) => {
            let text = observations.to_json_lines();
            assert_eq!(Observations::from_json_lines(&text).as_ref(), Ok(&observations), "{text}");
            assert!(observations.tallies().count() <= observations.most(), "more tallies than the bound: {text}");
            let (nobody, options) = (Policy::default(), Options::new(HashKey([7; 16])));
            let foreseen = nobody.preflight(&nobody, &observations, Timestamp(0), &options).expect("no tenant");
            assert_eq!(foreseen.changes, [], "{text}");
        }
        Err(error) => assert!(!error.diagnostics().is_empty(), "refused without a reason"),
    }
}

/// Reads the input as a mail log, and reduces it.
pub fn mail_log(input: &[u8]) {
    let mut log = LogReader::new(Timestamps { year: Some(2026), offset: 0 }, 4);
    let mut observations = Observations::new(16);
    let (mut lines, mut taken) = (0, 0);
    for line in input.split_inclusive(|&octet| octet == b'\n') {
        lines += 1;
        match log.push(line) {
            Line::Message(record) => record.with_request(|request| observations.observe(request, &Limits::default())),
            Line::Taken => taken += 1,
            Line::Other | Line::NotUnderstood(_) => {}
        }
    }
    let counts = log.counts();
    assert_eq!(counts.messages + counts.other + counts.not_understood + taken, lines, "a line is lost");
    assert_eq!(counts.messages, observations.requests(), "a message is lost");
    assert!(observations.tallies().count() <= 16, "more tallies than the bound");
    let text = observations.to_json_lines();
    assert_eq!(Observations::from_json_lines(&text).as_ref(), Ok(&observations), "{text}");
}

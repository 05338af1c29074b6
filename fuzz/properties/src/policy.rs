//! Policy texts: whatever is read can be written, and reads back as the same.

use sendas::{Diagnostic, Policy};

/// Reads the input in all three formats.
pub fn policy(input: &[u8]) {
    for read in [Policy::from_toml(input), Policy::from_json(input), Policy::from_json_lines(input)] {
        match read {
            Ok(policy) => {
                assert!(policy.check().is_empty(), "a policy that was read has problems");
                let read_back = Policy::from_json(policy.to_json());
                assert_eq!(read_back.as_ref(), Ok(&policy), "JSON does not read back");
                let read_back = Policy::from_json_lines(policy.to_json_lines());
                assert_eq!(read_back.as_ref(), Ok(&policy), "JSON Lines do not read back");
            }
            Err(error) => diagnosed(error.diagnostics(), input),
        }
    }
}

/// Every problem has a place within the text, and there is at least one.
pub(crate) fn diagnosed(diagnostics: &[Diagnostic], input: &[u8]) {
    assert!(!diagnostics.is_empty(), "refused without a reason");
    let lines = input.iter().filter(|octet| **octet == b'\n').count() + 1;
    for diagnostic in diagnostics {
        assert!((1..=lines + 1).contains(&diagnostic.line) && diagnostic.column >= 1, "{diagnostic:?}");
    }
}

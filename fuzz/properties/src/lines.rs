//! Policies as JSON Lines, compiled as they come.

use sendas::{HashKey, LinesError, Options, PolicyLines, Snapshot, SnapshotLines};

use crate::policy::diagnosed;

/// However a text is cut, it is compiled to what its policy is, or refused for what is wrong with that.
///
/// One text of eight is compiled once more, with so many blanks at one of its line ends that lines are compiled before the text ends;
/// that takes a hundred times as long.
pub fn lines(input: &[u8]) {
    compiled(input);
    if input.len() % 8 != 0 {
        return;
    }
    let ends = input.iter().filter(|octet| **octet == b'\n').count();
    if let Some((end, _)) = input.iter().enumerate().filter(|(_, octet)| **octet == b'\n').nth(ends / 2) {
        let (before, behind) = input.split_at(end);
        compiled(&[before, &[b' '; MORE_THAN_AT_ONCE], behind].concat());
    }
}

fn compiled(text: &[u8]) {
    let options = Options::new(HashKey([9; 16]));
    let mut reader = PolicyLines::new();
    text.split_inclusive(|octet| *octet == b'\n').for_each(|line| reader.push(line));
    let expected = reader.finish().map(|policy| {
        let snapshot = Snapshot::compile(&policy, &options).expect("a policy that was read is sound");
        snapshot.seal().expect("a compiled snapshot is sealed")
    });
    if let Err(error) = &expected {
        diagnosed(error.diagnostics(), text);
    }
    // Lengths of pieces, so that cuts come into every place of a line; long texts in long ones.
    let shortest = 1 + text.len() / 2_000;
    for factor in [1, 7, 64, text.len()] {
        let mut by_pieces = SnapshotLines::new(&options);
        text.chunks((shortest * factor).max(1)).for_each(|piece| by_pieces.push(piece));
        let found = match by_pieces.finish() {
            Ok(snapshot) => Ok(snapshot.seal().expect("a compiled snapshot is sealed")),
            Err(LinesError::Text(error)) => Err(error),
            Err(error) => panic!("{error}"),
        };
        assert!(found == expected, "{factor}: {:?} is not {:?}", found.err(), expected.err());
    }
}

/// More octets than are gathered before lines are compiled.
const MORE_THAN_AT_ONCE: usize = 256 * 1024 + 1;

//! Every text of a few pieces, for tests that hold two ways to read one together.

use alloc::vec::Vec;

/// Returns every row of exactly so many of the pieces, each as often as it likes.
pub(crate) fn rows<T: Copy>(pieces: &[T], length: u32) -> impl Iterator<Item = Vec<T>> {
    let piece = move |number: usize, place: u32| pieces[number / pieces.len().pow(place) % pieces.len()];
    (0..pieces.len().pow(length)).map(move |number| (0..length).map(|place| piece(number, place)).collect())
}

/// An address, and what is decoded, normalised, dropped or refused in a name, beside what shares octets with it.
pub(super) const UNUSUAL: [&str; 12] =
    ["a", "=", "?", "\u{ff20}", "@", "y.example", "\u{200b}", "\u{85}", "\u{7f}", "\u{202e}", "\u{e9}", "longer.text"];

/// An everyday address, and what may stand in and about one in a name.
pub(super) const EVERYDAY: [&str; 18] = [
    "a",
    "B1",
    "_",
    "-",
    ".",
    "..",
    "@",
    "@y.z",
    "@Y.example",
    "@y1.9",
    "'",
    "=",
    "?",
    " ",
    "\\",
    "\u{e9}",
    "\u{2014}",
    "\u{3002}",
];

#[test]
fn each_row_is_there_once() {
    let all = |length| rows(&['a', 'b'], length).collect::<Vec<_>>();
    assert_eq!(all(2), [['a', 'a'], ['b', 'a'], ['a', 'b'], ['b', 'b']]);
    assert_eq!(all(0), [Vec::<char>::new()]);
}

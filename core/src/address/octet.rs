//! Classes of octets (RFC 5322 §3.2.3, RFC 5321 §4.1.2).

/// `atext`.
pub(crate) const ATEXT: u16 = 1;
/// `qtext`: printable, neither quote nor backslash.
pub(crate) const QTEXT: u16 = 2;
/// `ctext`: printable, neither parenthesis nor backslash.
pub(crate) const CTEXT: u16 = 4;
/// Space or horizontal tab.
pub(crate) const WSP: u16 = 8;
/// A control character, horizontal tab, CR, LF and DEL among them.
pub(crate) const CONTROL: u16 = 16;
/// Not ASCII: part of a UTF-8 sequence.
pub(crate) const HIGH: u16 = 32;
/// Letter, digit or hyphen.
pub(crate) const LDH: u16 = 64;
/// `atext` but `=`, dot and space.
pub(crate) const WORDS: u16 = 128;
/// What stands in a quoted name without showing an address: space and `qtext` but `@` and `=`.
pub(crate) const NAME: u16 = 512;
/// What a quoted name shows as it stands, without an encoded-word: space and `qtext` but `=`.
pub(crate) const SHOWN: u16 = 1024;
/// What stands in quotes and in comments without a meaning of its own: space and printable octets but quote, backslash,
/// parentheses, `@` and `=`.
pub(crate) const INNER: u16 = 4096;
/// `atext`, dot and space.
pub(crate) const PHRASE: u16 = 2048;
/// `atext`, dot and at sign: what stands in an address and begins no other token.
pub(crate) const INSIDE: u16 = 16384;
/// Printable, and no space.
pub(crate) const GRAPHIC: u16 = 256;
/// `ftext`: what stands in a field name.
pub(crate) const FTEXT: u16 = 8192;
/// What a name may decode to without a look at its characters: space and printable octets but `@` and `=`, and those
/// of other characters but the first ones of some that are refused or shown as an at sign.
pub(crate) const HARMLESS: u16 = 32768;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;
/// The bit in which a small letter differs from its capital.
pub(super) const CASE: u8 = 0x20;
/// That of each octet.
const CASES: u64 = ONES * CASE as u64;

/// Calls `find` with the octets, eight at a time, and tells whether it ever turned the high bit of one on.
///
/// It may be called twice with an octet, and with the octet `filler` where there are fewer than eight.
#[inline]
fn any(octets: &[u8], filler: u8, find: impl Fn(u64) -> u64) -> bool {
    let last = match octets.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => octets.iter().fold(ONES * u64::from(filler), |last, &octet| last << 8 | u64::from(octet)),
    };
    let finds = |word| find(word) & HIGHS != 0;
    let mut rest = octets;
    while let Some((word, after)) = rest.split_first_chunk() {
        if finds(u64::from_le_bytes(*word)) {
            return true;
        }
        rest = after;
    }
    finds(last)
}

/// Tells whether every octet is greater than `bound`, which is ASCII.
#[inline(always)]
pub(crate) fn all_are_over(octets: &[u8], bound: u8) -> bool {
    let (Some(first), Some(last)) = (octets.first_chunk::<16>(), octets.last_chunk::<16>()) else {
        // In a word from which the bound's successor is taken, only an octet below it turns its high bit on.
        return !any(octets, 0x7f, |word| word.wrapping_sub(ONES * (u64::from(bound) + 1)) & !word);
    };
    // The least at each of sixteen places, which processors find at once.
    let mut least = *last;
    let mut lower = |chunk: &[u8]| least.iter_mut().zip(chunk).for_each(|(least, octet)| *least = (*least).min(*octet));
    lower(first);
    if octets.len() > 32 {
        octets.chunks_exact(16).for_each(lower);
    }
    least.iter().all(|&octet| octet > bound)
}

/// Tells whether a capital letter is among the octets, which are letters, digits, hyphens and dots.
#[inline]
pub(crate) fn has_capital(octets: &[u8]) -> bool {
    // All of these but capitals have the bit.
    let all = |chunks: &[&[u8; 8]]| chunks.iter().fold(CASES, |all, chunk| all & u64::from_le_bytes(**chunk));
    match (eights(octets), octets.last_chunk()) {
        (Some(chunks), _) => all(&chunks) != CASES,
        (None, Some(last)) => {
            let mut chunks = octets.chunks_exact(8).filter_map(<[u8]>::first_chunk);
            chunks.any(|chunk| all(&[chunk, last]) != CASES)
        }
        (None, None) => octets.iter().any(u8::is_ascii_uppercase),
    }
}

/// Four times eight octets, which together are all of a text of eight to 32.
///
/// They are the same steps for every such length, which no processor has to guess.
#[inline(always)]
fn eights(text: &[u8]) -> Option<[&[u8; 8]; 4]> {
    let last = text.len().checked_sub(8).filter(|&last| last <= 24)?;
    let chunk = |place: usize| text.get(place..).and_then(<[u8]>::first_chunk);
    Some([chunk(0)?, chunk(last.min(8))?, chunk(last.min(16))?, chunk(last)?])
}

/// The first and the last octets of a text of four to sixteen, which together are all of it.
#[inline]
fn ends(text: &[u8]) -> Option<(u64, u64)> {
    if let (Some(first), Some(last), true) = (text.first_chunk(), text.last_chunk(), text.len() <= 16) {
        return Some((u64::from_le_bytes(*first), u64::from_le_bytes(*last)));
    }
    let (first, last) = (text.first_chunk()?, text.last_chunk()?);
    (text.len() <= 8).then(|| (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))))
}

/// Whether two texts are the same: `==`, without a call for texts as short as most addresses are.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        16..=32 => begin_and_end_alike::<16>(a, b),
        8..16 => begin_and_end_alike::<8>(a, b),
        4..8 => begin_and_end_alike::<4>(a, b),
        _ => a == b,
    }
}

/// Whether the first `N` octets of two texts are the same, and the last `N`: all of them, in texts of `N` to twice as many.
#[inline(always)]
fn begin_and_end_alike<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    match (a.first_chunk::<N>(), b.first_chunk::<N>(), a.last_chunk::<N>(), b.last_chunk::<N>()) {
        (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) => (a_first == b_first) & (a_last == b_last),
        _ => false,
    }
}

/// Whether two texts are the same but for the case of ASCII letters: `eq_ignore_ascii_case`, sooner for short ones.
#[inline(never)]
pub(crate) fn same_but_for_case(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if let (Some(a), Some(b)) = (ends(a), ends(b)) {
        return a == b || same_word_but_for_case(a.0, b.0) && same_word_but_for_case(a.1, b.1);
    }
    long_but_for_case(a, b)
}

/// The same for texts of one length, of which nothing else is known.
#[inline(never)]
fn long_but_for_case(a: &[u8], b: &[u8]) -> bool {
    let word = |octets: &[u8]| octets.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a.eq_ignore_ascii_case(b);
    };
    let mut words = a.chunks_exact(8).zip(b.chunks_exact(8));
    words.all(|(a, b)| same_word_but_for_case(word(a), word(b))) && same_word_but_for_case(word(last_a), word(last_b))
}

/// Whether eight octets differ from eight others at most in the case of ASCII letters.
#[inline]
const fn same_word_but_for_case(a: u64, b: u64) -> bool {
    let differs = a ^ b;
    // Where the bit differs, it is shifted to the high one. Most words of addresses that differ so are the same.
    differs == 0 || differs & !CASES == 0 && (differs << 2) & !letters(a) == 0
}

/// Octets with ASCII capital letters made small, eight in a word.
#[inline]
pub(crate) fn folded<const N: usize>(words: [u64; N]) -> [u64; N] {
    // Capitals are among the octets without the bit, and most texts have none of these.
    if words.iter().fold(CASES, |all, word| all & word) == CASES {
        return words;
    }
    words.map(|word| word | (letters(word) & HIGHS) >> 2)
}

/// Turns the high bit of each octet on that is an ASCII letter, and leaves other bits as they fall.
#[inline]
const fn letters(word: u64) -> u64 {
    const FROM: u64 = ONES * (0x80 - b'a' as u64);
    const BEHIND: u64 = ONES * (0x80 - b'z' as u64 - 1);
    let small = (word & !HIGHS) | CASES;
    (small + FROM) & !(small + BEHIND) & !word
}

/// Finds the first of an octet.
#[inline]
pub(crate) fn position(octets: &[u8], sought: u8) -> Option<usize> {
    let mut rest = octets;
    while let Some((word, after)) = rest.split_first_chunk() {
        // The lowest high bit is that of the first octet which is zero.
        let word = u64::from_le_bytes(*word) ^ (ONES * u64::from(sought));
        let found = word.wrapping_sub(ONES) & !word & HIGHS;
        if found != 0 {
            return Some(octets.len() - rest.len() + found.trailing_zeros() as usize / 8);
        }
        rest = after;
    }
    rest.iter().position(|&octet| octet == sought).map(|found| octets.len() - rest.len() + found)
}

/// Finds the first CR, LF or NUL.
#[inline]
pub(crate) fn line_end(octets: &[u8]) -> Option<usize> {
    let is_end = |octet: &u8| matches!(octet, b'\r' | b'\n' | 0);
    let mut rest = octets;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        // Where none is as low as a CR, no high bit is turned on.
        let word = u64::from_le_bytes(*chunk);
        let is_low = word.wrapping_sub(ONES * (u64::from(b'\r') + 1)) & !word & HIGHS != 0;
        if is_low {
            if let Some(found) = chunk.iter().position(is_end) {
                return Some(octets.len() - rest.len() + found);
            }
        }
        rest = after;
    }
    rest.iter().position(is_end).map(|found| octets.len() - rest.len() + found)
}

/// Finds the last of an octet.
#[inline]
pub(crate) fn last_position(octets: &[u8], sought: u8) -> Option<usize> {
    let mut rest = octets;
    while let Some((before, word)) = rest.split_last_chunk() {
        // The high bit of each octet that is zero, and of no other.
        let word = u64::from_le_bytes(*word) ^ (ONES * u64::from(sought));
        let found = !(((word & !HIGHS) + !HIGHS) | word) & HIGHS;
        if found != 0 {
            return Some(rest.len() - 1 - found.leading_zeros() as usize / 8);
        }
        rest = before;
    }
    rest.iter().rposition(|&octet| octet == sought)
}

/// Returns how many octets at the start are in a class.
#[inline]
pub(crate) fn leading(octets: &[u8], class: u16) -> usize {
    let mut rest = octets;
    while let Some((&[a, b, c, d], after)) = rest.split_first_chunk() {
        if classes(a) & classes(b) & classes(c) & classes(d) & class == 0 {
            break;
        }
        rest = after;
    }
    while let [octet, after @ ..] = rest {
        if !is(*octet, class) {
            break;
        }
        rest = after;
    }
    octets.len() - rest.len()
}

/// Tells whether every octet is in a class.
#[inline]
pub(crate) fn all_are(octets: &[u8], class: u16) -> bool {
    common(octets) & class != 0
}

/// Tells whether this is a field name, which is one `ftext` or more (RFC 5322 §2.2), sooner where it is of four to eight.
#[inline(always)]
pub(crate) fn is_field_name(octets: &[u8]) -> bool {
    const BELOW: u64 = ONES * (0x80 - b'!' as u64);
    // An octet that is not ASCII fails by its own high bit, and only such a one carries into another.
    let are = |word: u64| {
        let (visible, others) = (word.wrapping_add(BELOW), (word ^ (ONES * u64::from(b':'))).wrapping_add(!HIGHS));
        visible & others & !(word | word.wrapping_add(ONES)) & HIGHS == HIGHS
    };
    match (octets.first_chunk(), octets.last_chunk()) {
        (Some(first), Some(last)) if octets.len() <= 8 => {
            are(u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32)
        }
        _ => is_other_field_name(octets),
    }
}

#[inline(never)]
fn is_other_field_name(octets: &[u8]) -> bool {
    !octets.is_empty() && all_are(octets, FTEXT)
}

/// Returns the classes that every octet is in.
#[inline]
pub(crate) fn common(octets: &[u8]) -> u16 {
    let of_all = |octets: &[u8]| octets.iter().fold(u16::MAX, |all, &octet| all & classes(octet));
    let Some(last) = octets.last_chunk::<4>() else { return of_all(octets) };
    // Octets that are among the last and the others do no harm twice.
    let mut all = of_all(last);
    let mut rest = octets;
    while let Some((chunk, after)) = rest.split_first_chunk::<4>() {
        all &= of_all(chunk);
        rest = after;
    }
    all
}

/// Tells whether the octet is in one of the classes.
#[inline]
pub(crate) const fn is(octet: u8, classes: u16) -> bool {
    self::classes(octet) & classes != 0
}

/// Returns all classes that the octet is in.
#[inline]
pub(crate) const fn classes(octet: u8) -> u16 {
    #[expect(clippy::indexing_slicing, reason = "the table has an entry for every octet")]
    TABLE[octet as usize]
}

static TABLE: [u16; 256] = table();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated when compiled, below 256")]
const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let octet = index as u8;
        let mut class = 0;
        if octet.is_ascii_alphanumeric()
            || matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
        {
            class |= ATEXT;
        }
        if octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\') {
            class |= QTEXT;
        }
        if octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'\\') {
            class |= CTEXT;
        }
        if matches!(octet, b' ' | b'\t') {
            class |= WSP;
        }
        if octet.is_ascii_control() {
            class |= CONTROL;
        }
        if !octet.is_ascii() {
            class |= HIGH;
        }
        if octet.is_ascii_alphanumeric() || octet == b'-' {
            class |= LDH;
        }
        if class & ATEXT != 0 && octet != b'=' || matches!(octet, b' ' | b'.') {
            class |= WORDS;
        }
        if octet.is_ascii_graphic() && octet != b':' {
            class |= FTEXT;
        }
        if octet.is_ascii_graphic() {
            class |= GRAPHIC;
        }
        if class & QTEXT != 0 && !matches!(octet, b'@' | b'=') || octet == b' ' {
            class |= NAME;
        }
        if class & QTEXT != 0 && octet != b'=' || octet == b' ' {
            class |= SHOWN;
        }
        if class & QTEXT != 0 && !matches!(octet, b'(' | b')' | b'@' | b'=') || octet == b' ' {
            class |= INNER;
        }
        if class & ATEXT != 0 || matches!(octet, b'.' | b'@') {
            class |= INSIDE;
        }
        if class & ATEXT != 0 || matches!(octet, b' ' | b'.') {
            class |= PHRASE;
        }
        if !octet.is_ascii_control() && !matches!(octet, b'@' | b'=' | 0xc2 | 0xe2 | 0xef) {
            class |= HARMLESS;
        }
        table[index] = class;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{
        ATEXT, FTEXT, LDH, all_are, all_are_over, has_capital, is, is_field_name, last_position, leading, line_end,
        position, same, same_but_for_case,
    };

    #[test]
    fn two_texts_are_the_same_as_the_standard_library_has_it() {
        let octets =
            |length: usize, add: u8| (0..length).map(|at| b"a@[zAZ`{\x00\xe1\xc1_"[at % 12] ^ add).collect::<Vec<u8>>();
        for length in 0..40 {
            for add in [0, 0x01, 0x20, 0x80, 0xa0] {
                let (a, mut b) = (octets(length, 0), octets(length, add));
                for at in 0..=length {
                    assert_eq!(same(&a, &b), a == b);
                    assert_eq!(same_but_for_case(&a, &b), a.eq_ignore_ascii_case(&b), "{a:?} {b:?}");
                    if let Some(octet) = b.get_mut(at) {
                        *octet = a[at];
                    }
                }
                assert!(!same(&a, &octets(length + 1, 0)) && !same_but_for_case(&octets(length + 1, 0), &a));
                for at in 0..length {
                    for bit in 0..8 {
                        let mut other = a.clone();
                        other[at] ^= 1 << bit;
                        assert!(!same(&a, &other));
                        assert_eq!(same_but_for_case(&a, &other), a.eq_ignore_ascii_case(&other), "{a:?} {other:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn octets_of_a_field_name_are_told_as_the_table_tells_them() {
        assert!(!is_field_name(b""));
        for octet in 0..=255 {
            for other in [b'a', b':', b'!', b'~', b' ', 0x7f, 0x80, 0xff] {
                each_place(other, octet, |octets, _| {
                    assert_eq!(is_field_name(octets), all_are(octets, FTEXT), "{}", octets.escape_ascii());
                });
                // Among sound ones, so that nothing but the two tells.
                for place in 0..7 {
                    let mut octets = *b"Subjects";
                    (octets[place], octets[place + 1]) = (octet, other);
                    assert_eq!(is_field_name(&octets), all_are(&octets, FTEXT), "{}", octets.escape_ascii());
                }
            }
        }
    }

    /// Hands over up to 20 octets `other`, with one octet at each place among them in turn.
    fn each_place(other: u8, octet: u8, mut check: impl FnMut(&[u8], usize)) {
        for length in 1..20 {
            for at in 0..length {
                let mut octets = [other; 20];
                octets[at] = octet;
                check(&octets[..length], at);
            }
        }
    }

    #[test]
    fn an_octet_at_the_bound_is_found_wherever_it_stands() {
        for length in 0..40 {
            let mut octets = [0xff_u8; 40];
            let octets = &mut octets[..length];
            assert!(all_are_over(octets, 13));
            for at in 0..length {
                for (octet, over) in [(0, false), (13, false), (14, true), (0x80, true), (0x8d, true)] {
                    octets[at] = octet;
                    assert_eq!(all_are_over(octets, 13), over, "{octet} at {at} of {length}");
                }
                octets[at] = 14;
            }
        }
    }

    #[test]
    fn the_first_and_the_last_of_an_octet_are_found_wherever_they_stand() {
        for sought in [0, 1, b'@', b'?', 0x7f, 0x80, 0xc2, 0xef, 0xff] {
            for other in 0..=255_u8 {
                each_place(other, sought, |octets, at| {
                    let last = octets.len() - 1;
                    assert_eq!(position(octets, sought), Some(if other == sought { 0 } else { at }));
                    assert_eq!(last_position(octets, sought), Some(if other == sought { last } else { at }));
                });
                assert_eq!(last_position(&[other; 20], sought), (other == sought).then_some(19));
                let found = position(&[other; 20], sought);
                assert_eq!(found, (other == sought).then_some(0), "{sought:#x} among {other:#x}");
            }
            // What differs in the lowest bit alone could be taken for it where a borrow comes from below.
            each_place(sought ^ 1, sought, |octets, at| {
                let twice = [octets, octets].concat();
                assert_eq!(position(&twice, sought), Some(at));
                assert_eq!(last_position(&twice, sought), Some(octets.len() + at));
            });
        }
    }

    #[test]
    fn the_first_end_of_a_line_is_found_wherever_it_stands() {
        for octet in 0..=255_u8 {
            let is_end = matches!(octet, b'\r' | b'\n' | 0);
            for other in [b'a', b'\t', 1, 0x80, 0x8d, 0xff] {
                each_place(other, octet, |octets, at| {
                    assert_eq!(line_end(octets), is_end.then_some(at), "{octet:#x} among {other:#x}");
                    let twice = [octets, octets].concat();
                    assert_eq!(line_end(&twice), is_end.then_some(at), "{octet:#x} among {other:#x}");
                });
            }
        }
    }

    #[test]
    fn a_capital_is_found_wherever_it_stands_and_nothing_else() {
        for octet in (0..=0x7f_u8).filter(|&octet| is(octet, LDH) || octet == b'.') {
            for other in *b"-.09az" {
                each_place(other, octet, |octets, _| {
                    assert_eq!(has_capital(octets), octet.is_ascii_uppercase(), "{octet:#x} among {other:#x}");
                });
            }
        }
    }

    #[test]
    fn octets_of_a_class_are_counted_up_to_the_first_of_another() {
        for other in [b'_', 0, 0x7f, 0x80] {
            each_place(b'a', other, |octets, at| assert_eq!(leading(octets, LDH), at));
        }
        assert_eq!(leading(&[b'a'; 20], LDH), 20);
    }

    #[test]
    fn octets_are_all_of_a_class_or_not_whatever_their_number() {
        assert!(all_are(&[], LDH));
        for length in 1..20 {
            assert!(all_are(&[b'a'; 20][..length], LDH));
        }
        for other in [b'_', 0, 0x7f, 0x80] {
            each_place(b'a', other, |octets, _| assert!(!all_are(octets, LDH)));
        }
    }

    #[test]
    fn atext_is_the_set_of_rfc_5322() {
        let listed = b"!#$%&'*+-/=?^_`{|}~";
        for octet in 0..=255_u8 {
            assert_eq!(is(octet, ATEXT), octet.is_ascii_alphanumeric() || listed.contains(&octet), "{octet:#x}");
        }
    }
}

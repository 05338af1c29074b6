//! Everyday U-labels: of letters that UTS 46 leaves as they are, whatever stands beside them.
//!
//! What is read here UTS 46 reads alike. What is not everyday, right or wrong, is left to it.

use super::domain::{MAX_DOMAIN, MAX_NAME, check_label};
use super::octet::{self, LDH};
use super::punycode::{self, MOST};

/// Tells of a name in lower case and in form whether each of its A-labels stands for an everyday U-label.
pub(super) fn has_everyday(name: &[u8]) -> bool {
    name.split(|&octet| octet == b'.').all(|label| label.strip_prefix(PREFIX).is_none_or(is_everyday_a_label))
}

/// Writes the canonical form of a name with U-labels into `out`, if each of its labels is everyday, and returns its length.
pub(super) fn write(name: &str, out: &mut [u8; MAX_DOMAIN]) -> Option<usize> {
    let mut end = 0;
    for label in name.split('.') {
        let start = end;
        let mut put = |octet| {
            *out.get_mut(end)? = octet;
            end += 1;
            Some(())
        };
        let is_ascii = label.is_ascii();
        if is_ascii {
            octet::all_are(label.as_bytes(), LDH).then_some(())?;
            label.bytes().try_for_each(|octet| put(octet.to_ascii_lowercase()))?;
        } else {
            let mut room = ['\0'; MOST];
            let label = lower_in(label, &mut room).filter(|label| is_everyday(label))?;
            PREFIX.iter().try_for_each(|&octet| put(octet))?;
            punycode::encode(label, &mut put)?;
        }
        let written = out.get(start..end)?;
        let is_a_label = check_label(written).ok()?;
        if is_ascii && is_a_label {
            written.strip_prefix(PREFIX).filter(|&encoded| is_everyday_a_label(encoded))?;
        }
        *out.get_mut(end)? = b'.';
        end += 1;
    }
    // Behind the last label there is no dot.
    end.checked_sub(1).filter(|&length| length <= MAX_NAME)
}

/// Takes the characters of a label apart, ASCII letters in lower case.
fn lower_in<'r>(label: &str, room: &'r mut [char; MOST]) -> Option<&'r [char]> {
    let mut length = 0;
    for character in label.chars() {
        *room.get_mut(length)? = character.to_ascii_lowercase();
        length += 1;
    }
    room.get(..length)
}

fn is_everyday_a_label(encoded: &[u8]) -> bool {
    punycode::decode(encoded, &mut ['\0'; MOST]).is_some_and(is_everyday)
}

/// Tells whether a label with other characters than ASCII is everyday.
fn is_everyday(label: &[char]) -> bool {
    let is_hyphen = |place: Option<&char>| place == Some(&'-');
    let has_hyphen_at_an_end = is_hyphen(label.first()) || is_hyphen(label.last());
    let has_hyphens_in_third_place = is_hyphen(label.get(2)) && is_hyphen(label.get(3));
    !(has_hyphen_at_an_end || has_hyphens_in_third_place)
        && label.iter().all(|&character| {
            matches!(character, 'a'..='z' | '0'..='9' | '-') || !character.is_ascii() && is_letter(character)
        })
}

/// Tells whether the character is one of the everyday letters: each is valid in UTS 46, starts what is composed and is
/// never composed with what stands before it, and is written from left to right.
fn is_letter(character: char) -> bool {
    LETTERS.iter().any(|&(first, last, between)| {
        (first..=last).contains(&character) && (u32::from(character) - u32::from(first)) & between == 0
    })
}

/// The first and the last of letters, and 1 where there is a capital between any two, otherwise 0.
const LETTERS: [(char, char, u32); 17] = [
    ('\u{df}', '\u{f6}', 0), // Latin
    ('\u{f8}', '\u{ff}', 0),
    ('\u{101}', '\u{131}', 1),
    ('\u{135}', '\u{137}', 1),
    ('\u{13a}', '\u{13e}', 1),
    ('\u{142}', '\u{148}', 1),
    ('\u{14b}', '\u{177}', 1),
    ('\u{17a}', '\u{17e}', 1),
    ('\u{219}', '\u{21b}', 1),
    ('\u{3ac}', '\u{3ce}', 0), // Greek
    ('\u{430}', '\u{45f}', 0), // Cyrillic
    ('\u{491}', '\u{491}', 0),
    ('\u{3041}', '\u{3096}', 0), // Hiragana
    ('\u{30a1}', '\u{30fa}', 0), // Katakana
    ('\u{30fc}', '\u{30fc}', 0),
    ('\u{4e00}', '\u{9fff}', 0), // Han
    ('\u{ac00}', '\u{d7a3}', 0), // Hangul
];

const PREFIX: &[u8] = b"xn--";

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use icu_normalizer::properties::{CanonicalCombiningClassMap, CanonicalDecomposition, Decomposed};
    use icu_properties::CodePointMapData;
    use icu_properties::props::{BidiClass, JoiningType};

    use super::{has_everyday, is_letter, write};
    use crate::address::domain::{MAX_DOMAIN, are_a_labels, canonicalize_any, form};
    use crate::address::unicode;

    /// The everyday letters, in their order.
    fn letters() -> Vec<char> {
        ('\0'..=char::MAX).filter(|&character| is_letter(character)).collect()
    }

    /// Reads a name in both ways, and tells whether it is everyday.
    fn compare(name: &str) -> bool {
        let (mut own, mut room) = ([0; MAX_DOMAIN], [0; MAX_DOMAIN]);
        if name.is_ascii() {
            let is_name = form(name.as_bytes(), &mut room) == Ok(true);
            let lower = &room[..name.len().min(MAX_DOMAIN)];
            let is_everyday = is_name && has_everyday(lower);
            assert!(!is_everyday || are_a_labels(lower), "{name}");
            return is_everyday;
        }
        let Some(length) = write(name, &mut own) else { return false };
        let other = canonicalize_any(name.as_bytes(), &mut room);
        assert_eq!(other.map(|length| &room[..length]), Ok(&own[..length]), "{name}");
        true
    }

    /// What the rules of UTS 46 §4.1 and of normalization look at in more than one character, for each code point that there is.
    #[test]
    fn an_everyday_letter_is_the_same_whatever_stands_beside_it() {
        let mut behind = BTreeSet::new();
        for character in '\0'..=char::MAX {
            if let Decomposed::Expansion(_, second) = CanonicalDecomposition::new().decompose(character) {
                behind.insert(second);
            }
        }
        let letters = letters();
        assert_eq!(letters.len(), 32_519);
        for character in letters {
            assert!(!behind.contains(&character), "{character:?} is composed with what stands before it");
            assert_eq!(CanonicalCombiningClassMap::new().get_u8(character), 0);
            assert_eq!(CodePointMapData::<BidiClass>::new().get(character), BidiClass::LeftToRight, "{character:?}");
            assert_eq!(CodePointMapData::<JoiningType>::new().get(character), JoiningType::NonJoining, "{character:?}");
            assert!(!unicode::is_mark(character) && !unicode::is_unassigned(character), "{character:?}");
            for label in [format!("{character}"), format!("{character}{character}"), format!("a{character}-1")] {
                assert!(compare(&format!("{label}.example")), "{label}");
            }
        }
    }

    #[test]
    fn no_capital_and_nothing_that_is_mapped_is_everyday() {
        for name in [
            "\u{c9}.example",
            "\u{130}.example",
            "\u{132}.example",
            "\u{133}.example",
            "\u{140}.example",
            "\u{149}.example",
            "\u{17f}.example",
            "e\u{301}.example",
            "\u{301}.example",
            "\u{304b}\u{3099}.example",
            "\u{1100}\u{1161}.example",
            "\u{ac00}\u{11a8}.example",
            "\u{5d0}.example",
            "\u{e9}\u{200d}.example",
            "\u{ad}\u{e9}.example",
            "\u{ff41}.example",
            "\u{e9}\u{3002}example",
            "-\u{e9}.example",
            "\u{e9}-.example",
            "ab--\u{e9}.example",
            "xn--\u{e9}.example",
            "xn--a.\u{e9}.example",
            "xn--abc-.\u{e9}.example",
            "\u{e9}..example",
            "\u{e9}.example.",
            ".\u{e9}",
            "\u{e9}.a_b",
            "\u{e9}.-a",
            "xn--ls8h.example",
            "xn--a-ecp.example",
            "xn--4dbrk0ce.example",
            "xn--4gbrim.example",
            "xn--a.example",
            "xn--abc-.example",
            "bcher-kva.example",
        ] {
            assert!(!compare(name), "{name}");
        }
        let a_label = |label| format!("xn--{}.example", idna::punycode::encode_str(label).unwrap_or_default());
        let long = "\u{e9}".repeat(60);
        let longest = "\u{e9}.".repeat(30) + &"a".repeat(13);
        for (name, is_everyday) in [
            (format!("{long}.example"), false),
            (format!("{}.example", &long[..2 * 57]), true),
            (format!("{}.example", &long[..2 * 58]), false),
            (longest.clone(), true),
            (longest + "a", false),
            (a_label("ab-\u{e9}"), true),
            (a_label("ab--\u{e9}"), false),
            (a_label("-\u{e9}"), false),
        ] {
            assert_eq!(compare(&name), is_everyday, "{name}");
        }
    }

    /// Of letters and of what is none, in any order, as U-labels and as A-labels.
    #[test]
    fn what_is_everyday_is_read_as_uts_46_has_it() {
        const OTHERS: [char; 22] = [
            'a', 'z', 'X', 'n', '-', '-', '0', '9', '.', '.', '\u{300}', '\u{3099}', '\u{1161}', '\u{11a8}',
            '\u{200d}', '\u{ad}', '\u{c9}', '\u{3c2}', '\u{5d0}', '\u{660}', '\u{94d}', '\u{3002}',
        ];
        // xorshift64, so that the names are the same each time; it may begin with any number but zero.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap_or(0)
        };
        let letters = letters();
        let (mut everyday, mut others) = (0_u32, 0_u32);
        for _ in 0..60_000 {
            let few = next(4) > 0;
            let name: String = (0..1 + next(10))
                .map(|_| match next(4) {
                    0 => OTHERS[next(if few { 10 } else { OTHERS.len() })],
                    1 => 'b',
                    2 => letters[next(110)],
                    _ => letters[next(letters.len())],
                })
                .collect();
            let label = idna::punycode::encode_str(&name.to_lowercase()).unwrap_or_default();
            for name in [format!("xN--{label}.Example"), format!("\u{e9}.xn--{label}"), name] {
                let is_everyday = compare(&name);
                everyday += u32::from(is_everyday);
                others += u32::from(!is_everyday);
            }
        }
        assert!(everyday > 20_000 && others > 20_000, "{everyday} {others}");
    }
}

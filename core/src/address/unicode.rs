//! The Unicode properties that decide what may stand in an address.

use alloc::borrow::Cow;

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Returns the version of the Unicode tables in use, such as `17.0`; another can change what is canonical.
///
/// The tables do not state it, so it is told from what each version was the first to assign.
#[must_use]
pub fn unicode_version() -> &'static str {
    FIRST_ASSIGNED
        .into_iter()
        .find(|&(character, _)| !is_unassigned(character))
        .map_or("15.1 or older", |(_, version)| version)
}

/// Tells whether the text is in Normalization Form C (UAX 15).
pub(crate) fn is_nfc(text: &str) -> bool {
    NFC.is_normalized(text)
}

/// Brings the text to Normalization Form C.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    NFC.normalize(text)
}

/// Brings the text to Normalization Form KC.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    const { ComposingNormalizer::new_nfkc() }.normalize(text)
}

/// Tells whether nothing is to be shown for the character (UAX 44, Default_Ignorable_Code_Point).
pub(crate) fn is_default_ignorable(character: char) -> bool {
    !character.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Tells whether the character is unassigned or a noncharacter in [`unicode_version`].
pub(crate) fn is_unassigned(character: char) -> bool {
    !character.is_ascii() && CodePointMapData::<GeneralCategory>::new().get(character) == GeneralCategory::Unassigned
}

/// Tells whether the character is white space (UAX 44, White_Space).
pub(crate) fn is_white_space(character: char) -> bool {
    CodePointSetData::new::<WhiteSpace>().contains(character)
}

/// Tells whether the character changes the direction of the text about it (UAX 9, Bidi_Control).
pub(crate) fn is_bidi_control(character: char) -> bool {
    !character.is_ascii() && CodePointSetData::new::<BidiControl>().contains(character)
}

/// Tells whether the character embeds, overrides or isolates a direction: U+202A to U+202E, U+2066 to U+2069.
pub(crate) const fn is_bidi_embedding(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Tells whether the character is a mark, which is shown joined to what stands before it.
pub(crate) fn is_mark(character: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(character))
}

/// Tells whether the character is a letter, a mark or a number.
pub(crate) fn is_alphanumeric(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Number)
        .contains(category)
}

/// A character of each version that no earlier one has assigned.
const FIRST_ASSIGNED: [(char, &str); 3] =
    [('\u{3d000}', "18.0 or newer"), ('\u{11db0}', "17.0"), ('\u{10d40}', "16.0")];

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();

#[cfg(test)]
mod tests {
    use super::{is_default_ignorable, is_unassigned, unicode_version};

    #[test]
    fn the_tables_state_their_version() {
        assert!(matches!(unicode_version(), "17.0" | "18.0 or newer"), "{}", unicode_version());
        assert!(is_unassigned('\u{378}'));
        assert!(is_unassigned('\u{fffe}'), "a noncharacter");
    }

    #[test]
    fn soft_hyphen_and_joiners_are_ignorable() {
        for character in ['\u{ad}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{202e}', '\u{3164}'] {
            assert!(is_default_ignorable(character), "{character:?}");
        }
    }
}

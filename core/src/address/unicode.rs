//! The Unicode properties that decide what may stand in an address.

use alloc::borrow::Cow;

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The version of the Unicode tables in use.
pub const UNICODE_VERSION: &str = "17.0";

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

/// Tells whether the character is unassigned or a noncharacter in [`UNICODE_VERSION`].
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

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();

#[cfg(test)]
mod tests {
    use super::{UNICODE_VERSION, is_default_ignorable, is_unassigned};

    #[test]
    fn the_tables_are_of_the_version_stated() {
        assert_eq!(UNICODE_VERSION, "17.0");
        assert!(!is_unassigned('\u{11db0}'), "Tolong Siki, new in 17.0");
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

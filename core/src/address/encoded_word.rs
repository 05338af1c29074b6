//! Decodes encoded-words (RFC 2047, with the language suffix of RFC 2231 §5).

use encoding_rs::{Encoding, UTF_8};
use smallvec::SmallVec;

use super::octet::{self, GRAPHIC, HARMLESS, INSIDE};
use super::text::Text;

/// An encoded-word, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedWord<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
}

impl<'a> EncodedWord<'a> {
    /// Reads the encoded-word at the start of `octets`, and returns it with what follows.
    ///
    /// `encoded-word = "=?" charset ["*" language] "?" ("B" / "Q") "?" encoded-text "?="`
    pub(crate) fn split(octets: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (charset, rest) = token(octets.strip_prefix(b"=?")?)?;
        let (encoding, rest) = token(rest)?;
        let base64 = match encoding {
            [b'B' | b'b'] => true,
            [b'Q' | b'q'] => false,
            _ => return None,
        };
        let (text, rest) = token(rest)?;
        let charset = charset.get(..octet::position(charset, b'*').unwrap_or(charset.len())).unwrap_or_default();
        (!charset.is_empty()).then_some((Self { charset, base64, text }, rest.strip_prefix(b"=")?))
    }
}

/// Tells whether octets are encoded-words in UTF-8, as most senders write them, and decode to text that need not be
/// looked at: no character in it is refused, is shown as an at sign or begins another encoded-word.
///
/// `false` says nothing about them.
pub(crate) fn are_harmless(words: &[u8]) -> bool {
    let mut room = [0; ROOM];
    let (mut length, mut classes) = (0, HARMLESS);
    let mut put = |octet| {
        if let Some(place) = room.get_mut(length) {
            *place = octet;
        }
        length += 1;
        classes &= octet::classes(octet);
    };
    let mut rest = words;
    while let Some((head, text)) = rest.split_first_chunk::<10>() {
        let Some((text, after)) = text.split_at_checked(octet::leading(text, INSIDE)) else { return false };
        let Some(text) = text.strip_suffix(b"?=").filter(|text| octet::position(text, b'?').is_none()) else {
            return false;
        };
        let decoded = match head {
            [b'=', b'?', b'U' | b'u', b'T' | b't', b'F' | b'f', b'-', b'8', b'?', b'Q' | b'q', b'?'] => {
                q(text, &mut put)
            }
            [b'=', b'?', b'U' | b'u', b'T' | b't', b'F' | b'f', b'-', b'8', b'?', b'B' | b'b', b'?'] => {
                base64(text, &mut put)
            }
            _ => None,
        };
        if decoded.is_none() {
            return false;
        }
        rest = after;
        while let [b' ' | b'\t' | b'\r' | b'\n', next @ ..] = rest {
            rest = next;
        }
    }
    rest.is_empty() && classes != 0 && room.get(..length).is_some_and(|text| core::str::from_utf8(text).is_ok())
}

/// More octets than most names decode to.
const ROOM: usize = 128;

/// Encoded-words that stand side by side, decoded as they come.
#[derive(Default)]
pub(crate) struct Decoder {
    /// The charset of the octets not yet decoded.
    charset: Option<&'static Encoding>,
    octets: SmallVec<[u8; ROOM]>,
}

impl Decoder {
    /// Takes the next encoded-word; octets of one charset are joined before they are decoded into `out`.
    pub(crate) fn push(&mut self, word: &EncodedWord<'_>, out: &mut Text) -> Result<(), Undecodable> {
        let charset = if word.charset.eq_ignore_ascii_case(b"utf-8") {
            UTF_8
        } else {
            Encoding::for_label_no_replacement(word.charset).ok_or(Undecodable::UnknownCharset)?
        };
        self.octets.reserve(word.text.len());
        if self.charset.is_some_and(|current| current != charset) {
            self.finish(out)?;
        }
        self.charset = Some(charset);
        let put = |octet| self.octets.push(octet);
        let decoded = if word.base64 { base64(word.text, put) } else { q(word.text, put) };
        decoded.ok_or(Undecodable::Malformed)
    }

    /// Decodes what is left into `out`.
    pub(crate) fn finish(&mut self, out: &mut Text) -> Result<(), Undecodable> {
        let Some(charset) = self.charset.take() else { return Ok(()) };
        let text = charset
            .decode_without_bom_handling_and_without_replacement(&self.octets)
            .ok_or(Undecodable::InvalidOctets)?;
        out.push_str(&text);
        self.octets.clear();
        Ok(())
    }
}

/// Why an encoded-word has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    InvalidOctets,
    Malformed,
    UnknownCharset,
}

/// Splits at the next `?`; what is before it is printable and holds no white space.
fn token(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (token, rest) = octets.split_at_checked(octet::position(octets, b'?')?)?;
    octet::all_are(token, GRAPHIC).then_some((token, rest.get(1..)?))
}

/// Decodes the Q encoding (RFC 2047 §4.2).
fn q(text: &[u8], mut put: impl FnMut(u8)) -> Option<()> {
    let mut octets = text.iter();
    while let Some(&octet) = octets.next() {
        put(match octet {
            b'_' => b' ',
            b'=' => hex(*octets.next()?)? << 4 | hex(*octets.next()?)?,
            _ => octet,
        });
    }
    Some(())
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Decodes the B encoding (RFC 2047 §4.1, RFC 4648 §4), padded and with no bits left over.
fn base64(text: &[u8], mut put: impl FnMut(u8)) -> Option<()> {
    let content = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if text.len() % 4 != 0 {
        return None;
    }
    for chunk in content.chunks(4) {
        let mut bits = 0_u32;
        for &octet in chunk {
            let value = match octet {
                b'A'..=b'Z' => octet - b'A',
                b'a'..=b'z' => octet - b'a' + 26,
                b'0'..=b'9' => octet - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let [_, first, second, third] = (bits << (6 * (4 - chunk.len()))).to_be_bytes();
        match (chunk.len(), second, third) {
            (4, _, _) => [first, second, third].into_iter().for_each(&mut put),
            (3, _, 0) => [first, second].into_iter().for_each(&mut put),
            (2, 0, 0) => put(first),
            _ => return None,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::{Decoder, EncodedWord, Text, Undecodable};

    fn decode(words: &[&str]) -> Option<Result<String, Undecodable>> {
        let mut decoder = Decoder::default();
        let mut out = Text::default();
        for word in words {
            let (word, rest) = EncodedWord::split(word.as_bytes())?;
            if !rest.is_empty() {
                return None;
            }
            if let Err(error) = decoder.push(&word, &mut out) {
                return Some(Err(error));
            }
        }
        Some(decoder.finish(&mut out).map(|()| String::from(out.as_str().expect("a text"))))
    }

    #[test]
    fn encoded_words_are_decoded() {
        for (words, text) in [
            (&["=?utf-8?q?a=40b_c?="][..], "a@b c"),
            (&["=?UTF-8*en?B?YUBi?="], "a@b"),
            (&["=?iso-8859-1?Q?=E9?="], "\u{e9}"),
            (&["=?utf-8?q?=C3?=", "=?utf-8?b?qQ==?="], "\u{e9}"),
            (&["=?iso-8859-1?Q?=E9?=", "=?utf-8?q?=C3=A9?="], "\u{e9}\u{e9}"),
            (&["=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="], "\u{65e5}\u{672c}"),
            (&["=?us-ascii?q??="], ""),
        ] {
            assert_eq!(decode(words), Some(Ok(text.into())), "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_says_so() {
        for (words, error) in [
            (&["=?utf-7?q?a?="][..], Undecodable::UnknownCharset),
            (&["=?iso-2022-kr?q?a?="], Undecodable::UnknownCharset),
            (&["=?utf-8?q?=C3?="], Undecodable::InvalidOctets),
            (&["=?utf-8?q?=C3?=", "=?iso-8859-1?q?=A9?="], Undecodable::InvalidOctets),
            (&["=?utf-8?q?=4?="], Undecodable::Malformed),
            (&["=?utf-8?q?=zz?="], Undecodable::Malformed),
            (&["=?utf-8?b?YUB?="], Undecodable::Malformed),
            (&["=?utf-8?b?YQ=?="], Undecodable::Malformed),
            (&["=?utf-8?b?YR==?="], Undecodable::Malformed),
            (&["=?utf-8?b?Y-==?="], Undecodable::Malformed),
            (&["=?utf-8?b?====?="], Undecodable::Malformed),
        ] {
            assert_eq!(decode(words), Some(Err(error)), "{words:?}");
        }
        for word in [
            "=?utf-8?q?a b?=",
            "=?utf-8?x?a?=",
            "=?utf-8?q?a?",
            "=?utf-8?q?a",
            "=??q?a?=",
            "=?*en?q?a?=",
            "=?",
            "=?utf-8?q?\u{e9}?=",
            "a",
        ] {
            assert_eq!(decode(&[word]), None, "{word}");
        }
    }
}

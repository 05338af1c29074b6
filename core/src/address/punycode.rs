//! Punycode (RFC 3492), without allocating: what stands behind `xn--` in an A-label.

/// The most octets behind `xn--` in a label, and so the most characters that they stand for.
pub(super) const MOST: usize = 59;

/// Hands over the octets that stand for a label in lower case, until one is not taken.
pub(super) fn encode(label: &[char], mut put: impl FnMut(u8) -> Option<()>) -> Option<()> {
    let length = u32::try_from(label.len()).ok()?;
    let mut basic = 0;
    for octet in label.iter().filter_map(|&character| u8::try_from(character).ok().filter(u8::is_ascii)) {
        put(octet)?;
        basic += 1;
    }
    if basic > 0 {
        put(b'-')?;
    }
    let (mut least, mut delta, mut bias, mut written) = (INITIAL_N, 0_u32, INITIAL_BIAS, basic);
    while written < length {
        let next = label.iter().map(|&character| u32::from(character)).filter(|&next| next >= least).min()?;
        delta = (next - least).checked_mul(written + 1)?.checked_add(delta)?;
        least = next;
        for &character in label {
            let character = u32::from(character);
            if character < least {
                delta = delta.checked_add(1)?;
            } else if character == least {
                put_integer(delta, bias, &mut put)?;
                bias = adapt(delta, written + 1, written == basic);
                delta = 0;
                written += 1;
            }
        }
        delta = delta.checked_add(1)?;
        least += 1;
    }
    Some(())
}

/// Reads the octets, in lower case, that stand for a label with other characters than ASCII; `None` if they do not.
pub(super) fn decode<'r>(octets: &[u8], room: &'r mut [char; MOST]) -> Option<&'r [char]> {
    let (basic, mut rest) = match octets.iter().rposition(|&octet| octet == b'-') {
        Some(0) => return None,
        Some(at) => (octets.get(..at)?, octets.get(at + 1..)?),
        None => (&[][..], octets),
    };
    if rest.is_empty() {
        return None;
    }
    for (place, &octet) in room.get_mut(..basic.len())?.iter_mut().zip(basic) {
        *place = char::from(octet);
    }
    let mut length = basic.len();
    let (mut character, mut at, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    while !rest.is_empty() {
        let (before, mut weight, mut k) = (at, 1_u32, BASE);
        loop {
            let (&octet, after) = rest.split_first()?;
            rest = after;
            let digit = digit(octet)?;
            at = digit.checked_mul(weight)?.checked_add(at)?;
            let threshold = threshold(k, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            k += BASE;
        }
        let places = u32::try_from(length + 1).ok()?;
        bias = adapt(at - before, places, before == 0);
        character = character.checked_add(at / places)?;
        at %= places;
        let behind = room.get_mut(at as usize..=length)?;
        behind.rotate_right(1);
        *behind.first_mut()? = char::from_u32(character)?;
        length += 1;
        at += 1;
    }
    room.get(..length)
}

/// Hands over a generalized variable-length integer (RFC 3492 §3.3).
fn put_integer(integer: u32, bias: u32, put: &mut impl FnMut(u8) -> Option<()>) -> Option<()> {
    let (mut rest, mut k) = (integer, BASE);
    loop {
        let threshold = threshold(k, bias);
        let Some(above) = rest.checked_sub(threshold) else { break };
        put(*DIGITS.get((threshold + above % (BASE - threshold)) as usize)?)?;
        rest = above / (BASE - threshold);
        k += BASE;
    }
    put(*DIGITS.get(rest as usize)?)
}

fn digit(octet: u8) -> Option<u32> {
    match octet {
        b'a'..=b'z' => Some(u32::from(octet - b'a')),
        b'0'..=b'9' => Some(u32::from(octet - b'0') + 26),
        _ => None,
    }
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// Adapts the bias (RFC 3492 §6.1).
fn adapt(delta: u32, places: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / places;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

// RFC 3492 §5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 0x80;

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{MOST, decode, encode};

    fn encoded(label: &[char]) -> Option<String> {
        let mut octets = Vec::new();
        encode(label, |octet| {
            octets.push(octet);
            Some(())
        })?;
        String::from_utf8(octets).ok()
    }

    /// RFC 3492 §7.1, those without capitals, and the edges.
    #[test]
    fn labels_are_encoded_as_the_rfc_has_them() {
        for (label, expected) in [
            ("\u{4ed6}\u{4eec}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{8bf4}\u{4e2d}\u{6587}", "ihqwcrb4cv8a8dqg056pqjye"),
            (
                "\u{5dc}\u{5de}\u{5d4}\u{5d4}\u{5dd}\u{5e4}\u{5e9}\u{5d5}\u{5d8}\u{5dc}\u{5d0}\u{5de}\u{5d3}\u{5d1}\u{5e8}\u{5d9}\u{5dd}\u{5e2}\u{5d1}\u{5e8}\u{5d9}\u{5ea}",
                "4dbcagdahymbxekheh6e0a7fei0b",
            ),
            ("3\u{5e74}b\u{7d44}\u{91d1}\u{516b}\u{5148}\u{751f}", "3b-ww4c5e180e575a65lsy2b"),
            ("\u{305d}\u{306e}\u{30b9}\u{30d4}\u{30fc}\u{30c9}\u{3067}", "d9juau41awczczp"),
            ("b\u{fc}cher", "bcher-kva"),
            ("\u{fc}", "tda"),
            ("a-\u{10ffff}", "a--le24y"),
        ] {
            let label: Vec<char> = label.chars().collect();
            let mut room = ['\0'; MOST];
            assert_eq!(encoded(&label).as_deref(), Some(expected));
            assert_eq!(decode(expected.as_bytes(), &mut room), Some(&label[..]), "{expected}");
        }
    }

    #[test]
    fn what_stands_for_no_label_is_refused() {
        let long = "a".repeat(MOST);
        for octets in
            ["", "-", "-tda", "abc-", "tdA", "td\u{e9}", "a_", "td", "99999999", "zzzzzzzz9", "-a-", &(long + "-a")]
        {
            assert_eq!(decode(octets.as_bytes(), &mut ['\0'; MOST]), None, "{octets}");
        }
    }

    /// The crate that UTS 46 is from has the same, with allocations.
    #[test]
    fn whatever_the_label_another_encoder_and_decoder_agree() {
        // xorshift64, so that the labels are the same each time; it may begin with any number but zero.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move |below: u32| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::from(below)).unwrap_or(0)
        };
        let (mut decoded, mut refused) = (0, 0);
        for _ in 0..40_000 {
            let bound = [0x80, 0x180, 0x3000, 0x11_0000][next(4)];
            let mut label: Vec<char> =
                (0..=next(12)).filter_map(|_| char::from_u32(u32::try_from(next(bound)).unwrap_or(0))).collect();
            label.iter_mut().for_each(char::make_ascii_lowercase);
            assert_eq!(encoded(&label), idna::punycode::encode(&label), "{label:?}");
            let octets: String =
                (0..=next(14)).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789-"[next(37)])).collect();
            let mut room = ['\0'; MOST];
            let own = decode(octets.as_bytes(), &mut room);
            let other = idna::punycode::decode(&octets).filter(|label| !label.iter().all(char::is_ascii));
            assert_eq!(own, other.as_deref(), "{octets}");
            decoded += u32::from(own.is_some());
            refused += u32::from(own.is_none());
        }
        assert!(decoded > 1000 && refused > 1000, "{decoded} {refused}");
    }
}

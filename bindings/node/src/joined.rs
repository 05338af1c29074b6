//! Requests in the form in which `many.js` puts them together.
//!
//! A script reads members and joins strings many times faster than this package can ask for them one by one. So all texts come in
//! one string, and all numbers in one array of 32 bits each. Those of each request are
//!
//! - its instant, a number of JavaScript, which takes the room of two;
//! - the places of stage, channel, credential's kind and the transport's state among all of their kind, an octet each, the first the
//!   lowest, from 1 on: 0 is none;
//! - 1 if there is SMTPUTF8, else 0;
//! - the lengths of account, role, client address, credential's id, and envelope sender, -1 where it is not known;
//! - the number of header fields, -1 where no header is given;
//! - the lengths of name and body of each field.

use std::iter;

use napi::Env;
use napi::bindgen_prelude::{Result, Unknown};
use sendas::{CredentialKind, Stage, Timestamp, Tls};
use sendas_many::{Outline, Outlines, Requests};

use crate::given::whole;
use crate::request::STAGE;
use crate::text;
use crate::words::Word;

/// Why requests cannot be decided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The instant of one is to be refused: [`refused`] says which.
    Instant,
    /// What was handed over are no requests, or not as many.
    Form,
}

type Read<T> = std::result::Result<T, Unfit>;

/// Reads so many requests, and that nothing is left behind them.
pub(crate) fn requests(count: usize, numbers: &[i32], texts: Texts) -> Read<Requests> {
    match texts {
        Texts::Ascii(octets) => outlines(count, numbers, octets),
        Texts::Other(units) => {
            let (numbers, octets) = in_octets(count, numbers, &units)?;
            outlines(count, &numbers, octets)
        }
    }
}

/// Reads only the request with this number.
pub(crate) fn request(number: usize, numbers: &[i32], texts: Texts) -> Read<Requests> {
    let (mut rest, mut start) = (numbers, 0);
    for _ in 0..number {
        start += units(next(&mut rest)?);
    }
    let one = next(&mut rest)?;
    let end = start + units(one);
    let part = match texts {
        Texts::Ascii(octets) => octets.get(start..end).map(|octets| Texts::Ascii(octets.to_vec())),
        Texts::Other(units) => units.get(start..end).map(|units| Texts::Other(units.to_vec())),
    };
    requests(1, &[&one.0[..], one.1].concat(), part.ok_or(Unfit::Form)?)
}

/// Finds the first request whose instant is to be refused, by its number.
pub(crate) fn refused(numbers: &[i32]) -> Option<(usize, f64)> {
    let mut rest = numbers;
    let mut instants =
        iter::from_fn(|| next(&mut rest).ok().map(|([low, high, ..], _)| instant(*low, *high))).enumerate();
    instants.find_map(|(number, read)| Some((number, read.err()?)))
}

/// All texts, one behind the other.
pub(crate) enum Texts {
    /// A unit of JavaScript is an octet.
    Ascii(Vec<u8>),
    Other(Vec<u16>),
}

impl Texts {
    pub(crate) fn read(env: Env, texts: Unknown<'_>) -> Result<Self> {
        Ok(match text::ascii(env, texts)? {
            Some(octets) => Self::Ascii(octets),
            None => Self::Other(text::units(texts)?),
        })
    }
}

/// The numbers of a request, and those of its fields.
type Numbers<'n> = (&'n [i32; FACTS], &'n [i32]);

/// Takes the numbers of the next request.
fn next<'n>(rest: &mut &'n [i32]) -> Read<Numbers<'n>> {
    let (facts, behind) = rest.split_first_chunk().ok_or(Unfit::Form)?;
    let [.., fields]: &[i32; FACTS] = facts;
    let lengths = FIELD.checked_mul(usize::try_from(*fields).unwrap_or(0)).ok_or(Unfit::Form)?;
    let (fields, behind) = behind.split_at_checked(lengths).ok_or(Unfit::Form)?;
    *rest = behind;
    Ok((facts, fields))
}

/// How many units the texts of a request have.
fn units(([_, _, _, _, texts @ .., _], fields): Numbers<'_>) -> usize {
    texts.iter().chain(fields).filter_map(|length| usize::try_from(*length).ok()).sum()
}

/// Reads requests whose texts stand in octets.
fn outlines(count: usize, numbers: &[i32], octets: Vec<u8>) -> Read<Requests> {
    let fields = numbers.len().saturating_sub(count.saturating_mul(FACTS)) / FIELD;
    let (mut rest, mut outlines) = (numbers, Outlines::new(octets, count, fields));
    for _ in 0..count {
        let (facts, fields) = next(&mut rest)?;
        let [low, high, words, smtputf8, texts @ .., field_count] = *facts;
        let [stage, channel, kind, state] = words.to_le_bytes();
        let [account, role, ip, id, sender] = texts;
        let outline = Outline {
            now: instant(low, high).map_err(|_| Unfit::Instant)?,
            channel: word(channel)?.ok_or(Unfit::Form)?,
            credential: word::<CredentialKind>(kind)?,
            tls: word::<Tls>(state)?,
            smtputf8: match smtputf8 {
                0 => false,
                1 => true,
                _ => return Err(Unfit::Form),
            },
            stage: word::<Stage>(stage)?.unwrap_or(STAGE),
            texts: [length(account)?, length(role)?, length(ip)?, length(id)?, length(sender)?],
        };
        if outline.credential.is_none() && length(id)?.is_some() {
            // What is known of a credential must not be lost: it may be revoked.
            return Err(Unfit::Form);
        }
        // A length that is none is longer than all texts.
        let octets = |length: i32| u32::try_from(length).unwrap_or(u32::MAX);
        let fields = fields.chunks_exact(FIELD).map(|field| [octets(field[0]), octets(field[1])]);
        outlines.push(&outline, length(field_count)?.map(|_| fields)).ok_or(Unfit::Form)?;
    }
    if rest.is_empty() { outlines.finish().ok_or(Unfit::Form) } else { Err(Unfit::Form) }
}

/// Puts texts in octets, and returns the numbers with their lengths in these.
fn in_octets(count: usize, numbers: &[i32], units: &[u16]) -> Read<(Vec<i32>, Vec<u8>)> {
    let (mut rest, mut units) = (numbers, units);
    let (mut converted, mut octets) = (Vec::with_capacity(numbers.len()), Vec::with_capacity(units.len()));
    let mut convert = |length: i32| {
        let Ok(given) = usize::try_from(length) else { return Ok(length) };
        let (text, behind) = units.split_at_checked(given).ok_or(Unfit::Form)?;
        let start = octets.len();
        text::push_wtf8(text, &mut octets);
        units = behind;
        i32::try_from(octets.len() - start).map_err(|_| Unfit::Form)
    };
    for _ in 0..count {
        let ([low, high, words, smtputf8, texts @ .., field_count], fields) = next(&mut rest)?;
        converted.extend([low, high, words, smtputf8]);
        for length in texts {
            converted.push(convert(*length)?);
        }
        converted.push(*field_count);
        for length in fields {
            converted.push(convert(*length)?);
        }
    }
    converted.extend(rest);
    if units.is_empty() { Ok((converted, octets)) } else { Err(Unfit::Form) }
}

/// Reads an instant off its halves, as they stand in memory.
fn instant(low: i32, high: i32) -> std::result::Result<Timestamp, f64> {
    let ([a, b, c, d], [e, f, g, h]) = (low.to_ne_bytes(), high.to_ne_bytes());
    let now = f64::from_ne_bytes([a, b, c, d, e, f, g, h]);
    whole(now).and_then(|seconds| Timestamp::from_seconds(seconds).ok()).ok_or(now)
}

/// Reads a length, or a count; `None` where it is not known.
fn length(length: i32) -> Read<Option<u32>> {
    match length {
        -1 => Ok(None),
        known => u32::try_from(known).map(Some).map_err(|_| Unfit::Form),
    }
}

fn word<T: Word>(place: u8) -> Read<Option<T>> {
    let Some(place) = usize::from(place).checked_sub(1) else { return Ok(None) };
    T::ALL.get(place).copied().map(Some).ok_or(Unfit::Form)
}

/// How many numbers a request has beside those of its fields, and how many a field.
const FACTS: usize = 10;
const FIELD: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a request with an account and a header of these lengths.
    fn numbers(account: i32, header: Option<&[i32]>) -> Vec<i32> {
        let now = 0_f64.to_ne_bytes();
        let half = |index: usize| i32::from_ne_bytes(now[index..index + 4].try_into().unwrap());
        let fields = header.map_or(-1, |lengths| i32::try_from(lengths.len() / 2).unwrap());
        let facts = [half(0), half(4), 1 << 8, 0, account, -1, -1, -1, -1, fields];
        [&facts, header.unwrap_or_default()].concat()
    }

    fn texts(text: &str) -> [Texts; 2] {
        [Texts::Ascii(text.into()), Texts::Other(text.encode_utf16().collect())]
    }

    #[test]
    fn what_was_put_together_is_read_alike_in_octets_and_units() {
        let all = [numbers(5, Some(&[4, 1, 0, 0])), numbers(-1, None), numbers(3, Some(&[]))];
        let shown = |requests: &Requests, number| requests.with_request(number, |request, _| format!("{request:?}"));
        for given in texts("aliceFromxbob") {
            let together = requests(3, &all.concat(), given).unwrap_or_else(|_| panic!("they are refused"));
            for number in 0..3 {
                for given in texts("aliceFromxbob") {
                    let alone = request(number, &all.concat(), given).unwrap_or_else(|_| panic!("it is refused"));
                    assert_eq!(shown(&alone, 0), shown(&together, number));
                    assert_eq!(shown(&alone, 1), None);
                }
            }
            assert_eq!(shown(&together, 3), None);
        }
    }

    #[test]
    fn lengths_of_other_letters_are_those_of_their_octets() {
        let given = Texts::Other("alicë\u{1F4E7}".encode_utf16().collect());
        let read = requests(1, &numbers(5, Some(&[2, 0])), given).unwrap_or_else(|_| panic!("it is refused"));
        let account = read.with_request(0, |request, _| request.account.map(<[u8]>::to_vec)).flatten();
        assert_eq!(account.as_deref(), Some("alicë".as_bytes()));
    }

    #[test]
    fn what_does_not_hold_together_is_no_request() {
        let good = numbers(5, Some(&[4, 1]));
        let changed = |place: usize, number: i32| {
            let mut numbers = good.clone();
            numbers[place] = number;
            numbers
        };
        let mut wrong = vec![Vec::new(), [&good[..], &[0]].concat(), [&good[..], &good].concat()];
        wrong.extend((0..good.len()).map(|end| good[..end].to_vec()));
        // No channel, unknown words, a flag that is none, lengths that are too small or large, a credential's id without a credential.
        let places = [
            (2, 0),
            (2, -1),
            (2, 9 << 8),
            (2, 1 << 8 | 9),
            (3, 2),
            (3, -1),
            (4, 4),
            (4, 6),
            (4, -2),
            (4, i32::MAX),
            (7, 0),
        ];
        wrong.extend(places.map(|(place, number)| changed(place, number)));
        wrong.extend(
            [(9, 0), (9, 2), (9, -1), (9, -2), (9, i32::MAX), (10, -1), (10, 5), (11, i32::MIN)]
                .map(|(place, number)| changed(place, number)),
        );
        for numbers in wrong {
            for given in texts("aliceFromx") {
                assert_eq!(requests(1, &numbers, given).err(), Some(Unfit::Form), "{numbers:?}");
            }
        }
        for given in texts("aliceFromx") {
            let infinite = i32::from_be_bytes([0x7F, 0xF0, 0, 0]);
            assert_eq!(requests(1, &changed(1, infinite), given).err(), Some(Unfit::Instant));
            assert_eq!(refused(&changed(1, infinite)), Some((0, f64::INFINITY)));
        }
    }
}

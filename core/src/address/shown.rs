//! Finds the addresses that a text shows to a reader: not by a grammar, but wherever one would be seen.

use alloc::string::String;

use super::canonical::Canonical;
use super::domain::{self, MAX_DOMAIN, MAX_LABEL};
use super::local::MAX_LOCAL;
use super::octet::{self, ATEXT, HIGH, LDH};
use super::plain;
use super::unicode;

/// Hands every address in the text, as it is shown, to `found`.
pub(super) fn search(text: &str, found: &mut dyn FnMut(&Canonical)) {
    // What Normalization Form KC makes an at sign of begins with the other of these octets.
    if [b'@', 0xef].into_iter().all(|octet| octet::position(text.as_bytes(), octet).is_none()) {
        return;
    }
    if text.is_ascii() {
        return search_shown(text, found);
    }
    let shown: String = text.chars().filter(|&character| !unicode::is_default_ignorable(character)).collect();
    search_shown(&unicode::nfkc(&shown), found);
}

fn search_shown(text: &str, found: &mut dyn FnMut(&Canonical)) {
    for (at, _) in text.match_indices('@') {
        if let Some(address) = everyday_about(text, at).or_else(|| address_about(text, at)) {
            found(&address);
        }
    }
}

/// Returns the address about an at sign, if any reader would find it there.
fn address_about(text: &str, at: usize) -> Option<Canonical> {
    let local = local_at_end(text.get(..at)?);
    if local.is_empty() {
        return None;
    }
    let mut room = [0; MAX_DOMAIN];
    let domain = domain_at_start(text.get(at + 1..)?, &mut room)?;
    Canonical::from_parts(local.as_bytes(), domain)
}

/// Returns the same sooner where it is everyday, and ends where ASCII does that cannot be part of one.
fn everyday_about(text: &str, at: usize) -> Option<Canonical> {
    let text = text.as_bytes();
    let is_of_local = |octet: &u8| octet::is(*octet, ATEXT | HIGH) || *octet == b'.';
    let is_of_domain = |octet: &u8| octet::is(*octet, LDH | HIGH) || *octet == b'.';
    let (before, behind) = (text.get(..at)?.iter().rev(), text.get(at + 1..)?.iter());
    // What is longer is not everyday, whatever follows.
    let start = at - before.take(MAX_LOCAL).take_while(|octet| is_of_local(octet)).count();
    let end = at + 1 + behind.take(MAX_LABEL + 1).take_while(|octet| is_of_domain(octet)).count();
    // Punctuation at the start is not part of it.
    let begins = text.get(start).is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
    let spec = if begins { plain::address(text, start, end)? } else { return None };
    octet::position(spec.domain.of(text), b'.')?;
    spec.canonical(text).ok()
}

/// Returns the dot-atom that ends the text, without punctuation at its start.
fn local_at_end(text: &str) -> &str {
    let run = text
        .char_indices()
        .rev()
        .take_while(|&(_, character)| character == '.' || is_atom_character(character))
        .last()
        .map_or("", |(start, _)| text.get(start..).unwrap_or_default());
    let run = run.trim_end_matches('.');
    let run = run.rsplit("..").next().unwrap_or_default();
    let is_mark = |character: char| !character.is_ascii() && !unicode::is_alphanumeric(character);
    let run = run.trim_start_matches(|character: char| {
        is_mark(character) || character.is_ascii_punctuation() && character != '_'
    });
    let bare = run.trim_end_matches(|character| is_mark(character) || character == '.');
    match (bare.is_empty(), text.chars().next_back()) {
        (false, _) => bare,
        (true, Some(before)) if !before.is_whitespace() => UNNAMED,
        (true, _) => "",
    }
}

/// Returns the longest domain of two labels or more that starts the text, as A-labels in `room`.
fn domain_at_start<'r>(text: &str, room: &'r mut [u8; MAX_DOMAIN]) -> Option<&'r [u8]> {
    let is_dot = |character| matches!(character, '.' | '\u{3002}');
    let end = text
        .char_indices()
        .find(|&(at, character)| {
            at >= MAX_SHOWN || !(is_dot(character) || character == '-' || is_label_character(character))
        })
        .map_or(text.len(), |(at, _)| at);
    let mut run = text.get(..end)?;
    if let Some((at, _)) = run.match_indices(is_dot).nth(MAX_LABELS) {
        run = run.get(..at)?;
    }
    for _ in 0..=MAX_LABELS {
        run = run.trim_end_matches(|character| is_dot(character) || character == '-');
        let last = run.rfind(is_dot)?;
        if let Ok(length) = domain::read(run, room) {
            return room.get(..length);
        }
        run = run.get(..last)?;
    }
    None
}

fn is_atom_character(character: char) -> bool {
    match u8::try_from(character) {
        Ok(octet) if octet.is_ascii() => octet::is(octet, ATEXT),
        // RFC 6532 §3.2: atext is every character that is not ASCII; white space shows as an end.
        _ => !character.is_whitespace() && !character.is_control(),
    }
}

fn is_label_character(character: char) -> bool {
    if character.is_ascii() { character.is_ascii_alphanumeric() } else { unicode::is_alphanumeric(character) }
}

/// The most octets of a domain that are looked at: four for each character that an A-label name may hold.
const MAX_SHOWN: usize = 4 * 253;

/// The most labels that a domain of 253 octets can have.
const MAX_LABELS: usize = 127;

/// What stands for a local part that is shown, but is none: the domain is judged all the same.
const UNNAMED: &str = "?";

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use crate::address::pieces::{EVERYDAY, UNUSUAL, rows};
    use crate::address::unicode;

    #[test]
    fn every_character_that_is_shown_as_an_at_sign_is_known() {
        let shown_as_at = |character: &char| unicode::nfkc(character.encode_utf8(&mut [0; 4])).contains('@');
        let all: Vec<char> = ('\0'..=char::MAX).filter(shown_as_at).collect();
        assert_eq!(all, ['@', '\u{fe6b}', '\u{ff20}']);
        assert!(all.iter().all(|shown| matches!(shown.to_string().as_bytes(), [b'@' | 0xef, ..])));
    }

    /// Beside others and in any place, nothing is passed over that a look at each character would find.
    #[test]
    fn what_is_skipped_by_octets_shows_nothing() {
        let mut found_some = 0;
        for row in rows(&UNUSUAL, 4) {
            let text = row.concat();
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            super::search(&text, &mut |address| found.push(address.clone()));
            let kept: String = text.chars().filter(|&character| !unicode::is_default_ignorable(character)).collect();
            super::search_shown(&unicode::nfkc(&kept), &mut |address| expected.push(address.clone()));
            assert_eq!(found, expected, "{text:?}");
            found_some += usize::from(!found.is_empty());
        }
        assert!(found_some > 1000, "{found_some}");
    }

    /// An everyday address is found as a look at each character would find it.
    #[test]
    fn an_everyday_address_is_found_like_any_other() {
        let mut found_some = 0;
        for row in rows(&EVERYDAY, 4) {
            let text = row.concat();
            for (at, _) in text.match_indices('@') {
                if let Some(address) = super::everyday_about(&text, at) {
                    assert_eq!(super::address_about(&text, at), Some(address), "{text:?}");
                    found_some += 1;
                }
            }
        }
        assert!(found_some > 1000, "{found_some}");
        for local in 55..=66 {
            for label in 30..=50 {
                let text = format!("to {}@{}.{}", "a".repeat(local), "b".repeat(20), "c".repeat(label));
                if let Some(address) = super::everyday_about(&text, local + 3) {
                    assert_eq!(super::address_about(&text, local + 3), Some(address), "{text}");
                }
            }
        }
        assert!(super::everyday_about("to a@b.example, now", 4).is_some());
    }
}

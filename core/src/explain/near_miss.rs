//! For each address that failed: the nearest one that the account may use.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::{self, Chars};

use crate::address::Canonical;
use crate::address::path::{ReversePath, read_path, read_unquoted};
use crate::decision::{Place, Subject};
use crate::gather::{Depth, gather};
use crate::judge::{authorise, of_another_tenant};
use crate::locate::Asker;
use crate::observer::Blind;
use crate::request::{EnvelopeSender, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::compare::Separators;
use crate::snapshot::layout::Read;
use crate::snapshot::row::records;
use crate::snapshot::rows::IdentityRow;
use crate::snapshot::target::Target;
use crate::time::Clock;

use super::steps::show;
use super::{ExplainedReason, NearMiss};

pub(super) fn near_misses(
    snapshot: &Snapshot,
    request: &Request<'_>,
    reasons: &[ExplainedReason],
) -> Read<Vec<NearMiss>> {
    let clock = Clock::new(request.now);
    let root = snapshot.root();
    let Some(mut asker) = Asker::locate(&root, request, &clock)? else { return Ok(Vec::new()) };
    asker.take_role(request.role)?;
    let mut places: Vec<Place> = reasons
        .iter()
        .filter(|explained| explained.reason.row().text.contains("{address}"))
        .map(|explained| explained.place)
        .collect();
    places.dedup();
    let failed = places.into_iter().filter_map(|place| Some(Failed::new(place, address_at(request, place)?)));
    let mut failed: Vec<Failed<'_>> = failed.collect();
    let mut found = Vec::new();
    if failed.is_empty() {
        return Ok(found);
    }
    let own = own_address(&asker)?;
    compare_identities(&asker, &mut failed)?;
    for failed in failed {
        found.extend(failed.nearest(own, &asker)?);
    }
    Ok(found)
}

fn own_address<'s>(asker: &Asker<'s>) -> Read<Option<Held<'s>>> {
    if !asker.account.has_address() {
        return Ok(None);
    }
    Ok(Some(Held { local: asker.account.local()?, domain: asker.account.domain()? }))
}

/// Compares the identities of the account and its tenants, up to a bound, with each address that failed.
fn compare_identities<'s>(asker: &Asker<'s>, failed: &mut [Failed<'s>]) -> Read<()> {
    let mut left = MAX_COMPARED;
    for &number in asker.identity_holders() {
        let page = asker.root.page(number)?;
        for row in records::<IdentityRow<'_>>(page.bytes(), page.head().identities()) {
            let row = row?;
            let holder = row.holder()?;
            if holder == 0 || number == asker.link.page && holder == asker.link.record {
                let held = Held { local: row.local()?, domain: row.domain()? };
                failed.iter_mut().for_each(|failed| failed.compare(held));
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// An address that the account holds by name; whether it may be used is not known yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held<'s> {
    local: &'s [u8],
    domain: &'s [u8],
}

impl Held<'_> {
    fn show(self) -> String {
        format!("{}@{}", show(self.local), show(self.domain))
    }

    fn may_be_used(self, asker: &Asker<'_>) -> Read<bool> {
        let text = self.show();
        let Ok(spec) = read_unquoted(text.as_bytes(), true) else { return Ok(false) };
        let Ok(canonical) = spec.canonical(text.as_bytes()) else { return Ok(false) };
        let target = Target::new(asker.root.hasher, canonical.view());
        let facts = gather(asker, &target, Depth::Everything, &mut Blind)?;
        Ok(authorise(facts, asker.page.proof()?).passes() && !of_another_tenant(facts))
    }
}

/// An address that failed, and the identities that are most like it.
struct Failed<'s> {
    place: Place,
    address: Canonical,
    /// The most alike first.
    alike: Vec<(Likeness, Held<'s>)>,
}

impl<'s> Failed<'s> {
    const fn new(place: Place, address: Canonical) -> Self {
        Self { place, address, alike: Vec::new() }
    }

    fn compare(&mut self, held: Held<'s>) {
        let entry = (likeness(&self.address, held), held);
        if let Err(at) = self.alike.binary_search(&entry) {
            if at < MAX_JUDGED {
                self.alike.truncate(MAX_JUDGED - 1);
                self.alike.insert(at, entry);
            }
        }
    }

    fn nearest(mut self, own: Option<Held<'s>>, asker: &Asker<'_>) -> Read<Option<NearMiss>> {
        self.alike.extend(own.map(|own| (likeness(&self.address, own), own)));
        self.alike.sort_unstable();
        for (likeness, held) in &self.alike {
            if held.may_be_used(asker)? {
                let failed = Held { local: self.address.local(), domain: self.address.domain() }.show();
                let how = likeness.text();
                let text = format!("`{failed}` {how} `{}`, which this account may use", held.show());
                return Ok(Some(NearMiss { place: self.place, text }));
            }
        }
        Ok(None)
    }
}

/// How a held address is like one that failed, the most alike first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Case,
    SubAddress,
    Domain,
    Spelling,
    SameDomain,
    Remote,
}

impl Likeness {
    const fn text(self) -> &'static str {
        match self {
            Self::Case => "differs only in case from",
            Self::SubAddress => "differs only in the sub-address from",
            Self::Domain => "differs only in the domain from",
            Self::Spelling => "is spelled nearly as",
            Self::SameDomain => "is not authorised; the nearest authorised address is",
            Self::Remote => "is not authorised; an authorised address is",
        }
    }
}

/// Octets that are text: an address has no others.
fn text(octets: &[u8]) -> &str {
    str::from_utf8(octets).unwrap_or_default()
}

fn likeness(failed: &Canonical, held: Held<'_>) -> Likeness {
    let any = [b'+', b'-', b'=', b'#'].into_iter().fold(Separators::default(), Separators::with);
    let local = failed.local();
    let same_local = held.local.eq_ignore_ascii_case(local);
    if held.domain != failed.domain() {
        return if same_local { Likeness::Domain } else { Likeness::Remote };
    }
    if same_local {
        Likeness::Case
    } else if any.base(held.local).eq_ignore_ascii_case(any.base(local)) {
        Likeness::SubAddress
    } else if few_edits(text(held.local), text(local)) {
        Likeness::Spelling
    } else {
        Likeness::SameDomain
    }
}

/// Whether at most two characters must be put in, taken out or exchanged to make one text of the other.
fn few_edits(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.chars(), b.chars());
    // What both begin or end with stays.
    while let Some((behind_a, behind_b)) = without_equal(&a, &b, Chars::next) {
        (a, b) = (behind_a, behind_b);
    }
    while let Some((before_a, before_b)) = without_equal(&a, &b, Chars::next_back) {
        (a, b) = (before_a, before_b);
    }
    if a.as_str().is_empty() || b.as_str().is_empty() {
        return a.chain(b).nth(2).is_none();
    }
    // One change is where they begin, and the other where they end, so that what is between is the same.
    SIDES.into_iter().any(|first| {
        SIDES.into_iter().any(|last| {
            let (mut a, mut b) = (a.clone(), b.clone());
            for ((of_a, of_b), pass) in [(first, Chars::next as Pass<'_>), (last, Chars::next_back)] {
                let _passed = (of_a.then(|| pass(&mut a)), of_b.then(|| pass(&mut b)));
            }
            a.as_str() == b.as_str()
        })
    })
}

/// Takes the first character off a text, or the last one.
type Pass<'t> = fn(&mut Chars<'t>) -> Option<char>;

/// What a change takes off one text, off the other, or off both.
const SIDES: [(bool, bool); 3] = [(true, true), (true, false), (false, true)];

/// Two texts without their first or last characters, if those are the same.
fn without_equal<'t>(a: &Chars<'t>, b: &Chars<'t>, pass: Pass<'t>) -> Option<(Chars<'t>, Chars<'t>)> {
    let (mut rest_a, mut rest_b) = (a.clone(), b.clone());
    let are_equal = pass(&mut rest_a)? == pass(&mut rest_b)?;
    are_equal.then_some((rest_a, rest_b))
}

fn address_at(request: &Request<'_>, place: Place) -> Option<Canonical> {
    let octets = place.octets(request)?;
    if place.subject == Subject::EnvelopeSender && matches!(request.envelope_sender, EnvelopeSender::Unquoted(_)) {
        return read_unquoted(octets, true).ok()?.canonical(octets).ok();
    }
    match read_path(octets, true).ok()? {
        ReversePath::Mailbox(spec) => spec.canonical(octets).ok(),
        ReversePath::Null => None,
    }
}

/// How many identities are compared with the addresses that failed.
const MAX_COMPARED: u32 = 10_000;
/// How many of the nearest are judged, for each address that failed.
const MAX_JUDGED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// How many characters must be put in, taken out or exchanged, found out by trying all.
    fn edits(a: &[char], b: &[char]) -> usize {
        let (Some((first, rest)), Some((other, others))) = (a.split_first(), b.split_first()) else {
            return a.len() + b.len();
        };
        let exchanged = edits(rest, others) + usize::from(first != other);
        exchanged.min(edits(rest, b) + 1).min(edits(a, others) + 1)
    }

    #[test]
    fn few_edits_are_at_most_two() {
        let mut texts = alloc::vec![String::new()];
        let mut at = 0;
        while texts[at].len() < 10 && texts.len() < 400 {
            for char in ['a', 'b', '\u{e9}'] {
                let text = format!("{}{char}", texts[at]);
                texts.push(text);
            }
            at += 1;
        }
        let chars: Vec<Vec<char>> = texts.iter().map(|text| text.chars().collect()).collect();
        for (one, of_one) in texts.iter().zip(&chars) {
            for (other, of_other) in texts.iter().zip(&chars) {
                assert_eq!(few_edits(one, other), edits(of_one, of_other) <= 2, "{one} {other}");
            }
        }
    }
}

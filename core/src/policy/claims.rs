//! Own addresses that two accounts claim (docs/semantics.md 1.2, 4.1, 7.5).

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Separator;
use super::check::At;

/// Returns for each account whose own address an earlier one claims that earlier account.
///
/// Two addresses are one in widest form: folded, and cut at the first separator of either side. As that is asked of
/// pairs and separators are few, each claim is looked up once for every separator in use at its domain.
pub(super) fn second_claims(mut claims: Vec<Claim<'_>>) -> BTreeMap<At, At> {
    claims.sort_by(|a, b| (a.domain, a.account).cmp(&(b.domain, b.account)));
    let mut second = BTreeMap::new();
    for at_domain in claims.chunk_by(|a, b| a.domain == b.domain) {
        second_claims_at(at_domain, &mut second);
    }
    second
}

fn second_claims_at(claims: &[Claim<'_>], second: &mut BTreeMap<At, At>) {
    let mut separators: Vec<Option<Separator>> = claims.iter().map(|claim| claim.separator).collect();
    separators.sort_unstable();
    separators.dedup();
    // The first account of each side's separator, by the other side's and by what is left after cutting at both.
    let mut first: BTreeMap<(Option<Separator>, Option<Separator>, &str), At> = BTreeMap::new();
    for claim in claims {
        let mine = claim.separator;
        for &other in &separators {
            let base = base(&claim.local, &[mine, other]);
            if let Some(&earlier) = first.get(&(other, mine, base)) {
                let known = second.entry(claim.account).or_insert(earlier);
                *known = earlier.min(*known);
            }
            first.entry((mine, other, base)).or_insert(claim.account);
        }
    }
}

/// An own address.
pub(super) struct Claim<'p> {
    pub(super) domain: &'p str,
    /// Folded.
    pub(super) local: Cow<'p, str>,
    pub(super) separator: Option<Separator>,
    pub(super) account: At,
}

/// Returns what stands before the first of the separators; one at position 0 begins no sub-address.
pub(super) fn base<'a>(local: &'a str, separators: &[Option<Separator>]) -> &'a str {
    if separators.iter().all(Option::is_none) {
        return local;
    }
    let separates = |byte: u8| separators.iter().flatten().any(|&separator| separator as u8 == byte);
    let cut = local.bytes().enumerate().skip(1).find(|&(_, byte)| separates(byte));
    cut.and_then(|(at, _)| local.get(..at)).unwrap_or(local)
}

//! Settings and lists as a page has them, the same for a tenant, an account, a credential or the provider.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::address::Scope;
use crate::policy::{Account, Allowlist, Deny, Mode};
use crate::snapshot::layout::{Run, Writer, small};
use crate::snapshot::rows::{deny, mode};

/// The kind of a mode.
pub(crate) const fn mode_kind(setting: Mode) -> u32 {
    match setting {
        Mode::Off => mode::OFF,
        Mode::Monitor => mode::MONITOR,
        Mode::Enforce => mode::ENFORCE,
        Mode::EnforceFrom(_) => mode::ENFORCE_FROM,
    }
}

/// The instant from which a mode enforces, if it has one.
pub(crate) const fn mode_from(setting: Mode) -> i64 {
    match setting {
        Mode::EnforceFrom(from) => from.0,
        Mode::Off | Mode::Monitor | Mode::Enforce => 0,
    }
}

/// Writes deny entries, sorted by domain, kind and local part, whose case does not tell there: see [`DenyRow`].
///
/// [`DenyRow`]: crate::snapshot::rows::DenyRow
pub(crate) fn denies(writer: &mut Writer, denies: &[Deny]) -> Run {
    let mut rows: Vec<(&str, u32, &str)> = denies
        .iter()
        .map(|entry| match &entry.scope {
            Scope::Address(address) => (address.domain(), deny::ADDRESS, address.local()),
            Scope::Domain(name) => (name.as_str(), deny::DOMAIN, ""),
            Scope::Subdomains(name) => (name.as_str(), deny::SUBDOMAINS, ""),
        })
        .collect();
    if rows.iter().any(|(_, _, local)| local.bytes().any(|octet| octet.is_ascii_uppercase())) {
        rows.sort_unstable_by(|(domain, kind, local), (of_domain, of_kind, of_local)| {
            let by_case = local.cmp(of_local);
            let [local, of_local] =
                [local, of_local].map(|local| local.bytes().map(|octet| octet.to_ascii_lowercase()));
            (domain, kind).cmp(&(of_domain, of_kind)).then_with(|| local.cmp(of_local)).then(by_case)
        });
    } else {
        rows.sort_unstable();
    }
    rows.dedup();
    let texts: Vec<[Run; 2]> = rows
        .iter()
        .map(|(domain, _, local)| {
            [local, domain].map(|text| Run { start: writer.octets(&[text.as_bytes()]), count: small(text.len()) })
        })
        .collect();
    let start = writer.here();
    for (&(_, kind, _), texts) in rows.iter().zip(texts) {
        writer.word(kind);
        texts.into_iter().for_each(|text| writer.run(text));
    }
    Run { start, count: small(rows.len()) }
}

pub(super) fn exemptions(writer: &mut Writer, account: &Account) -> Run {
    let mut rows: Vec<(u32, i64)> =
        account.exemptions.iter().map(|exemption| (exemption.control as u32, exemption.until.0)).collect();
    rows.sort_unstable();
    let start = writer.here();
    for &(control, until) in &rows {
        writer.word(control);
        writer.seconds(until);
    }
    Run { start, count: small(rows.len()) }
}

pub(super) fn allowlists(writer: &mut Writer, lists: &[Allowlist]) -> Run {
    let mut sorted: Vec<&Allowlist> = lists.iter().filter(|list| !list.entries.is_empty()).collect();
    sorted.sort_by_key(|list| list.channel);
    let ranges: Vec<[Run; 2]> = sorted.iter().map(|list| ranges(writer, list)).collect();
    let start = writer.here();
    for (list, runs) in sorted.iter().zip(&ranges) {
        writer.word(list.channel as u32);
        runs.iter().for_each(|run| writer.run(*run));
    }
    Run { start, count: small(ranges.len()) }
}

/// Writes the ranges of IPv4 addresses, and those of IPv6 addresses.
fn ranges(writer: &mut Writer, list: &Allowlist) -> [Run; 2] {
    let (mut four, mut six) = (Vec::new(), Vec::new());
    for entry in &list.entries {
        match (entry.range.first(), entry.range.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => four.push((first.into(), last.into())),
            (IpAddr::V6(first), IpAddr::V6(last)) => six.push((first.into(), last.into())),
            // A range is within one family.
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
        }
    }
    let (four, six) = (merged(four, u32::saturating_add), merged(six, u128::saturating_add));
    let start = writer.here();
    for &(first, last) in &four {
        writer.word(first);
        writer.word(last);
    }
    let behind = writer.here();
    for &(first, last) in &six {
        writer.quad(first);
        writer.quad(last);
    }
    [Run { start, count: small(four.len()) }, Run { start: behind, count: small(six.len()) }]
}

/// Sorts ranges, and joins those that meet.
fn merged<T: Ord + Copy + From<u8>>(mut ranges: Vec<(T, T)>, saturating_add: fn(T, T) -> T) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= saturating_add(before.1, T::from(1)) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Writes a list of texts, sorted and without repetition.
pub(super) fn texts<'s>(writer: &mut Writer, list: impl Iterator<Item = &'s str>) -> Run {
    let mut sorted: Vec<&[u8]> = list.map(str::as_bytes).collect();
    sorted.sort_unstable();
    sorted.dedup();
    writer.texts(&sorted)
}

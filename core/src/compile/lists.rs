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

/// Writes deny entries, sorted by domain.
pub(crate) fn denies(writer: &mut Writer, denies: &[Deny]) -> Run {
    let mut rows: Vec<(&str, u32, &str)> = denies
        .iter()
        .map(|entry| match &entry.scope {
            Scope::Address(address) => (address.domain(), deny::ADDRESS, address.local()),
            Scope::Domain(name) => (name.as_str(), deny::DOMAIN, ""),
            Scope::Subdomains(name) => (name.as_str(), deny::SUBDOMAINS, ""),
        })
        .collect();
    rows.sort_unstable();
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
    let runs: Vec<Run> = sorted.iter().map(|list| intervals(writer, list)).collect();
    let start = writer.here();
    for (list, run) in sorted.iter().zip(&runs) {
        writer.word(list.channel as u32);
        writer.run(*run);
    }
    Run { start, count: small(runs.len()) }
}

fn intervals(writer: &mut Writer, list: &Allowlist) -> Run {
    let mut ranges: Vec<(u32, u128, u128)> = list
        .entries
        .iter()
        .map(|entry| {
            let (family, first) = address_number(entry.range.first());
            (family, first, address_number(entry.range.last()).1)
        })
        .collect();
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u128, u128)> = Vec::with_capacity(ranges.len());
    for (family, first, last) in ranges {
        match merged.last_mut() {
            Some(before) if before.0 == family && first <= before.2.saturating_add(1) => before.2 = before.2.max(last),
            _ => merged.push((family, first, last)),
        }
    }
    let start = writer.here();
    for &(family, first, last) in &merged {
        writer.word(family);
        writer.quad(first);
        writer.quad(last);
    }
    Run { start, count: small(merged.len()) }
}

/// The family (4 or 6) and the number of an address.
pub(crate) fn address_number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (4, u128::from(u32::from(address))),
        IpAddr::V6(address) => (6, u128::from(address)),
    }
}

/// Writes a list of texts, sorted and without repetition.
pub(super) fn texts<'s>(writer: &mut Writer, list: impl Iterator<Item = &'s str>) -> Run {
    let mut sorted: Vec<&[u8]> = list.map(str::as_bytes).collect();
    sorted.sort_unstable();
    sorted.dedup();
    writer.texts(&sorted)
}

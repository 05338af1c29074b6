//! The few names, addresses and instants that everything is made of.

use sendas::net::IpRange;
use sendas::policy::Mode;
use sendas::{Address, DomainName, HashKey, Options, Timestamp};

use super::Choices;
use crate::request::Value;

/// The instant that everything happens around.
pub(crate) const NOON: i64 = 1_800_000_000;

/// Domains, some below others, one with an A-label.
pub const DOMAINS: [&str; 6] =
    ["a.example", "sub.a.example", "deep.sub.a.example", "b.example", "xn--bcher-kva.example", "c.test"];

/// What else stands behind an at sign.
pub(crate) const LITERALS: [&str; 2] = ["[192.0.2.1]", "[IPv6:2001:db8::1]"];

pub(crate) const LOCALS: [&str; 13] =
    ["", "joe", "ann", "joe+x", "joe-x", "Joe", "joe+x-y", "ann=joe", "+joe", "a b", "joe+", "j\u{fc}rgen", "joe#x+y"];

pub(crate) const ROLES: [&str; 6] = ["sender", "Marketing", "Admin", "writer", "reader", "ghost"];

pub(crate) const SCOPES: [&str; 2] = ["mail.send", "mail.read"];

/// Options, mostly with limits that are small enough to be reached.
#[must_use]
pub fn options(choices: &mut Choices<'_>) -> Options {
    let mut options = Options::new(HashKey(*b"0123456789abcdef"));
    if !choices.chance(2) {
        options.limits.field_octets = 1500;
        options.limits.header_octets = 9000;
        options.limits.mailboxes = 3;
        options.limits.comment_depth = 2;
    }
    options
}

/// An address of the world.
pub fn address(choices: &mut Choices<'_>) -> Address {
    let local = choices.pick(&LOCALS);
    let domain = if choices.chance(1) { choices.pick(&LITERALS) } else { choices.pick(&DOMAINS) };
    parsed(local, domain)
}

/// Reads an address of the world.
pub(crate) fn parsed(local: &str, domain: &str) -> Address {
    let is_quoted = local.is_empty() || local.contains(' ');
    let text = if is_quoted { format!("\"{local}\"@{domain}") } else { format!("{local}@{domain}") };
    match Address::parse(&text) {
        Ok(address) => address,
        Err(error) => unreachable_world(&text, &error),
    }
}

pub(crate) fn domain(name: &str) -> DomainName {
    match DomainName::parse(name) {
        Ok(domain) => domain,
        Err(error) => unreachable_world(name, &error),
    }
}

pub(crate) fn value(choices: &mut Choices<'_>) -> Value {
    Value::of(&address(choices))
}

#[expect(clippy::panic, reason = "the world is made of constants, which a test reads all")]
fn unreachable_world(text: &str, error: &dyn std::fmt::Display) -> ! {
    panic!("`{text}` of the world cannot be read: {error}")
}

/// An instant at, just before or after noon, or far from it.
pub(crate) fn instant(choices: &mut Choices<'_>) -> Timestamp {
    Timestamp(NOON + choices.pick(&[0, 1, -1, 1_000_000, -1_000_000, 2]))
}

pub(crate) fn mode(choices: &mut Choices<'_>) -> Mode {
    match choices.below(8) {
        0..=3 => Mode::Enforce,
        4 => Mode::Off,
        5 => Mode::Monitor,
        _ => Mode::EnforceFrom(instant(choices)),
    }
}

/// A range of client addresses.
pub fn range(choices: &mut Choices<'_>) -> IpRange {
    let text = choices.pick(&["192.0.2.0/24", "192.0.2.1", "192.0.2.1-192.0.2.9", "2001:db8::/32", "198.51.100.0/24"]);
    let read = match (text.contains('/'), text.contains('-')) {
        (true, _) => IpRange::cidr(text),
        (_, true) => IpRange::range(text),
        _ => IpRange::address(text),
    };
    match read {
        Ok(range) => range,
        Err(error) => unreachable_world(text, &error),
    }
}

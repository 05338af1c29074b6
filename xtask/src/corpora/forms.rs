//! Scores what is no header field: addresses, reverse-paths, domains, client addresses.

use std::net::IpAddr;

use sendas::DomainName;
use sendas::address::path::{ReversePath, read_path};
use sendas::address::suffix::organizational_domain;
use sendas::address::{CanonicalFlaw, DomainFlaw};
use sendas::net::{IpRange, IpRangeError, parse_ip};

use super::header;
use super::row::{Row, unquoted};
use super::tally::{Outcome, Score, Tally};

pub(super) fn addr_spec(row: &Row, tally: &mut Tally) {
    if row.is_beside_syntax() {
        return tally.enter(Score::AddrSpec, row.id(), Outcome::LeftOut("policy or quirk of the source".into()));
    }
    let path = path_of(&row.input, true);
    let said = header::is_addr_spec(&row.input);
    let describe = |read: bool| format!("{} `{}`", if read { "read" } else { "refused" }, row.input.escape_ascii());
    if let Some(valid) = row.verdict("valid_5321") {
        let read = is_mailbox(&row.input);
        tally.enter(Score::Isemail5321, row.id(), Outcome::exact_if(read == valid, || describe(read)));
        if let Some(valid) = row.verdict("valid") {
            tally.enter(Score::Isemail5322, row.id(), Outcome::exact_if(said == valid, || describe(said)));
        }
        return;
    }
    let Some(valid) = row.verdict("valid") else { return tally.unscored += 1 };
    // What is valid somewhere is to be read, what is valid nowhere is not to be authorised.
    let read = if valid { said } else { path.is_some() };
    tally.enter(Score::AddrSpec, row.id(), Outcome::exact_if(read == valid, || describe(read)));
}

pub(super) fn reverse_path(row: &Row, tally: &mut Tally) {
    let Some(valid) = row.verdict("valid") else { return };
    if row.is_beside_syntax() {
        return tally.enter(Score::Path, row.id(), Outcome::LeftOut("policy or quirk of the source".into()));
    }
    let lacking = ["source_route", "local_only", "outer_whitespace"].into_iter().find(|need| row.needs(need));
    if let (true, Some(need)) = (valid, lacking) {
        return tally.enter(Score::Path, row.id(), Outcome::LeftOut(format!("needs {need}, which is never accepted")));
    }
    let read = path_of(&row.input, row.needs("smtputf8"));
    let outcome = match (&read, valid) {
        (None, false) => Outcome::Exact,
        (None, true) => Outcome::Miss(format!("refused `{}`", row.input.escape_ascii())),
        (Some(_), false) => Outcome::Miss(format!("read `{}`", row.input.escape_ascii())),
        (Some(parts), true) => {
            let expected = expected_path(row, parts);
            Outcome::exact_if(expected == *parts, || format!("read as {parts:?} instead of {expected:?}"))
        }
    };
    tally.enter(Score::Path, row.id(), outcome);
}

pub(super) fn domain(row: &Row, tally: &mut Tally) {
    let text = String::from_utf8_lossy(&row.input);
    let read = DomainName::parse(&text);
    match row.text("what") {
        Some("registrable_domain") => {
            let found = read.as_ref().ok().and_then(|name| organizational_domain(name.as_str()));
            let expected = row.expected_text("registrable").and_then(|name| DomainName::parse(name).ok());
            let expected = expected.as_ref().map(DomainName::as_str);
            tally.enter(
                Score::Psl,
                row.id(),
                Outcome::exact_if(found == expected, || format!("{found:?} instead of {expected:?}")),
            );
        }
        Some("uts46_nontransitional") => {
            let expected = row.expected_text("to_ascii").or_else(|| row.expected_text("to_unicode"));
            let outcome = match (&read, row.is("valid")) {
                (Err(_), false) => Outcome::Exact,
                (Ok(name), false) => Outcome::Miss(format!("read `{text}` as `{name}`")),
                (Ok(name), true) => {
                    Outcome::exact_if(Some(name.as_str()) == expected, || format!("`{name}` instead of {expected:?}"))
                }
                (Err(error), true) if matches!(error.kind(), DomainFlaw::FinalDot | DomainFlaw::BareIp) => {
                    Outcome::LeftOut(format!("rule 3.7: {error}"))
                }
                (Err(error), true) => Outcome::Miss(format!("refused `{text}`: {error}")),
            };
            tally.enter(Score::Domain, row.id(), outcome);
        }
        Some("hostname") => {
            let Some(valid) = row.verdict("valid") else { return tally.unscored += 1 };
            let outcome = Outcome::exact_if(read.is_ok() == valid, || match &read {
                Ok(name) => format!("read `{text}` as `{name}`"),
                Err(error) => format!("refused `{text}`: {error}"),
            });
            tally.enter(Score::Hostname, row.id(), outcome);
        }
        _ => tally.unscored += 1,
    }
}

pub(super) fn ip(row: &Row, tally: &mut Tally) {
    let text = String::from_utf8_lossy(&row.input);
    let Some(valid) = row.verdict("valid") else { return tally.unscored += 1 };
    let expected = row.expected_text("canonical");
    let (read, error) = match row.kind() {
        "ip" => (parse_ip(&row.input).and_then(|ip| IpRange::new(ip, ip).ok()), None),
        "cidr" => split(IpRange::cidr(&text)),
        _ => split(IpRange::range(&text)),
    };
    let outcome = match (read, valid) {
        (None, false) => Outcome::Exact,
        (Some(range), false) => Outcome::Miss(format!("read `{text}` as {range}")),
        (None, true) => match on_purpose(&text, row.kind(), error) {
            Some(rule) => Outcome::LeftOut(format!("`{text}`: rule T14 refuses {rule}")),
            None => Outcome::Miss(format!("refused `{text}`")),
        },
        (Some(range), true) => {
            let ends = [("first", range.first()), ("last", range.last())];
            let ends_agree = ends.iter().all(|(end, ip)| row.expected_text(end).is_none_or(|text| same_ip(text, *ip)));
            let agrees = match (row.kind(), expected) {
                ("ip", Some(canonical)) => same_ip(canonical, range.first()),
                ("cidr", Some(canonical)) => IpRange::cidr(canonical) == Ok(range),
                _ => ends_agree,
            };
            Outcome::exact_if(agrees, || format!("read `{text}` as {range}"))
        }
    };
    tally.enter(Score::Ip, row.id(), outcome);
}

pub(super) fn ip_in_cidr(row: &Row, tally: &mut Tally) {
    let (Some(cidr), Some(expected)) = (row.text("cidr"), row.verdict("match")) else { return tally.unscored += 1 };
    let outcome = match (IpRange::cidr(cidr), parse_ip(&row.input)) {
        (Ok(range), Some(ip)) => {
            Outcome::exact_if(range.contains(ip) == expected, || format!("{cidr} contains {ip}: {}", !expected))
        }
        (Err(error), _) => match on_purpose(cidr, "cidr", Some(error)) {
            Some(rule) => Outcome::LeftOut(format!("`{cidr}`: rule T14 refuses {rule}")),
            None => Outcome::Miss(format!("refused `{cidr}`: {error}")),
        },
        (Ok(_), None) => Outcome::Miss(format!("refused `{}`", row.input.escape_ascii())),
    };
    tally.enter(Score::Ip, row.id(), outcome);
}

pub(super) fn alignment(row: &Row, tally: &mut Tally) {
    let (Some(other), Some(mode), Some(expected)) = (row.text("auth_domain"), row.text("mode"), row.verdict("aligned"))
    else {
        return tally.unscored += 1;
    };
    let parse = |text: &str| DomainName::parse(text).ok();
    let aligned = match (parse(&String::from_utf8_lossy(&row.input)), parse(other)) {
        (Some(a), Some(b)) if mode == "strict" => a == b,
        (Some(a), Some(b)) => {
            let organization = |name: &DomainName| organizational_domain(name.as_str()).map(str::to_owned);
            a == b || (organization(&a).is_some() && organization(&a) == organization(&b))
        }
        _ => false,
    };
    tally.enter(Score::Alignment, row.id(), Outcome::exact_if(aligned == expected, || format!("{mode}: {aligned}")));
}

/// Reads a reverse-path; the local part by value and the domain as A-labels or in lower case, both empty for `<>`.
fn path_of(bytes: &[u8], smtputf8: bool) -> Option<(String, String)> {
    match read_path(bytes, smtputf8).ok()? {
        ReversePath::Null => Some((String::new(), String::new())),
        ReversePath::Mailbox(spec) => {
            let local = unquoted(&String::from_utf8_lossy(spec.local.of(bytes)));
            spec.canonical(bytes).ok()?;
            Some((local, ascii_domain(&String::from_utf8_lossy(spec.domain.of(bytes)))))
        }
    }
}

/// Tells whether the text is a `Mailbox` by RFC 5321 §4.1.2 and the lengths of §4.5.3.1 and RFC 1035 §2.3.4.
fn is_mailbox(text: &[u8]) -> bool {
    match read_path(text, false) {
        Ok(ReversePath::Mailbox(spec)) => {
            let flaw = spec.canonical(text).map_err(|error| error.kind());
            !matches!(
                flaw,
                Err(CanonicalFlaw::TooLong | CanonicalFlaw::Domain(DomainFlaw::LabelTooLong | DomainFlaw::TooLong))
            )
        }
        _ => false,
    }
}

fn expected_path(row: &Row, read: &(String, String)) -> (String, String) {
    if let Some(address) = row.expected_text("address") {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        return (local.to_owned(), ascii_domain(domain));
    }
    let known = |key| row.expected(key).is_some();
    let local = if known("local") { unquoted(row.expected_text("local").unwrap_or_default()) } else { read.0.clone() };
    let domain = row.expected_text("ascii_domain").or_else(|| row.expected_text("domain"));
    let domain = if known("domain") || known("ascii_domain") {
        ascii_domain(domain.unwrap_or_default())
    } else {
        read.1.clone()
    };
    (local, domain)
}

fn ascii_domain(domain: &str) -> String {
    DomainName::parse(domain).map_or_else(|_| domain.to_lowercase(), |name| name.as_str().to_owned())
}

fn split(read: Result<IpRange, IpRangeError>) -> (Option<IpRange>, Option<IpRangeError>) {
    match read {
        Ok(range) => (Some(range), None),
        Err(error) => (None, Some(error)),
    }
}

fn same_ip(text: &str, ip: IpAddr) -> bool {
    text.parse::<IpAddr>().is_ok_and(|other| other.to_canonical() == ip.to_canonical())
}

/// Names what rule T14 refuses in a text that others read.
fn on_purpose(text: &str, kind: &str, error: Option<IpRangeError>) -> Option<&'static str> {
    let leading_zero =
        |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|octet| octet.is_ascii_digit());
    let dotted = text.split('/').flat_map(|part| part.rsplit(':').next().unwrap_or(part).split('.'));
    let is_v4_or_length = |part: &str| leading_zero(part);
    let has_leading_zero = text.split_once('/').is_some_and(|(_, length)| leading_zero(length))
        || (text.contains('.') && dotted.clone().any(is_v4_or_length));
    match error {
        Some(IpRangeError::HostBits { .. }) => Some("host bits"),
        Some(IpRangeError::MappedPrefix) => Some("an IPv4-mapped prefix under /96"),
        _ if text.contains('%') => Some("a zone"),
        _ if text.split_once('/').is_some_and(|(_, mask)| mask.contains('.')) => Some("a netmask"),
        _ if has_leading_zero => Some("leading zeros"),
        _ if kind == "cidr" && !text.contains('/') => Some("an address where a network is asked for"),
        _ if kind == "range" && !text.contains('-') && text.parse::<IpAddr>().is_ok() => {
            Some("an address where a range is asked for")
        }
        _ if kind == "range" && text.contains('*') => Some("a glob"),
        _ if kind == "range" && text.split('-').any(|end| end.parse::<IpAddr>().is_err()) => Some("a short range"),
        _ => None,
    }
}

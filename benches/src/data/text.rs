//! Names of people and domains, of the length that real ones have.

/// The domain that a tenant sends from.
pub(super) fn main_domain(tenant: usize) -> String {
    format!("{}-{}.example", pick(&NOUNS, tenant), base36(tenant))
}

/// A domain below it.
pub(super) fn below(tenant: usize) -> String {
    format!("m.{}", main_domain(tenant))
}

/// A domain beside it.
pub(super) fn second_domain(tenant: usize) -> String {
    format!("{}-{}.example", pick(&FEATURES, tenant), base36(tenant))
}

/// A domain that nobody here holds, as mailbox providers elsewhere have.
pub(super) fn elsewhere(number: usize) -> String {
    format!("{}{}.example.org", pick(&NOUNS, number), number % 1_000 / NOUNS.len())
}

/// The local part of a tenant's item; two items of one tenant differ.
pub(super) fn local(tenant: usize, item: usize) -> String {
    let (given, family) = (pick(&GIVEN, item / 2), pick(&FAMILY, item / 2 / GIVEN.len() + item + tenant));
    match item % 4 {
        0 | 1 => {
            let again = item / 2 / (GIVEN.len() * FAMILY.len());
            if item % 2 == 0 { person(given, family, again) } else { person(family, given, again) }
        }
        2 => format!("{family}-{given}{}", item / 4),
        _ => format!("{}.{}", pick(&FEATURES, item / 4), item / 4),
    }
}

/// What an account may also write at a domain that it may use as a whole.
pub(super) fn any_local(number: usize) -> String {
    format!("{}-{number}", pick(&FEATURES, number))
}

/// A display name.
pub(super) fn display_name(number: usize) -> String {
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number / GIVEN.len()));
    format!("{} {}", capital(given), capital(family))
}

fn person(first: &str, second: &str, again: usize) -> String {
    if again == 0 { format!("{first}.{second}") } else { format!("{first}.{second}{again}") }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn pick(words: &[&'static str], number: usize) -> &'static str {
    words.get(number % words.len()).copied().unwrap_or_default()
}

fn base36(mut number: usize) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz".get(number % 36).copied().unwrap_or_default());
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().copied().map(char::from).collect()
}

const GIVEN: [&str; 32] = [
    "ada", "anna", "ben", "bruno", "carla", "chen", "clara", "david", "elif", "emil", "eva", "felix", "greta", "hana",
    "ivan", "jonas", "julia", "kofi", "lena", "leo", "maria", "milan", "nadia", "noor", "omar", "paula", "rosa",
    "samir", "sofia", "tariq", "vera", "yuki",
];

const FAMILY: [&str; 32] = [
    "adler", "almeida", "banerjee", "berg", "castro", "cohen", "dubois", "eriksen", "fischer", "garcia", "haddad",
    "horvat", "ito", "jansen", "kaya", "kim", "lindt", "lopez", "mbeki", "moreau", "novak", "okafor", "patel", "quist",
    "rossi", "santos", "singh", "tanaka", "ulrich", "vargas", "weber", "zhou",
];

const NOUNS: [&str; 16] = [
    "harbor", "meadow", "granite", "lantern", "orchard", "summit", "willow", "ember", "cobalt", "prairie", "falcon",
    "juniper", "quartz", "saffron", "tundra", "velvet",
];

const FEATURES: [&str; 16] = [
    "news", "sales", "billing", "support", "orders", "events", "alerts", "team", "jobs", "press", "shop", "office",
    "travel", "legal", "store", "desk",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn local_parts_of_a_tenant_differ() {
        for tenant in [0, 1, 31, 999] {
            let all: BTreeSet<_> = (0..5_000).map(|item| local(tenant, item)).collect();
            assert_eq!(all.len(), 5_000);
        }
    }

    #[test]
    fn domains_of_tenants_differ() {
        let all: BTreeSet<_> = (0..50_000).flat_map(|tenant| [main_domain(tenant), second_domain(tenant)]).collect();
        assert_eq!(all.len(), 100_000);
    }
}

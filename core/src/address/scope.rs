//! How far a right or a deny entry reaches.

use super::{Address, DomainName};

/// Which addresses a right or a deny entry reaches. There are no free patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the scopes are the model")]
pub enum Scope {
    /// Exactly this address.
    Address(Address),
    /// Any address at this domain.
    Domain(DomainName),
    /// Any address at this domain or below it, at a label boundary.
    Subdomains(DomainName),
}

impl Scope {
    /// Tells whether any address at `domain`, lower-case A-labels, is within reach.
    ///
    /// Only a whole label counts: `Subdomains(example.org)` reaches `a.example.org`, not `an-example.org`.
    #[must_use]
    pub fn covers_domain(&self, domain: &str) -> bool {
        match self {
            Self::Address(_) => false,
            Self::Domain(name) => name.as_str() == domain,
            Self::Subdomains(name) => match domain.strip_suffix(name.as_str()) {
                Some(above) => above.is_empty() || above.ends_with('.'),
                None => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use crate::address::{Address, DomainName};

    #[test]
    fn a_scope_ends_at_a_label_boundary() {
        let name = DomainName::parse("example.org").expect("a domain");
        let exact = Scope::Domain(name.clone());
        let below = Scope::Subdomains(name);
        let one = Scope::Address(Address::parse("a@example.org").expect("an address"));
        for (domain, in_exact, in_below) in [
            ("example.org", true, true),
            ("a.example.org", false, true),
            ("b.a.example.org", false, true),
            ("anexample.org", false, false),
            ("example.org.test", false, false),
            ("org", false, false),
            ("", false, false),
        ] {
            assert_eq!(exact.covers_domain(domain), in_exact, "{domain}");
            assert_eq!(below.covers_domain(domain), in_below, "{domain}");
            assert!(!one.covers_domain(domain));
        }
    }
}

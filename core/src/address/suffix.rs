//! Questions to the public suffix list (<https://publicsuffix.org/>), ICANN and private sections alike.
//!
//! Domains are lower-case A-labels. A top-level domain that the list does not know follows its default rule `*`:
//! the top-level domain itself is a public suffix.

/// Names the list in use, which is pinned: a different one can change what is refused as a domain, and alignment.
pub const LIST_VERSION: &str = "psl 2.1.247";

/// Tells whether the domain is a public suffix, under which strangers register.
#[must_use]
pub fn is_public_suffix(domain: &str) -> bool {
    is_name(domain) && psl::domain_str(domain).is_none()
}

/// Returns the organizational domain: the public suffix and one label more. `None` for a public suffix or a literal.
#[must_use]
pub fn organizational_domain(domain: &str) -> Option<&str> {
    if is_name(domain) { psl::domain_str(domain) } else { None }
}

/// Tells whether the domain is a name and no literal.
fn is_name(domain: &str) -> bool {
    !domain.is_empty() && !domain.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::{is_public_suffix, organizational_domain};

    #[test]
    fn both_sections_and_the_default_rule_count() {
        for (domain, organizational) in [
            ("example.org", Some("example.org")),
            ("a.b.example.org", Some("example.org")),
            ("org", None),
            ("co.uk", None),
            ("example.co.uk", Some("example.co.uk")),
            ("a.example.co.uk", Some("example.co.uk")),
            ("github.io", None),
            ("a.github.io", Some("a.github.io")),
            ("test", None),
            ("example.test", Some("example.test")),
            ("a.example.test", Some("example.test")),
            ("xn--55qx5d.cn", None),
            ("xn--85x722f.xn--55qx5d.cn", Some("xn--85x722f.xn--55qx5d.cn")),
            ("c.kobe.jp", None),
            ("city.kobe.jp", Some("city.kobe.jp")),
            ("www.ck", Some("www.ck")),
            ("[192.0.2.1]", None),
            ("", None),
        ] {
            assert_eq!(organizational_domain(domain), organizational, "{domain}");
        }
        assert!(is_public_suffix("github.io"));
        assert!(is_public_suffix("test"));
        assert!(is_public_suffix("c.kobe.jp"));
        assert!(!is_public_suffix("example.test"));
        assert!(!is_public_suffix("[192.0.2.1]"));
        assert!(!is_public_suffix(""));
    }
}

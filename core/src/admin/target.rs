//! What commands and events are about.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::address::{Address, DomainName, Scope};
use crate::net::IpRange;
use crate::policy::{CaseRule, Separator};
use crate::time::Timestamp;

use super::named;

/// Who holds an identity or a deny entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "as in the policy")]
pub enum Holder {
    /// One account, by its id.
    Account(String),
    /// A tenant, by its id.
    Tenant(String),
}

impl Holder {
    /// Returns the id of the account or tenant.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Account(id) | Self::Tenant(id) => id,
        }
    }
}

/// Whom an allowlist binds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as in the policy")]
pub enum AllowlistScope {
    /// One account, by its id.
    Account(String),
    /// One credential, by its id.
    Credential(String),
    /// Every account of a tenant and of its subusers, by the tenant's id.
    Tenant(String),
}

/// An entry to be added to an allowlist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct NewEntry {
    /// The form in which it was written; all entries of one command have the same.
    pub form: EntryForm,
    /// The addresses.
    pub range: IpRange,
    /// What the administrator notes.
    pub remark: String,
}

/// The form in which an entry of an allowlist is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the three forms are the model")]
pub enum EntryForm {
    /// One address.
    Address,
    /// A prefix.
    Cidr,
    /// Two addresses with a hyphen between them.
    Range,
}

/// Why an allowlist went off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two ways are the model")]
pub enum ClosedBy {
    /// It was disabled, and all its entries were cleared.
    Disabled,
    /// Its last entry was deleted.
    LastDeleted,
}

named!(ClosedBy, 2, "disabled": Disabled = "disabled", LastDeleted = "last_deleted");

/// The answer of a mailbox owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the answers are the model")]
pub enum Answer {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// No longer.
    Withdrawn,
}

named!(Answer, 3, "given": Given = "given", Refused = "refused", Withdrawn = "withdrawn");

/// How the entry of a domain is changed; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct DomainRules {
    /// Whether the scope includes sub-domains.
    pub subdomains: Option<bool>,
    /// What begins a sub-address; `Some(None)` for nothing.
    pub separator: Option<Option<Separator>>,
    /// How local parts compare.
    pub case: Option<CaseRule>,
    /// Whether it covers own addresses of other accounts of the tenant.
    pub covers_mailboxes: Option<bool>,
}

/// What the host found in the DNS for one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct DnsObservation {
    /// The TXT records at the right name, the challenge's label below the domain.
    pub expected: TxtAnswer,
    /// Those at the domain itself, where people put them by mistake.
    pub apex: TxtAnswer,
    /// Those at the right name below the domain once more, as when a panel appends the domain.
    pub doubled: TxtAnswer,
}

/// The answer to one look-up of TXT records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what a resolver can say about one name")]
pub enum TxtAnswer {
    /// There is no name, or no TXT record at it.
    Absent,
    /// The look-up failed: no answer, SERVFAIL, or an answer that does not validate.
    Failed,
    /// The records, each as its character-strings (RFC 1035 §3.3.14).
    Found(Vec<Vec<String>>),
}

/// What an observation says about a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the outcomes are the model")]
pub enum DnsOutcome {
    /// The record stands where it should.
    Verified,
    /// There is no TXT record.
    Absent,
    /// There are TXT records, and none of them says the challenge.
    WrongValue,
    /// The record stands at the domain itself.
    AtApex,
    /// The record stands at the doubled name.
    AtDoubledName,
    /// The look-up failed, so nothing is known.
    LookupFailed,
}

named!(DnsOutcome, 6, "verified":
    Verified = "verified",
    Absent = "absent",
    WrongValue = "wrong_value",
    AtApex = "at_apex",
    AtDoubledName = "at_doubled_name",
    LookupFailed = "lookup_failed",
);

impl DnsObservation {
    /// Compares what was found with the text of the TXT record.
    ///
    /// One record is enough, and matches whole after its strings are joined. A record at a wrong name is looked for where the
    /// right one gave a definite answer only: otherwise nothing is known.
    #[must_use]
    pub fn outcome(&self, value: &str) -> DnsOutcome {
        match &self.expected {
            TxtAnswer::Failed => DnsOutcome::LookupFailed,
            found if found.has(value) => DnsOutcome::Verified,
            _ if self.apex.has(value) => DnsOutcome::AtApex,
            _ if self.doubled.has(value) => DnsOutcome::AtDoubledName,
            TxtAnswer::Found(records) if !records.is_empty() => DnsOutcome::WrongValue,
            TxtAnswer::Found(_) | TxtAnswer::Absent => DnsOutcome::Absent,
        }
    }
}

impl TxtAnswer {
    fn has(&self, value: &str) -> bool {
        match self {
            Self::Absent | Self::Failed => false,
            Self::Found(records) => records.iter().any(|strings| strings.concat() == value),
        }
    }
}

/// The names at which the TXT record of a challenge is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TxtNames {
    /// Where it should stand.
    pub expected: String,
    /// The domain itself.
    pub apex: String,
    /// The right name below the domain once more.
    pub doubled: String,
}

impl TxtNames {
    /// Returns the names for a domain.
    ///
    /// ```
    /// let names = sendas::admin::TxtNames::new("domauthvalidation", &sendas::DomainName::parse("example.org")?);
    /// assert_eq!(names.expected, "domauthvalidation.example.org");
    /// assert_eq!(names.doubled, "domauthvalidation.example.org.example.org");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(label: &str, domain: &DomainName) -> Self {
        Self {
            expected: alloc::format!("{label}.{domain}"),
            apex: String::from(domain.as_str()),
            doubled: alloc::format!("{label}.{domain}.{domain}"),
        }
    }
}

/// What was seen of an account that sent as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Seen {
    /// How many messages.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// An identity of a holder, by its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Pair {
    /// Who may use the address.
    pub holder: Holder,
    /// The address.
    pub address: Address,
}

/// Shows a scope as text: an address, a domain, or a domain with what is below it.
pub(super) fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Address(address) => address.to_string(),
        Scope::Domain(domain) => domain.to_string(),
        Scope::Subdomains(domain) => alloc::format!("{domain} and below"),
    }
}

//! The states of what is administered, and which event leads from one to another.

/// An object that has states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the machines are the model")]
pub enum Machine {
    /// An allowlist.
    Allowlist,
    /// The mailbox owner's word on one pair of holder and address.
    Consent,
    /// A credential.
    Credential,
    /// The proof of a domain.
    Domain,
    /// An Admin's word on an identity of the tenant.
    Identity,
}

impl Machine {
    /// Returns what the table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowlist => "allowlist",
            Self::Consent => "consent",
            Self::Credential => "credential",
            Self::Domain => "domain",
            Self::Identity => "identity",
        }
    }
}

/// A row of the table: in state `from`, `event` leads to `to`.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Transition {
    /// The object.
    pub machine: Machine,
    /// The state before; `none` for what does not exist.
    pub from: &'static str,
    /// What happens.
    pub event: &'static str,
    /// The state after.
    pub to: &'static str,
}

const fn row(machine: Machine, from: &'static str, event: &'static str, to: &'static str) -> Transition {
    Transition { machine, from, event, to }
}

/// Every transition. What does not stand here cannot happen: `decide` refuses it, and `apply` calls it an error.
pub const TRANSITIONS: &[Transition] = &[
    row(Machine::Identity, "none", "identities_added", "pending"),
    row(Machine::Identity, "pending", "identities_verified", "verified"),
    row(Machine::Identity, "verified", "identities_unverified", "pending"),
    row(Machine::Identity, "pending", "identities_removed", "none"),
    row(Machine::Identity, "verified", "identities_removed", "none"),
    row(Machine::Consent, "none", "consent_requested", "pending"),
    row(Machine::Consent, "pending", "consent_requested", "pending"),
    row(Machine::Consent, "pending", "consent_answered given", "given"),
    row(Machine::Consent, "pending", "consent_answered refused", "refused"),
    row(Machine::Consent, "given", "consent_answered withdrawn", "withdrawn"),
    row(Machine::Consent, "refused", "consent_answered given", "given"),
    row(Machine::Consent, "withdrawn", "consent_answered given", "given"),
    row(Machine::Domain, "none", "domain_added", "pending"),
    row(Machine::Domain, "none", "domain_vouched", "vouched"),
    row(Machine::Domain, "pending", "domain_verified", "verified"),
    row(Machine::Domain, "pending", "domain_vouched", "vouched"),
    row(Machine::Domain, "verified", "domain_suspended", "suspended"),
    row(Machine::Domain, "verified", "domain_vouched", "vouched"),
    row(Machine::Domain, "suspended", "domain_verified", "verified"),
    row(Machine::Domain, "suspended", "domain_vouched", "vouched"),
    row(Machine::Domain, "vouched", "domain_unvouched", "suspended"),
    row(Machine::Domain, "pending", "domain_removed", "none"),
    row(Machine::Domain, "verified", "domain_removed", "none"),
    row(Machine::Domain, "vouched", "domain_removed", "none"),
    row(Machine::Domain, "suspended", "domain_removed", "none"),
    row(Machine::Allowlist, "off", "allowlist_entries_added", "on"),
    row(Machine::Allowlist, "on", "allowlist_entries_added", "on"),
    row(Machine::Allowlist, "on", "allowlist_entry_deleted", "on"),
    row(Machine::Allowlist, "on", "allowlist_closed", "off"),
    row(Machine::Credential, "none", "credential_issued", "valid"),
    row(Machine::Credential, "valid", "credential_revoked", "revoked"),
];

/// Returns the state that an event leads to, if it can happen in this one.
pub(super) fn next(machine: Machine, from: &str, event: &str) -> Option<&'static str> {
    let row = TRANSITIONS.iter().find(|row| row.machine == machine && row.from == from && row.event == event);
    row.map(|row| row.to)
}

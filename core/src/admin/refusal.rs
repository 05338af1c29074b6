//! Why a command is refused, and what would be right.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::address::{Address, DomainName};
use crate::net::IpRange;
use crate::policy::ProblemKind;
use crate::time::Timestamp;

use super::named;

/// Defines the refusals from their table. A row is: documentation, variant, slug, clause, message, remedy, and the fields.
///
/// A field is shown in the message by its name; it stands in backticks there, without control characters.
macro_rules! refusals {
    ($(
        #[doc = $doc:literal]
        $variant:ident $slug:literal $rule:literal $message:literal $remedy:literal {
            $( $field_doc:literal $field:ident: $type:ty, )*
        }
    )+) => {
        /// Why a command is refused. Nothing has changed.
        ///
        /// It displays as one line, `what is wrong; what would be right`, for those who run the system;
        /// [`client_text`](Self::client_text) is for the one who gave the command.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Refusal {
            $(
                #[doc = $doc]
                $variant { $( #[doc = $field_doc] $field: $type, )* },
            )+
        }

        impl Refusal {
            /// Returns the name by which programs tell refusals apart, such as `step_up_required`.
            #[must_use]
            pub const fn slug(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $slug, )+
                }
            }

            /// Returns the clause of `docs/administration.md` that it comes from, such as `administration 2.10`.
            #[must_use]
            pub const fn rule(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $rule, )+
                }
            }

            /// Returns what is wrong, without the remedy.
            #[must_use]
            pub fn message(&self) -> String {
                match self {
                    $(
                        Self::$variant { $($field),* } => {
                            $( let $field = $field.quoted(); )*
                            format!($message)
                        }
                    )+
                }
            }

            /// Returns the values that it is about, by their names.
            #[must_use]
            pub fn about(&self) -> Vec<(&'static str, String)> {
                match self {
                    $( Self::$variant { $($field),* } => [$( (stringify!($field), $field.show()) ),*].into(), )+
                }
            }

            const fn fixed_remedy(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $remedy, )+
                }
            }
        }

        /// A row of the table of refusals, for documentation.
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub struct RefusalRow {
            /// The slug.
            pub slug: &'static str,
            /// The clause of `docs/administration.md` that it comes from.
            pub rule: &'static str,
            /// When it happens.
            pub doc: &'static str,
            /// What would be right.
            pub remedy: &'static str,
        }

        /// Every refusal.
        pub const REFUSALS: &[RefusalRow] =
            &[$( RefusalRow { slug: $slug, rule: $rule, doc: $doc, remedy: $remedy } ),+];
    };
}

refusals! {
    /// The same command id was used for another command, or by another actor.
    CommandIdReused "command_id_reused" "administration 1.2" "the command id was used for record {sequence}" "give each command an id of its own" {
        "the record" sequence: u64,
    }
    /// The tenant has changed since the version that the order expects.
    VersionConflict "version_conflict" "administration 1.3" "the version is {actual}, and {expected} was expected" "look at what changed, and decide again" {
        "the version expected" expected: u64,
        "the version in force" actual: u64,
    }
    /// This kind of actor never gives this command.
    ActorMayNot "actor_may_not" "administration 2.10" "{actor} may not give the command {command}" "leave it to those who may" {
        "the kind of actor" actor: &'static str,
        "the command" command: &'static str,
    }
    /// The actor's account does not exist.
    UnknownActor "unknown_actor" "administration 2.2" "there is no account {account} that could act" "name an account by its id" {
        "its id" account: String,
    }
    /// The actor's account or tenant is suspended.
    ActorSuspended "actor_suspended" "administration 2.2" "the account {account}, or its tenant, is suspended" "ask the provider" {
        "its id" account: String,
    }
    /// The member names a role that it does not hold.
    RoleNotHeld "role_not_held" "administration 2.2" "the account does not hold the role {role}" "act in a role that it holds" {
        "the role" role: String,
    }
    /// None of the member's roles gives the right.
    PermissionMissing "permission_missing" "administration 2.5" "this needs {right}" "ask an Admin of the tenant" {
        "the permission, or the role `Admin`" right: &'static str,
    }
    /// The tenant leaves its administration to Admins.
    AdminRequired "admin_required" "administration 2.5" "only an Admin may give commands for this tenant" "ask an Admin of the tenant" {}
    /// A member's address is not known while a panel allowlist is on.
    ClientIpMissing "client_ip_missing" "administration 2.3" "the network address that the member comes from is not known" "hand over the client's address" {}
    /// A member's address is not in a panel allowlist that is on.
    ClientIpNotAllowed "client_ip_not_allowed" "administration 2.3" "the member's network address is not in the panel's allowlist" "come from an address in the allowlist" {}
    /// What loosens a restriction, or switches sender authentication, needs a fresh proof of who acts.
    StepUpRequired "step_up_required" "administration 2.6" "this needs the member's password again" "ask for the password, and give the command again" {}
    /// Something that cannot be undone was not confirmed.
    ConfirmationRequired "confirmation_required" "administration 1.1" "this cannot be undone, and was not confirmed" "ask, and give the command with `confirmed`" {}
    /// There is no such tenant, or none that the actor may see.
    UnknownTenant "unknown_tenant" "administration 2.4" "there is no tenant {tenant}" "name a tenant by its id" { "its id" tenant: String, }
    /// There is no such account, or none that the actor may see.
    UnknownAccount "unknown_account" "administration 2.4" "there is no account {account}" "name an account of the tenant by its id" {
        "its id" account: String,
    }
    /// Some accounts of a list are none of the tenant.
    UnknownAccounts "unknown_accounts" "administration 6.6" "the tenant has no accounts {names}" "name accounts of the tenant; nothing was saved" {
        "their ids" names: Vec<String>,
    }
    /// There is no such credential, or none that the actor may see.
    UnknownCredential "unknown_credential" "administration 2.4" "there is no credential {credential}" "name a credential by its id" {
        "its id" credential: String,
    }
    /// The tenant has no entry for the domain.
    UnknownDomain "unknown_domain" "administration 2.4" "the tenant has no domain {domain}" "add the domain first" { "the domain" domain: DomainName, }
    /// The holder has no identity for the address.
    UnknownIdentity "unknown_identity" "administration 4.3" "there is no identity {address}" "add the address first; nothing was saved" {
        "its address" address: Address,
    }
    /// The tenant defines no such role.
    UnknownRole "unknown_role" "administration 8.4" "the tenant defines no role {role}" "name a role of the tenant" { "its name" role: String, }
    /// There is no such deny entry.
    UnknownDeny "unknown_deny" "administration 8.7" "there is no deny entry for {scope}" "name an entry as it stands" { "what it denies" scope: String, }
    /// The account has no exemption from the control.
    UnknownExemption "unknown_exemption" "administration 8.6" "there is no exemption from {control}" "name a control that it is exempted from" {
        "the control" control: &'static str,
    }
    /// The tenant id is taken.
    TenantExists "tenant_exists" "administration 8.1" "there is a tenant {tenant}" "choose another id" { "the id" tenant: String, }
    /// The account is suspended, which only the provider ends; removed and added again, it would not be.
    AccountSuspended "account_suspended" "administration 8.3" "the account {account} is suspended" "ask the provider" { "the account" account: String, }
    /// The account id is taken, here or in another tenant.
    AccountExists "account_exists" "administration 1.5" "the account id {account} is taken" "choose another id" { "the id" account: String, }
    /// The credential id is taken, here or in another tenant.
    CredentialExists "credential_exists" "administration 1.5" "the credential id {credential} is taken" "choose another id" {
        "the id" credential: String,
    }
    /// The deny entry is there already.
    DenyExists "deny_exists" "administration 8.7" "there is a deny entry for {scope}" "remove it first" { "what it denies" scope: String, }
    /// The tenant has subusers.
    TenantHasSubusers "tenant_has_subusers" "administration 8.1" "the tenant {subuser} is a subuser of it" "remove the subusers first" {
        "one of them" subuser: String,
    }
    /// A list of an ancestor names the account.
    AccountListedAbove "account_listed_above" "administration 8.3" "a list of the tenant {tenant}, from which it inherits, names the account" "take it from that list first" {
        "the ancestor" tenant: String,
    }
    /// A built-in role cannot be redefined or removed.
    RoleBuiltIn "role_built_in" "administration 8.4" "the role {role} is built in" "choose another name" { "its name" role: String, }
    /// An account holds the role, or an identity names it.
    RoleInUse "role_in_use" "administration 8.4" "the role {role} is in use" "take it from accounts and identities first" { "its name" role: String, }
    /// A batch is empty.
    EmptyBatch "empty_batch" "administration 1.1" "the list is empty" "name at least one" {}
    /// The mail is to go to an account that may not verify.
    AdminMayNotVerify "admin_may_not_verify" "administration 4.2" "the account {admin} may not verify identities" "name an Admin of the tenant" {
        "its id" admin: String,
    }
    /// A token is wrong, expired, used, or for something else.
    TokenRefused "token_refused" "administration 3.2" "the token is {fault}" "ask for a new one" { "which of these" fault: TokenFault, }
    /// A token or challenge was given out before.
    SecretUsed "secret_used" "administration 3.1" "the token or challenge was given out before" "draw a new one from the random source" {}
    /// An instant that should be in the future is not.
    AlreadyExpired "already_expired" "administration 3.3" "the instant {instant} has passed" "choose one in the future" { "the instant" instant: Timestamp, }
    /// The mailbox owner said no, or took the consent back.
    OwnerRefused "owner_refused" "administration 5.3" "the owner of {address} has said no" "respect it; only the owner can change it" {
        "the address" address: Address,
    }
    /// The question has been answered, or never asked.
    ConsentState "consent_state" "administration 1.8" "the consent for {address} is {state}" "answer a question that is open, or withdraw a consent that is given" {
        "the address" address: Address,
        "its state" state: &'static str,
    }
    /// The account answers for an address that is not its own.
    NotOwner "not_owner" "administration 5.5" "{address} is not the account's own address" "answer by the mail that went to the address" {
        "the address" address: Address,
    }
    /// The tenant forbids addresses at domains that it has not verified.
    ForeignIdentity "foreign_identity" "administration 4.4" "{address} is at a domain that the tenant has not verified" "verify the domain, or let an Admin permit foreign addresses" {
        "the address" address: Address,
    }
    /// The owner was asked, and the time to answer is not over; what was asked for may have been removed meanwhile.
    QuestionOpen "question_open" "administration 5.2" "the owner of {address} was asked, and is not asked again until {until}" "wait for the answer" {
        "the address" address: Address,
        "when the question ends" until: Timestamp,
    }
    /// An account acts for another holder.
    NotYours "not_yours" "administration 2.7" "an account asks for itself only" "name the account itself as the holder" {}
    /// The domain is listed already.
    DomainListed "domain_listed" "administration 6.1" "the domain {domain} is listed, and {state}" "remove it first, or go on with it" {
        "the domain" domain: DomainName,
        "its state" state: &'static str,
    }
    /// The challenge is still valid, so it stays.
    ChallengeValid "challenge_valid" "administration 6.1" "the challenge of {domain} is still valid" "show it again" { "the domain" domain: DomainName, }
    /// The challenge of a pending domain has expired.
    ChallengeExpired "challenge_expired" "administration 6.3" "the challenge of {domain} has expired" "renew it" { "the domain" domain: DomainName, }
    /// The domain has no challenge, since the provider vouched for it or a policy brought it.
    NoChallenge "no_challenge" "administration 6.1" "the domain {domain} has no challenge" "remove it and add it again, or give it a challenge" {
        "the domain" domain: DomainName,
    }
    /// The domain is in a state in which this cannot happen.
    DomainState "domain_state" "administration 1.8" "the domain {domain} is {state}" "do what leads there first" {
        "the domain" domain: DomainName,
        "its state" state: &'static str,
    }
    /// The label cannot stand in a domain name.
    BadLabel "bad_label" "administration 6.2" "{label} is no label of a domain name" "write up to 63 lower-case letters, digits and inner hyphens" {
        "the label" label: String,
    }
    /// The tenant is not entitled to allowlists.
    NotEntitled "not_entitled" "administration 7.1" "the tenant is not entitled to allowlists" "ask the provider" {}
    /// The entries of one command are in several forms.
    MixedForms "mixed_forms" "administration 7.2" "addresses, prefixes and ranges stand in one command" "give one command for each form" {}
    /// The list would have too many entries.
    TooManyEntries "too_many_entries" "administration 7.2" "the allowlist would have more than {limit} entries" "delete entries, or join them into a prefix; nothing was added" {
        "as many as it may have" limit: u32,
    }
    /// The entry is in the list already.
    EntryExists "entry_exists" "administration 7.2" "the entry {entry} is in the allowlist" "leave it out; nothing was added" { "the entry" entry: IpRange, }
    /// The entry is not in the list.
    UnknownEntry "unknown_entry" "administration 7.4" "the entry {entry} is not in the allowlist" "name an entry as it stands" { "the entry" entry: IpRange, }
    /// The allowlist is off.
    AllowlistOff "allowlist_off" "administration 1.8" "the allowlist is off" "add entries to switch it on" {}
    /// A new credential is revoked, expired, or has allowlists.
    CredentialNotNew "credential_not_new" "administration 8.5" "a new credential is valid and has no allowlists" "issue it, then change it" {}
    /// The credential is revoked for good; its id is not given to another one.
    CredentialRevoked "credential_revoked" "administration 8.5" "the credential {credential} is revoked" "issue another one, with another id" { "its id" credential: String, }
    /// The address is the own address of another account, of this tenant or another one.
    AddressClaimed "address_claimed" "administration 1.5" "{address} is the own address of another account" "ask its owner for consent" {
        "the address" address: Address,
    }
    /// Only the provider assigns an own address at a domain that the tenant has not verified.
    AddressNeedsProvider "address_needs_provider" "administration 8.2" "{address} is not at a verified active domain of the tenant" "verify the domain, or ask the provider" {
        "the address" address: Address,
    }
    /// The address cannot be pre-registered: it is another's.
    AddressOfAnother "address_of_another" "administration 10.2" "{address} is another account's, another holder's, or at another tenant's domain" "let the account ask its owner" {
        "the address" address: Address,
    }
    /// The tenant has no deadline until which pre-registered identities count.
    NoDeadline "no_deadline" "administration 10.1" "the tenant has no instant until which pre-registered identities count" "set `grandfathered_until`" {}
    /// What the command would do cannot happen in this state.
    DoesNotFit "does_not_fit" "administration 1.8" "{what}" "look at the state, and decide again" { "what does not fit" what: String, }
    /// The policy would have a problem.
    PolicyProblem "policy_problem" "administration 1.5" "{problem}" "" { "what is wrong" problem: ProblemKind, }
    /// A policy is taken over into a directory that is not empty.
    NotEmpty "not_empty" "administration 1.6" "the log has records" "take a policy over into an empty log" {}
}

impl Refusal {
    /// Of a token that was never issued.
    pub(super) const fn unknown_token() -> Self {
        Self::TokenRefused { fault: TokenFault::Unknown }
    }

    /// Returns what would be right.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::PolicyProblem { problem } => problem.help(),
            _ => self.fixed_remedy().into(),
        }
    }

    /// Returns what may be shown to the one who gave the command: of a token not which fault it has, and nothing of other
    /// tenants.
    #[must_use]
    pub fn client_text(&self) -> String {
        match self {
            Self::TokenRefused { .. } => "this link is not valid; ask for a new one".into(),
            Self::CommandIdReused { .. } => {
                "the command id stands in an earlier record; give each command an id of its own".into()
            }
            Self::AccountListedAbove { .. } => "another tenant lists the account; ask the provider".into(),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.message(), self.remedy())
    }
}

impl core::error::Error for Refusal {}

/// Why a token is refused; for those who run the system, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// Its time is over.
    Expired,
    /// It was issued for another kind of command.
    Foreign,
    /// The Admin that it was mailed to may no longer verify.
    Powerless,
    /// It was used, or replaced by a newer one, or what it was for is gone.
    Spent,
    /// It was never issued.
    Unknown,
}

named!(TokenFault, 5, "expired":
    Expired = "expired",
    Foreign = "foreign",
    Powerless = "powerless",
    Spent = "spent",
    Unknown = "unknown",
);

/// Shows a value, by itself or within a message.
trait Show {
    fn show(&self) -> String;

    /// Text of strangers is told apart from what stands around it.
    fn quoted(&self) -> String {
        format!("`{}`", self.show().escape_debug())
    }
}

macro_rules! show {
    ($($type:ty),+) => { $( impl Show for $type {
        fn show(&self) -> String {
            self.to_string()
        }
    } )+ };
}

show!(&'static str, Address, DomainName, IpRange, String, Timestamp, u32, u64);

impl Show for ProblemKind {
    fn show(&self) -> String {
        self.to_string()
    }

    /// A problem quotes its own parts.
    fn quoted(&self) -> String {
        self.show()
    }
}

impl Show for TokenFault {
    fn show(&self) -> String {
        self.name().into()
    }
}

impl Show for Vec<String> {
    fn show(&self) -> String {
        self.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_quoted_once() {
        let problem = ProblemKind::DuplicateName("ann".into());
        let refusal = Refusal::PolicyProblem { problem };
        assert_eq!(refusal.message(), "`ann` stands twice in this list");
        assert_eq!(refusal.to_string(), "`ann` stands twice in this list; keep one of the two");
        let refusal = Refusal::UnknownActor { account: "eve\n".into() };
        assert_eq!(refusal.message(), "there is no account `eve\\n` that could act");
    }
}

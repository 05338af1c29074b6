//! The table of events: what has changed. A log of them is the record of a policy.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, DomainName, Scope};
use crate::net::IpRange;
use crate::policy::{AllowlistEntry, Credential, Deny, Exemption, Mode, Names, Provider, Role, Tenant};
use crate::reason::Control;
use crate::request::Channel;
use crate::time::Timestamp;

use super::{
    AllowlistScope, Answer, Challenge, ClosedBy, Digest, DnsOutcome, DomainRules, Holder, Pair, Seen, Settings, Terms,
};

/// Hands the table of events to a macro, as `for_each_command` does with commands.
///
/// Which tenant an event is about stands in its record.
macro_rules! for_each_event {
    ($then:ident) => {
        $then! {
            /// The provider's own settings were taken over from a policy.
            ProviderImported "provider_imported" { "the settings" provider: Provider as ProviderEntry, }
            /// The mode of the `hosted` control was set.
            HostedSet "hosted_set" { "the mode" mode: Mode as ModeText, }
            /// The label below a domain at which its TXT record stands was set.
            ChallengeLabelSet "challenge_label_set" { "the label" label: String as NameText, }
            /// How long after its last proof a domain is looked up again was set.
            RecheckSet "recheck_set" { "in seconds; 0 for never" after: u32 as Count, }
            /// A deny entry of the provider was added.
            ProviderDenyAdded "provider_deny_added" { "the entry" deny: Deny as DenyEntry, }
            /// A deny entry of the provider was removed.
            ProviderDenyRemoved "provider_deny_removed" { "what was denied" scope: Scope as ScopeEntry, }
            /// A tenant was taken over from a policy with everything in it.
            TenantImported "tenant_imported" { "the tenant" tenant: Box<Tenant> as TenantEntry, }
            /// A tenant was added, with nothing in it.
            TenantAdded "tenant_added" { "the tenant that it is a subuser of" parent: Option<String> as OptionalId, }
            /// The tenant was removed.
            TenantRemoved "tenant_removed" {}
            /// The tenant was suspended, or that ended.
            TenantSuspensionSet "tenant_suspension_set" { "whether it is suspended" suspended: bool as GivenFlag, }
            /// What only the provider sets was changed.
            TermsSet "terms_set" { "what changed" terms: Terms as TermsChange, }
            /// What an Admin sets was changed.
            SettingsChanged "settings_changed" { "what changed" settings: Settings as SettingsChange, }
            /// Sender authentication was switched.
            SenderAuthSwitched "sender_auth_switched" { "the mode of the `sender` control" mode: Mode as ModeText, }
            /// A role was defined, or redefined.
            RoleDefined "role_defined" { "the role" role: Role as RoleEntry, }
            /// A role was removed.
            RoleRemoved "role_removed" { "its name" name: String as NameText, }
            /// An account was added.
            AccountAdded "account_added" {
                "its id" account: String as IdText,
                "its own address" address: Option<Address> as OptionalAddress,
                "whether the provider assigned the own address" assigned: bool as Flag,
                "its roles" roles: Vec<String> as NameList,
            }
            /// An account was removed, also from the lists of the tenant.
            AccountRemoved "account_removed" { "its id" account: String as IdText, }
            /// The own address of an account was set or taken away.
            AddressSet "address_set" {
                "its id" account: String as IdText,
                "the own address" address: Option<Address> as OptionalAddress,
                "whether the provider assigned it" assigned: bool as Flag,
            }
            /// The roles of an account were set.
            RolesSet "roles_set" { "its id" account: String as IdText, "its roles" roles: Vec<String> as NameList, }
            /// An account was suspended, or that ended.
            AccountSuspensionSet "account_suspension_set" {
                "its id" account: String as IdText,
                "whether it is suspended" suspended: bool as GivenFlag,
            }
            /// Whether an account may resend messages of others was set.
            ResendSet "resend_set" { "its id" account: String as IdText, "whether it may" resend: bool as GivenFlag, }
            /// An account was exempted from a control.
            ExemptionGiven "exemption_given" {
                "its id" account: String as IdText,
                "the control, until when, and why" exemption: Exemption as ExemptionEntry,
            }
            /// The exemptions of an account from a control ended.
            ExemptionEnded "exemption_ended" {
                "its id" account: String as IdText,
                "the control" control: Control as ControlName,
            }
            /// A deny entry of the tenant or of one of its accounts was added.
            DenyAdded "deny_added" { "whose" holder: Holder as HolderEntry, "the entry" deny: Deny as DenyEntry, }
            /// A deny entry of the tenant or of one of its accounts was removed.
            DenyRemoved "deny_removed" {
                "whose" holder: Holder as HolderEntry,
                "what was denied" scope: Scope as ScopeEntry,
            }
            /// Identities of the tenant were added, pending.
            IdentitiesAdded "identities_added" {
                "their addresses" addresses: Vec<Address> as AddressList,
                "the accounts that may use them" senders: Names as AnyIds,
                "the roles that may use them" roles: Names as AnyNames,
            }
            /// An Admin was mailed the offer to verify a batch of addresses.
            VerificationOffered "verification_offered" {
                "the batch" addresses: Vec<Address> as AddressList,
                "the account of the Admin" admin: String as IdText,
                "the digest of the token" token: Digest as DigestText,
                "the first instant at which the token is no longer valid" expires: Timestamp as Instant,
            }
            /// Identities of the tenant were verified.
            IdentitiesVerified "identities_verified" { "their addresses" addresses: Vec<Address> as AddressList, }
            /// The token of a batch was used.
            TokenSpent "token_spent" { "its digest" token: Digest as DigestText, }
            /// The verification of identities was taken back.
            IdentitiesUnverified "identities_unverified" { "their addresses" addresses: Vec<Address> as AddressList, }
            /// Identities were removed.
            IdentitiesRemoved "identities_removed" {
                "who held them" holder: Holder as HolderEntry,
                "their addresses" addresses: Vec<Address> as AddressList,
            }
            /// Who may use an identity of the tenant was set.
            IdentityLimited "identity_limited" {
                "its address" address: Address as AddressText,
                "the accounts that may use it" senders: Names as AnyIds,
                "the roles that may use it" roles: Names as AnyNames,
            }
            /// The owner of a mailbox was asked.
            ConsentRequested "consent_requested" {
                "who wants to use which address" pair: Pair as PairEntry,
                "the digest of the token" token: Digest as DigestText,
                "the first instant at which the token is no longer valid" expires: Timestamp as Instant,
            }
            /// The owner of a mailbox answered.
            ConsentAnswered "consent_answered" {
                "who wants to use which address" pair: Pair as PairEntry,
                "the answer" answer: Answer as AnswerName,
            }
            /// An identity that observed traffic shows in use was added.
            IdentityPreregistered "identity_preregistered" {
                "the account" account: String as IdText,
                "the address that it sends as" address: Address as AddressText,
                "what was seen" seen: Seen as SeenEntry,
            }
            /// An account was alerted that it sends as an address that is not its own.
            PairAlerted "pair_alerted" {
                "the account" account: String as IdText,
                "the address that it sends as" address: Address as AddressText,
            }
            /// A domain was added, pending.
            DomainAdded "domain_added" {
                "the domain" domain: DomainName as DomainText,
                "the label below it at which the TXT record stands" label: String as NameText,
                "what the TXT record must say" challenge: Challenge as ChallengeText,
                "the first instant at which the challenge is no longer valid" expires: Option<Timestamp> as OptionalInstant,
            }
            /// A domain was given a new challenge.
            ChallengeRenewed "challenge_renewed" {
                "the domain" domain: DomainName as DomainText,
                "the label below it at which the TXT record stands" label: String as NameText,
                "what the TXT record must say" challenge: Challenge as ChallengeText,
                "the first instant at which the challenge is no longer valid" expires: Option<Timestamp> as OptionalInstant,
            }
            /// The host was asked to look for the TXT record of a domain.
            CheckRequested "check_requested" {
                "the domain" domain: DomainName as DomainText,
                "the label below it at which the TXT record stands" label: String as NameText,
            }
            /// The host reported what it found.
            DomainChecked "domain_checked" {
                "the domain" domain: DomainName as DomainText,
                "what it means" outcome: DnsOutcome as OutcomeName,
            }
            /// The domain was proved.
            DomainVerified "domain_verified" {
                "the domain" domain: DomainName as DomainText,
                "other tenants that have proved it, whose records are to be looked up at once" also: Vec<String> as IdList,
            }
            /// The TXT record of a proved domain was gone.
            DomainSuspended "domain_suspended" { "the domain" domain: DomainName as DomainText, }
            /// The provider vouched for a domain.
            DomainVouched "domain_vouched" { "the domain" domain: DomainName as DomainText, }
            /// The provider took its word for a domain back.
            DomainUnvouched "domain_unvouched" { "the domain" domain: DomainName as DomainText, }
            /// A domain was approved, or that ended.
            DomainApprovalSet "domain_approval_set" {
                "the domain" domain: DomainName as DomainText,
                "whether it is approved" approved: bool as GivenFlag,
            }
            /// Whether a domain may be used was set.
            DomainActivitySet "domain_activity_set" {
                "the domain" domain: DomainName as DomainText,
                "whether it may be used" active: bool as GivenFlag,
            }
            /// The accounts that may send as any address at a domain were set.
            DomainSendersSet "domain_senders_set" {
                "the domain" domain: DomainName as DomainText,
                "the accounts; an empty list is nobody" senders: Names as AnyIds,
            }
            /// How far the entry of a domain reaches, or how its addresses compare, was changed.
            DomainRulesSet "domain_rules_set" {
                "the domain" domain: DomainName as DomainText,
                "what changed" rules: DomainRules as DomainRulesChange,
            }
            /// A domain was removed with its list of accounts.
            DomainRemoved "domain_removed" { "the domain" domain: DomainName as DomainText, }
            /// Entries were added to an allowlist, which is on now.
            AllowlistEntriesAdded "allowlist_entries_added" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entries" entries: Vec<AllowlistEntry> as Entries,
            }
            /// What is noted at an entry was changed.
            RemarkEdited "remark_edited" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entry" entry: IpRange as RangeText,
                "the new remark" remark: String as AnyText,
            }
            /// An entry of an allowlist was deleted, and others stay.
            AllowlistEntryDeleted "allowlist_entry_deleted" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entry" entry: IpRange as RangeText,
            }
            /// An allowlist went off; it has no entries.
            AllowlistClosed "allowlist_closed" {
                "whom it bound" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it bound" channel: Channel as ChannelName,
                "why" by: ClosedBy as ClosedByName,
            }
            /// A credential was registered.
            CredentialIssued "credential_issued" {
                "the account" account: String as IdText,
                "the credential" credential: Credential as NewCredential,
            }
            /// The scopes of a credential were set.
            CredentialScopesSet "credential_scopes_set" {
                "its id" credential: String as IdText,
                "the scopes" scopes: Vec<String> as NameList,
            }
            /// When a credential expires was set.
            CredentialExpirySet "credential_expiry_set" {
                "its id" credential: String as IdText,
                "the first instant at which it is no longer valid" expires: Option<Timestamp> as OptionalInstant,
            }
            /// A credential was revoked.
            CredentialRevoked "credential_revoked" { "its id" credential: String as IdText, }
        }
    };
}

#[cfg(feature = "json")]
pub(crate) use for_each_event;

macro_rules! define_events {
    ($(
        #[doc = $doc:literal]
        $variant:ident $name:literal {
            $( $field_doc:literal $field:ident: $type:ty as $codec:ident ),* $(,)?
        }
    )+) => {
        /// A change that has been made.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Event {
            $(
                #[doc = $doc]
                $variant { $( #[doc = $field_doc] $field: $type, )* },
            )+
        }

        impl Event {
            /// Returns the name used in texts, such as `identities_added`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $name, )+
                }
            }
        }

        /// The name of every event and what it says, for documentation.
        pub const EVENTS: &[(&str, &str)] = &[$( ($name, $doc) ),+];
    };
}

for_each_event!(define_events);

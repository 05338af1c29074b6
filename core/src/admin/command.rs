//! The table of commands: what may be asked for, and who may ask.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Scope;
use crate::address::{Address, DomainName};
use crate::net::IpRange;
use crate::policy::{Credential, Deny, Exemption, Mode, Names, Role};
use crate::reason::Control;
use crate::request::Channel;
use crate::time::Timestamp;

use super::{
    AllowlistScope, Answer, Challenge, DnsObservation, DomainRules, Guard, Holder, NewEntry, Pair, Right, Seen,
    Settings, Terms, Token,
};

/// Hands the table of commands to a macro: the enum, its text form and its documentation come from these rows alone.
///
/// A row is: documentation, variant, name, who may, the clauses that say what it means, fields. A field is: documentation, name, type, and the
/// codec of its text form in `wire::codec`.
macro_rules! for_each_command {
    ($then:ident) => {
        $then! {
            /// Sets the mode of the `hosted` control.
            SetHosted "set_hosted" [provider()] "semantics 5.1" { "the mode" mode: Mode as ModeText, }
            /// Sets the label below a domain at which its TXT record stands.
            SetChallengeLabel "set_challenge_label" [provider()] "administration 6.2" {
                "one label of letters, digits and hyphens" label: String as NameText,
            }
            /// Sets how long after its last proof a domain is looked up again; 0 for never.
            SetRecheck "set_recheck" [provider()] "administration 6.4" { "in seconds" after: u32 as Count, }
            /// Adds an address or domain that no account may send as.
            AddProviderDeny "add_provider_deny" [provider()] "administration 8.7" { "what is denied" deny: Deny as DenyEntry, }
            /// Removes such an entry.
            RemoveProviderDeny "remove_provider_deny" [provider()] "administration 8.7" { "what was denied" scope: Scope as ScopeEntry, }
            /// Adds a tenant, or a subuser of one.
            AddTenant "add_tenant" [provider()] "administration 8.1" {
                "its id" tenant: String as IdText,
                "the tenant that it is a subuser of" parent: Option<String> as OptionalId,
            }
            /// Removes a tenant with everything in it.
            RemoveTenant "remove_tenant" [provider()] "administration 8.1" {
                "its id" tenant: String as IdText,
                "whether the actor has confirmed it" confirmed: bool as Flag,
            }
            /// Suspends a tenant with its subusers, or ends that.
            SetTenantSuspended "set_tenant_suspended" [provider()] "administration 8.1" {
                "its id" tenant: String as IdText,
                "whether it is suspended" suspended: bool as GivenFlag,
            }
            /// Changes what only the provider sets for a tenant.
            SetTerms "set_terms" [provider()] "semantics 1.3, semantics 1.4, semantics 4.3, administration 7.1, administration 7.2, administration 10.1" {
                "its id" tenant: String as IdText,
                "what changes" terms: Terms as TermsChange,
            }
            /// Changes what an Admin sets for the tenant.
            ChangeSettings "change_settings" [provider().member(Right::Admin)] "semantics 8.1, administration 2.6, administration 4.4" {
                "its id" tenant: String as IdText,
                "what changes" settings: Settings as SettingsChange,
            }
            /// Switches sender authentication on, off, to monitoring, or on from an instant on.
            SwitchSenderAuth "switch_sender_auth" [provider().member(Right::SwitchSenderAuth)] "administration 9.1, administration 9.2, administration 11.3" {
                "the tenant" tenant: String as IdText,
                "the mode of the `sender` control" mode: Mode as ModeText,
            }
            /// Defines a role, or redefines one that the tenant has defined.
            DefineRole "define_role" [provider().member(Right::Admin)] "administration 8.4" {
                "the tenant" tenant: String as IdText,
                "the role" role: Role as RoleEntry,
            }
            /// Removes a role that nobody holds and no identity names.
            RemoveRole "remove_role" [provider().member(Right::Admin)] "administration 8.4" {
                "the tenant" tenant: String as IdText,
                "its name" name: String as NameText,
            }
            /// Adds an account, with an own address or without.
            AddAccount "add_account" [provider().member(Right::Admin)] "administration 8.2" {
                "the tenant" tenant: String as IdText,
                "the account's id" account: String as IdText,
                "its own address" address: Option<Address> as OptionalAddress,
                "its roles" roles: Vec<String> as NameList,
            }
            /// Removes an account with everything that it holds, also from the lists of the tenant.
            RemoveAccount "remove_account" [provider().member(Right::Admin)] "administration 8.3" {
                "its id" account: String as IdText,
                "whether the actor has confirmed it" confirmed: bool as Flag,
            }
            /// Sets the own address of an account, or takes it away.
            SetAddress "set_address" [provider().member(Right::Admin)] "administration 8.2" {
                "its id" account: String as IdText,
                "the own address" address: Option<Address> as OptionalAddress,
            }
            /// Sets the roles of an account.
            SetRoles "set_roles" [provider().member(Right::Admin)] "semantics 2.7, administration 2.6" {
                "its id" account: String as IdText,
                "its roles" roles: Vec<String> as NameList,
            }
            /// Suspends an account, or ends that.
            SetAccountSuspended "set_account_suspended" [provider()] "administration 8.3" {
                "its id" account: String as IdText,
                "whether it is suspended" suspended: bool as GivenFlag,
            }
            /// Sets whether an account may resend messages of others.
            SetResend "set_resend" [provider()] "semantics 6.9" {
                "its id" account: String as IdText,
                "whether it may" resend: bool as GivenFlag,
            }
            /// Exempts an account from a control until an instant.
            GiveExemption "give_exemption" [provider()] "administration 8.6" {
                "its id" account: String as IdText,
                "the control, until when, and why" exemption: Exemption as ExemptionEntry,
            }
            /// Ends the exemptions of an account from a control.
            EndExemption "end_exemption" [provider()] "administration 8.6" {
                "its id" account: String as IdText,
                "the control" control: Control as ControlName,
            }
            /// Adds a deny entry of a tenant or account.
            AddDeny "add_deny" [provider().member(Right::Admin)] "administration 8.7" {
                "whose accounts it binds" holder: Holder as HolderEntry,
                "what is denied" deny: Deny as DenyEntry,
            }
            /// Removes a deny entry of a tenant or account.
            RemoveDeny "remove_deny" [provider().member(Right::Admin)] "administration 8.7" {
                "whose accounts it binds" holder: Holder as HolderEntry,
                "what was denied" scope: Scope as ScopeEntry,
            }
            /// Adds addresses to a tenant, pending until an Admin verifies them, and mails one Admin the offer to verify all.
            AddIdentities "add_identities" [provider().member(Right::AddIdentities)] "administration 4.1, administration 4.2" {
                "the tenant" tenant: String as IdText,
                "the addresses" addresses: Vec<Address> as AddressList,
                "the accounts that may use them" senders: Names as AnyIds,
                "the roles that may use them" roles: Names as AnyNames,
                "the account of the Admin who gets the mail" admin: String as IdText,
                "the token that the mail carries" token: Token as TokenText,
                "the first instant at which the token is no longer valid" expires: Timestamp as Instant,
            }
            /// Mails an Admin the offer to verify addresses that are still pending.
            RequestVerification "request_verification" [provider().member(Right::AddIdentities)] "administration 4.2" {
                "the tenant" tenant: String as IdText,
                "the addresses" addresses: Vec<Address> as AddressList,
                "the account of the Admin who gets the mail" admin: String as IdText,
                "the token that the mail carries" token: Token as TokenText,
                "the first instant at which the token is no longer valid" expires: Timestamp as Instant,
            }
            /// Verifies addresses of a tenant one by one.
            VerifyIdentities "verify_identities" [provider().member(Right::VerifyIdentities)] "administration 4.3" {
                "the tenant" tenant: String as IdText,
                "the addresses" addresses: Vec<Address> as AddressList,
            }
            /// Verifies the batch of addresses that a mail was sent for.
            VerifyAll "verify_all" [bearer()] "administration 4.2" {}
            /// Takes an Admin's verification back.
            UnverifyIdentities "unverify_identities" [provider().member(Right::VerifyIdentities)] "administration 4.3" {
                "the tenant" tenant: String as IdText,
                "the addresses" addresses: Vec<Address> as AddressList,
            }
            /// Removes identities of a tenant or account.
            RemoveIdentities "remove_identities" [provider().member(Right::VerifyIdentities).account()] "administration 4.3, administration 5.3" {
                "who holds them" holder: Holder as HolderEntry,
                "the addresses" addresses: Vec<Address> as AddressList,
            }
            /// Sets who may use an identity of a tenant.
            LimitIdentity "limit_identity" [provider().member(Right::Admin)] "semantics 4.4" {
                "the tenant" tenant: String as IdText,
                "its address" address: Address as AddressText,
                "the accounts that may use it" senders: Names as AnyIds,
                "the roles that may use it" roles: Names as AnyNames,
            }
            /// Asks the owner of a mailbox whether its address may be used.
            RequestConsent "request_consent" [provider().member(Right::AddIdentities).account()] "administration 5.1, administration 5.2, administration 5.3" {
                "who wants to use which address" pair: Pair as PairEntry,
                "the token that the question carries" token: Token as TokenText,
                "the first instant at which the token is no longer valid" expires: Timestamp as Instant,
            }
            /// Answers the question that the token was mailed with, or takes the answer back.
            AnswerQuestion "answer_question" [bearer()] "administration 5.4" { "the answer" answer: Answer as AnswerName, }
            /// Answers for the account's own address.
            AnswerForOwnAddress "answer_for_own_address" [account()] "administration 5.5" {
                "who wants to use which address" pair: Pair as PairEntry,
                "the answer" answer: Answer as AnswerName,
            }
            /// Takes a consent back for a mailbox owner who asked the provider to.
            WithdrawConsent "withdraw_consent" [provider()] "administration 5.7" { "who may use which address" pair: Pair as PairEntry, }
            /// Adds an identity that observed traffic shows in use; it counts until the tenant's deadline.
            Preregister "preregister" [provider()] "administration 10.1, administration 10.2" {
                "the account" account: String as IdText,
                "the address that it sends as" address: Address as AddressText,
                "what was seen" seen: Seen as SeenEntry,
            }
            /// Alerts an account that it sends as an address that is not its own; once for each pair.
            Alert "alert" [provider().host()] "administration 10.3" {
                "the account" account: String as IdText,
                "the address that it sends as" address: Address as AddressText,
            }
            /// Adds a domain, pending until its TXT record is found.
            AddDomain "add_domain" [provider().member(Right::Admin)] "administration 6.1" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "what the TXT record must say" challenge: Challenge as ChallengeText,
                "the first instant at which the challenge is no longer valid" expires: Option<Timestamp> as OptionalInstant,
            }
            /// Gives a pending or suspended domain a new challenge after the old one has expired.
            RenewChallenge "renew_challenge" [provider().member(Right::Admin)] "administration 6.1" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "what the TXT record must say" challenge: Challenge as ChallengeText,
                "the first instant at which the challenge is no longer valid" expires: Option<Timestamp> as OptionalInstant,
            }
            /// Has the host look for the TXT record of a domain.
            CheckDomain "check_domain" [provider().member(Right::Admin).host()] "administration 6.3, administration 11.2" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
            }
            /// Reports what was found in the DNS.
            ObserveDns "observe_dns" [host()] "administration 6.3, administration 6.4" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "what was found" observation: DnsObservation as ObservationEntry,
            }
            /// Vouches for a domain, which then counts as verified without a TXT record; adds it where it is not listed.
            VouchDomain "vouch_domain" [provider()] "administration 6.5" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
            }
            /// Takes the provider's word for a domain back.
            UnvouchDomain "unvouch_domain" [provider()] "administration 6.5" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
            }
            /// Approves a domain, or ends that.
            SetDomainApproved "set_domain_approved" [provider()] "administration 6.5" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "whether it is approved" approved: bool as GivenFlag,
            }
            /// Sets whether a domain may be used at all.
            SetDomainActive "set_domain_active" [provider().member(Right::Admin)] "administration 6.5" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "whether it may be used" active: bool as GivenFlag,
            }
            /// Sets the accounts that may send as any address at a domain.
            SetDomainSenders "set_domain_senders" [provider().member(Right::Admin)] "administration 6.6" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "the accounts; an empty list is nobody" senders: Names as AnyIds,
            }
            /// Changes how far the entry of a domain reaches and how its addresses compare.
            SetDomainRules "set_domain_rules" [provider().member(Right::Admin)] "semantics 4.1, semantics 4.5, semantics 4.9" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "what changes" rules: DomainRules as DomainRulesChange,
            }
            /// Removes a domain with its list of accounts.
            RemoveDomain "remove_domain" [provider().member(Right::Admin)] "administration 6.7" {
                "the tenant" tenant: String as IdText,
                "the domain" domain: DomainName as DomainText,
                "whether the actor has confirmed it" confirmed: bool as Flag,
            }
            /// Adds client addresses to an allowlist; the first ones switch it on.
            AddAllowlistEntries "add_allowlist_entries" [provider().member(Right::Admin)] "administration 7.1, administration 7.2, administration 7.3" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entries, all in one form" entries: Vec<NewEntry> as NewEntries,
            }
            /// Changes what is noted at an entry of an allowlist, and nothing else.
            EditRemark "edit_remark" [provider().member(Right::Admin)] "administration 7.4" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entry" entry: IpRange as RangeText,
                "the new remark" remark: String as AnyText,
            }
            /// Deletes an entry of an allowlist; deleting the last one switches it off.
            DeleteAllowlistEntry "delete_allowlist_entry" [provider().member(Right::Admin)] "administration 7.5" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "the entry" entry: IpRange as RangeText,
            }
            /// Switches an allowlist off and clears its entries.
            DisableAllowlist "disable_allowlist" [provider().member(Right::Admin)] "administration 7.5" {
                "whom it binds" scope: AllowlistScope as AllowlistScopeEntry,
                "the channel that it binds" channel: Channel as ChannelName,
                "whether the actor has confirmed it" confirmed: bool as Flag,
            }
            /// Registers a credential of an account; the secret itself is the host's.
            IssueCredential "issue_credential" [provider().member(Right::Admin)] "administration 8.5" {
                "the account" account: String as IdText,
                "the credential, valid and without allowlists" credential: Credential as NewCredential,
            }
            /// Sets the scopes of a credential.
            SetCredentialScopes "set_credential_scopes" [provider().member(Right::Admin)] "administration 8.5" {
                "its id" credential: String as IdText,
                "the scopes" scopes: Vec<String> as NameList,
            }
            /// Sets when a credential expires.
            SetCredentialExpiry "set_credential_expiry" [provider().member(Right::Admin)] "administration 8.5" {
                "its id" credential: String as IdText,
                "the first instant at which it is no longer valid; never if absent"
                expires: Option<Timestamp> as OptionalInstant,
            }
            /// Revokes a credential for good.
            RevokeCredential "revoke_credential" [provider().member(Right::Admin)] "administration 8.5" {
                "its id" credential: String as IdText,
            }
        }
    };
}

#[cfg(feature = "json")]
pub(crate) use for_each_command;

macro_rules! define_commands {
    ($(
        #[doc = $doc:literal]
        $variant:ident $name:literal [$($guard:tt)*] $rules:literal {
            $( $field_doc:literal $field:ident: $type:ty as $codec:ident, )*
        }
    )+) => {
        /// A change that is asked for.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Command {
            $(
                #[doc = $doc]
                $variant { $( #[doc = $field_doc] $field: $type, )* },
            )+
        }

        impl Command {
            /// Returns the name used in texts, such as `add_identities`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $name, )+
                }
            }

            /// Returns who may give the command.
            #[must_use]
            pub const fn guard(&self) -> Guard {
                match self {
                    $( Self::$variant { .. } => Guard::NOBODY.$($guard)*, )+
                }
            }
        }

        /// A row of the table of commands, for documentation.
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub struct CommandRow {
            /// The command's name.
            pub name: &'static str,
            /// What it does.
            pub doc: &'static str,
            /// Who may give it.
            pub guard: Guard,
            /// The clauses of `docs/` that say what it means, parted by `, `: `administration 4.1, administration 4.2`.
            pub rules: &'static str,
        }

        /// Every command.
        pub const COMMANDS: &[CommandRow] = &[
            $( CommandRow { name: $name, doc: $doc, guard: Guard::NOBODY.$($guard)*, rules: $rules }, )+
        ];
    };
}

for_each_command!(define_commands);

/// What a command is about, by which its tenant is found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'c> {
    Account(&'c str),
    Credential(&'c str),
    /// The provider's own settings.
    Provider,
    Tenant(&'c str),
    /// What the actor's token was issued for.
    Token,
}

impl Command {
    pub(super) fn target(&self) -> Target<'_> {
        match self {
            Self::SetHosted { .. }
            | Self::SetChallengeLabel { .. }
            | Self::SetRecheck { .. }
            | Self::AddProviderDeny { .. }
            | Self::RemoveProviderDeny { .. } => Target::Provider,
            Self::VerifyAll {} | Self::AnswerQuestion { .. } => Target::Token,
            Self::AddTenant { tenant, .. }
            | Self::RemoveTenant { tenant, .. }
            | Self::SetTenantSuspended { tenant, .. }
            | Self::SetTerms { tenant, .. }
            | Self::ChangeSettings { tenant, .. }
            | Self::SwitchSenderAuth { tenant, .. }
            | Self::DefineRole { tenant, .. }
            | Self::RemoveRole { tenant, .. }
            | Self::AddAccount { tenant, .. }
            | Self::AddIdentities { tenant, .. }
            | Self::RequestVerification { tenant, .. }
            | Self::VerifyIdentities { tenant, .. }
            | Self::UnverifyIdentities { tenant, .. }
            | Self::LimitIdentity { tenant, .. }
            | Self::AddDomain { tenant, .. }
            | Self::RenewChallenge { tenant, .. }
            | Self::CheckDomain { tenant, .. }
            | Self::ObserveDns { tenant, .. }
            | Self::VouchDomain { tenant, .. }
            | Self::UnvouchDomain { tenant, .. }
            | Self::SetDomainApproved { tenant, .. }
            | Self::SetDomainActive { tenant, .. }
            | Self::SetDomainSenders { tenant, .. }
            | Self::SetDomainRules { tenant, .. }
            | Self::RemoveDomain { tenant, .. } => Target::Tenant(tenant),
            Self::RemoveAccount { account, .. }
            | Self::SetAddress { account, .. }
            | Self::SetRoles { account, .. }
            | Self::SetAccountSuspended { account, .. }
            | Self::SetResend { account, .. }
            | Self::GiveExemption { account, .. }
            | Self::EndExemption { account, .. }
            | Self::Preregister { account, .. }
            | Self::Alert { account, .. }
            | Self::IssueCredential { account, .. } => Target::Account(account),
            Self::SetCredentialScopes { credential, .. }
            | Self::SetCredentialExpiry { credential, .. }
            | Self::RevokeCredential { credential } => Target::Credential(credential),
            Self::AddDeny { holder, .. } | Self::RemoveDeny { holder, .. } | Self::RemoveIdentities { holder, .. } => {
                of_holder(holder)
            }
            Self::RequestConsent { pair, .. }
            | Self::AnswerForOwnAddress { pair, .. }
            | Self::WithdrawConsent { pair } => of_holder(&pair.holder),
            Self::AddAllowlistEntries { scope, .. }
            | Self::EditRemark { scope, .. }
            | Self::DeleteAllowlistEntry { scope, .. }
            | Self::DisableAllowlist { scope, .. } => match scope {
                AllowlistScope::Account(id) => Target::Account(id),
                AllowlistScope::Credential(id) => Target::Credential(id),
                AllowlistScope::Tenant(id) => Target::Tenant(id),
            },
        }
    }
}

fn of_holder(holder: &Holder) -> Target<'_> {
    match holder {
        Holder::Account(id) => Target::Account(id),
        Holder::Tenant(id) => Target::Tenant(id),
    }
}

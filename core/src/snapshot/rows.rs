//! The records of a page: what each word of them means, for writing and for reading.

use super::layout::{Bytes, Read, Run, Word};

/// Declares a record: the number of its words, and a reading method per member.
macro_rules! row {
    ($(#[doc = $doc:literal])+ $name:ident, $words:literal { $( $(#[doc = $mdoc:literal])+ $member:ident: $kind:ident at $at:literal; )+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy)]
        pub(crate) struct $name<'p> {
            pub(crate) bytes: Bytes<'p>,
            pub(crate) word: Word,
        }

        impl<'p> $name<'p> {
            /// The number of words of one record.
            pub(crate) const WORDS: u32 = $words;

            /// The record with this number within a run.
            #[inline]
            pub(crate) const fn nth(bytes: Bytes<'p>, run: Run, number: u32) -> Self {
                Self { bytes, word: run.start.wrapping_add(number.wrapping_mul(Self::WORDS)) }
            }

            $( $(#[doc = $mdoc])+
            #[inline]
            pub(crate) fn $member(self) -> Read<row!(@type $kind, 'p)> {
                self.bytes.$kind(self.word.wrapping_add($at))
            } )+
        }
    };
    (@type word, $p:lifetime) => { u32 };
    (@type seconds, $p:lifetime) => { i64 };
    (@type quad, $p:lifetime) => { u128 };
    (@type run, $p:lifetime) => { Run };
    (@type text, $p:lifetime) => { &$p [u8] };
}

row! {
    /// An account.
    AccountRow, 17 {
        /// Its id.
        id: text at 0;
        /// Flags of [`account`].
        flags: word at 2;
        /// Its own address, exact form.
        local: text at 3;
        /// The domain of its own address.
        domain: text at 5;
        /// The names of its roles ([`TextRow`]).
        roles: run at 7;
        /// Its credentials ([`CredentialRow`]).
        credentials: run at 9;
        /// Its allowlists ([`AllowlistRow`]).
        allowlists: run at 11;
        /// Its deny entries ([`DenyRow`]).
        denies: run at 13;
        /// Its exemptions ([`ExemptionRow`]).
        exemptions: run at 15;
    }
}

/// Flags of an account.
pub(crate) mod account {
    pub(crate) const SUSPENDED: u32 = 1;
    pub(crate) const RESEND: u32 = 1 << 1;
    pub(crate) const HAS_ADDRESS: u32 = 1 << 2;
    /// The own address is assigned, or at a verified active domain of exactly its name.
    pub(crate) const COUNTED: u32 = 1 << 3;
    /// The own address is below a verified active domain that includes its sub-domains.
    pub(crate) const COUNTED_ABOVE: u32 = 1 << 4;
    /// One of the roles has the permission to send.
    pub(crate) const MAY_SEND: u32 = 1 << 5;
    pub(crate) const HAS_IDENTITIES: u32 = 1 << 6;
}

row! {
    /// An identity.
    IdentityRow, 12 {
        /// The local part, exact form.
        local: text at 0;
        /// The domain.
        domain: text at 2;
        /// The number of the account that holds it plus one, or 0 for the tenant.
        holder: word at 4;
        /// Flags of [`identity`].
        flags: word at 5;
        /// The accounts that may use it, sorted ([`TextRow`]).
        senders: run at 6;
        /// The roles that may use it, sorted ([`TextRow`]).
        roles: run at 8;
        /// When it came into its state.
        since: seconds at 10;
    }
}

/// Flags of an identity.
pub(crate) mod identity {
    pub(crate) const VERIFIED: u32 = 1;
    pub(crate) const GIVEN: u32 = 1 << 1;
    pub(crate) const REFUSED: u32 = 1 << 2;
    pub(crate) const WITHDRAWN: u32 = 1 << 3;
    pub(crate) const GRANDFATHERED: u32 = 1 << 4;
    pub(crate) const ANY_SENDER: u32 = 1 << 5;
    pub(crate) const ANY_ROLE: u32 = 1 << 6;
    /// At a verified active domain of exactly its name.
    pub(crate) const PROVED: u32 = 1 << 7;
    /// Below a verified active domain that includes its sub-domains.
    pub(crate) const PROVED_ABOVE: u32 = 1 << 8;
    pub(crate) const HAS_SINCE: u32 = 1 << 9;
}

row! {
    /// A domain of a tenant.
    DomainRow, 8 {
        /// Its name.
        name: text at 0;
        /// Flags of [`domain`].
        flags: word at 2;
        /// Its sub-address separator, or 0.
        separator: word at 3;
        /// The accounts that may use it, sorted ([`TextRow`]).
        senders: run at 4;
        /// When it came into its status.
        since: seconds at 6;
    }
}

/// Flags of a domain.
pub(crate) mod domain {
    /// Status verified or vouched.
    pub(crate) const VERIFIED: u32 = 1;
    pub(crate) const SUSPENDED: u32 = 1 << 1;
    pub(crate) const ACTIVE: u32 = 1 << 2;
    pub(crate) const APPROVED: u32 = 1 << 3;
    pub(crate) const ANY_SENDER: u32 = 1 << 4;
    pub(crate) const SUBDOMAINS: u32 = 1 << 5;
    pub(crate) const EXACT_CASE: u32 = 1 << 6;
    pub(crate) const COVERS_MAILBOXES: u32 = 1 << 7;
    pub(crate) const HAS_SINCE: u32 = 1 << 8;
    /// Verified and active: its comparison rules are in force.
    pub(crate) const IN_FORCE: u32 = VERIFIED | ACTIVE;
}

row! {
    /// A credential.
    CredentialRow, 10 {
        /// Its id.
        id: text at 0;
        /// The number of its account.
        account: word at 2;
        /// Its kind, and flags of [`credential`].
        flags: word at 3;
        /// When it expires.
        expires: seconds at 4;
        /// Its scopes, sorted ([`TextRow`]).
        scopes: run at 6;
        /// Its allowlists ([`AllowlistRow`]).
        allowlists: run at 8;
    }
}

/// Flags of a credential, beside its kind in the low octet.
pub(crate) mod credential {
    pub(crate) const KIND: u32 = 0xff;
    pub(crate) const REVOKED: u32 = 1 << 8;
    pub(crate) const EXPIRES: u32 = 1 << 9;
}

row! {
    /// An allowlist.
    AllowlistRow, 3 {
        /// The channel it binds.
        channel: word at 0;
        /// Its ranges, sorted and apart ([`IntervalRow`]).
        intervals: run at 1;
    }
}

row! {
    /// A range of client addresses.
    IntervalRow, 9 {
        /// 4 or 6.
        family: word at 0;
        /// The first address.
        first: quad at 1;
        /// The last address.
        last: quad at 5;
    }
}

row! {
    /// A deny entry; a run of them is sorted by domain.
    DenyRow, 5 {
        /// What it reaches: see [`deny`].
        kind: word at 0;
        /// The local part of an address, exact form.
        local: text at 1;
        /// The domain.
        domain: text at 3;
    }
}

/// Kinds of deny entries.
pub(crate) mod deny {
    pub(crate) const ADDRESS: u32 = 0;
    pub(crate) const DOMAIN: u32 = 1;
    pub(crate) const SUBDOMAINS: u32 = 2;
}

row! {
    /// A role that the tenant defines.
    RoleRow, 3 {
        /// Its name.
        name: text at 0;
        /// A bit per permission.
        permissions: word at 2;
    }
}

row! {
    /// A kind of credential that is refused.
    RefusedRow, 4 {
        /// The kind.
        kind: word at 0;
        /// A bit per channel.
        channels: word at 1;
        /// The first instant at which it is refused.
        from: seconds at 2;
    }
}

row! {
    /// An exemption of an account.
    ExemptionRow, 3 {
        /// The control.
        control: word at 0;
        /// The first instant at which it no longer holds.
        until: seconds at 1;
    }
}

row! {
    /// A text in a list.
    TextRow, 2 {
        /// The text.
        text: text at 0;
    }
}

row! {
    /// The head of a tenant's page.
    TenantRow, 41 {
        /// Flags of [`tenant`].
        flags: word at 0;
        /// Proof, alignment, names and on_deny, an octet each from the lowest.
        settings: word at 1;
        /// The channels of the `sender` control in the lowest octet, then two bits a mode from bit 8.
        controls: word at 2;
        /// [`AccountRow`], sorted by id.
        accounts: run at 3;
        /// [`DomainRow`], sorted by name.
        domains: run at 5;
        /// A table of domains by name.
        domain_index: run at 7;
        /// [`IdentityRow`], sorted.
        identities: run at 9;
        /// A table of identities by holder and address.
        identity_index: run at 11;
        /// The id of its parent, or nothing.
        parent: text at 13;
        /// [`RoleRow`].
        roles: run at 15;
        /// [`RefusedRow`].
        refused: run at 17;
        /// [`AllowlistRow`].
        allowlists: run at 19;
        /// [`DenyRow`].
        denies: run at 21;
        /// [`CredentialRow`], by account.
        credentials: run at 23;
        /// Its id.
        id: text at 25;
        /// The scope that credentials need, or nothing.
        require_scope: text at 27;
        /// When grandfathered identities end.
        grandfathered_until: seconds at 29;
        /// [`MAGIC`].
        magic: word at 39;
        /// [`VERSION`].
        version: word at 40;
    }
}

impl TenantRow<'_> {
    /// The word of the instant from which the first control is enforced; two words a control:
    /// `sender`, `header`, `allowlist`, `credential`.
    pub(crate) const ENFORCED_FROM: Word = 31;
    /// The words of the runs, in the order of the head.
    pub(crate) const FIRST_RUNS: Word = 3;
    /// The words of the runs behind the parent.
    pub(crate) const FURTHER_RUNS: Word = 15;
}

/// Flags of a tenant.
pub(crate) mod tenant {
    pub(crate) const SUSPENDED: u32 = 1;
    pub(crate) const ADMIN_VOUCHES: u32 = 1 << 1;
    pub(crate) const APPROVAL_REQUIRED: u32 = 1 << 2;
    pub(crate) const INHERIT_IDENTITIES: u32 = 1 << 3;
    pub(crate) const INHERIT_DOMAINS: u32 = 1 << 4;
    pub(crate) const REFUSE_NULL: u32 = 1 << 5;
    pub(crate) const MULTIPLE_FROM: u32 = 1 << 6;
    pub(crate) const IGNORE_SENDER: u32 = 1 << 7;
    pub(crate) const REQUIRE_TLS: u32 = 1 << 8;
    /// One of its domains includes its sub-domains.
    pub(crate) const HAS_SUBDOMAINS: u32 = 1 << 9;
    pub(crate) const HAS_PARENT: u32 = 1 << 10;
    pub(crate) const HAS_ALLOWLISTS: u32 = 1 << 11;
    pub(crate) const HAS_DENIES: u32 = 1 << 12;
    /// It asks something of credentials: a scope, or not to be of some kind.
    pub(crate) const ASKS_CREDENTIALS: u32 = 1 << 13;
}

row! {
    /// The head of the root page.
    RootRow, 18 {
        /// Flags of [`root`].
        flags: word at 0;
        /// The provider's deny entries ([`DenyRow`]).
        denies: run at 4;
        /// [`HoldingRow`], one a page.
        holdings: run at 6;
        /// A table of pages by tenant id.
        tenant_index: run at 8;
        /// A table of accounts by id.
        account_index: run at 10;
        /// A table of credentials by id.
        credential_index: run at 12;
        /// A table of accounts by counted own address, in the widest form that any tenant could compare it by.
        own_index: run at 14;
        /// A table of the domains that are not pending by name.
        domain_index: run at 16;
    }
}

impl RootRow<'_> {
    /// The word of the mode of `hosted`.
    pub(crate) const HOSTED: Word = 1;
    /// The word of the first of the runs.
    pub(crate) const RUNS: Word = 4;
}

/// Flags of the root page.
pub(crate) mod root {
    /// Some domain includes its sub-domains.
    pub(crate) const HAS_SUBDOMAINS: u32 = 1;
}

row! {
    /// What a tenant has that a sender could be authorised by.
    HoldingRow, 1 {
        /// Flags of [`holding`].
        flags: word at 0;
    }
}

/// Flags of what a tenant has.
pub(crate) mod holding {
    pub(crate) const OWN_ADDRESS: u32 = 1;
    pub(crate) const DOMAIN: u32 = 1 << 1;
    /// An identity that counts at any time.
    pub(crate) const IDENTITY: u32 = 1 << 2;
    /// An identity that counts while grandfathered.
    pub(crate) const GRANDFATHERED: u32 = 1 << 3;
    /// The same for identities of the tenant itself, which heirs may inherit.
    pub(crate) const TENANT_IDENTITY: u32 = 1 << 4;
    pub(crate) const TENANT_GRANDFATHERED: u32 = 1 << 5;
}

/// The first word of a tenant's page.
pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"SNDS");
/// The version of the page format.
pub(crate) const VERSION: u32 = 1;
/// Kinds of modes, in the first word of a mode.
pub(crate) mod mode {
    pub(crate) const OFF: u32 = 0;
    pub(crate) const MONITOR: u32 = 1;
    pub(crate) const ENFORCE: u32 = 2;
    pub(crate) const ENFORCE_FROM: u32 = 3;
}

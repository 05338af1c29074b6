//! The records of a page: what each word of them means, for writing and for reading.

use super::layout::{Accounts, Bytes, Read, Run, Word, Words};
use super::row::{Record, Row, Standing, row};

row! {
    /// An account: fixed words, then its id, and the local part and domain of its own address.
    AccountRow, 4 {
        /// Flags of [`account`].
        flags: word at 0;
        /// The lengths of the three texts, an octet each from the lowest.
        lengths: word at 1;
        /// Its number in the tenant.
        number: word at 2;
        /// The word of its [`AccountExtra`], or 0.
        extra: word at 3;
    }
}

impl<'p> AccountRow<'p> {
    /// Its id.
    #[inline]
    pub(crate) fn id(self) -> Read<&'p [u8]> {
        let [id, ..] = self.lengths().to_le_bytes();
        self.text(0, id)
    }

    /// Its own address, exact form.
    #[inline]
    pub(crate) fn local(self) -> Read<&'p [u8]> {
        let [id, local, ..] = self.lengths().to_le_bytes();
        self.text(usize::from(id), local)
    }

    /// The domain of its own address.
    #[inline]
    pub(crate) fn domain(self) -> Read<&'p [u8]> {
        let [id, local, domain, _] = self.lengths().to_le_bytes();
        self.text(usize::from(id) + usize::from(local), domain)
    }

    /// The names of its roles ([`TextRow`]).
    pub(crate) fn roles(self) -> Read<Run> {
        self.more(AccountExtra::roles)
    }

    /// Its credentials ([`CredentialRow`]).
    pub(crate) fn credentials(self) -> Read<Run> {
        self.more(AccountExtra::credentials)
    }

    /// Its allowlists ([`AllowlistRow`]).
    pub(crate) fn allowlists(self) -> Read<Run> {
        self.more(AccountExtra::allowlists)
    }

    /// Its deny entries ([`DenyRow`]).
    pub(crate) fn denies(self) -> Read<Run> {
        self.more(AccountExtra::denies)
    }

    /// Its exemptions ([`ExemptionRow`]).
    pub(crate) fn exemptions(self) -> Read<Run> {
        self.more(AccountExtra::exemptions)
    }

    fn text(self, skip: usize, length: u8) -> Read<&'p [u8]> {
        self.0.bytes.octets(self.0.word.wrapping_add(Self::WORDS), skip, usize::from(length))
    }

    #[inline]
    fn more(self, member: fn(AccountExtra<'p>) -> Run) -> Read<Run> {
        match self.extra() {
            0 => Ok(Run::default()),
            word => AccountExtra::at(self.0.bytes, word).map(member),
        }
    }
}

impl<'p> Record<'p> for AccountRow<'p> {
    fn size(self) -> u32 {
        let [id, local, domain, _] = self.lengths().to_le_bytes();
        Self::WORDS + filled(&[id, local, domain])
    }
}

/// The words that texts of these lengths fill, one behind the other.
fn filled(lengths: &[u8]) -> u32 {
    lengths.iter().copied().map(u32::from).sum::<u32>().div_ceil(4)
}

row! {
    /// What few accounts have.
    AccountExtra, 10 {
        /// The names of its roles ([`TextRow`]).
        roles: run at 0;
        /// Its credentials ([`CredentialRow`]).
        credentials: run at 2;
        /// Its allowlists ([`AllowlistRow`]).
        allowlists: run at 4;
        /// Its deny entries ([`DenyRow`]).
        denies: run at 6;
        /// Its exemptions ([`ExemptionRow`]).
        exemptions: run at 8;
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
    /// Something that a session is judged by can fail, or its control is not simply enforced: suspension, roles,
    /// credentials, allowlists, transport encryption, modes, exemptions, or a tenant above.
    pub(crate) const WATCHED: u32 = 1 << 7;
}

row! {
    /// An identity: fixed words, the word of its [`IdentityExtra`] if it has one, the local part and the domain.
    IdentityRow, 2 {
        /// Flags of [`identity`] in the lower half, then the lengths of the local part and the domain, an octet each.
        packed: word at 0;
        /// The word of the account that holds it, or 0 for the tenant.
        holder: word at 1;
    }
}

impl<'p> IdentityRow<'p> {
    /// Flags of [`identity`].
    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.packed() & 0xffff
    }

    /// The local part, exact form.
    #[inline]
    pub(crate) fn local(self) -> Read<&'p [u8]> {
        let [_, _, local, _] = self.packed().to_le_bytes();
        self.text(0, local)
    }

    /// The domain.
    #[inline]
    pub(crate) fn domain(self) -> Read<&'p [u8]> {
        let [_, _, local, domain] = self.packed().to_le_bytes();
        self.text(usize::from(local), domain)
    }

    /// What it has beside its flags: nothing, of most.
    pub(crate) fn extra(self) -> Read<Option<IdentityExtra<'p>>> {
        if self.flags() & identity::HAS_EXTRA == 0 {
            return Ok(None);
        }
        let word = self.0.bytes.word(self.0.word.wrapping_add(Self::WORDS))?;
        IdentityExtra::at(self.0.bytes, word).map(Some)
    }

    /// Where its text starts, from its own start.
    fn head(self) -> u32 {
        Self::WORDS + u32::from(self.flags() & identity::HAS_EXTRA != 0)
    }

    fn text(self, skip: usize, length: u8) -> Read<&'p [u8]> {
        self.0.bytes.octets(self.0.word.wrapping_add(self.head()), skip, usize::from(length))
    }
}

impl<'p> Record<'p> for IdentityRow<'p> {
    fn size(self) -> u32 {
        let [_, _, local, domain] = self.packed().to_le_bytes();
        self.head() + filled(&[local, domain])
    }
}

row! {
    /// What few identities have.
    IdentityExtra, 8 {
        /// The accounts that may use it: see [`Accounts`].
        senders: accounts at 0;
        /// The roles that may use it, sorted ([`TextRow`]).
        roles: run at 4;
        /// When it came into its state.
        since: seconds at 6;
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
    pub(crate) const HAS_EXTRA: u32 = 1 << 10;
}

row! {
    /// A domain of a tenant: fixed words, then its name.
    DomainRow, 7 {
        /// Flags of [`domain`] in the lower half, then its sub-address separator or 0, then the length of its name.
        packed: word at 0;
        /// The accounts that may use it: see [`Accounts`].
        senders: accounts at 1;
        /// When it came into its status.
        since: seconds at 5;
    }
}

impl<'p> DomainRow<'p> {
    /// Flags of [`domain`].
    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.packed() & 0xffff
    }

    /// Its sub-address separator, or 0.
    pub(crate) fn separator(self) -> u8 {
        let [_, _, separator, _] = self.packed().to_le_bytes();
        separator
    }

    /// Its name.
    #[inline]
    pub(crate) fn name(self) -> Read<&'p [u8]> {
        let [.., length] = self.packed().to_le_bytes();
        self.0.bytes.octets(self.0.word.wrapping_add(Self::WORDS), 0, usize::from(length))
    }
}

impl<'p> Record<'p> for DomainRow<'p> {
    fn size(self) -> u32 {
        let [.., length] = self.packed().to_le_bytes();
        Self::WORDS + filled(&[length])
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
    /// A credential: fixed words, then its id.
    CredentialRow, 8 {
        /// Its kind in the lowest octet, flags of [`credential`], and the length of its id in the highest octet.
        flags: word at 0;
        /// The number of its account.
        account: word at 1;
        /// When it expires.
        expires: seconds at 2;
        /// Its scopes, sorted ([`TextRow`]).
        scopes: run at 4;
        /// Its allowlists ([`AllowlistRow`]).
        allowlists: run at 6;
    }
}

impl<'p> CredentialRow<'p> {
    /// Its id.
    pub(crate) fn id(self) -> Read<&'p [u8]> {
        let [.., length] = self.flags().to_le_bytes();
        self.0.bytes.octets(self.0.word.wrapping_add(Self::WORDS), 0, usize::from(length))
    }
}

impl<'p> Record<'p> for CredentialRow<'p> {
    fn size(self) -> u32 {
        let [.., length] = self.flags().to_le_bytes();
        Self::WORDS + filled(&[length])
    }
}

/// Flags of a credential, beside its kind in the lowest octet.
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
    /// The head of a tenant's page: what each decision asks for first.
    TenantRow, 45 {
        /// Flags of [`tenant`].
        flags: word at 0;
        /// Proof, alignment, names and on_deny, an octet each from the lowest.
        settings: word at 1;
        /// The channels of the `sender` control in the lowest octet, then two bits a mode from bit 8.
        controls: word at 2;
        /// [`DomainRow`], sorted by name.
        domains: run at 3;
        /// A table of identities by holder and address.
        identity_index: run at 5;
        /// [`AllowlistRow`].
        allowlists: run at 7;
        /// [`DenyRow`].
        denies: run at 9;
        /// A table of domains by name.
        domain_index: run at 11;
        /// The id of its parent, or nothing.
        parent: text at 13;
        /// When grandfathered identities end.
        grandfathered_until: seconds at 15;
        /// [`RefusedRow`].
        refused: run at 25;
        /// [`RoleRow`].
        roles: run at 27;
        /// The scope that credentials need, or nothing.
        require_scope: text at 29;
        /// Its id.
        id: text at 31;
        /// [`AccountRow`], sorted by id.
        accounts: run at 33;
        /// [`IdentityRow`], sorted.
        identities: run at 35;
        /// [`CredentialRow`], by account.
        credentials: run at 37;
        /// What identifies the content.
        digest: quad at 39;
        /// [`MAGIC`].
        magic: word at 43;
        /// [`VERSION`].
        version: word at 44;
    }
}

/// The octets of the head of a page.
pub(crate) const HEAD: usize = 4 * TenantRow::WORDS as usize;

impl<'p> TenantRow<'p> {
    /// The head of a page, whose words are known to be there.
    #[inline]
    pub(crate) const fn standing(bytes: Bytes<'p>, words: Words<'p, HEAD>) -> Self {
        Self(Standing { bytes, words, word: 0 })
    }
}

impl TenantRow<'_> {
    /// The word of the instant from which the first control is enforced; two words a control:
    /// `sender`, `header`, `allowlist`, `credential`.
    pub(crate) const ENFORCED_FROM: Word = 17;
    /// The word of the digest.
    pub(crate) const DIGEST: Word = 39;
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
    RootRow, 16 {
        /// Flags of [`root`].
        flags: word at 0;
        /// The provider's deny entries ([`DenyRow`]).
        denies: run at 4;
        /// A table of pages by tenant id.
        tenant_index: run at 6;
        /// A table of accounts by id.
        account_index: run at 8;
        /// A table of credentials by id.
        credential_index: run at 10;
        /// A table of the domains that are not pending by name.
        domain_index: run at 12;
        /// A table of accounts by counted own address, in the widest form that any tenant could compare it by.
        own_index: run at 14;
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

/// Flags of what a tenant has that a sender could be authorised by.
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

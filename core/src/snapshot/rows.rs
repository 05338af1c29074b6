//! The records of a page: what each word of them means, for writing and for reading.

pub(crate) use super::heads::{
    AboveRow, HEAD, MAGIC, ROOT_HEAD, RootRow, TenantRow, VERSION, holding, mode, more, root, tenant,
};
use crate::address::octet;

use super::layout::{Accounts, Bytes, Read, Run, Word};
use super::row::{Record, Row, Standing, row};

row! {
    /// An account: fixed words, the word of its [`AccountExtra`] if it has one, its id, and the local part and domain of its
    /// own address, unless its id is that address.
    AccountRow, 2 {
        /// Flags of [`account`], and then the lower bits of its number.
        packed: word at 0;
        /// The lengths of the three texts, an octet each from the lowest, and then the upper bits of its number.
        lengths: word at 1;
    }
}

impl<'p> AccountRow<'p> {
    /// Flags of [`account`].
    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.packed() & account::ALL
    }

    /// Its number in the tenant.
    pub(crate) fn number(self) -> u32 {
        let [.., upper] = self.lengths().to_le_bytes();
        self.packed() >> account::BITS | u32::from(upper) << (32 - account::BITS)
    }

    /// The words that have these flags, lengths and number: no page has room for so many accounts that it would not fit.
    pub(crate) const fn words(flags: u32, [id, local, domain]: [u32; 3], number: u32) -> [u32; 2] {
        let upper = number >> (32 - account::BITS);
        [flags | number << account::BITS, id | local << 8 | domain << 16 | upper << 24]
    }

    /// Its id.
    #[inline]
    pub(crate) fn id(self) -> Read<&'p [u8]> {
        let [id, ..] = self.lengths().to_le_bytes();
        self.text(0, id)
    }

    /// Whether it has an own address.
    #[inline]
    pub(crate) fn has_address(self) -> bool {
        // A local part may be empty: `""@a.example`.
        let [_, _, domain, _] = self.lengths().to_le_bytes();
        domain != 0
    }

    /// Its own address, exact form.
    #[inline]
    pub(crate) fn local(self) -> Read<&'p [u8]> {
        let [id, local, ..] = self.lengths().to_le_bytes();
        self.text(if self.is_its_address() { 0 } else { usize::from(id) }, local)
    }

    /// The domain of its own address.
    #[inline]
    pub(crate) fn domain(self) -> Read<&'p [u8]> {
        let [id, local, domain, _] = self.lengths().to_le_bytes();
        // Within an id, `@` stands before it.
        let before = if self.is_its_address() { 1 } else { usize::from(id) };
        self.text(before + usize::from(local), domain)
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

    /// Whether it has what few accounts have.
    #[inline]
    pub(crate) fn has_extra(self) -> bool {
        self.flags() & account::HAS_EXTRA != 0
    }

    fn is_its_address(self) -> bool {
        self.flags() & account::ID_IS_ADDRESS != 0
    }

    /// Where its text starts, from its own start.
    fn head(self) -> u32 {
        Self::WORDS + u32::from(self.has_extra())
    }

    fn text(self, skip: usize, length: u8) -> Read<&'p [u8]> {
        self.0.bytes.octets(self.0.word.wrapping_add(self.head()), skip, usize::from(length))
    }

    #[inline]
    fn more(self, member: fn(AccountExtra<'p>) -> Run) -> Read<Run> {
        if !self.has_extra() {
            return Ok(Run::default());
        }
        let word = self.0.bytes.word(self.0.word.wrapping_add(Self::WORDS))?;
        AccountExtra::at(self.0.bytes, word).map(member)
    }
}

impl<'p> Record<'p> for AccountRow<'p> {
    fn size(self) -> u32 {
        let [id, local, domain, _] = self.lengths().to_le_bytes();
        self.head() + if self.is_its_address() { filled(&[id]) } else { filled(&[id, local, domain]) }
    }
}

/// The words that texts of these lengths fill, one behind the other.
#[inline]
pub(super) fn filled(lengths: &[u8]) -> u32 {
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
    /// The own address is assigned, or at a verified active domain of exactly its name.
    pub(crate) const COUNTED: u32 = 1 << 2;
    /// The own address is below a verified active domain that includes its sub-domains.
    pub(crate) const COUNTED_ABOVE: u32 = 1 << 3;
    /// One of the roles has the permission to send.
    pub(crate) const MAY_SEND: u32 = 1 << 4;
    pub(crate) const HAS_EXTRA: u32 = 1 << 5;
    /// Its id is its own address, local part and domain with `@` between, so that the address is written once.
    pub(crate) const ID_IS_ADDRESS: u32 = 1 << 6;
    /// It or a tenant may be suspended, it may hold no role that may send, or a control may not be simply enforced: modes,
    /// channels, exemptions, or a tenant above.
    pub(crate) const WATCH_STANDING: u32 = 1 << 7;
    /// A session may fail by its credential or for want of transport encryption.
    pub(crate) const WATCH_CREDENTIAL: u32 = 1 << 8;
    /// An allowlist may bind it.
    pub(crate) const WATCH_CLIENT: u32 = 1 << 9;
    /// Everything that a session is judged by, save `hosted`.
    pub(crate) const WATCHED: u32 = WATCH_STANDING | WATCH_CREDENTIAL | WATCH_CLIENT;
    /// The bits that flags have to themselves.
    pub(crate) const BITS: u32 = 10;
    pub(super) const ALL: u32 = (1 << BITS) - 1;
}

row! {
    /// An identity: fixed words, the upper halves of two words if it has them, the word of its [`IdentityExtra`] if it has
    /// one, its local part, and its domain where that is written here.
    ///
    /// A domain is written once for all identities at it: in its entry if the tenant has one, else behind the first.
    IdentityRow, 2 {
        /// Flags of [`identity`] in the lower half, then the lengths of the local part and the domain, an octet each.
        packed: word at 0;
        /// The lower half of the word of the account that holds it, and of the word where its domain is written.
        lower: word at 1;
    }
}

impl<'p> IdentityRow<'p> {
    /// Flags of [`identity`].
    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.packed() & 0xffff
    }

    /// The length of its local part, and that of its domain.
    #[inline]
    pub(crate) fn lengths(self) -> (usize, usize) {
        let [_, _, local, domain] = self.packed().to_le_bytes();
        (usize::from(local), usize::from(domain))
    }

    /// The local part, exact form.
    #[inline(always)]
    pub(crate) fn local(self) -> Read<&'p [u8]> {
        let [_, _, local, _] = self.packed().to_le_bytes();
        self.0.bytes.octets(self.0.word.wrapping_add(self.head()), 0, usize::from(local))
    }

    /// The word of the account that holds it, or 0 for the tenant.
    #[inline(always)]
    pub(crate) fn holder(self) -> Read<Word> {
        Ok(self.lower() & 0xffff | self.upper()? << 16)
    }

    /// The domain.
    #[inline(always)]
    pub(crate) fn domain(self) -> Read<&'p [u8]> {
        let [_, _, _, domain] = self.packed().to_le_bytes();
        let word = self.lower() >> 16 | self.upper()? & !0xffff;
        self.0.bytes.octets(word, 0, usize::from(domain))
    }

    /// The upper halves of the two words that it has the lower ones of.
    #[inline(always)]
    fn upper(self) -> Read<u32> {
        if self.flags() & identity::FAR == 0 { Ok(0) } else { self.0.bytes.word(self.0.word.wrapping_add(Self::WORDS)) }
    }

    /// What it has beside its flags: nothing, of most.
    #[inline]
    pub(crate) fn extra(self) -> Read<Option<IdentityExtra<'p>>> {
        if self.flags() & identity::HAS_EXTRA == 0 {
            return Ok(None);
        }
        let word = self.0.bytes.word(self.0.word.wrapping_add(self.head()).wrapping_sub(1))?;
        IdentityExtra::at(self.0.bytes, word).map(Some)
    }

    /// Where its text starts, from its own start.
    #[inline]
    fn head(self) -> u32 {
        let has = |flag: u32| u32::from(self.flags() & flag != 0);
        Self::WORDS + has(identity::FAR) + has(identity::HAS_EXTRA)
    }
}

impl<'p> Record<'p> for IdentityRow<'p> {
    fn size(self) -> u32 {
        let [_, _, local, domain] = self.packed().to_le_bytes();
        let has_domain = self.flags() & identity::HAS_DOMAIN != 0;
        self.head() + filled(&[local]) + if has_domain { filled(&[domain]) } else { 0 }
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
    /// Its domain is written behind it.
    pub(crate) const HAS_DOMAIN: u32 = 1 << 11;
    /// Its holder or its domain stands further back than half a word can say.
    pub(crate) const FAR: u32 = 1 << 12;
    /// Any account may use it in any role.
    pub(crate) const ANY: u32 = ANY_SENDER | ANY_ROLE;
    /// It speaks against the address, whatever gives it.
    pub(crate) const AGAINST: u32 = REFUSED | WITHDRAWN;
}

row! {
    /// A domain of a tenant: a word, its name, and the runs of its senders and when it came into its status, where it has them.
    DomainRow, 1 {
        /// Flags of [`domain`] in the lower half, then its sub-address separator or 0, then the length of its name.
        packed: word at 0;
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

    /// Whether it is verified and active, so that its comparison rules are in force.
    #[inline]
    pub(crate) fn is_in_force(self) -> bool {
        self.flags() & domain::IN_FORCE == domain::IN_FORCE
    }

    /// Whether it has this name.
    #[inline(always)]
    pub(crate) fn is_named(self, name: &[u8]) -> Read<bool> {
        let [.., length] = self.packed().to_le_bytes();
        Ok(usize::from(length) == name.len() && octet::same(self.name()?, name))
    }

    /// The accounts that may use it: see [`Accounts`].
    #[inline]
    pub(crate) fn senders(self) -> Read<Accounts> {
        let mut accounts = Accounts::default();
        let mut word = self.0.word.wrapping_add(self.size_without());
        if self.flags() & domain::HAS_OWN != 0 {
            accounts.own = self.0.bytes.words::<8>(word)?.run::<0>();
            word = word.wrapping_add(2);
        }
        if self.flags() & domain::HAS_OTHERS != 0 {
            accounts.others = self.0.bytes.words::<8>(word)?.run::<0>();
        }
        Ok(accounts)
    }

    /// When it came into its status.
    pub(crate) fn since(self) -> Read<Option<i64>> {
        if self.flags() & domain::HAS_SINCE == 0 {
            return Ok(None);
        }
        // It stands last.
        let word = self.0.word.wrapping_add(self.size()).wrapping_sub(2);
        Ok(Some(self.0.bytes.words::<8>(word)?.seconds::<0>()))
    }

    /// The words of the record without the members that it may have.
    #[inline]
    fn size_without(self) -> u32 {
        let [.., length] = self.packed().to_le_bytes();
        Self::WORDS + filled(&[length])
    }
}

impl<'p> Record<'p> for DomainRow<'p> {
    #[inline]
    fn size(self) -> u32 {
        let has = |flag: u32| u32::from(self.packed() & flag != 0);
        self.size_without() + 2 * (has(domain::HAS_OWN) + has(domain::HAS_OTHERS) + has(domain::HAS_SINCE))
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
    /// It has the run of the tenant's own accounts among its senders.
    pub(crate) const HAS_OWN: u32 = 1 << 8;
    /// It has the run of other tenants' accounts among them.
    pub(crate) const HAS_OTHERS: u32 = 1 << 9;
    pub(crate) const HAS_SINCE: u32 = 1 << 10;
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
    AllowlistRow, 5 {
        /// The channel it binds.
        channel: word at 0;
        /// Its ranges of IPv4 addresses, sorted and apart ([`FourRow`]).
        four: run at 1;
        /// Its ranges of IPv6 addresses, sorted and apart ([`SixRow`]).
        six: run at 3;
    }
}

row! {
    /// A range of IPv4 addresses.
    FourRow, 2 {
        /// The first address.
        first: word at 0;
        /// The last address.
        last: word at 1;
    }
}

row! {
    /// A range of IPv6 addresses.
    SixRow, 8 {
        /// The first address.
        first: quad at 0;
        /// The last address.
        last: quad at 4;
    }
}

row! {
    /// A deny entry; a run of them is sorted by domain, then kind, then local part with its case folded.
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

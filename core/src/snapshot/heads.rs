//! The heads of a page and of a snapshot.

use super::index;
use super::layout::{Bytes, Read, Run, Word, Words};
use super::row::{Row, Standing, row};
use super::rows::filled;

row! {
    /// The head of a tenant's page, a line of memory: what each decision asks for first. Behind it stand its id, and the
    /// members of [`more`] that it has; the page ends with the table of its identities.
    TenantRow, 16 {
        /// The words of the page.
        length: word at 0;
        /// Flags of [`tenant`] in the lower half, flags of [`holding`] in the upper one.
        packed: word at 1;
        /// Proof, alignment, names and on_deny, an octet each from the lowest.
        settings: word at 2;
        /// The channels of the `sender` control in the lowest octet, two bits a mode from bit 8, and the length of its id in
        /// the highest octet.
        controls: word at 3;
        /// The members of [`more`] that it has, a bit each.
        members: word at 4;
        /// [`DomainRow`], sorted by name.
        domains: run at 5;
        /// The groups of the table of identities.
        identity_groups: word at 7;
        /// [`AccountRow`], sorted by id.
        accounts: run at 8;
        /// [`IdentityRow`], sorted.
        identities: run at 10;
        /// What identifies the content.
        digest: quad at 12;
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

    /// Flags of [`tenant`].
    #[inline]
    pub(crate) fn flags(self) -> u32 {
        self.packed() & 0xffff
    }

    /// What it has that a sender could be authorised by, whatever other tenants have: flags of [`holding`].
    #[inline]
    pub(crate) fn holdings(self) -> u32 {
        self.packed() >> 16
    }

    /// Its id.
    pub(crate) fn id(self) -> Read<&'p [u8]> {
        let [.., length] = self.controls().to_le_bytes();
        self.0.bytes.octets(Self::WORDS, 0, usize::from(length))
    }

    /// The table of its identities, by address and by holder.
    #[inline]
    pub(crate) fn identity_index(self) -> Run {
        Self::index_of(self.length(), self.identity_groups())
    }

    /// That of a page of so many words, whose table has so many groups.
    #[inline]
    pub(crate) fn index_of(length: Word, groups: u32) -> Run {
        Run { start: length.wrapping_sub(index::words::<1>(groups)), count: groups }
    }

    /// Its allowlists ([`AllowlistRow`]).
    pub(crate) fn allowlists(self) -> Read<Run> {
        self.run(more::ALLOWLISTS)
    }

    /// Its credentials by account ([`CredentialRow`]).
    pub(crate) fn credentials(self) -> Read<Run> {
        self.run(more::CREDENTIALS)
    }

    /// Its deny entries ([`DenyRow`]).
    pub(crate) fn denies(self) -> Read<Run> {
        self.run(more::DENIES)
    }

    /// A table of its domains by name, where they are many.
    pub(crate) fn domain_index(self) -> Read<Run> {
        self.run(more::DOMAIN_INDEX)
    }

    /// The kinds of credentials that it refuses ([`RefusedRow`]).
    pub(crate) fn refused(self) -> Read<Run> {
        self.run(more::REFUSED)
    }

    /// The roles that it defines, sorted by name ([`RoleRow`]).
    pub(crate) fn roles(self) -> Read<Run> {
        self.run(more::ROLES)
    }

    /// The domains that only an entry above proves, and what that would give ([`AboveRow`]).
    pub(crate) fn above(self) -> Read<Run> {
        self.run(more::ABOVE)
    }

    /// The id of its parent, or nothing.
    pub(crate) fn parent(self) -> Read<&'p [u8]> {
        self.text(more::PARENT)
    }

    /// The scope that credentials need, or nothing.
    pub(crate) fn require_scope(self) -> Read<&'p [u8]> {
        self.text(more::REQUIRE_SCOPE)
    }

    /// When grandfathered identities end.
    pub(crate) fn grandfathered_until(self) -> Read<i64> {
        Ok(self.member(more::GRANDFATHERED_UNTIL)?.map_or(i64::MIN, Words::seconds::<0>))
    }

    /// The instant from which the control with this number is enforced.
    pub(crate) fn enforced_from(self, control: u32) -> Read<i64> {
        Ok(self.member(more::ENFORCED_FROM + control)?.map_or(i64::MIN, Words::seconds::<0>))
    }

    fn run(self, number: u32) -> Read<Run> {
        Ok(self.member(number)?.map_or(Run::default(), Words::run::<0>))
    }

    fn text(self, number: u32) -> Read<&'p [u8]> {
        let run = self.run(number)?;
        self.0.bytes.octets(run.start, 0, run.count as usize)
    }

    /// The member with this number, if it has it.
    #[inline]
    fn member(self, number: u32) -> Read<Option<Words<'p, 8>>> {
        let (members, bit) = (self.members(), 1 << number);
        if members & bit == 0 {
            return Ok(None);
        }
        let [.., id] = self.controls().to_le_bytes();
        let before = (members & (bit - 1)).count_ones();
        self.0.bytes.words(Self::WORDS + filled(&[id]) + 2 * before).map(Some)
    }
}

/// The numbers of the members that few tenants have, two words each.
pub(crate) mod more {
    pub(crate) const ALLOWLISTS: u32 = 0;
    pub(crate) const CREDENTIALS: u32 = 1;
    pub(crate) const DENIES: u32 = 2;
    pub(crate) const DOMAIN_INDEX: u32 = 3;
    pub(crate) const REFUSED: u32 = 4;
    pub(crate) const ROLES: u32 = 5;
    pub(crate) const ABOVE: u32 = 6;
    pub(crate) const PARENT: u32 = 7;
    pub(crate) const REQUIRE_SCOPE: u32 = 8;
    pub(crate) const GRANDFATHERED_UNTIL: u32 = 9;
    /// The first of four, in the order `sender`, `header`, `allowlist`, `credential`.
    pub(crate) const ENFORCED_FROM: u32 = 10;
}

row! {
    /// A domain that only an entry above proves.
    AboveRow, 3 {
        /// What it would give, if no other tenant stops the entry above: flags of [`holding`].
        holdings: word at 0;
        /// The domain.
        domain: text at 1;
    }
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
    /// One of its identities or domains names an account or a role that is not its own.
    pub(crate) const NAMES_HEIRS: u32 = 1 << 14;
    /// No domain of it speaks against an address that something gives: none is inactive, none includes its sub-domains or says
    /// how local parts compare, and no tenant is above.
    pub(crate) const UNDISPUTED: u32 = 1 << 15;
}

row! {
    /// The head of a snapshot: [`MAGIC`], two words, [`VERSION`], and what stands here.
    RootRow, 56 {
        /// Flags of [`root`].
        flags: word at 3;
        /// The mode of `hosted`.
        hosted: word at 4;
        /// The instant from which `hosted` is enforced.
        hosted_from: seconds at 5;
        /// The limits: octets of a field.
        field_octets: word at 7;
        /// Octets of a header.
        header_octets: word at 8;
        /// Mailboxes in a field.
        mailboxes: word at 9;
        /// Depth of comments.
        comment_depth: word at 10;
        /// The number of pages.
        tenants: word at 11;
        /// The hash key.
        key: quad at 12;
        /// What identifies the snapshot.
        id: quad at 16;
        /// The sum of the digests of the pages.
        sum: quad at 20;
        /// The version of the public suffix list, a text.
        suffixes_run: run at 24;
        /// The version of Unicode, a text.
        unicode_run: run at 26;
        /// The provider's deny entries ([`DenyRow`]).
        denies: run at 28;
        /// The word where the pages start, and the number of words that they take.
        pages: run at 30;
        /// The number of words, without the checksums.
        words: word at 32;
        /// A table of accounts by id.
        account_index: run at 34;
        /// A table of credentials by id.
        credential_index: run at 36;
        /// A table of the domains that are not pending by name.
        domain_index: run at 38;
        /// A table of accounts by own address, as far as it could be compared.
        own_index: run at 40;
        /// A table of the holdings of tenants that have many domains which only an entry above proves, by id.
        holding_index: run at 42;
        /// A table of pages by tenant id.
        tenant_index: run at 44;
        /// A table of pages by the id of the tenant's parent.
        heir_index: run at 46;
        /// What identifies everything but the pages: the provider's settings, and the versions of the lists.
        settings: quad at 48;
        /// The checksum of the checksums of all blocks; 0 in a snapshot that is not sealed.
        sums: double at 52;
        /// The checksum of the words before this one.
        check: double at 54;
    }
}

/// The octets of the head of a snapshot.
pub(crate) const ROOT_HEAD: usize = 4 * RootRow::WORDS as usize;

impl<'p> RootRow<'p> {
    /// The version of the public suffix list.
    pub(crate) fn suffixes(self) -> Read<&'p [u8]> {
        self.text(self.suffixes_run())
    }

    /// The version of Unicode.
    pub(crate) fn unicode(self) -> Read<&'p [u8]> {
        self.text(self.unicode_run())
    }

    fn text(self, run: Run) -> Read<&'p [u8]> {
        self.0.bytes.octets(run.start, 0, run.count as usize)
    }
}

impl RootRow<'_> {
    /// The octet where the two checksums start.
    pub(crate) const SUMS: usize = 4 * 52;
    /// The octet where the checksum of the head is.
    pub(crate) const CHECK: usize = 4 * 54;
}

/// Flags of the head of a snapshot.
pub(crate) mod root {
    /// Some domain includes its sub-domains.
    pub(crate) const HAS_SUBDOMAINS: u32 = 1;
    /// So many records have some key that not all of them stand under it: see [`Key::apart`].
    ///
    /// [`Key::apart`]: crate::snapshot::keys::Key::apart
    pub(crate) const HAS_APART: u32 = 1 << 1;
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

/// The first octets of a snapshot. No text in UTF-8 begins so, and a transfer that changes line ends shows.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"\x93SENDAS\n");
/// The version of the format. It is another one, too, where anything is hashed otherwise.
pub(crate) const VERSION: u32 = 11;
/// Kinds of modes, in the first word of a mode.
pub(crate) mod mode {
    pub(crate) const OFF: u32 = 0;
    pub(crate) const MONITOR: u32 = 1;
    pub(crate) const ENFORCE: u32 = 2;
    pub(crate) const ENFORCE_FROM: u32 = 3;
}

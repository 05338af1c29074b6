//! The page of a tenant as a whole: its head, and in which order the rest stands.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::policy::{Account, Entries, Mode, Tenant};
use crate::snapshot::build::filling;
use crate::snapshot::hash::Hasher;
use crate::snapshot::layout::{Run, Word, Writer, small, words_of};
use crate::snapshot::page::FEW;
use crate::snapshot::root::UNIT;
use crate::snapshot::row::Row;
use crate::snapshot::rows::{TenantRow, more};

use super::accounts::FEW_ACCOUNTS;
use super::lists::{allowlists, denies, mode_from};

/// The tenant is too large for one page, which ends at 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Compiles a tenant, whose domains are `entries`, and returns its page behind those of others; the same tenant and key give the
/// same bytes.
pub(crate) fn compile_tenant<'t>(
    tenant: &'t Tenant,
    entries: &Entries<'t>,
    hasher: &Hasher,
    pages: Vec<u8>,
) -> Result<Vec<u8>, TooLarge> {
    let mut accounts: SmallVec<[&Account; FEW_ACCOUNTS]> = tenant.accounts.iter().collect();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut page = PageWriter {
        writer: Writer::behind(pages),
        tenant,
        hasher,
        accounts: &accounts,
        entries,
        members: Members::default(),
        holdings: 0,
        above: BTreeMap::new(),
        names_heirs: false,
    };
    page.writer.expect(octets(tenant));
    page.write();
    page.writer.finish().ok_or(TooLarge)
}

/// About as many octets as the page of a tenant takes, for the memory to be asked for at once.
fn octets(tenant: &Tenant) -> usize {
    let of_accounts = tenant.accounts.iter().map(|account| 32 + 46 * account.identities.len());
    let of_accounts: usize = of_accounts.sum();
    160 + 52 * tenant.domains.len() + 46 * tenant.identities.len() + of_accounts
}

/// The members of [`more`] that the tenant has, and the word where they stand.
#[derive(Clone, Copy, Default)]
struct Members {
    start: Word,
    has: u32,
}

/// Writes the page of one tenant; what it has of each kind is written by the file of that name.
pub(super) struct PageWriter<'t, 'a> {
    pub(super) writer: Writer,
    pub(super) tenant: &'t Tenant,
    pub(super) hasher: &'a Hasher,
    /// Sorted by id; an account's number is its place here.
    pub(super) accounts: &'a [&'t Account],
    pub(super) entries: &'a Entries<'t>,
    members: Members,
    /// What it has that a sender could be authorised by: flags of [`holding`].
    pub(super) holdings: u32,
    /// What it would have if no other tenant stopped its entries above these domains.
    pub(super) above: BTreeMap<&'t str, u32>,
    /// An identity or a domain names an account or a role that is not the tenant's own.
    pub(super) names_heirs: bool,
}

impl PageWriter<'_, '_> {
    /// Writes the head, what each decision asks for, what few ask for, and the hash tables.
    fn write(&mut self) {
        let tenant = self.tenant;
        self.writer.reserve(TenantRow::WORDS);
        self.writer.octets(&[tenant.id.as_bytes()]);
        self.members.has = self.members_had();
        self.members.start = self.writer.reserve(2 * self.members.has.count_ones());

        let (domains, domain_words) = self.domains();
        self.member(more::ALLOWLISTS, |page| allowlists(&mut page.writer, &tenant.allowlists));
        let mut shares = Vec::new();
        self.member(more::CREDENTIALS, |page| page.credentials(&mut shares));
        let (accounts, holders) = self.accounts(&shares);
        let (identities, identity_hashes) = self.identities(&holders, &domain_words);
        self.member(more::DENIES, |page| denies(&mut page.writer, &tenant.denies));
        self.member(more::REFUSED, Self::refused);
        self.member(more::ROLES, Self::roles);
        self.member(more::ABOVE, Self::above);
        for (number, text) in [(more::PARENT, &tenant.parent), (more::REQUIRE_SCOPE, &tenant.credential.require_scope)]
        {
            let text = text.as_deref().unwrap_or_default();
            self.member(number, |page| Run { start: page.writer.octets(&[text.as_bytes()]), count: small(text.len()) });
        }
        self.instant(more::GRANDFATHERED_UNTIL, tenant.sender.grandfathered_until.map_or(0, |until| until.0));
        for (mode, number) in self.modes().into_iter().zip(more::ENFORCED_FROM..) {
            self.instant(number, mode_from(mode));
        }
        let settings = self.settings();
        self.head(settings, [domains, accounts, identities], (0, 0, 0));
        // The hash tables stand at the end, and nothing before them depends on the hash key.
        let digest = self.writer.digest();
        self.member(more::DOMAIN_INDEX, |page| page.domain_index(&domain_words));
        let groups = filling::write_held(&mut self.writer, UNIT, &identity_hashes);
        self.head(settings, [domains, accounts, identities], (groups, self.writer.here(), digest));
    }

    /// The members that the tenant has, a bit each.
    fn members_had(&self) -> u32 {
        let Tenant { parent, sender, credential, .. } = self.tenant;
        let has = |any: bool, number: u32| flag(any, 1 << number);
        let modes = self.modes();
        let modes = modes.iter().zip(more::ENFORCED_FROM..);
        has(!self.tenant.allowlists.is_empty(), more::ALLOWLISTS)
            | has(self.accounts.iter().any(|account| !account.credentials.is_empty()), more::CREDENTIALS)
            | has(!self.tenant.denies.is_empty(), more::DENIES)
            | has(small(self.entries.all().len()) > FEW, more::DOMAIN_INDEX)
            | has(!credential.refuse.is_empty(), more::REFUSED)
            | has(!self.tenant.roles.is_empty(), more::ROLES)
            | has(self.entries.all().iter().any(|entry| entry.subdomains && entry.is_in_force()), more::ABOVE)
            | has(parent.is_some(), more::PARENT)
            | has(credential.require_scope.is_some(), more::REQUIRE_SCOPE)
            | has(sender.grandfathered_until.is_some(), more::GRANDFATHERED_UNTIL)
            | modes.fold(0, |all, (mode, number)| all | has(matches!(mode, Mode::EnforceFrom(_)), number))
    }

    /// Writes a member and what it leads to, if the tenant has it.
    fn member(&mut self, number: u32, write: impl FnOnce(&mut Self) -> Run) {
        let Members { start, has } = self.members;
        if has & 1 << number != 0 {
            let Run { start: first, count } = write(self);
            self.writer.set(start + 2 * (has & ((1 << number) - 1)).count_ones(), [first, count]);
        }
    }

    fn instant(&mut self, number: u32, instant: i64) {
        let [start, count, ..] = words_of(u128::from(u64::from_le_bytes(instant.to_le_bytes())));
        self.member(number, |_| Run { start, count });
    }

    /// Writes the head over the words that were reserved for it.
    fn head(
        &mut self,
        [flags, settings, controls]: [u32; 3],
        [domains, accounts, identities]: [Run; 3],
        (groups, length, digest): (u32, Word, u128),
    ) {
        self.writer.set(0, [length, flags | self.holdings << 16, settings, controls, self.members.has]);
        self.writer.set(5, [domains.start, domains.count, groups]);
        self.writer.set(8, [accounts.start, accounts.count, identities.start, identities.count]);
        self.writer.set(12, words_of(digest));
    }
}

/// A bit, if it is set.
pub(super) const fn flag(on: bool, bit: u32) -> u32 {
    if on { bit } else { 0 }
}

//! From one tenant's policy to its page.

mod lists;
mod order;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use smallvec::SmallVec;

use crate::address::Address;
use crate::policy::{
    Account, BUILT_IN_ROLES, CaseRule, Consent, Credential, CredentialSettings, Domain, DomainStatus, Entries,
    Identity, IdentityStatus, Mode, Names, Permission, SenderSettings, Tenant,
};
use crate::snapshot::hash::{Hash, Hasher, Sum};
use crate::snapshot::index;
use crate::snapshot::layout::{Accounts, Run, Word, Writer, small, words_of};
use crate::snapshot::page::FEW;
use crate::snapshot::root::UNIT;
use crate::snapshot::row::Row;
use crate::snapshot::rows::{
    AccountRow, DomainRow, IdentityRow, TenantRow, account, credential, domain, holding, identity, more, tenant,
};

use self::lists::{allowlists, exemptions, texts};
pub(crate) use self::lists::{denies, mode_from, mode_kind};
use self::order::{All, FEW as FEW_IDENTITIES, Held, put_in_order};

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

/// The keys of domains, with their words.
type Keys = SmallVec<[(Hash, [u32; 1]); FEW_DOMAINS]>;

/// Those of identities, with their holders.
type HeldKeys = SmallVec<[(Hash, [u32; 2]); FEW_IDENTITIES]>;

/// Of most tenants, what is collected for their pages is no more than this: it needs no allocation.
const FEW_ACCOUNTS: usize = 8;
const FEW_DOMAINS: usize = 4;

struct PageWriter<'t, 'a> {
    writer: Writer,
    tenant: &'t Tenant,
    hasher: &'a Hasher,
    /// Sorted by id; an account's number is its place here.
    accounts: &'a [&'t Account],
    entries: &'a Entries<'t>,
    members: Members,
    /// What it has that a sender could be authorised by: flags of [`holding`].
    holdings: u32,
    /// What it would have if no other tenant stopped its entries above these domains.
    above: BTreeMap<&'t str, u32>,
    /// An identity or a domain names an account or a role that is not the tenant's own.
    names_heirs: bool,
}

impl<'t> PageWriter<'t, '_> {
    /// Writes the head, what each decision asks for, what few ask for, and the hash tables.
    fn write(&mut self) {
        let tenant = self.tenant;
        self.writer.reserve(TenantRow::WORDS);
        self.writer.octets(&[tenant.id.as_bytes()]);
        self.members.has = self.members_had();
        self.members.start = self.writer.reserve(2 * self.members.has.count_ones());

        let (domains, domain_keys) = self.domains();
        self.member(more::ALLOWLISTS, |page| allowlists(&mut page.writer, &tenant.allowlists));
        let mut shares = Vec::new();
        self.member(more::CREDENTIALS, |page| page.credentials(&mut shares));
        let (accounts, holders) = self.accounts(&shares);
        let (identities, identity_hashes) = self.identities(&holders, &domain_keys);
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
        self.head(settings, [domains, Run::default(), accounts, identities], 0, 0);
        // The hash tables stand at the end, and nothing before them depends on the hash key.
        let digest = self.writer.digest();
        self.member(more::DOMAIN_INDEX, |page| {
            index::write(&mut page.writer, (domain_keys.len(), domain_keys.into_iter()))
        });
        let identity_index = index::write_held(&mut self.writer, &identity_hashes);
        self.writer.fill(UNIT);
        self.head(settings, [domains, identity_index, accounts, identities], self.writer.here(), digest);
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
    fn head(&mut self, [flags, settings, controls]: [u32; 3], runs: [Run; 4], length: u32, digest: u128) {
        let [a, b, c, d] = runs.map(|run| [run.start, run.count]);
        let first = [length, flags | self.holdings << 16, settings, controls, self.members.has];
        self.writer.set(0, first);
        for (run, word) in [a, b, c, d].into_iter().zip((5..).step_by(2)) {
            self.writer.set(word, run);
        }
        self.writer.set(13, words_of(digest));
    }

    /// Writes the domains that only an entry above proves, with what that would give.
    fn above(&mut self) -> Run {
        let above = mem::take(&mut self.above);
        let names: Vec<Run> = above
            .keys()
            .map(|name| Run { start: self.writer.octets(&[name.as_bytes()]), count: small(name.len()) })
            .collect();
        let start = self.writer.here();
        for (&holdings, name) in above.values().zip(&names) {
            self.writer.word(holdings);
            self.writer.run(*name);
        }
        Run { start, count: small(names.len()) }
    }

    fn modes(&self) -> [Mode; 4] {
        let controls = &self.tenant.controls;
        [controls.sender, controls.header, controls.allowlist, controls.credential]
    }

    /// The flags, the settings and the controls of the head.
    fn settings(&self) -> [u32; 3] {
        let tenant = self.tenant;
        let asks = !tenant.credential.refuse.is_empty() || tenant.credential.require_scope.is_some();
        let flags = flag(tenant.suspended, tenant::SUSPENDED)
            | flag(tenant.admin_vouches, tenant::ADMIN_VOUCHES)
            | flag(tenant.approval_required, tenant::APPROVAL_REQUIRED)
            | flag(tenant.inherited.identities, tenant::INHERIT_IDENTITIES)
            | flag(tenant.inherited.domains, tenant::INHERIT_DOMAINS)
            | flag(tenant.sender.refuse_null, tenant::REFUSE_NULL)
            | flag(tenant.header.multiple_from, tenant::MULTIPLE_FROM)
            | flag(tenant.header.ignore_sender, tenant::IGNORE_SENDER)
            | flag(tenant.credential.require_tls, tenant::REQUIRE_TLS)
            | flag(tenant.domains.iter().any(|domain| domain.subdomains), tenant::HAS_SUBDOMAINS)
            | flag(tenant.parent.is_some(), tenant::HAS_PARENT)
            | flag(!tenant.allowlists.is_empty(), tenant::HAS_ALLOWLISTS)
            | flag(!tenant.denies.is_empty(), tenant::HAS_DENIES)
            | flag(asks, tenant::ASKS_CREDENTIALS)
            | flag(self.names_heirs, tenant::NAMES_HEIRS)
            | flag(self.is_undisputed(), tenant::UNDISPUTED);
        let settings = u32::from_le_bytes([
            tenant.sender.proof as u8,
            tenant.header.alignment as u8,
            tenant.header.names as u8,
            tenant.sender.on_deny as u8,
        ]);
        let kinds =
            self.modes().iter().zip(0..).fold(0, |word, (mode, number)| word | mode_kind(*mode) << (8 + 2 * number));
        [flags, settings, u32::from(tenant.sender.channels.bits()) | kinds | small(tenant.id.len()) << 24]
    }

    /// Whether nothing of the tenant speaks against an address: see [`tenant::UNDISPUTED`].
    fn is_undisputed(&self) -> bool {
        let is_plain = |domain: &Domain| {
            domain.active && !domain.subdomains && domain.case != CaseRule::Exact && domain.separator.is_none()
        };
        self.tenant.parent.is_none() && self.tenant.domains.iter().all(is_plain)
    }

    fn roles(&mut self) -> Run {
        let mut roles: Vec<_> = self.tenant.roles.iter().collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<Word> = roles.iter().map(|role| self.writer.octets(&[role.name.as_bytes()])).collect();
        let start = self.writer.here();
        for (role, name) in roles.iter().zip(names) {
            self.writer.run(Run { start: name, count: small(role.name.len()) });
            self.writer.word(role.permissions.iter().fold(0, |bits, permission| bits | 1 << *permission as u32));
        }
        Run { start, count: small(roles.len()) }
    }

    fn refused(&mut self) -> Run {
        let mut rows: Vec<(u32, u32, i64)> = self
            .tenant
            .credential
            .refuse
            .iter()
            .map(|refused| {
                (refused.kind as u32, u32::from(refused.channels.bits()), refused.from.map_or(i64::MIN, |from| from.0))
            })
            .collect();
        rows.sort_unstable();
        let start = self.writer.here();
        for &(kind, channels, from) in &rows {
            self.writer.word(kind);
            self.writer.word(channels);
            self.writer.seconds(from);
        }
        Run { start, count: small(rows.len()) }
    }

    /// Writes the credentials of all accounts, and enters each account's share of the run.
    fn credentials(&mut self, shares: &mut Vec<Run>) -> Run {
        let mut rows: Vec<(usize, &Credential, Run, Run)> = Vec::new();
        for (number, account) in self.accounts.iter().enumerate() {
            let mut credentials: Vec<&Credential> = account.credentials.iter().collect();
            credentials.sort_by(|a, b| a.id.cmp(&b.id));
            for credential in credentials {
                let scopes = texts(&mut self.writer, credential.scopes.iter().map(String::as_str));
                let lists = allowlists(&mut self.writer, &credential.allowlists);
                rows.push((number, credential, scopes, lists));
            }
        }
        let start = self.writer.here();
        shares.resize(self.accounts.len(), Run::default());
        for &(account, credential, scopes, lists) in &rows {
            if let Some(share) = shares.get_mut(account) {
                if share.count == 0 {
                    share.start = self.writer.here();
                }
                share.count += 1;
            }
            self.writer.word(
                credential.kind as u32
                    | flag(credential.revoked, credential::REVOKED)
                    | flag(credential.expires.is_some(), credential::EXPIRES)
                    | small(credential.id.len()) << 24,
            );
            self.writer.word(small(account));
            self.writer.seconds(credential.expires.map_or(0, |expires| expires.0));
            self.writer.run(scopes);
            self.writer.run(lists);
            self.writer.octets(&[credential.id.as_bytes()]);
        }
        Run { start, count: small(rows.len()) }
    }

    /// Writes the accounts, and returns the word of each.
    fn accounts(&mut self, shares: &[Run]) -> (Run, SmallVec<[Word; FEW_ACCOUNTS]>) {
        // Of each account first where what few have stands, then where the account itself does.
        let accounts = self.accounts;
        let mut words = SmallVec::with_capacity(accounts.len());
        for (account, number) in accounts.iter().zip(0..) {
            words.push(self.account_extra(account, shares.get(number).copied().unwrap_or_default()));
        }
        let start = self.writer.here();
        let of_tenant = self.watch_of_tenant();
        for ((account, number), word) in accounts.iter().zip(0..).zip(&mut words) {
            let extra = mem::replace(word, self.writer.here());
            let (local, domain) =
                account.address.as_ref().map_or(("", ""), |address| (address.local(), address.domain()));
            let flags = self.account_flags(account, extra != 0) | of_tenant;
            self.holdings |= flag(flags & account::COUNTED != 0, holding::OWN_ADDRESS);
            if flags & account::COUNTED_ABOVE != 0 {
                *self.above.entry(domain).or_default() |= holding::OWN_ADDRESS;
            }
            let lengths = [&account.id, local, domain].map(|text| small(text.len()));
            self.writer.words(AccountRow::words(flags, lengths, number));
            if extra != 0 {
                self.writer.word(extra);
            }
            let address = if flags & account::ID_IS_ADDRESS == 0 { [local, domain] } else { ["", ""] };
            self.writer.octets(&[account.id.as_bytes(), address[0].as_bytes(), address[1].as_bytes()]);
        }
        (Run { start, count: small(accounts.len()) }, words)
    }

    /// Writes what few accounts have, if this one has anything; returns where it starts, or 0.
    fn account_extra(&mut self, account: &Account, share: Run) -> Word {
        let Account { roles, allowlists: lists, denies: entries, exemptions: some, .. } = account;
        if share.count == 0 && roles.is_empty() && lists.is_empty() && entries.is_empty() && some.is_empty() {
            return 0;
        }
        let roles = texts(&mut self.writer, roles.iter().map(String::as_str));
        let lists = allowlists(&mut self.writer, lists);
        let denies = denies(&mut self.writer, entries);
        let exemptions = exemptions(&mut self.writer, account);
        let runs = [roles, share, lists, denies, exemptions];
        if runs.iter().all(|run| run.count == 0) {
            return 0;
        }
        let start = self.writer.here();
        runs.into_iter().for_each(|run| self.writer.run(run));
        start
    }

    fn account_flags(&self, account: &Account, has_extra: bool) -> u32 {
        let may_send = if account.roles.is_empty() {
            true
        } else {
            account.roles.iter().any(|role| {
                let built_in =
                    BUILT_IN_ROLES.iter().find(|(name, _)| name == role).map(|(_, permissions)| *permissions);
                let own = || self.tenant.roles.iter().find(|own| own.name == *role).map(|own| &own.permissions[..]);
                built_in.or_else(own).is_some_and(|permissions| permissions.contains(&Permission::Send))
            })
        };
        let address = account.address.as_ref().map(Address::domain);
        let [exact, above] =
            address.map_or([false; 2], |domain| self.entries.in_force(domain).map(|entry| entry.is_some()));
        let assigned = account.address_assigned && address.is_some();
        flag(account.suspended, account::SUSPENDED)
            | flag(account.resend, account::RESEND)
            | flag(assigned || exact, account::COUNTED)
            | flag(above && !assigned && !exact, account::COUNTED_ABOVE)
            | flag(may_send, account::MAY_SEND)
            | flag(has_extra, account::HAS_EXTRA)
            | flag(account.address.as_ref().is_some_and(|own| own.is_spelled(&account.id)), account::ID_IS_ADDRESS)
            | flag(account.suspended || !may_send || !account.exemptions.is_empty(), account::WATCH_STANDING)
            | flag(!account.credentials.is_empty(), account::WATCH_CREDENTIAL)
            | flag(!account.allowlists.is_empty(), account::WATCH_CLIENT)
    }

    /// What of a session can fail, or is not simply enforced, by what its tenant has: see [`account::WATCHED`].
    fn watch_of_tenant(&self) -> u32 {
        let Tenant { suspended, parent, allowlists, credential, sender, .. } = self.tenant;
        let has_parent = parent.is_some();
        let varies = self.modes().iter().any(|mode| *mode != Mode::Enforce)
            || sender.channels != SenderSettings::default().channels;
        flag(has_parent || varies || *suspended, account::WATCH_STANDING)
            | flag(*credential != CredentialSettings::default(), account::WATCH_CREDENTIAL)
            | flag(has_parent || !allowlists.is_empty(), account::WATCH_CLIENT)
    }

    /// Writes the domains, and returns the key of each.
    fn domains(&mut self) -> (Run, Keys) {
        let entries = self.entries.all();
        let count = entries.len();
        let senders: SmallVec<[Accounts; FEW_DOMAINS]> =
            entries.iter().map(|domain| self.senders(&domain.senders)).collect();
        let start = self.writer.here();
        let mut keys = Keys::with_capacity(count);
        for (domain, senders) in entries.iter().zip(senders) {
            let name = domain.name.as_str();
            keys.push((Hash::of(self.hasher, name.as_bytes()), [self.writer.here()]));
            let flags = flag(domain.is_verified(), domain::VERIFIED)
                | flag(domain.status == DomainStatus::Suspended, domain::SUSPENDED)
                | flag(domain.active, domain::ACTIVE)
                | flag(domain.approved, domain::APPROVED)
                | flag(matches!(domain.senders, Names::Any), domain::ANY_SENDER)
                | flag(domain.subdomains, domain::SUBDOMAINS)
                | flag(domain.case == CaseRule::Exact, domain::EXACT_CASE)
                | flag(domain.covers_mailboxes, domain::COVERS_MAILBOXES)
                | flag(senders.own.count != 0, domain::HAS_OWN)
                | flag(senders.others.count != 0, domain::HAS_OTHERS)
                | flag(domain.since.is_some(), domain::HAS_SINCE);
            let usable = domain.is_in_force() && (domain.approved || !self.tenant.approval_required);
            let names_somebody = flags & (domain::ANY_SENDER | domain::HAS_OWN | domain::HAS_OTHERS) != 0;
            self.holdings |= flag(usable && names_somebody, holding::DOMAIN);
            let separator = domain.separator.map_or(0, |separator| separator as u32);
            self.writer.word(flags | separator << 16 | small(name.len()) << 24);
            self.writer.octets(&[name.as_bytes()]);
            [senders.own, senders.others].into_iter().filter(|run| run.count != 0).for_each(|run| self.writer.run(run));
            if let Some(since) = domain.since {
                self.writer.seconds(since.0);
            }
        }
        (Run { start, count: small(count) }, keys)
    }

    /// Writes the identities of the tenant and of its accounts, which are told by their words; a domain is written once.
    fn identities(&mut self, holders: &[Word], named: &[(Hash, [Word; 1])]) -> (Run, HeldKeys) {
        let of_all = self.accounts.iter().map(|account| account.identities.len()).sum::<usize>();
        let count = self.tenant.identities.len() + of_all;
        let mut all = All::with_capacity(count);
        self.tenant.identities.iter().for_each(|one| all.push(Held::new(0, one)));
        for (account, &holder) in self.accounts.iter().zip(holders) {
            account.identities.iter().for_each(|one| all.push(Held::new(holder, one)));
        }
        put_in_order(&mut all);
        all.iter_mut().for_each(|held| held.extra = self.identity_extra(held.identity));
        let start = self.writer.here();
        let mut hashes = HeldKeys::with_capacity(all.len());
        for at_domain in all.chunk_by(Held::is_beside) {
            let Some(domain) = at_domain.first().map(|held| held.identity.address.domain()) else { continue };
            let sum = Sum::of(self.hasher, domain.as_bytes());
            let number = self.entries.number(domain);
            let [exact, above] = self.entries.in_force_of(number, domain);
            let exact_case = exact.or(above).is_some_and(|entry| entry.case == CaseRule::Exact);
            let proof = (exact.is_some(), above.is_some());
            let entry = number.and_then(|number| named.get(number));
            let mut word = entry.map(|&(_, [entry])| entry + DomainRow::WORDS);
            for &Held { identity, holder, extra, .. } in at_domain {
                let local = identity.address.local();
                let hash = sum.hash_of(self.hasher, local.as_bytes(), exact_case);
                hashes.push((hash, [self.writer.here(), holder]));
                let flags = identity_flags(identity, proof, extra != 0) | flag(word.is_none(), identity::HAS_DOMAIN);
                self.hold(flags, holder == 0, domain);
                // A domain written behind it stands so far behind its start.
                let behind = IdentityRow::WORDS + u32::from(extra != 0) + small(local.len().div_ceil(4));
                let domain_word = word.unwrap_or(self.writer.here() + behind);
                let far = holder > 0xffff || domain_word > 0xffff;
                let domain_word = domain_word + u32::from(far && word.is_none());
                let flags = flags | flag(far, identity::FAR);
                let packed = flags | small(local.len()) << 16 | small(domain.len()) << 24;
                self.writer.words([packed, holder & 0xffff | domain_word << 16]);
                if far {
                    self.writer.word(holder >> 16 | domain_word & !0xffff);
                }
                if extra != 0 {
                    self.writer.word(extra);
                }
                self.writer.octets(&[local.as_bytes()]);
                if word.is_none() {
                    word = Some(self.writer.octets(&[domain.as_bytes()]));
                }
            }
        }
        (Run { start, count: small(all.len()) }, hashes)
    }

    /// Enters what an identity gives to the tenant.
    fn hold(&mut self, flags: u32, of_tenant: bool, domain: &'t str) {
        if flags & identity::AGAINST != 0 {
            return;
        }
        let verified = flags & identity::VERIFIED != 0;
        let counted = holding::IDENTITY | flag(of_tenant, holding::TENANT_IDENTITY);
        if flags & identity::GIVEN != 0 || verified && (self.tenant.admin_vouches || flags & identity::PROVED != 0) {
            self.holdings |= counted;
            return;
        }
        if verified && flags & identity::PROVED_ABOVE != 0 {
            *self.above.entry(domain).or_default() |= counted;
        }
        if flags & identity::GRANDFATHERED != 0 {
            self.holdings |= holding::GRANDFATHERED | flag(of_tenant, holding::TENANT_GRANDFATHERED);
        }
    }

    /// Writes what an identity has beside its flags, if it has anything; returns where it starts, or 0.
    fn identity_extra(&mut self, identity: &Identity) -> Word {
        if matches!((&identity.senders, &identity.roles, identity.since), (Names::Any, Names::Any, None)) {
            return 0;
        }
        let senders = self.senders(&identity.senders);
        let roles = match &identity.roles {
            Names::Any => Run::default(),
            Names::Only(list) => {
                self.names_heirs |= list.iter().any(|name| !self.knows_role(name));
                texts(&mut self.writer, list.iter().map(String::as_str))
            }
        };
        let start = self.writer.here();
        for run in [senders.own, senders.others, roles] {
            self.writer.run(run);
        }
        self.writer.seconds(identity.since.map_or(0, |since| since.0));
        start
    }

    /// Writes a list of accounts: numbers of the tenant's own, ids of others.
    fn senders(&mut self, names: &Names) -> Accounts {
        let Names::Only(list) = names else { return Accounts::default() };
        let (mut own, mut others) = (SmallVec::<[Word; FEW_ACCOUNTS]>::with_capacity(list.len()), Vec::new());
        for id in list {
            match self.accounts.binary_search_by(|account| account.id.as_str().cmp(id)) {
                Ok(number) => own.push(small(number)),
                Err(_) => others.push(id.as_str()),
            }
        }
        self.names_heirs |= !others.is_empty();
        own.sort_unstable();
        own.dedup();
        let start = self.writer.here();
        own.iter().for_each(|&number| self.writer.word(number));
        let own = Run { start, count: small(own.len()) };
        Accounts { own, others: texts(&mut self.writer, others.into_iter()) }
    }

    fn knows_role(&self, name: &str) -> bool {
        BUILT_IN_ROLES.iter().any(|(role, _)| *role == name) || self.tenant.roles.iter().any(|role| role.name == name)
    }
}

/// The flags of an identity; `proof` says whether its domain is proved by exactly its name, and whether from above.
fn identity_flags(identity: &Identity, (exact, above): (bool, bool), has_extra: bool) -> u32 {
    flag(identity.status == IdentityStatus::Verified, identity::VERIFIED)
        | flag(identity.consent == Some(Consent::Given), identity::GIVEN)
        | flag(identity.consent == Some(Consent::Refused), identity::REFUSED)
        | flag(identity.consent == Some(Consent::Withdrawn), identity::WITHDRAWN)
        | flag(identity.grandfathered, identity::GRANDFATHERED)
        | flag(matches!(identity.senders, Names::Any), identity::ANY_SENDER)
        | flag(matches!(identity.roles, Names::Any), identity::ANY_ROLE)
        | flag(exact, identity::PROVED)
        | flag(above && !exact, identity::PROVED_ABOVE)
        | flag(identity.since.is_some(), identity::HAS_SINCE)
        | flag(has_extra, identity::HAS_EXTRA)
}

const fn flag(on: bool, bit: u32) -> u32 {
    if on { bit } else { 0 }
}

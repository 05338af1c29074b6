//! From one tenant's policy to its page.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::address::{Address, Scope};
use crate::options::{HashKey, Options};
use crate::policy::{
    Account, Allowlist, BUILT_IN_ROLES, CaseRule, Consent, Credential, CredentialSettings, Deny, Domain, DomainStatus,
    Identity, IdentityStatus, Mode, Names, Permission, SenderSettings, Tenant,
};
use crate::snapshot::compare::{Rule, Separators, upwards};
use crate::snapshot::index::{self, Hash};
use crate::snapshot::layout::{Accounts, Run, Word, Writer, small};
use crate::snapshot::row::Row;
use crate::snapshot::rows::{MAGIC, TenantRow, VERSION, account, credential, deny, domain, identity, mode, tenant};

/// The tenant is too large for one page, which ends at 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Compiles a tenant; the same tenant and key give the same bytes.
pub(crate) fn compile_tenant(tenant: &Tenant, options: &Options) -> Result<Vec<u8>, TooLarge> {
    let mut accounts: Vec<&Account> = tenant.accounts.iter().collect();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    let domains = tenant.domains.iter().map(|domain| (domain.name.as_str(), domain)).collect();
    let mut page = PageWriter { writer: Writer::default(), tenant, key: &options.hash_key, accounts, domains };
    page.write();
    page.writer.finish().ok_or(TooLarge)
}

struct PageWriter<'t> {
    writer: Writer,
    tenant: &'t Tenant,
    key: &'t HashKey,
    /// Sorted by id; an account's number is its place here.
    accounts: Vec<&'t Account>,
    domains: BTreeMap<&'t str, &'t Domain>,
}

impl<'t> PageWriter<'t> {
    /// Writes the head, what each decision asks for, what few ask for, and the hash tables.
    fn write(&mut self) {
        let tenant = self.tenant;
        self.writer.reserve(TenantRow::WORDS);
        let (domains, domain_hashes) = self.domains();
        let allowlists = allowlists(&mut self.writer, &tenant.allowlists);
        let (credentials, shares) = self.credentials();
        let (accounts, holders) = self.accounts(&shares);
        let (identities, identity_hashes) = self.identities(&holders);
        let denies = denies(&mut self.writer, &tenant.denies);
        let refused = self.refused();
        let roles = self.roles();
        let mut text = |text: &str| Run { start: self.writer.octets(&[text.as_bytes()]), count: small(text.len()) };
        let parent = text(tenant.parent.as_deref().unwrap_or_default());
        let scope = text(tenant.credential.require_scope.as_deref().unwrap_or_default());
        let id = text(&tenant.id);
        let end = self.writer.here();
        let domain_index = index::write(&mut self.writer, &domain_hashes);
        let identity_index = index::write(&mut self.writer, &identity_hashes);

        self.head(
            [domains, identity_index, allowlists, denies, domain_index, parent],
            [refused, roles, scope, id, accounts, identities, credentials],
        );
        // The hash tables stand at the end, and nothing before them depends on the hash key.
        let digest = self.writer.digest(end);
        self.writer.set(TenantRow::DIGEST, &digest);
    }

    fn head(&mut self, first_runs: [Run; 6], last_runs: [Run; 7]) {
        let mut head = Writer::default();
        self.settings(&mut head);
        first_runs.into_iter().for_each(|run| head.run(run));
        head.seconds(self.tenant.sender.grandfathered_until.map_or(i64::MIN, |until| until.0));
        self.modes().into_iter().for_each(|mode| head.seconds(mode_from(mode)));
        last_runs.into_iter().for_each(|run| head.run(run));
        debug_assert_eq!(head.here(), TenantRow::DIGEST);
        head.quad(0);
        head.word(MAGIC);
        head.word(VERSION);
        debug_assert_eq!(head.here(), TenantRow::WORDS);
        self.writer.set(0, head.words());
    }

    fn modes(&self) -> [Mode; 4] {
        let controls = &self.tenant.controls;
        [controls.sender, controls.header, controls.allowlist, controls.credential]
    }

    fn settings(&self, out: &mut Writer) {
        let tenant = self.tenant;
        let asks = !tenant.credential.refuse.is_empty() || tenant.credential.require_scope.is_some();
        out.word(
            flag(tenant.suspended, tenant::SUSPENDED)
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
                | flag(asks, tenant::ASKS_CREDENTIALS),
        );
        out.word(u32::from_le_bytes([
            tenant.sender.proof as u8,
            tenant.header.alignment as u8,
            tenant.header.names as u8,
            tenant.sender.on_deny as u8,
        ]));
        let kinds =
            self.modes().iter().zip(0..).fold(0, |word, (mode, number)| word | mode_kind(*mode) << (8 + 2 * number));
        out.word(u32::from(tenant.sender.channels.bits()) | kinds);
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

    /// Writes the credentials of all accounts, and returns each account's share of the run.
    fn credentials(&mut self) -> (Run, Vec<Run>) {
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
        let mut shares = alloc::vec![Run::default(); self.accounts.len()];
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
        (Run { start, count: small(rows.len()) }, shares)
    }

    /// Writes the accounts, and returns the word of each.
    fn accounts(&mut self, shares: &[Run]) -> (Run, Vec<Word>) {
        let mut extras = Vec::with_capacity(self.accounts.len());
        for (account, share) in self.accounts.iter().zip(shares) {
            let roles = texts(&mut self.writer, account.roles.iter().map(String::as_str));
            let lists = allowlists(&mut self.writer, &account.allowlists);
            let denies = denies(&mut self.writer, &account.denies);
            let exemptions = exemptions(&mut self.writer, account);
            let runs = [roles, *share, lists, denies, exemptions];
            extras.push(if runs.iter().all(|run| run.count == 0) {
                0
            } else {
                let start = self.writer.here();
                runs.into_iter().for_each(|run| self.writer.run(run));
                start
            });
        }
        let start = self.writer.here();
        let mut words = Vec::with_capacity(self.accounts.len());
        for ((account, extra), number) in self.accounts.iter().zip(extras).zip(0..) {
            words.push(self.writer.here());
            let address = account.address.as_ref();
            let texts = [
                account.id.as_bytes(),
                address.map_or("", |address| address.local()).as_bytes(),
                address.map_or("", |address| address.domain()).as_bytes(),
            ];
            let [id, local, domain] = texts.map(<[u8]>::len).map(small);
            self.writer.word(self.account_flags(account, extra != 0));
            self.writer.word(id | local << 8 | domain << 16);
            self.writer.word(number);
            self.writer.word(extra);
            self.writer.octets(&texts);
        }
        (Run { start, count: small(self.accounts.len()) }, words)
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
        let (exact, above) = address.map_or((false, false), |domain| self.proved(domain));
        let assigned = account.address_assigned && address.is_some();
        flag(account.suspended, account::SUSPENDED)
            | flag(account.resend, account::RESEND)
            | flag(address.is_some(), account::HAS_ADDRESS)
            | flag(assigned || exact, account::COUNTED)
            | flag(above && !assigned && !exact, account::COUNTED_ABOVE)
            | flag(may_send, account::MAY_SEND)
            | flag(!account.identities.is_empty(), account::HAS_IDENTITIES)
            | flag(has_extra || account.suspended || !may_send || self.is_watched(), account::WATCHED)
    }

    /// Whether the tenant has something that a session is judged by, other than by default: see [`account::WATCHED`].
    fn is_watched(&self) -> bool {
        let tenant = self.tenant;
        let Tenant { suspended, parent, allowlists, credential, .. } = tenant;
        *suspended
            || parent.is_some()
            || !allowlists.is_empty()
            || *credential != CredentialSettings::default()
            || self.modes().iter().any(|mode| *mode != Mode::Enforce)
            || tenant.sender.channels != SenderSettings::default().channels
    }

    fn domains(&mut self) -> (Run, Vec<(Hash, [u32; 1])>) {
        let domains: Vec<&Domain> = self.domains.values().copied().collect();
        let senders: Vec<Accounts> = domains.iter().map(|domain| self.senders(&domain.senders)).collect();
        let start = self.writer.here();
        let mut hashes = Vec::with_capacity(domains.len());
        for (domain, senders) in domains.iter().zip(senders) {
            let name = domain.name.as_str().as_bytes();
            hashes.push((Hash::of(self.key, name), [self.writer.here()]));
            let flags = flag(is_verified(domain), domain::VERIFIED)
                | flag(domain.status == DomainStatus::Suspended, domain::SUSPENDED)
                | flag(domain.active, domain::ACTIVE)
                | flag(domain.approved, domain::APPROVED)
                | flag(domain.senders == Names::Any, domain::ANY_SENDER)
                | flag(domain.subdomains, domain::SUBDOMAINS)
                | flag(domain.case == CaseRule::Exact, domain::EXACT_CASE)
                | flag(domain.covers_mailboxes, domain::COVERS_MAILBOXES)
                | flag(domain.since.is_some(), domain::HAS_SINCE);
            let separator = domain.separator.map_or(0, |separator| separator as u32);
            self.writer.word(flags | separator << 16 | small(name.len()) << 24);
            self.writer.run(senders.own);
            self.writer.run(senders.others);
            self.writer.seconds(domain.since.map_or(0, |since| since.0));
            self.writer.octets(&[name]);
        }
        (Run { start, count: small(domains.len()) }, hashes)
    }

    /// Writes the identities of the tenant and of its accounts, which are told by their words.
    fn identities(&mut self, holders: &[Word]) -> (Run, Vec<(Hash, [u32; 1])>) {
        let mut all: Vec<(u32, &Identity)> = self.tenant.identities.iter().map(|identity| (0, identity)).collect();
        for (account, &holder) in self.accounts.iter().zip(holders) {
            all.extend(account.identities.iter().map(|identity| (holder, identity)));
        }
        all.sort_by_key(|(holder, identity)| (identity.address.domain(), identity.address.local(), *holder));
        let extras: Vec<Word> = all.iter().map(|(_, identity)| self.identity_extra(identity)).collect();
        let start = self.writer.here();
        let mut hashes = Vec::with_capacity(all.len());
        for (&(holder, identity), extra) in all.iter().zip(extras) {
            let (local, domain) = (identity.address.local(), identity.address.domain());
            let exact_case = self.rule(domain).exact_case;
            let hash =
                Hash::of(self.key, domain.as_bytes()).of_local(self.key, local.as_bytes(), exact_case).with(holder);
            hashes.push((hash, [self.writer.here()]));
            let (exact, above) = self.proved(domain);
            let flags = flag(identity.status == IdentityStatus::Verified, identity::VERIFIED)
                | flag(identity.consent == Some(Consent::Given), identity::GIVEN)
                | flag(identity.consent == Some(Consent::Refused), identity::REFUSED)
                | flag(identity.consent == Some(Consent::Withdrawn), identity::WITHDRAWN)
                | flag(identity.grandfathered, identity::GRANDFATHERED)
                | flag(identity.senders == Names::Any, identity::ANY_SENDER)
                | flag(identity.roles == Names::Any, identity::ANY_ROLE)
                | flag(exact, identity::PROVED)
                | flag(above && !exact, identity::PROVED_ABOVE)
                | flag(identity.since.is_some(), identity::HAS_SINCE)
                | flag(extra != 0, identity::HAS_EXTRA);
            self.writer.word(flags | small(local.len()) << 16 | small(domain.len()) << 24);
            self.writer.word(holder);
            if extra != 0 {
                self.writer.word(extra);
            }
            self.writer.octets(&[local.as_bytes(), domain.as_bytes()]);
        }
        (Run { start, count: small(all.len()) }, hashes)
    }

    /// Writes what an identity has beside its flags, if it has anything; returns where it starts, or 0.
    fn identity_extra(&mut self, identity: &Identity) -> Word {
        if identity.senders == Names::Any && identity.roles == Names::Any && identity.since.is_none() {
            return 0;
        }
        let senders = self.senders(&identity.senders);
        let roles = match &identity.roles {
            Names::Any => Run::default(),
            Names::Only(list) => texts(&mut self.writer, list.iter().map(String::as_str)),
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
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for id in list {
            match self.accounts.binary_search_by(|account| account.id.as_str().cmp(id)) {
                Ok(number) => own.push(small(number)),
                Err(_) => others.push(id.as_str()),
            }
        }
        own.sort_unstable();
        own.dedup();
        let start = self.writer.here();
        own.iter().for_each(|&number| self.writer.word(number));
        let own = Run { start, count: small(own.len()) };
        Accounts { own, others: texts(&mut self.writer, others.into_iter()) }
    }

    /// Whether a domain is verified and active by exactly its name, and whether by an entry above it.
    fn proved(&self, domain: &str) -> (bool, bool) {
        let in_force = |entry: &&Domain| is_verified(entry) && entry.active;
        let exact = self.domains.get(domain).filter(|entry| in_force(entry)).is_some();
        let above = self.entries_above(domain).any(|entry| in_force(&entry));
        (exact, above)
    }

    /// How the local parts of a domain compare in this tenant (docs/semantics.md 4.1).
    fn rule(&self, domain: &str) -> Rule {
        let in_force = |entry: &&Domain| is_verified(entry) && entry.active;
        let exact = self.domains.get(domain).copied().filter(in_force);
        exact.or_else(|| self.entries_above(domain).find(in_force)).map_or_else(Rule::default, |entry| Rule {
            exact_case: entry.case == CaseRule::Exact,
            separators: Separators::default().with(entry.separator.map_or(0, |separator| separator as u8)),
        })
    }

    fn entries_above<'s>(&'s self, domain: &'s str) -> impl Iterator<Item = &'t Domain> + 's {
        upwards(domain.as_bytes())
            .skip(1)
            .filter_map(|name| self.domains.get(core::str::from_utf8(name).ok()?).copied())
            .filter(|entry| entry.subdomains)
    }
}

/// The kind of a mode.
pub(crate) const fn mode_kind(setting: Mode) -> u32 {
    match setting {
        Mode::Off => mode::OFF,
        Mode::Monitor => mode::MONITOR,
        Mode::Enforce => mode::ENFORCE,
        Mode::EnforceFrom(_) => mode::ENFORCE_FROM,
    }
}

/// The instant from which a mode enforces, if it has one.
pub(crate) const fn mode_from(setting: Mode) -> i64 {
    match setting {
        Mode::EnforceFrom(from) => from.0,
        Mode::Off | Mode::Monitor | Mode::Enforce => 0,
    }
}

/// Writes deny entries, sorted by domain.
pub(crate) fn denies(writer: &mut Writer, denies: &[Deny]) -> Run {
    let mut rows: Vec<(&str, u32, &str)> = denies
        .iter()
        .map(|entry| match &entry.scope {
            Scope::Address(address) => (address.domain(), deny::ADDRESS, address.local()),
            Scope::Domain(name) => (name.as_str(), deny::DOMAIN, ""),
            Scope::Subdomains(name) => (name.as_str(), deny::SUBDOMAINS, ""),
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let texts: Vec<[Run; 2]> = rows
        .iter()
        .map(|(domain, _, local)| {
            [local, domain].map(|text| Run { start: writer.octets(&[text.as_bytes()]), count: small(text.len()) })
        })
        .collect();
    let start = writer.here();
    for (&(_, kind, _), texts) in rows.iter().zip(texts) {
        writer.word(kind);
        texts.into_iter().for_each(|text| writer.run(text));
    }
    Run { start, count: small(rows.len()) }
}

fn exemptions(writer: &mut Writer, account: &Account) -> Run {
    let mut rows: Vec<(u32, i64)> =
        account.exemptions.iter().map(|exemption| (exemption.control as u32, exemption.until.0)).collect();
    rows.sort_unstable();
    let start = writer.here();
    for &(control, until) in &rows {
        writer.word(control);
        writer.seconds(until);
    }
    Run { start, count: small(rows.len()) }
}

fn allowlists(writer: &mut Writer, lists: &[Allowlist]) -> Run {
    let mut sorted: Vec<&Allowlist> = lists.iter().filter(|list| !list.entries.is_empty()).collect();
    sorted.sort_by_key(|list| list.channel);
    let runs: Vec<Run> = sorted.iter().map(|list| intervals(writer, list)).collect();
    let start = writer.here();
    for (list, run) in sorted.iter().zip(&runs) {
        writer.word(list.channel as u32);
        writer.run(*run);
    }
    Run { start, count: small(runs.len()) }
}

fn intervals(writer: &mut Writer, list: &Allowlist) -> Run {
    let mut ranges: Vec<(u32, u128, u128)> = list
        .entries
        .iter()
        .map(|entry| {
            let (family, first) = address_number(entry.range.first());
            (family, first, address_number(entry.range.last()).1)
        })
        .collect();
    ranges.sort_unstable();
    let mut merged: Vec<(u32, u128, u128)> = Vec::with_capacity(ranges.len());
    for (family, first, last) in ranges {
        match merged.last_mut() {
            Some(before) if before.0 == family && first <= before.2.saturating_add(1) => before.2 = before.2.max(last),
            _ => merged.push((family, first, last)),
        }
    }
    let start = writer.here();
    for &(family, first, last) in &merged {
        writer.word(family);
        writer.quad(first);
        writer.quad(last);
    }
    Run { start, count: small(merged.len()) }
}

/// The family (4 or 6) and the number of an address.
pub(crate) fn address_number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (4, u128::from(u32::from(address))),
        IpAddr::V6(address) => (6, u128::from(address)),
    }
}

/// Writes a list of texts, sorted and without repetition.
fn texts<'s>(writer: &mut Writer, list: impl Iterator<Item = &'s str>) -> Run {
    let mut sorted: Vec<&[u8]> = list.map(str::as_bytes).collect();
    sorted.sort_unstable();
    sorted.dedup();
    writer.texts(&sorted)
}

fn is_verified(domain: &Domain) -> bool {
    matches!(domain.status, DomainStatus::Verified | DomainStatus::Vouched)
}

const fn flag(on: bool, bit: u32) -> u32 {
    if on { bit } else { 0 }
}

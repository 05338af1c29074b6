//! From one tenant's policy to its page.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::address::{Address, Scope};
use crate::options::{HashKey, Options};
use crate::policy::{
    Account, Allowlist, BUILT_IN_ROLES, CaseRule, Consent, Credential, Deny, Domain, DomainStatus, Identity,
    IdentityStatus, Mode, Names, Permission, Tenant,
};
use crate::snapshot::compare::{Key, Rule, Separators, upwards};
use crate::snapshot::index::{self, Hash};
use crate::snapshot::layout::{Run, Writer, small};
use crate::snapshot::rows::{
    AccountRow, MAGIC, TenantRow, VERSION, account, credential, deny, domain, identity, mode, tenant,
};

/// The tenant is too large for one page, which ends at 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Compiles a tenant; the same tenant and key give the same bytes.
pub(crate) fn compile_tenant(tenant: &Tenant, options: &Options) -> Result<Vec<u8>, TooLarge> {
    let mut page = PageWriter { writer: Writer::default(), tenant, key: &options.hash_key, domains: BTreeMap::new() };
    page.domains.extend(tenant.domains.iter().map(|domain| (domain.name.as_str(), domain)));
    page.write();
    page.writer.finish().ok_or(TooLarge)
}

struct PageWriter<'t> {
    writer: Writer,
    tenant: &'t Tenant,
    key: &'t HashKey,
    domains: BTreeMap<&'t str, &'t Domain>,
}

impl<'t> PageWriter<'t> {
    fn write(&mut self) {
        let tenant = self.tenant;
        self.head();
        let roles = self.roles();
        let refused = self.refused();
        let allowlists = allowlists(&mut self.writer, &tenant.allowlists);
        let denies = denies(&mut self.writer, &tenant.denies);
        let mut sorted: Vec<&Account> = tenant.accounts.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let (credentials, shares) = self.credentials(&sorted);
        let accounts = self.accounts(&sorted, &shares);
        let (domains, domain_hashes) = self.domains();
        let (identities, identity_hashes) = self.identities(&sorted);
        let domain_index = index::write(&mut self.writer, &domain_hashes);
        let identity_index = index::write(&mut self.writer, &identity_hashes);
        let first = [accounts, domains, domain_index, identities, identity_index];
        self.writer.set_runs(TenantRow::FIRST_RUNS, &first);
        self.writer.set_runs(TenantRow::FURTHER_RUNS, &[roles, refused, allowlists, denies, credentials]);
    }

    fn head(&mut self) {
        let tenant = self.tenant;
        let out = &mut self.writer;
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
        let controls = &tenant.controls;
        let modes = [controls.sender, controls.header, controls.allowlist, controls.credential];
        let kinds = modes.iter().zip(0..).fold(0, |word, (mode, number)| word | mode_kind(*mode) << (8 + 2 * number));
        out.word(u32::from(tenant.sender.channels.bits()) | kinds);
        out.reserve((TenantRow::FURTHER_RUNS - 2 - TenantRow::FIRST_RUNS) as usize);
        out.text(tenant.parent.as_deref().unwrap_or_default().as_bytes());
        out.reserve(10);
        out.text(tenant.id.as_bytes());
        out.text(tenant.credential.require_scope.as_deref().unwrap_or_default().as_bytes());
        out.seconds(tenant.sender.grandfathered_until.map_or(i64::MIN, |until| until.0));
        for mode in modes {
            out.seconds(mode_from(mode));
        }
        out.word(MAGIC);
        out.word(VERSION);
    }

    fn roles(&mut self) -> Run {
        let mut roles: Vec<_> = self.tenant.roles.iter().collect();
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        let start = self.writer.here();
        for role in &roles {
            self.writer.text(role.name.as_bytes());
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
    fn credentials(&mut self, accounts: &[&Account]) -> (Run, Vec<Run>) {
        let mut rows: Vec<(u32, &Credential, Run, Run)> = Vec::new();
        for (number, account) in accounts.iter().enumerate() {
            let mut credentials: Vec<&Credential> = account.credentials.iter().collect();
            credentials.sort_by(|a, b| a.id.cmp(&b.id));
            for credential in credentials {
                let scopes = texts(&mut self.writer, credential.scopes.iter());
                let lists = allowlists(&mut self.writer, &credential.allowlists);
                rows.push((small(number), credential, scopes, lists));
            }
        }
        let start = self.writer.here();
        let mut shares = alloc::vec![Run::default(); accounts.len()];
        for (account, credential, scopes, lists) in &rows {
            if let Some(share) = shares.get_mut(*account as usize) {
                if share.count == 0 {
                    share.start = self.writer.here();
                }
                share.count += 1;
            }
            self.writer.text(credential.id.as_bytes());
            self.writer.word(*account);
            self.writer.word(
                credential.kind as u32
                    | flag(credential.revoked, credential::REVOKED)
                    | flag(credential.expires.is_some(), credential::EXPIRES),
            );
            self.writer.seconds(credential.expires.map_or(0, |expires| expires.0));
            self.writer.run(*scopes);
            self.writer.run(*lists);
        }
        (Run { start, count: small(rows.len()) }, shares)
    }

    fn accounts(&mut self, accounts: &[&Account], shares: &[Run]) -> Run {
        let mut rows = Vec::with_capacity(accounts.len());
        for account in accounts {
            let roles = texts(&mut self.writer, account.roles.iter());
            let lists = allowlists(&mut self.writer, &account.allowlists);
            let denies = denies(&mut self.writer, &account.denies);
            let exemptions = self.exemptions(account);
            rows.push([roles, lists, denies, exemptions]);
        }
        let start = self.writer.here();
        for ((account, [roles, lists, denies, exemptions]), share) in accounts.iter().zip(rows).zip(shares) {
            let before = self.writer.here();
            self.writer.text(account.id.as_bytes());
            self.writer.word(self.account_flags(account));
            let address = account.address.as_ref();
            self.writer.text(address.map_or("", |address| address.local()).as_bytes());
            self.writer.text(address.map_or("", |address| address.domain()).as_bytes());
            self.writer.run(roles);
            self.writer.run(*share);
            self.writer.run(lists);
            self.writer.run(denies);
            self.writer.run(exemptions);
            debug_assert_eq!(self.writer.here() - before, AccountRow::WORDS);
        }
        Run { start, count: small(accounts.len()) }
    }

    fn account_flags(&self, account: &Account) -> u32 {
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
    }

    fn exemptions(&mut self, account: &Account) -> Run {
        let mut rows: Vec<(u32, i64)> =
            account.exemptions.iter().map(|exemption| (exemption.control as u32, exemption.until.0)).collect();
        rows.sort_unstable();
        let start = self.writer.here();
        for &(control, until) in &rows {
            self.writer.word(control);
            self.writer.seconds(until);
        }
        Run { start, count: small(rows.len()) }
    }

    fn domains(&mut self) -> (Run, Vec<(Hash, [u32; 1])>) {
        let rows: Vec<(&Domain, Run)> = {
            let domains: Vec<&Domain> = self.domains.values().copied().collect();
            domains.into_iter().map(|domain| (domain, names(&mut self.writer, &domain.senders))).collect()
        };
        let start = self.writer.here();
        let mut hashes = Vec::with_capacity(rows.len());
        for (domain, senders) in rows {
            let name = domain.name.as_str().as_bytes();
            hashes.push((Hash::of(self.key, name), [small(hashes.len())]));
            self.writer.text(name);
            self.writer.word(
                flag(is_verified(domain), domain::VERIFIED)
                    | flag(domain.status == DomainStatus::Suspended, domain::SUSPENDED)
                    | flag(domain.active, domain::ACTIVE)
                    | flag(domain.approved, domain::APPROVED)
                    | flag(domain.senders == Names::Any, domain::ANY_SENDER)
                    | flag(domain.subdomains, domain::SUBDOMAINS)
                    | flag(domain.case == CaseRule::Exact, domain::EXACT_CASE)
                    | flag(domain.covers_mailboxes, domain::COVERS_MAILBOXES)
                    | flag(domain.since.is_some(), domain::HAS_SINCE),
            );
            self.writer.word(domain.separator.map_or(0, |separator| u32::from(separator as u8)));
            self.writer.run(senders);
            self.writer.seconds(domain.since.map_or(0, |since| since.0));
        }
        (Run { start, count: small(hashes.len()) }, hashes)
    }

    fn identities(&mut self, accounts: &[&'t Account]) -> (Run, Vec<(Hash, [u32; 1])>) {
        let mut all: Vec<(u32, &Identity)> = self.tenant.identities.iter().map(|identity| (0, identity)).collect();
        for (number, account) in accounts.iter().enumerate() {
            all.extend(account.identities.iter().map(|identity| (small(number + 1), identity)));
        }
        all.sort_by_key(|(holder, identity)| (identity.address.domain(), identity.address.local(), *holder));
        let rows: Vec<(u32, &Identity, Run, Run)> = all
            .into_iter()
            .map(|(holder, identity)| {
                let senders = names(&mut self.writer, &identity.senders);
                (holder, identity, senders, names(&mut self.writer, &identity.roles))
            })
            .collect();
        let start = self.writer.here();
        let mut hashes = Vec::with_capacity(rows.len());
        for (holder, identity, senders, roles) in rows {
            let (local, domain) = (identity.address.local(), identity.address.domain());
            let key = Key::new(local.as_bytes(), self.rule(domain).exact_case);
            let hash = Hash::of(self.key, domain.as_bytes()).of_local(self.key, key.as_bytes()).with(holder);
            hashes.push((hash, [small(hashes.len())]));
            let (exact, above) = self.proved(domain);
            self.writer.text(local.as_bytes());
            self.writer.text(domain.as_bytes());
            self.writer.word(holder);
            self.writer.word(
                flag(identity.status == IdentityStatus::Verified, identity::VERIFIED)
                    | flag(identity.consent == Some(Consent::Given), identity::GIVEN)
                    | flag(identity.consent == Some(Consent::Refused), identity::REFUSED)
                    | flag(identity.consent == Some(Consent::Withdrawn), identity::WITHDRAWN)
                    | flag(identity.grandfathered, identity::GRANDFATHERED)
                    | flag(identity.senders == Names::Any, identity::ANY_SENDER)
                    | flag(identity.roles == Names::Any, identity::ANY_ROLE)
                    | flag(exact, identity::PROVED)
                    | flag(above && !exact, identity::PROVED_ABOVE)
                    | flag(identity.since.is_some(), identity::HAS_SINCE),
            );
            self.writer.run(senders);
            self.writer.run(roles);
            self.writer.seconds(identity.since.map_or(0, |since| since.0));
        }
        (Run { start, count: small(hashes.len()) }, hashes)
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
    let start = writer.here();
    for &(domain, kind, local) in &rows {
        writer.word(kind);
        writer.text(local.as_bytes());
        writer.text(domain.as_bytes());
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

fn names(writer: &mut Writer, names: &Names) -> Run {
    match names {
        Names::Any => Run::default(),
        Names::Only(list) => texts(writer, list.iter()),
    }
}

/// Writes a list of texts, sorted and without repetition.
fn texts<'s>(writer: &mut Writer, list: impl Iterator<Item = &'s String>) -> Run {
    let mut sorted: Vec<&[u8]> = list.map(String::as_bytes).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let start = writer.here();
    for text in &sorted {
        writer.text(text);
    }
    Run { start, count: small(sorted.len()) }
}

fn is_verified(domain: &Domain) -> bool {
    matches!(domain.status, DomainStatus::Verified | DomainStatus::Vouched)
}

const fn flag(on: bool, bit: u32) -> u32 {
    if on { bit } else { 0 }
}

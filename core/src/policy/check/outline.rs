//! What is left of a tenant when it has been checked alone: what was found, and what others have to know.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::octet;
use crate::policy::claims::base;
use crate::policy::{Account, Entries, Inherited, PathStep, ProblemKind, Separator, Tenant};

use super::alone::Checker;
use super::ids::{At, Ids, hash, hash_below};

/// Tenants one after the other, as far as the whole policy must know them, and what was found in them.
#[derive(Debug, Default)]
pub(crate) struct Outlines {
    /// For each tenant its id, and for each of its accounts the id and the own address, unless that is the id.
    text: String,
    tenants: Vec<TenantOutline>,
    accounts: Vec<AccountOutline>,
    /// What few tenants have, by their numbers.
    more: Vec<(u32, More)>,
}

/// Beyond 4 GiB, which no page holds either, texts are read as empty.
#[derive(Debug)]
struct TenantOutline {
    /// Where its text starts, and where its id ends in that.
    start: usize,
    id: u32,
    /// The number of its first account among all.
    accounts: usize,
}

#[derive(Debug)]
struct AccountOutline {
    /// Where its id ends in the tenant's text, and its own address.
    id: u32,
    own: u32,
    /// The octets of the own address's local part, if it has one.
    local: Option<u8>,
    /// What begins a sub-address in the own address.
    separator: Option<Separator>,
}

/// What few tenants have.
#[derive(Debug, Default)]
pub(super) struct More {
    pub(super) parent: Option<String>,
    pub(super) inherited: Inherited,
    /// The names of the roles that it defines.
    pub(super) roles: Vec<String>,
    pub(super) credentials: Vec<CredentialOutline>,
    pub(super) found: Vec<Found>,
}

#[derive(Debug)]
pub(super) struct CredentialOutline {
    /// The number of the account, and of the credential among those of the account.
    pub(super) account: u32,
    pub(super) number: u32,
    pub(super) id: Box<str>,
}

/// Something that does not stand right in a tenant, or not unless others have what it names.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) place: Place,
    /// From the tenant on.
    pub(super) path: Vec<PathStep>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Problem(ProblemKind),
    /// An account of another tenant, to which the right comes down.
    Account(String, fn(Inherited) -> bool),
    /// A role of another tenant, to which identities come down.
    Role(String),
}

/// Where something is found, in the order of the keys: in the tenant itself or in one of its accounts, and how far in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 for the tenant, else one more than the number of the account.
    account: u32,
    step: u32,
}

/// The hashes of what must stand once in the policy, each with where it stands.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    pub(super) tenants: Ids,
    pub(super) accounts: Ids,
    pub(super) credentials: Ids,
    /// Of own addresses in widest form.
    pub(super) own: Ids,
    /// The same of what would be left of them by another tenant's separator.
    pub(super) cut: [Ids; Separator::ALL.len()],
    /// The separators that own addresses are compared by.
    pub(super) separators: BTreeSet<Separator>,
}

impl Outlines {
    /// Checks a tenant alone, and adds it; `entries` are its domains. Returns whether something was found that nothing in other
    /// tenants makes right.
    pub(crate) fn add<'p>(&mut self, tenant: &'p Tenant, entries: &Entries<'p>, hashes: &mut Hashes) -> bool {
        let found = Checker::of(tenant, entries);
        let is_wrong = found.iter().any(|found| matches!(found.what, What::Problem(_)));
        let number = small(self.tenants.len());
        let start = self.text.len();
        self.text.push_str(&tenant.id);
        self.tenants.push(TenantOutline { start, id: small(tenant.id.len()), accounts: self.accounts.len() });
        hashes.tenants.push(hash(&tenant.id), At { tenant: number, number: 0 });
        let mut credentials = Vec::new();
        for (account, of) in tenant.accounts.iter().zip(0..) {
            self.account(account, start, At { tenant: number, number: of }, entries, hashes);
            for (credential, at) in account.credentials.iter().zip(0..) {
                hashes.credentials.push(hash(&credential.id), At { tenant: number, number: small(credentials.len()) });
                credentials.push(CredentialOutline { account: of, number: at, id: (*credential.id).into() });
            }
        }
        let Tenant { parent, inherited, roles, .. } = tenant;
        if parent.is_some()
            || *inherited != Inherited::default()
            || !roles.is_empty()
            || !credentials.is_empty()
            || !found.is_empty()
        {
            let roles = roles.iter().map(|role| role.name.clone()).collect();
            let (parent, inherited) = (parent.clone(), *inherited);
            self.more.push((number, More { parent, inherited, roles, credentials, found }));
        }
        is_wrong
    }

    fn account(&mut self, account: &Account, start: usize, at: At, entries: &Entries<'_>, hashes: &mut Hashes) {
        hashes.accounts.push(hash(&account.id), at);
        let [id, own @ ..] = texts(account);
        self.text.push_str(id);
        let id = small(self.text.len() - start);
        let Some(address) = &account.address else {
            self.accounts.push(AccountOutline { id, own: id, local: None, separator: None });
            return;
        };
        own.into_iter().for_each(|part| self.text.push_str(part));
        let separator = entries.separator(address);
        let local = u8::try_from(address.local().len()).ok();
        self.accounts.push(AccountOutline { id, own: small(self.text.len() - start), local, separator });

        let (domain, folded) = (hash(address.domain()), folded(address.local()));
        let own = base(&folded, &[separator]);
        hashes.own.push(hash_below(domain, own), at);
        hashes.separators.extend(separator);
        for (other, cut) in Separator::ALL.into_iter().zip(&mut hashes.cut) {
            let less = base(own, &[Some(other)]);
            if less.len() < own.len() {
                cut.push(hash_below(domain, less), at);
            }
        }
    }

    /// Moves the tenants of another one behind these.
    pub(super) fn append(&mut self, other: &mut Self) {
        let (text, tenants, accounts) = (self.text.len(), small(self.tenants.len()), self.accounts.len());
        self.text.push_str(&other.text);
        other.text.clear();
        self.tenants.extend(other.tenants.drain(..).map(|tenant| TenantOutline {
            start: tenant.start + text,
            id: tenant.id,
            accounts: tenant.accounts + accounts,
        }));
        self.accounts.append(&mut other.accounts);
        self.more.extend(other.more.drain(..).map(|(tenant, more)| (tenant.saturating_add(tenants), more)));
    }

    /// Gives back the memory that was asked for and is not needed.
    pub(super) fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.tenants.shrink_to_fit();
        self.accounts.shrink_to_fit();
        self.more.shrink_to_fit();
    }

    /// How many tenants there are.
    pub(crate) fn len(&self) -> usize {
        self.tenants.len()
    }

    /// How many octets their texts have.
    pub(super) fn octets(&self) -> usize {
        self.text.len()
    }

    /// The tenant with this number.
    pub(crate) fn tenant(&self, number: usize) -> Option<Outline<'_>> {
        let tenant = self.tenants.get(number)?;
        let [text, accounts] = match self.tenants.get(number + 1) {
            Some(next) => [next.start, next.accounts],
            None => [self.text.len(), self.accounts.len()],
        };
        let text = self.text.get(tenant.start..text)?;
        let more = self.more.binary_search_by_key(&number, |(number, _)| *number as usize).ok();
        let more = more.and_then(|at| self.more.get(at)).map(|(_, more)| more);
        Some(Outline { text, id: tenant.id, accounts: self.accounts.get(tenant.accounts..accounts)?, more })
    }

    /// What few tenants have, with their numbers.
    pub(super) fn more(&self) -> impl Iterator<Item = (u32, &More)> {
        self.more.iter().map(|(number, more)| (*number, more))
    }

    /// Takes what was found, with the numbers of the tenants.
    pub(super) fn take_found(&mut self) -> impl Iterator<Item = (u32, Vec<Found>)> {
        self.more.iter_mut().map(|(number, more)| (*number, core::mem::take(&mut more.found)))
    }
}

impl Hashes {
    /// Moves those of other tenants, whose numbers begin at `first`, behind these.
    pub(super) fn append(&mut self, other: &mut Self, first: u32) {
        let Self { tenants, accounts, credentials, own, cut, separators } = self;
        tenants.append(&mut other.tenants, first);
        accounts.append(&mut other.accounts, first);
        credentials.append(&mut other.credentials, first);
        own.append(&mut other.own, first);
        cut.iter_mut().zip(&mut other.cut).for_each(|(cut, other)| cut.append(other, first));
        separators.append(&mut other.separators);
    }
}

/// A tenant among [`Outlines`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline<'o> {
    text: &'o str,
    id: u32,
    accounts: &'o [AccountOutline],
    more: Option<&'o More>,
}

impl<'o> Outline<'o> {
    /// The tenant's id.
    pub(crate) fn id(self) -> &'o str {
        self.between(0, self.id)
    }

    /// The id of an account.
    pub(super) fn account_id(self, number: u32) -> &'o str {
        let start = self.start(number);
        self.accounts.get(number as usize).map_or("", |account| self.between(start, account.id))
    }

    /// The own address of an account: its local part, its domain, and what begins a sub-address in it.
    pub(super) fn own(self, number: u32) -> Option<(&'o str, &'o str, Option<Separator>)> {
        let account = self.accounts.get(number as usize)?;
        let text = match self.between(account.id, account.own) {
            "" => self.account_id(number),
            text => text,
        };
        let (local, rest) = text.split_at_checked(usize::from(account.local?))?;
        Some((local, rest.strip_prefix('@')?, account.separator))
    }

    /// What few tenants have.
    pub(super) fn more(self) -> Option<&'o More> {
        self.more
    }

    /// The credential with this number.
    pub(super) fn credential(self, number: u32) -> Option<&'o CredentialOutline> {
        self.more?.credentials.get(number as usize)
    }

    /// Where the texts of an account start.
    fn start(self, number: u32) -> u32 {
        let before = number.checked_sub(1).and_then(|before| self.accounts.get(before as usize));
        before.map_or(self.id, |before| before.own)
    }

    fn between(self, start: u32, end: u32) -> &'o str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl Place {
    /// In the tenant's id, and behind it.
    pub(super) const ID: Self = Self { account: 0, step: 0 };
    pub(super) const SECOND_ID: Self = Self { account: 0, step: 1 };
    /// In the tenant's parent, and in whatever comes behind.
    pub(super) const PARENT: Self = Self { account: 0, step: 2 };
    pub(super) const SETTINGS: Self = Self { account: 0, step: 3 };

    /// In the id of an account.
    pub(super) fn account(number: u32) -> Self {
        Self { account: number.saturating_add(1), step: 0 }
    }

    /// The rest of the same account.
    pub(super) fn second_id(self) -> Self {
        Self { step: 1, ..self }
    }

    pub(super) fn own_address(self) -> Self {
        Self { step: 2, ..self }
    }

    pub(super) fn before_credentials(self) -> Self {
        Self { step: 3, ..self }
    }

    pub(super) fn credential(self, number: u32) -> Self {
        Self { step: number.saturating_mul(3).saturating_add(4), ..self }
    }

    pub(super) fn second_credential(self, number: u32) -> Self {
        Self { step: self.credential(number).step.saturating_add(1), ..self }
    }

    pub(super) fn within_credential(self, number: u32) -> Self {
        Self { step: self.credential(number).step.saturating_add(2), ..self }
    }

    pub(super) fn behind_credentials(self) -> Self {
        Self { step: u32::MAX, ..self }
    }
}

/// The id of an account, and its own address unless that is the id.
fn texts(account: &Account) -> [&str; 4] {
    match &account.address {
        Some(own) if !own.is_spelled(&account.id) => [&account.id, own.local(), "@", own.domain()],
        _ => [&account.id, "", "", ""],
    }
}

/// A local part with its ASCII capitals folded.
pub(super) fn folded(local: &str) -> Cow<'_, str> {
    let octets = local.as_bytes();
    // Most have nothing that looks like a capital, eight octets at once.
    if octet::has_capital(octets) && octets.iter().any(u8::is_ascii_uppercase) {
        return Cow::Owned(local.to_ascii_lowercase());
    }
    Cow::Borrowed(local)
}

/// A length or a number of octets.
pub(super) fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

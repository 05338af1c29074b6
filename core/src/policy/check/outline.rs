//! What is left of a tenant when it has been checked alone: what was found, and what others have to know.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::octet;
use crate::policy::claims::base;
use crate::policy::{Account, Entries, Inherited, PathStep, ProblemKind, Separator, Tenant};

use super::alone::Checker;
use super::ids::{hash, hash_below};

/// A tenant, as far as the whole policy must know it, and what was found in it.
#[derive(Debug)]
pub(crate) struct Outline {
    /// The tenant's id, and for each account its id and its own address, unless that is the id. Beyond 4 GiB, which no page
    /// holds either, texts are read as empty.
    text: String,
    /// Where the tenant's id ends.
    id: u32,
    accounts: Vec<AccountOutline>,
    more: Option<Box<More>>,
}

#[derive(Debug)]
struct AccountOutline {
    /// Where its id ends in the text, and its own address.
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

/// The hashes of what must stand once in the policy.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    pub(super) tenant: u64,
    pub(super) accounts: Vec<u64>,
    pub(super) credentials: Vec<u64>,
    /// Of own addresses in widest form, each with the number of its account.
    pub(super) own: Vec<(u64, u32)>,
    /// The same of what would be left of them by another tenant's separator.
    pub(super) cut: Vec<(Separator, u64, u32)>,
    /// The separators of the tenant that an own address is compared by.
    pub(super) separators: Vec<Separator>,
}

impl Outline {
    /// Checks a tenant alone; `entries` are its domains.
    pub(crate) fn of<'p>(tenant: &'p Tenant, entries: &Entries<'p>) -> (Self, Hashes) {
        let found = Checker::of(tenant, entries);
        let octets = tenant.accounts.iter().map(|account| texts(account).iter().map(|text| text.len()).sum::<usize>());
        let mut text = String::with_capacity(tenant.id.len() + octets.sum::<usize>());
        text.push_str(&tenant.id);
        let mut outline = Self { text, id: small(tenant.id.len()), accounts: Vec::new(), more: None };
        let mut hashes = Hashes { tenant: hash(&tenant.id), ..Hashes::default() };
        outline.accounts.reserve_exact(tenant.accounts.len());
        hashes.accounts.reserve_exact(tenant.accounts.len());
        let mut credentials = Vec::new();
        for (account, number) in tenant.accounts.iter().zip(0..) {
            outline.account(account, number, entries, &mut hashes);
            for (credential, at) in account.credentials.iter().zip(0..) {
                hashes.credentials.push(hash(&credential.id));
                credentials.push(CredentialOutline { account: number, number: at, id: (*credential.id).into() });
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
            outline.more = Some(Box::new(More { parent, inherited, roles, credentials, found }));
        }
        (outline, hashes)
    }

    fn account(&mut self, account: &Account, number: u32, entries: &Entries<'_>, hashes: &mut Hashes) {
        hashes.accounts.push(hash(&account.id));
        let [id, own @ ..] = texts(account);
        self.text.push_str(id);
        let id = small(self.text.len());
        let Some(address) = &account.address else {
            self.accounts.push(AccountOutline { id, own: id, local: None, separator: None });
            return;
        };
        own.into_iter().for_each(|part| self.text.push_str(part));
        let separator = entries.separator(address);
        let local = u8::try_from(address.local().len()).ok();
        self.accounts.push(AccountOutline { id, own: small(self.text.len()), local, separator });

        let (domain, folded) = (hash(address.domain()), folded(address.local()));
        let own = base(&folded, &[separator]);
        hashes.own.push((hash_below(domain, own), number));
        hashes.separators.extend(separator.filter(|separator| !hashes.separators.contains(separator)));
        for other in Separator::ALL {
            let less = base(own, &[Some(other)]);
            if less.len() < own.len() {
                hashes.cut.push((other, hash_below(domain, less), number));
            }
        }
    }

    /// Whether something was found that nothing in other tenants makes right.
    pub(crate) fn is_wrong(&self) -> bool {
        let found = self.more().map(|more| &more.found[..]).unwrap_or_default();
        found.iter().any(|found| matches!(found.what, What::Problem(_)))
    }

    /// The tenant's id.
    pub(crate) fn id(&self) -> &str {
        self.between(0, self.id)
    }

    /// The id of an account.
    pub(super) fn account_id(&self, number: u32) -> &str {
        let start = self.start(number);
        self.accounts.get(number as usize).map_or("", |account| self.between(start, account.id))
    }

    /// The own address of an account: its local part, its domain, and what begins a sub-address in it.
    pub(super) fn own(&self, number: u32) -> Option<(&str, &str, Option<Separator>)> {
        let account = self.accounts.get(number as usize)?;
        let text = match self.between(account.id, account.own) {
            "" => self.account_id(number),
            text => text,
        };
        let (local, rest) = text.split_at_checked(usize::from(account.local?))?;
        Some((local, rest.strip_prefix('@')?, account.separator))
    }

    /// What few tenants have.
    pub(super) fn more(&self) -> Option<&More> {
        self.more.as_deref()
    }

    /// The credential with this number.
    pub(super) fn credential(&self, number: u32) -> Option<&CredentialOutline> {
        self.more()?.credentials.get(number as usize)
    }

    /// Takes what was found.
    pub(super) fn take_found(&mut self) -> Vec<Found> {
        self.more.as_mut().map(|more| core::mem::take(&mut more.found)).unwrap_or_default()
    }

    /// Where the texts of an account start.
    fn start(&self, number: u32) -> u32 {
        let before = number.checked_sub(1).and_then(|before| self.accounts.get(before as usize));
        before.map_or(self.id, |before| before.own)
    }

    fn between(&self, start: u32, end: u32) -> &str {
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

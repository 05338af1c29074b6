//! Whether an account may use an address, and whether the address is another tenant's.

use std::borrow::Cow;

use sendas::Timestamp;
use sendas::policy::{Consent, Proof};

use super::records::{Account, Denies, Domain, Identity, Records, Tenant, cut};

/// An address of a request.
pub(super) struct Address<'a> {
    pub(super) local: Cow<'a, str>,
    /// In lower case, with A-labels.
    pub(super) domain: Cow<'a, str>,
    /// As it stands in the hash maps.
    pub(super) folded: String,
}

/// Why text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    NotCanonical,
}

impl<'a> Address<'a> {
    /// Reads dot-atom@domain. Quoted local parts and literals are taken for bad syntax: no tenant has any.
    pub(super) fn read(text: &'a str) -> Result<Self, Fault> {
        let (local, domain) = text.rsplit_once('@').ok_or(Fault::Syntax)?;
        let atoms = |character: char| !character.is_ascii() || is_atom(character);
        if local.len() > 64 || local.split('.').any(|atom| atom.is_empty() || !atom.chars().all(atoms)) {
            return Err(Fault::Syntax);
        }
        if !local.is_ascii() {
            return Err(Fault::NotCanonical);
        }
        let domain = if domain.is_ascii() {
            if domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
                Cow::Owned(domain.to_ascii_lowercase())
            } else {
                Cow::Borrowed(domain)
            }
        } else {
            let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| Fault::NotCanonical)?;
            let (unicode, _) = idna::domain_to_unicode(&ascii);
            if unicode != domain.to_ascii_lowercase() {
                return Err(Fault::NotCanonical);
            }
            Cow::Owned(ascii)
        };
        if domain.len() > 253 || !domain.split('.').all(is_label) {
            return Err(Fault::Syntax);
        }
        if domain.contains("xn--") && idna::domain_to_unicode(&domain).1.is_err() {
            return Err(Fault::NotCanonical);
        }
        let mut folded = String::with_capacity(local.len() + 1 + domain.len());
        folded.push_str(local);
        folded.make_ascii_lowercase();
        folded.push('@');
        folded.push_str(&domain);
        Ok(Self { local: Cow::Borrowed(local), domain, folded })
    }

    pub(super) fn into_owned(self) -> Address<'static> {
        Address {
            local: Cow::Owned(self.local.into_owned()),
            domain: Cow::Owned(self.domain.into_owned()),
            folded: self.folded,
        }
    }

    /// The local part in lower case.
    pub(super) fn folded_local(&self) -> &str {
        self.folded.get(..self.local.len()).unwrap_or_default()
    }
}

fn is_label(label: &str) -> bool {
    let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
}

pub(super) fn is_atom(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
}

/// The account that asks.
pub(super) struct Asked<'a> {
    pub(super) records: &'a Records,
    pub(super) id: &'a str,
    pub(super) account: &'a Account,
    pub(super) tenant: &'a Tenant,
    pub(super) role: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// An identity that an address matches.
struct Match<'a> {
    holder: usize,
    identity: &'a Identity,
    exact: bool,
}

/// A domain and the domains above it.
fn upwards(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, above)| above))
}

impl Records {
    fn tenant(&self, number: usize) -> Option<&Tenant> {
        self.tenants.get(number)
    }

    /// Whether a tenant's own verified active entries prove what stands at a domain.
    pub(super) fn proves(&self, number: usize, domain: &str) -> bool {
        let mine = [number];
        self.in_scope(&mine, domain).any(|entry| entry.verified && entry.active)
    }

    /// The entries of these tenants that reach a domain.
    fn in_scope<'a>(&'a self, mine: &'a [usize], domain: &'a str) -> impl Iterator<Item = &'a Domain> {
        let of_holder = move |number: &'a usize| {
            upwards(domain).filter_map(move |name| {
                let entry = self.tenant(*number)?.domains.get(name)?;
                let reaches = name == domain || entry.subdomains && !self.stops(mine, name, domain);
                reaches.then_some(entry)
            })
        };
        mine.iter().flat_map(of_holder)
    }

    /// Whether another tenant has verified a domain below the name, and none of mine has.
    fn stops(&self, mine: &[usize], name: &str, domain: &str) -> bool {
        upwards(domain).take_while(|between| *between != name).any(|between| {
            let verified = |own: bool| {
                let entries = self.entries.get(between).map(Vec::as_slice).unwrap_or_default();
                entries.iter().any(|entry| entry.verified && mine.contains(&entry.tenant) == own)
            };
            verified(false) && !verified(true)
        })
    }

    /// The entry that says how addresses at a domain compare.
    fn rule(&self, number: usize, domain: &str) -> Option<&Domain> {
        let tenant = self.tenant(number)?;
        upwards(domain).find_map(|name| {
            let entry = tenant.domains.get(name)?;
            (entry.verified && entry.active && (name == domain || entry.subdomains)).then_some(entry)
        })
    }

    fn separator(&self, number: usize, domain: &str) -> Option<u8> {
        self.rule(number, domain)?.separator
    }
}

impl<'a> Asked<'a> {
    /// Whether nothing speaks against the address, and something proves it.
    pub(super) fn permits(&self, address: &Address<'_>) -> bool {
        if self.is_denied(address) || self.is_inactive(address) {
            return false;
        }
        let own = self.own_match(address);
        let own = own.filter(|_| self.account.own.as_ref().is_some_and(|own| own.counts));
        let matches = self.matches(address);
        let refused = |one: &Match<'_>| matches!(one.identity.consent, Some(Consent::Refused | Consent::Withdrawn));
        if own.is_none() && matches.iter().any(refused) {
            return false;
        }
        let usable = |one: &&Match<'_>| self.counts(one.identity) && self.may_use(one.identity);
        let identity = matches.iter().any(|one| usable(&one));
        let exact = own == Some(true) || matches.iter().filter(usable).any(|one| one.exact);
        let domain = || {
            let holders = &self.tenant.domain_holders;
            self.records.in_scope(holders, &address.domain).any(|entry| entry.usable && entry.senders.has(self.id))
        };
        let proved = own.is_some()
            || match self.tenant.proof {
                Proof::Identity => identity,
                Proof::Domain => domain(),
                Proof::Either => identity || domain(),
                Proof::Both => identity && domain(),
            };
        proved && (exact || !self.is_protected(address, &matches))
    }

    /// Whether the address is another tenant's, and nobody there agreed.
    pub(super) fn is_foreign(&self, address: &Address<'_>) -> bool {
        let counts = self.account.own.as_ref().is_some_and(|own| own.counts);
        let mine = &self.tenant.domain_holders;
        if counts && self.own_match(address) == Some(true)
            || self.records.in_scope(mine, &address.domain).any(|entry| entry.verified)
        {
            return false;
        }
        let matches = self.matches(address);
        let agreed = |one: &&Match<'_>| one.identity.consent == Some(Consent::Given) && self.may_use(one.identity);
        if matches.iter().filter(agreed).any(|one| one.exact) {
            return false;
        }
        let others = self
            .owners(address)
            .any(|owner| owner.tenant != self.account.tenant && !self.consented(&matches, &owner.local));
        let by_base = || {
            matches.iter().filter(agreed).any(|one| {
                let holder = [one.holder];
                self.records.in_scope(&holder, &address.domain).any(|entry| entry.verified && entry.active)
            })
        };
        others || self.records.is_held(&address.domain, Some(self.account.tenant)) && !by_base()
    }

    /// Whether any account has the address as its own, or any tenant holds its domain.
    pub(super) fn is_known(&self, address: &Address<'_>) -> bool {
        self.records.is_held(&address.domain, None) || self.owners(address).next().is_some()
    }

    pub(super) fn is_denied(&self, address: &Address<'_>) -> bool {
        [&self.records.denies, &self.tenant.denies, &self.account.denies]
            .into_iter()
            .any(|denies| self.is_in(denies, address))
    }

    fn is_in(&self, denies: &Denies, address: &Address<'_>) -> bool {
        if !denies.addresses.is_empty() {
            let separator = self.records.separator(self.account.tenant, &address.domain);
            let base = |local| cut(local, separator.as_slice());
            let mine = base(address.folded_local());
            let denied = denies.addresses.get(&address.widest());
            if denied.is_some_and(|locals| locals.iter().any(|local| base(local) == mine)) {
                return true;
            }
        }
        !denies.domains.is_empty()
            && upwards(&address.domain)
                .any(|name| denies.domains.get(name).is_some_and(|&below| below || name == address.domain))
    }

    fn is_inactive(&self, address: &Address<'_>) -> bool {
        self.tenant.domain_holders.iter().filter_map(|&number| self.records.tenant(number)).any(|tenant| {
            upwards(&address.domain).any(|name| {
                let entry = tenant.domains.get(name);
                entry.is_some_and(|entry| !entry.active && (entry.subdomains || name == address.domain))
            })
        })
    }

    /// Whether the address is the account's own, exactly or as a sub-address.
    fn own_match(&self, address: &Address<'_>) -> Option<bool> {
        let own = self.account.own.as_ref().filter(|own| own.domain == address.domain)?;
        let rule = self.records.rule(self.account.tenant, &address.domain);
        matches(rule, &own.local, address)
    }

    fn matches(&self, address: &Address<'_>) -> Vec<Match<'a>> {
        let mut found = Vec::new();
        let shared = self
            .tenant
            .identity_holders
            .iter()
            .filter_map(|&number| self.records.tenant(number).map(|tenant| (number, &tenant.identities)));
        for (holder, identities) in std::iter::once((self.account.tenant, &self.account.identities)).chain(shared) {
            if identities.is_empty() {
                continue;
            }
            let rule = self.records.rule(holder, &address.domain);
            let mut look_up = |key: &str| {
                if let Some(identity) = identities.get(key) {
                    if let Some(exact) = matches(rule, &identity.local, address) {
                        found.push(Match { holder, identity, exact });
                    }
                }
            };
            look_up(&address.folded);
            if let Some(separator) = rule.and_then(|rule| rule.separator) {
                let base = cut(address.folded_local(), &[separator]);
                if base.len() < address.local.len() {
                    look_up(&format!("{base}@{}", address.domain));
                }
            }
        }
        found
    }

    fn counts(&self, identity: &Identity) -> bool {
        identity.counts || identity.until.is_some_and(|until| self.now < until)
    }

    fn may_use(&self, identity: &Identity) -> bool {
        let role = match (self.role, self.account.roles.as_slice()) {
            (Some(role), _) => identity.roles.has(role),
            (None, []) => identity.roles.has("sender"),
            (None, roles) => roles.iter().any(|role| identity.roles.has(role)),
        };
        role && identity.senders.has(self.id)
    }

    /// The accounts whose counted own address is this one in widest form.
    fn owners(&self, address: &Address<'_>) -> impl Iterator<Item = &'a super::records::Owner> {
        let found = self.records.owners.get(&address.widest()).map(Vec::as_slice).unwrap_or_default();
        let mine = self.records.separator(self.account.tenant, &address.domain);
        found.iter().filter(move |owner| {
            let theirs = self.records.separator(owner.tenant, &address.domain);
            let separators = [mine.or(theirs).unwrap_or(0), theirs.or(mine).unwrap_or(0)];
            cut(&owner.local, &separators) == cut(address.folded_local(), &separators)
        })
    }

    /// Whether it is somebody else's mailbox, which takes more than a right to the whole domain.
    fn is_protected(&self, address: &Address<'_>, matches: &[Match<'_>]) -> bool {
        self.owners(address).any(|owner| {
            let covered = owner.tenant == self.account.tenant
                && self
                    .records
                    .rule(owner.tenant, &address.domain)
                    .is_some_and(|entry| entry.usable && entry.covers_mailboxes);
            owner.account != self.id && !covered && !self.consented(matches, &owner.local)
        })
    }

    fn consented(&self, matches: &[Match<'_>], own: &str) -> bool {
        matches.iter().any(|one| {
            one.identity.consent == Some(Consent::Given)
                && self.may_use(one.identity)
                && one.identity.local.eq_ignore_ascii_case(own)
        })
    }
}

impl Records {
    /// Whether a tenant, another than this one, has proved the domain once.
    fn is_held(&self, domain: &str, except: Option<usize>) -> bool {
        upwards(domain).any(|name| {
            let entries = self.entries.get(name).map(Vec::as_slice).unwrap_or_default();
            entries
                .iter()
                .any(|entry| entry.holds && (entry.subdomains || name == domain) && Some(entry.tenant) != except)
        })
    }
}

impl Address<'_> {
    /// Cut at any separator, as protected addresses stand in their map.
    fn widest(&self) -> String {
        format!("{}@{}", cut(self.folded_local(), b"+-=#"), self.domain)
    }
}

/// Whether an address is a candidate exactly, or a sub-address of it.
fn matches(rule: Option<&Domain>, candidate: &str, address: &Address<'_>) -> Option<bool> {
    let same = |local: &str| match rule {
        Some(rule) if rule.exact => candidate == local,
        _ => candidate.eq_ignore_ascii_case(local),
    };
    if same(&address.local) {
        return Some(true);
    }
    let base = cut(&address.local, &[rule?.separator?]);
    (base.len() < address.local.len() && same(base)).then_some(false)
}

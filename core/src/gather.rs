//! Everything the snapshot says about one address and one account, before anything is decided.

use crate::address::Canonical;
use crate::locate::Asker;
use crate::observer::{Note, Observer};
use crate::policy::Proof;
use crate::snapshot::compare::{Key, Rule, Separators, upwards};
use crate::snapshot::layout::{Read, Run};
use crate::snapshot::page::{PageView, lists, rule};
use crate::snapshot::root::reaches;
use crate::snapshot::rows::{DenyRow, DomainRow, IdentityRow, account, deny, domain, identity, tenant};
use crate::snapshot::target::Target;

/// What is known about one address for one account. Each member answers one question of docs/semantics.md 4 and 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each found or not")]
pub(crate) struct AddressFacts {
    /// It is the account's own address, which counts.
    pub(crate) own_exact: bool,
    /// It is a sub-address of the account's own address, which counts.
    pub(crate) own_sub: bool,
    /// It is the own address or a sub-address of it, which does not count.
    pub(crate) own_unproved: bool,
    /// A counting usable identity is exactly this address.
    pub(crate) identity_exact: bool,
    /// A counting usable identity is the base of this address.
    pub(crate) identity_sub: bool,
    /// A usable identity of exactly this address has the mailbox owner's consent.
    pub(crate) consent: bool,
    /// A usable identity of its base has it, by a separator that the identity's tenant has a proof to give.
    pub(crate) consent_sub: bool,
    /// An identity for it, or its base, ... and why it does not help:
    pub(crate) identity_refused: bool,
    pub(crate) identity_withdrawn: bool,
    pub(crate) identity_pending: bool,
    pub(crate) identity_unproved: bool,
    pub(crate) identity_not_listed: bool,
    pub(crate) role_not_permitted: bool,
    /// A usable domain in scope names the account, or any.
    pub(crate) domain: bool,
    /// A domain in scope ... and why it does not help:
    pub(crate) domain_pending: bool,
    pub(crate) domain_suspended: bool,
    pub(crate) domain_inactive: bool,
    pub(crate) domain_not_approved: bool,
    pub(crate) domain_not_listed: bool,
    /// An entry stands above the address, and none has it in scope.
    pub(crate) subdomain_not_covered: bool,
    /// The tenant, itself or by inheritance, has its own proof of the domain.
    pub(crate) own_proof: bool,
    /// A deny entry names it.
    pub(crate) denied: bool,
    /// It is another account's counted own address in widest form, and no consent or setting opens it.
    pub(crate) protected: bool,
    /// It is the counted own address of an account of another tenant in widest form, whose owner did not consent.
    pub(crate) own_of_another_tenant: bool,
    /// Its domain is held by another tenant.
    pub(crate) domain_of_another_tenant: bool,
    /// It is the counted own address of some account, or its domain is held by some tenant.
    pub(crate) hosted: bool,
}

/// How much is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What this proof setting can still turn on: an exact grant leaves out what only explains or only opens others.
    Enough(Proof),
    /// Everything there is.
    Everything,
}

impl Depth {
    /// Whether the grants found so far make it needless to know which domains would grant the address too.
    fn needs_no_domain(self, facts: &AddressFacts) -> bool {
        match self {
            Self::Everything => false,
            Self::Enough(Proof::Identity | Proof::Either) => facts.own_exact || facts.identity_exact,
            Self::Enough(Proof::Domain | Proof::Both) => facts.own_exact,
        }
    }

    /// Whether they make it needless to know who else holds the address.
    fn needs_no_others(self, facts: &AddressFacts) -> bool {
        self != Self::Everything && (facts.own_exact || facts.identity_exact && facts.consent)
    }
}

/// Gathers the facts about an address.
pub(crate) fn gather(
    asker: &Asker<'_>,
    address: &Canonical,
    depth: Depth,
    observer: &mut impl Observer,
) -> Read<AddressFacts> {
    let target = Target::new(asker.root.key, address);
    let mut facts = AddressFacts::default();
    let closest = asker.page.closest(&target)?;
    let own_rule = rule(closest)?;
    own_address(asker, &target, own_rule, &mut facts, observer)?;
    let mut consented = Consented::default();
    if !(facts.own_exact && depth != Depth::Everything) {
        identities(asker, &target, own_rule, &mut facts, &mut consented, observer)?;
    }
    domains(asker, &target, depth, &mut facts, observer)?;
    if !depth.needs_no_others(&facts) {
        let covers = covers_mailboxes(asker, closest)?;
        others(asker, &target, own_rule, covers, &consented, &mut facts, observer)?;
    }
    facts.denied = denied(asker, &target, own_rule)?;
    if facts.denied {
        observer.note(|| Note::Denied);
    }
    Ok(facts)
}

fn own_address(
    asker: &Asker<'_>,
    target: &Target<'_>,
    rule: Rule,
    facts: &mut AddressFacts,
    observer: &mut impl Observer,
) -> Read<()> {
    let flags = asker.account.flags()?;
    if flags & account::HAS_ADDRESS == 0 || asker.account.domain()? != target.domain {
        return Ok(());
    }
    let own = asker.account.local()?;
    let exact = rule.same(target.local, own);
    let sub = !exact && rule.sub_address_base(target.local).is_some_and(|base| rule.same(base, own));
    if !exact && !sub {
        return Ok(());
    }
    let counted = flags & account::COUNTED != 0
        || flags & account::COUNTED_ABOVE != 0 && reaches(asker.root, asker.page, asker.link.page, target)?;
    facts.own_exact = exact && counted;
    facts.own_sub = sub && counted;
    facts.own_unproved = !counted;
    observer.note(|| Note::OwnAddress { exact, counted });
    Ok(())
}

fn domains(
    asker: &Asker<'_>,
    target: &Target<'_>,
    depth: Depth,
    facts: &mut AddressFacts,
    observer: &mut impl Observer,
) -> Read<()> {
    let (mut in_scope, mut above) = (false, false);
    let needless = depth.needs_no_domain(facts);
    for number in asker.domain_holders() {
        let page = asker.root.page(number)?;
        let approval = page.has(tenant::APPROVAL_REQUIRED)?;
        let mut enter = |row: DomainRow<'_>, stopped: bool| {
            let flags = row.flags()?;
            if flags & domain::ACTIVE == 0 {
                facts.domain_inactive = true;
                in_scope = true;
            }
            if stopped {
                above = true;
            } else {
                in_scope = true;
                facts.own_proof |= flags & domain::VERIFIED != 0;
            }
            if stopped {
                observer.note(|| Note::Domain { row, listed: false, approval, stopped });
                return Ok(());
            }
            if needless { Ok(()) } else { domain_state(asker, page, row, approval, facts, observer) }
        };
        if let Some((name, hash)) = target.domains().next() {
            if let Some(row) = page.domain_named(name, hash)? {
                enter(row, false)?;
            }
        }
        if page.has_subdomains()? {
            page.domains_above(target, |row| {
                if row.flags()? & domain::SUBDOMAINS == 0 {
                    return Ok(());
                }
                enter(row, asker.root.stops(target, row.name()?, |page| asker.holds_domains_of(page))?)
            })?;
        }
    }
    // Entries above that do not include their sub-domains only explain a denial.
    if !in_scope && !needless {
        for number in asker.domain_holders() {
            asker.root.page(number)?.domains_above(target, |row| {
                if row.flags()? & domain::SUBDOMAINS == 0 {
                    above = true;
                    observer.note(|| Note::DomainAbove { row });
                }
                Ok(())
            })?;
        }
    }
    facts.subdomain_not_covered = above && !in_scope;
    Ok(())
}

fn domain_state<'s>(
    asker: &Asker<'s>,
    page: PageView<'s>,
    row: DomainRow<'s>,
    approval: bool,
    facts: &mut AddressFacts,
    observer: &mut impl Observer,
) -> Read<()> {
    let flags = row.flags()?;
    let listed = flags & domain::ANY_SENDER != 0 || lists(page.bytes(), row.senders()?, asker.account.id()?)?;
    observer.note(|| Note::Domain { row, listed, approval, stopped: false });
    let suspended = flags & domain::SUSPENDED != 0;
    let pending = !suspended && flags & domain::VERIFIED == 0;
    let not_approved = approval && flags & domain::APPROVED == 0;
    facts.domain_suspended |= suspended;
    facts.domain_pending |= pending;
    facts.domain_not_approved |= not_approved;
    if flags & domain::ACTIVE != 0 && !suspended && !pending && !not_approved {
        facts.domain |= listed;
        facts.domain_not_listed |= !listed;
    }
    Ok(())
}

/// The identities with consent that the account may use for the address: they open other accounts' own addresses.
///
/// Each is the address's local part up to some octet, so that its length tells which.
#[derive(Default)]
struct Consented(u128);

impl Consented {
    fn add(&mut self, identity: &[u8]) {
        self.0 |= Self::bit(identity);
    }

    fn opens(&self, own: &[u8], local: &[u8]) -> bool {
        self.0 & Self::bit(own) != 0 && local.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own))
    }

    fn bit(identity: &[u8]) -> u128 {
        u32::try_from(identity.len()).ok().and_then(|length| 1_u128.checked_shl(length)).unwrap_or(0)
    }
}

fn identities(
    asker: &Asker<'_>,
    target: &Target<'_>,
    own_rule: Rule,
    facts: &mut AddressFacts,
    consented: &mut Consented,
    observer: &mut impl Observer,
) -> Read<()> {
    let own_page = asker.link.page;
    for number in asker.identity_holders() {
        let page = asker.root.page(number)?;
        let rule = if number == own_page { own_rule } else { rule(page.closest(target)?)? };
        let base = rule.sub_address_base(target.local);
        for (candidate, exact) in core::iter::once((target.local, true)).chain(base.map(|base| (base, false))) {
            let hash = target.hash_of(&Key::new(candidate, rule.exact_case));
            let mut visit = |row: IdentityRow<'_>| {
                if rule.same(candidate, row.local()?) {
                    identity_state(asker, target, (page, number), row, exact, facts, consented, observer)?;
                }
                Ok(())
            };
            page.identities(target, hash, 0, &mut visit)?;
            if number == own_page && asker.account.flags()? & account::HAS_IDENTITIES != 0 {
                page.identities(target, hash, asker.link.record + 1, &mut visit)?;
            }
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one step of the loop above, apart only to be readable")]
fn identity_state(
    asker: &Asker<'_>,
    target: &Target<'_>,
    (page, number): (PageView<'_>, u32),
    row: IdentityRow<'_>,
    exact: bool,
    facts: &mut AddressFacts,
    consented: &mut Consented,
    observer: &mut impl Observer,
) -> Read<()> {
    let flags = row.flags()?;
    let has = |flag: u32| flags & flag != 0;
    if has(identity::REFUSED) || has(identity::WITHDRAWN) {
        facts.identity_refused |= has(identity::REFUSED);
        facts.identity_withdrawn |= has(identity::WITHDRAWN);
        observer.note(|| Note::Identity { row, exact, counts: false, usable: false });
        return Ok(());
    }
    let verified = has(identity::VERIFIED);
    let proved = verified
        && (has(identity::PROVED)
            || page.has(tenant::ADMIN_VOUCHES)?
            || has(identity::PROVED_ABOVE) && reaches(asker.root, page, number, target)?);
    let grandfathered = has(identity::GRANDFATHERED) && asker.now.0 < page.head().grandfathered_until()?;
    let counts = has(identity::GIVEN) || proved || grandfathered;
    let listed = has(identity::ANY_SENDER) || lists(page.bytes(), row.senders()?, asker.account.id()?)?;
    let permitted = has(identity::ANY_ROLE) || asker.role_on(page, row.roles()?)?;
    let usable = listed && permitted;
    observer.note(|| Note::Identity { row, exact, counts, usable });
    if counts && usable {
        if exact {
            facts.identity_exact = true;
        } else {
            facts.identity_sub = true;
        }
        if has(identity::GIVEN) {
            facts.consent |= exact;
            facts.consent_sub |= !exact && separates(asker, page, number, target)?;
            consented.add(row.local()?);
        }
    } else if counts {
        facts.identity_not_listed |= !listed;
        facts.role_not_permitted |= !permitted;
    } else if verified {
        facts.identity_unproved = true;
    } else {
        facts.identity_pending = true;
    }
    Ok(())
}

/// Whether an entry that gives the tenant's local parts their separator reaches the address.
fn separates(asker: &Asker<'_>, page: PageView<'_>, number: u32, target: &Target<'_>) -> Read<bool> {
    match page.closest(target)? {
        Some(row) if row.name()? == target.domain => Ok(true),
        Some(_) => reaches(asker.root, page, number, target),
        None => Ok(false),
    }
}

/// What other accounts and tenants have to do with the address.
fn others(
    asker: &Asker<'_>,
    target: &Target<'_>,
    own_rule: Rule,
    covers: bool,
    consented: &Consented,
    facts: &mut AddressFacts,
    observer: &mut impl Observer,
) -> Read<()> {
    let mut separators = Separators::default();
    asker.root.domains_over(target, |page, row| {
        separators = separators.union(rule(Some(row))?.separators);
        facts.hosted = true;
        if page != asker.link.page {
            facts.domain_of_another_tenant = true;
            observer.note(|| Note::DomainHeld { row });
        }
        Ok(())
    })?;
    asker.root.own_addresses(target, separators, |link| {
        let page = asker.root.page(link.page)?;
        let other = page.account(link.record)?;
        if other.domain()? != target.domain {
            return Ok(());
        }
        let own = other.local()?;
        let theirs = if link.page == asker.link.page { own_rule } else { rule(page.closest(target)?)? };
        let separators = theirs.separators.union(own_rule.separators);
        if !separators.base(target.local).eq_ignore_ascii_case(separators.base(own)) {
            return Ok(());
        }
        facts.hosted = true;
        if link == asker.link {
            return Ok(());
        }
        let same_tenant = link.page == asker.link.page;
        let consent = consented.opens(own, target.local);
        facts.own_of_another_tenant |= !same_tenant && !consent && !facts.consent;
        let opened = consent || same_tenant && covers;
        facts.protected |= !opened;
        observer.note(|| Note::Protected { account: other, same_tenant, opened });
        Ok(())
    })
}

/// Whether the tenant's closest entry is usable and opens the tenant's own mailboxes (docs/semantics.md 4.9).
fn covers_mailboxes(asker: &Asker<'_>, closest: Option<DomainRow<'_>>) -> Read<bool> {
    let Some(row) = closest else { return Ok(false) };
    let flags = row.flags()?;
    let approved = flags & domain::APPROVED != 0 || !asker.page.has(tenant::APPROVAL_REQUIRED)?;
    Ok(flags & domain::IN_FORCE == domain::IN_FORCE && approved && flags & domain::COVERS_MAILBOXES != 0)
}

/// Whether a deny entry of the provider, the tenant or the account names the address (docs/semantics.md 4.8).
fn denied(asker: &Asker<'_>, target: &Target<'_>, rule: Rule) -> Read<bool> {
    let own = asker.page.bytes();
    for (bytes, run) in [
        (asker.root.bytes, asker.root.head().denies()?),
        (own, if asker.page.has(tenant::HAS_DENIES)? { asker.page.head().denies()? } else { Run::default() }),
        (own, asker.account.denies()?),
    ] {
        if run.count == 0 {
            continue;
        }
        for (depth, name) in upwards(target.domain).enumerate() {
            for number in first_of(bytes, run, name)?..run.count {
                let row = DenyRow::nth(bytes, run, number);
                if row.domain()? != name {
                    break;
                }
                let hit = match row.kind()? {
                    deny::SUBDOMAINS => true,
                    deny::DOMAIN => depth == 0,
                    _ => {
                        let widest = |local| rule.separators.base(local);
                        depth == 0 && widest(row.local()?).eq_ignore_ascii_case(widest(target.local))
                    }
                };
                if hit {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// The number of the first deny entry whose domain is not before `name`.
fn first_of(bytes: crate::snapshot::layout::Bytes<'_>, run: Run, name: &[u8]) -> Read<u32> {
    let (mut low, mut high) = (0, run.count);
    while low < high {
        let middle = low + (high - low) / 2;
        if DenyRow::nth(bytes, run, middle).domain()? < name { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

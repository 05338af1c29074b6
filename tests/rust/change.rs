//! Changes to a policy, each of one kind that a guarantee speaks of.

use sendas::Control;
use sendas::policy::{
    Account, Allowlist, AllowlistEntry, Consent, Controls, Domain, Exemption, Identity, IdentityStatus, Mode,
    NameCheck, Names, Policy, Tenant,
};

use crate::generate::{self, Choices};

/// The same policy with every list in another order.
#[must_use]
pub fn shuffled(policy: &Policy, choices: &mut Choices<'_>) -> Policy {
    let mut policy = policy.clone();
    shuffle(choices, &mut policy.provider.denies);
    shuffle(choices, &mut policy.tenants);
    for tenant in &mut policy.tenants {
        shuffle(choices, &mut tenant.roles);
        shuffle(choices, &mut tenant.domains);
        shuffle(choices, &mut tenant.accounts);
        shuffle(choices, &mut tenant.denies);
        shuffle(choices, &mut tenant.credential.refuse);
        shuffle_allowlists(choices, &mut tenant.allowlists);
        shuffle_identities(choices, &mut tenant.identities);
        for entry in &mut tenant.domains {
            shuffle_names(choices, &mut entry.senders);
        }
        for account in &mut tenant.accounts {
            shuffle(choices, &mut account.roles);
            shuffle(choices, &mut account.exemptions);
            shuffle(choices, &mut account.denies);
            shuffle(choices, &mut account.credentials);
            shuffle_allowlists(choices, &mut account.allowlists);
            shuffle_identities(choices, &mut account.identities);
            for credential in &mut account.credentials {
                shuffle(choices, &mut credential.scopes);
                shuffle_allowlists(choices, &mut credential.allowlists);
            }
        }
    }
    policy
}

fn shuffle<T>(choices: &mut Choices<'_>, list: &mut [T]) {
    for last in (1..list.len()).rev() {
        list.swap(last, choices.below(last + 1));
    }
}

fn shuffle_names(choices: &mut Choices<'_>, names: &mut Names) {
    if let Names::Only(list) = names {
        shuffle(choices, list);
    }
}

fn shuffle_identities(choices: &mut Choices<'_>, identities: &mut [Identity]) {
    shuffle(choices, identities);
    for identity in identities {
        shuffle_names(choices, &mut identity.senders);
        shuffle_names(choices, &mut identity.roles);
    }
}

fn shuffle_allowlists(choices: &mut Choices<'_>, lists: &mut [Allowlist]) {
    shuffle(choices, lists);
    for list in lists {
        shuffle(choices, &mut list.entries);
    }
}

/// One of the list, to be changed.
pub fn pick<'a, T>(choices: &mut Choices<'_>, list: &'a mut [T]) -> &'a mut T {
    let number = choices.below(list.len());
    &mut list[number]
}

/// The same policy with one grant more, if there is room for one; `address` is what the grant is likely to be for.
#[must_use]
pub fn with_a_grant_more(policy: &Policy, address: &sendas::Address, choices: &mut Choices<'_>) -> Option<Policy> {
    let mut more = policy.clone();
    let tenant = pick(choices, &mut more.tenants);
    match choices.below(6) {
        0 | 1 => {
            let address = if choices.chance(4) { generate::address(choices) } else { address.clone() };
            let mut identity = Identity::new(address);
            if choices.chance(8) {
                identity.status = IdentityStatus::Verified;
            } else {
                identity.consent = Some(Consent::Given);
            }
            if choices.chance(8) {
                tenant.identities.push(identity);
            } else {
                pick(choices, &mut tenant.accounts).identities.push(identity);
            }
        }
        2 => {
            let mut open: Vec<&mut Identity> = tenant
                .accounts
                .iter_mut()
                .flat_map(|account| &mut account.identities)
                .chain(&mut tenant.identities)
                .filter(|identity| matches!(identity.consent, None | Some(Consent::Pending)))
                .collect();
            open.first_mut()?.consent = Some(Consent::Given);
        }
        3 => {
            let id = pick(choices, &mut tenant.accounts).id.clone();
            let mut lists: Vec<&mut Names> = tenant
                .domains
                .iter_mut()
                .map(|entry| &mut entry.senders)
                .chain(tenant.identities.iter_mut().map(|identity| &mut identity.senders))
                .collect();
            let Names::Only(list) = lists.first_mut()? else { return None };
            if !list.contains(&id) {
                list.push(id);
            }
        }
        4 => {
            let entry: &mut Domain = tenant.domains.first_mut()?;
            entry.approved = true;
            entry.covers_mailboxes |= choices.chance(8);
        }
        _ => {
            let entry = AllowlistEntry { range: generate::range(choices), remark: String::new() };
            tenant.allowlists.first_mut()?.entries.push(entry);
        }
    }
    more.check().is_empty().then_some(more)
}

/// Changes the tenants that have nothing to do with this one, and adds another, in everything but what protects:
/// own addresses and verified domains.
pub fn change_strangers(policy: &mut Policy, tenant: &str, stranger: Tenant) {
    let line = line(policy, tenant);
    for other in &mut policy.tenants {
        if !line.contains(&other.id) {
            other.suspended = !other.suspended;
            other.controls = Controls::default();
            other.sender = sendas::policy::SenderSettings::default();
            other.header = sendas::policy::HeaderSettings::default();
            other.identities.clear();
            other.denies.clear();
            other.allowlists.clear();
            for account in &mut other.accounts {
                account.suspended = !account.suspended;
                account.identities.clear();
                account.denies.clear();
                account.allowlists.clear();
            }
        }
    }
    let mut stranger = renamed(stranger, "stranger");
    "stranger".clone_into(&mut stranger.id);
    stranger.parent = None;
    stranger.domains.retain(|entry| entry.status == sendas::policy::DomainStatus::Pending);
    for account in &mut stranger.accounts {
        account.address = None;
        account.address_assigned = false;
    }
    policy.tenants.push(stranger);
}

/// The ids of the tenant and of everything above it.
fn line(policy: &Policy, tenant: &str) -> Vec<String> {
    let mut line = vec![tenant.to_owned()];
    let above =
        |id: &str| policy.tenants.iter().find(|tenant| tenant.id == id).and_then(|tenant| tenant.parent.clone());
    while let Some(parent) = above(&line[line.len() - 1]) {
        line.push(parent);
    }
    line
}

/// The tenant with a prefix before the ids of its accounts and credentials.
#[must_use]
pub fn renamed(mut tenant: Tenant, prefix: &str) -> Tenant {
    let rename = |names: &mut Names| {
        if let Names::Only(list) = names {
            for name in list {
                name.insert_str(0, prefix);
            }
        }
    };
    tenant.domains.iter_mut().for_each(|entry| rename(&mut entry.senders));
    tenant.identities.iter_mut().for_each(|identity| rename(&mut identity.senders));
    for account in &mut tenant.accounts {
        account.id.insert_str(0, prefix);
        account.credentials.iter_mut().for_each(|credential| credential.id.insert_str(0, prefix));
    }
    tenant
}

/// Switches off everything that tenants can switch off.
pub fn weaken(policy: &mut Policy) {
    for tenant in &mut policy.tenants {
        tenant.controls =
            Controls { sender: Mode::Off, header: Mode::Off, allowlist: Mode::Off, credential: Mode::Off };
        tenant.header.names = NameCheck::Off;
        tenant.header.multiple_from = true;
        tenant.accounts.iter_mut().for_each(weaken_account);
    }
}

fn weaken_account(account: &mut Account) {
    account.resend = true;
    account.exemptions = [Control::Sender, Control::Header, Control::Allowlist, Control::Credential]
        .into_iter()
        .map(|control| Exemption { control, until: sendas::Timestamp(i64::from(i32::MAX)), note: "all".to_owned() })
        .collect();
}

//! Policies.

use std::collections::BTreeSet;

use sendas::address::Scope;
use sendas::policy::{
    Account, Alignment, Allowlist, AllowlistEntry, CaseRule, ChannelSet, Consent, Credential, Deny, Domain,
    DomainStatus, Exemption, Identity, IdentityStatus, Inherited, NameCheck, Names, OnDeny, PathStep, Permission,
    Policy, Proof, RefusedKind, Role, Separator, Tenant,
};
use sendas::{Address, Channel, Control, CredentialKind};

use super::Choices;
use super::world::{DOMAINS, SCOPES, address, domain, instant, mode, parsed, range};

/// Makes a policy in which [`Policy::check`] finds nothing.
#[must_use]
pub fn policy(choices: &mut Choices<'_>) -> Policy {
    let mut policy = Policy::default();
    let tenants = 1 + choices.below(4);
    let mut accounts_of: Vec<Vec<String>> = Vec::new();
    let mut next_account = 0;
    for _ in 0..tenants {
        let count = 1 + choices.below(3);
        accounts_of.push((next_account..next_account + count).map(|number| format!("account{number}")).collect());
        next_account += count;
    }
    for (number, accounts) in accounts_of.iter().enumerate() {
        policy.tenants.push(tenant(choices, number, accounts));
    }
    if choices.chance(4) {
        policy.provider.hosted = mode(choices);
    }
    policy.provider.denies = denies(choices, 2);
    repair(&mut policy);
    policy
}

fn tenant(choices: &mut Choices<'_>, number: usize, accounts: &[String]) -> Tenant {
    let mut tenant = Tenant::new(format!("tenant{number}"));
    if number > 0 && choices.chance(5) {
        tenant.parent = Some(format!("tenant{}", choices.below(number)));
    }
    tenant.inherited = Inherited { identities: choices.chance(8), domains: choices.chance(8) };
    tenant.suspended = choices.mishap(1);
    tenant.admin_vouches = choices.chance(3);
    tenant.approval_required = choices.mishap(4);
    settings(choices, &mut tenant);
    tenant.roles = vec![
        Role { name: "writer".to_owned(), permissions: vec![Permission::Send, Permission::AddIdentities] },
        Role { name: "reader".to_owned(), permissions: vec![Permission::VerifyIdentities] },
    ];
    let wanted = choices.below(4);
    let mut names = BTreeSet::new();
    for _ in 0..wanted {
        let name = choices.pick(&DOMAINS);
        if names.insert(name) {
            tenant.domains.push(domain_entry(choices, name, accounts));
        }
    }
    tenant.identities = identities(choices, 3, Some(accounts));
    tenant.allowlists = allowlists(choices, 2);
    tenant.denies = denies(choices, 2);
    for id in accounts {
        tenant.accounts.push(account(choices, id));
    }
    tenant
}

fn settings(choices: &mut Choices<'_>, tenant: &mut Tenant) {
    for control in [
        &mut tenant.controls.sender,
        &mut tenant.controls.header,
        &mut tenant.controls.allowlist,
        &mut tenant.controls.credential,
    ] {
        if choices.chance(4) {
            *control = mode(choices);
        }
    }
    tenant.sender.proof = choices.pick(&[Proof::Either, Proof::Identity, Proof::Domain, Proof::Both, Proof::Either]);
    tenant.sender.refuse_null = choices.mishap(3);
    if choices.chance(2) {
        let channels = choices.some(&Channel::ALL, 8);
        tenant.sender.channels =
            if channels.is_empty() { ChannelSet::new([Channel::Smtp]) } else { ChannelSet::new(channels) };
    }
    tenant.sender.on_deny = choices.pick(&[OnDeny::Reject, OnDeny::Reject, OnDeny::Discard, OnDeny::Hold]);
    tenant.sender.grandfathered_until = Some(instant(choices));
    tenant.header.alignment = choices.pick(&[
        Alignment::None,
        Alignment::None,
        Alignment::Organizational,
        Alignment::Domain,
        Alignment::Address,
    ]);
    tenant.header.multiple_from = choices.chance(6);
    tenant.header.ignore_sender = choices.chance(3);
    tenant.header.names = choices.pick(&[NameCheck::Hosted, NameCheck::Any, NameCheck::Off, NameCheck::Hosted]);
    if choices.mishap(4) {
        tenant.credential.refuse = choices.several(1, 2, |choices| RefusedKind {
            kind: choices.pick(&CredentialKind::ALL),
            channels: choices.pick(&[ChannelSet::ALL, ChannelSet::new([Channel::Smtp])]),
            from: choices.maybe(8, instant),
        });
    }
    tenant.credential.require_scope = choices.mishap(3).then(|| SCOPES[0].to_owned());
    tenant.credential.require_tls = choices.mishap(3);
}

/// Makes an entry for the domain; its senders are any, or some of the accounts.
#[must_use]
pub fn domain_entry(choices: &mut Choices<'_>, name: &str, accounts: &[String]) -> Domain {
    let mut entry = Domain::new(domain(name));
    entry.status = choices.pick(&[DomainStatus::Verified, DomainStatus::Verified, DomainStatus::Vouched]);
    if choices.mishap(8) {
        entry.status = choices.pick(&[DomainStatus::Pending, DomainStatus::Suspended]);
    }
    entry.active = !choices.mishap(2);
    entry.approved = choices.chance(8);
    entry.senders = if choices.chance(10) { Names::Any } else { Names::Only(choices.some(accounts, 8)) };
    entry.subdomains = choices.chance(8);
    entry.separator = choices.maybe(8, |choices| {
        choices.pick(&[Separator::Plus, Separator::Plus, Separator::Hyphen, Separator::Equals, Separator::Hash])
    });
    entry.case = choices.pick(&[CaseRule::Fold, CaseRule::Fold, CaseRule::Exact]);
    entry.covers_mailboxes = choices.chance(4);
    entry
}

fn identities(choices: &mut Choices<'_>, most: usize, senders: Option<&[String]>) -> Vec<Identity> {
    choices.several(0, most, |choices| {
        let mut identity = Identity::new(address(choices));
        identity.status = choices.pick(&[IdentityStatus::Pending, IdentityStatus::Verified]);
        identity.consent =
            choices.pick(&[None, Some(Consent::Given), Some(Consent::Given), Some(Consent::Pending), None]);
        if choices.mishap(4) {
            identity.consent = choices.pick(&[Some(Consent::Refused), Some(Consent::Withdrawn)]);
        }
        identity.grandfathered = choices.chance(3);
        identity.since = choices.maybe(4, instant);
        if let (Some(accounts), true) = (senders, choices.chance(4)) {
            identity.senders = Names::Only(choices.some(accounts, 8));
        }
        if choices.chance(4) {
            identity.roles = Names::Only(
                choices.some(&["sender", "Marketing", "writer", "reader"], 6).into_iter().map(str::to_owned).collect(),
            );
        }
        identity
    })
}

fn allowlists(choices: &mut Choices<'_>, sixteenths: usize) -> Vec<Allowlist> {
    let mut lists = Vec::new();
    for channel in [Channel::Smtp, Channel::Api] {
        if choices.mishap(sixteenths) {
            let entries =
                choices.several(1, 2, |choices| AllowlistEntry { range: range(choices), remark: String::new() });
            lists.push(Allowlist { channel, entries });
        }
    }
    lists
}

fn denies(choices: &mut Choices<'_>, sixteenths: usize) -> Vec<Deny> {
    let mut denies = Vec::new();
    if choices.mishap(sixteenths) {
        denies.push(Deny { scope: scope(choices), note: String::new() });
    }
    denies
}

/// What a deny entry reaches.
pub fn scope(choices: &mut Choices<'_>) -> Scope {
    match choices.below(4) {
        0 | 1 => Scope::Address(address(choices)),
        2 => Scope::Domain(domain(choices.pick(&DOMAINS))),
        _ => Scope::Subdomains(domain(choices.pick(&DOMAINS))),
    }
}

fn account(choices: &mut Choices<'_>, id: &str) -> Account {
    let mut account = Account::new(id);
    if choices.chance(12) {
        // Mostly at a handful of mailboxes, so that protections are met.
        let own: Address = if choices.chance(8) {
            parsed(choices.pick(&["joe", "ann", "joe+x"]), choices.pick(&["a.example", "sub.a.example", "b.example"]))
        } else {
            address(choices)
        };
        account.address = Some(own);
        account.address_assigned = choices.chance(8);
    }
    account.roles = choices.some(&["Marketing", "writer", "sender"], 3).into_iter().map(str::to_owned).collect();
    if choices.mishap(3) {
        account.roles.push("reader".to_owned());
    }
    account.suspended = choices.mishap(1);
    account.resend = choices.chance(4);
    account.exemptions = choices
        .some(&[Control::Sender, Control::Header, Control::Allowlist, Control::Credential], 1)
        .into_iter()
        .map(|control| Exemption { control, until: instant(choices), note: "until the move is done".to_owned() })
        .collect();
    account.identities = identities(choices, 2, None);
    if choices.mishap(4) {
        for number in 0..=choices.below(2) {
            account.credentials.push(credential(choices, format!("{id}-key{number}")));
        }
    }
    account.allowlists = allowlists(choices, 1);
    account.denies = denies(choices, 2);
    account
}

fn credential(choices: &mut Choices<'_>, id: String) -> Credential {
    let mut credential = Credential::new(id, choices.pick(&CredentialKind::ALL));
    credential.scopes = choices.some(&SCOPES, 10).into_iter().map(str::to_owned).collect();
    credential.expires = choices.maybe(4, instant);
    credential.revoked = choices.mishap(2);
    credential.allowlists = allowlists(choices, 2);
    credential
}

/// Brings own addresses and identities to a handful of addresses, so that each is held in several ways at once.
pub fn crowd(choices: &mut Choices<'_>, policy: &mut Policy) {
    fn one_of_few(choices: &mut Choices<'_>) -> Address {
        let local = choices.pick(&["joe", "joe", "Joe", "joe+x", "ann", ""]);
        parsed(local, choices.pick(&["a.example", "a.example", "sub.a.example"]))
    }
    for tenant in &mut policy.tenants {
        let held = tenant.accounts.iter_mut().flat_map(|account| &mut account.identities);
        for identity in tenant.identities.iter_mut().chain(held) {
            identity.address = one_of_few(choices);
            let given = Some(Consent::Given);
            identity.consent =
                choices.pick(&[given, given, given, None, Some(Consent::Refused), Some(Consent::Withdrawn)]);
        }
        for own in tenant.accounts.iter_mut().filter_map(|account| account.address.as_mut()) {
            *own = one_of_few(choices);
        }
        let ids: Vec<String> = tenant.accounts.iter().map(|account| account.id.clone()).collect();
        if tenant.domains.iter().all(|entry| entry.name.as_str() != "a.example") {
            tenant.domains.push(domain_entry(choices, "a.example", &ids));
        }
        // At most one thing is out of the ordinary, so that each is met alone.
        let odd = choices.below(8);
        for entry in &mut tenant.domains {
            (entry.active, entry.subdomains) = (odd != 0, odd == 1);
            entry.separator = (odd == 2).then_some(Separator::Plus);
            entry.case = if odd == 3 { CaseRule::Exact } else { CaseRule::Fold };
        }
        if odd == 4 {
            tenant.inherited = Inherited { identities: true, domains: true };
        } else {
            tenant.parent = None;
        }
    }
    repair(policy);
}

/// Makes one of many accounts whose own addresses `+` cuts to `local`: each has its number in it, and in its id.
#[must_use]
pub fn numbered(id: &str, (local, domain): (&str, &str), number: u32) -> Account {
    let mut account = Account::new(format!("{id}-{number}"));
    account.address = Some(parsed(&format!("{local}+{number}"), domain));
    account
}

/// Takes away what must not stand in a policy, one problem at a time.
///
/// # Panics
///
/// If a problem is none of those that chance can make.
#[expect(clippy::panic, reason = "a problem that cannot be repaired is a bug in the generator")]
fn repair(policy: &mut Policy) {
    while let Some(problem) = policy.check().into_iter().next() {
        let place: Vec<(&str, usize)> = problem
            .path
            .windows(2)
            .filter_map(|steps| match steps {
                [PathStep::Key(key), PathStep::Index(index)] => Some((*key, *index)),
                _ => None,
            })
            .collect();
        match place.as_slice() {
            [("tenant", tenant), ("account", account), ("identity", identity), ..] => {
                policy.tenants[*tenant].accounts[*account].identities.remove(*identity);
            }
            [("tenant", tenant), ("identity", identity), ..] => {
                policy.tenants[*tenant].identities.remove(*identity);
            }
            [("tenant", tenant), ("account", account)] => {
                let account = &mut policy.tenants[*tenant].accounts[*account];
                assert!(account.address.take().is_some(), "cannot repair {problem:?}");
                account.address_assigned = false;
            }
            _ => panic!("cannot repair {problem:?}"),
        }
    }
}

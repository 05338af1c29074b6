//! What no sequence of commands does without the right for it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sendas::admin::{Actor, ActorKind, Command, Desk, Directory};
use sendas::policy::{Account, Allowlist, Consent, Controls, Deny, Identity, IdentityStatus, Mode, Permission, Tenant};
use sendas::{Address, Channel, EnvelopeSender, Request, Snapshot, Stage, Timestamp, Verdict};
use sendas_tests::walk::{walk, walks};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_changes_that_the_actor_has_no_permission_for(attempts in walks()) {
        // The provider may do everything, and would often end what the others could try.
        let others = |actor: &Actor, _: &Command| actor.kind() != ActorKind::Provider;
        walk(&attempts, others, |before, step, after| {
            let changed = changed(before, after, step.record.tenant.as_deref());
            let may: BTreeSet<What> = match &step.actor {
                Actor::Provider { .. } => return Ok(()),
                Actor::Host => [What::Proofs, What::Alerts].into(),
                Actor::Account { account } => [What::Held(account.clone()), What::Consents, What::Tokens].into(),
                Actor::Bearer { .. } => [What::Verifications, What::Consents, What::Tokens].into(),
                Actor::Member { account, role, .. } => {
                    let of = before.tenant_of(account).and_then(|id| before.desk(id)).expect("an actor has a tenant");
                    prop_assert_eq!(step.record.tenant.as_deref(), Some(&*of.tenant.id));
                    rights(of, account, role.as_deref(), &changed)
                }
            };
            let beyond: Vec<&What> = changed.difference(&may).collect();
            prop_assert!(beyond.is_empty(), "{:?} changes {:?} by {:?}", step.actor, beyond, step.command);
            Ok(())
        })?;
    }

    #[test]
    fn without_step_up_a_member_takes_no_restriction_away(attempts in walks()) {
        let plain = |actor: &Actor, _: &Command| matches!(actor, Actor::Member { reauthenticated: false, .. });
        walk(&attempts, plain, |before, step, after| {
            for old in before.desks() {
                let new = after.desk(&old.tenant.id).expect("no member removes a tenant");
                let lost = loosened(old, new, step.order.now);
                prop_assert!(lost.is_empty(), "{:?}: {:?}", step.command, lost);
            }
            Ok(())
        })?;
    }

    #[test]
    fn without_an_owners_word_no_customer_sends_as_another(attempts in walks()) {
        // Whatever members do, and whatever accounts ask for.
        let only = |actor: &Actor, command: &Command| match actor {
            Actor::Member { .. } => true,
            Actor::Account { .. } => matches!(command, Command::RequestConsent { .. }),
            Actor::Bearer { .. } | Actor::Host | Actor::Provider { .. } => false,
        };
        walk(&attempts, only, |before, step, after| {
            prop_assert_eq!(before.house(), after.house());
            for (owner, address) in own_addresses(before) {
                for desk in after.desks().filter(|desk| desk.tenant.id != owner) {
                    for account in &desk.tenant.accounts {
                        // Once it is no longer the owner's, or was proved or consented to from the start, it says nothing.
                        let kept = own_addresses(after).contains(&(owner.clone(), address.clone()));
                        if kept && !proves(desk, &address) && !consented(after, &address) {
                            prop_assert_eq!(verdict(&step.snapshot, account, &address, step.order.now), Verdict::Deny);
                        }
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// A part of the state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// What a member without a role of its own may never touch: settings, accounts, domains, lists.
    Administration,
    Alerts,
    /// Consents, of whatever holder: owners answer for any.
    Consents,
    /// Identities of one account.
    Held(String),
    House,
    /// Which identities the tenant has.
    Identities,
    OtherTenant(String),
    /// Proofs of domains.
    Proofs,
    SenderMode,
    Tokens,
    /// Whether identities of the tenant are verified.
    Verifications,
}

/// What a member may change: by its permissions, and by the role `Admin`.
fn rights(desk: &Desk, account: &str, role: Option<&str>, changed: &BTreeSet<What>) -> BTreeSet<What> {
    let held = desk.account(account).map(|account| account.roles.clone()).unwrap_or_default();
    let acting: Vec<String> = held.into_iter().filter(|held| role.is_none_or(|role| role == held)).collect();
    let is_admin = acting.iter().any(|role| role == "Admin");
    let permits =
        |permission| acting.iter().any(|role| desk.permissions(role).is_some_and(|has| has.contains(&permission)));
    let held_by_accounts = || changed.iter().filter(|what| matches!(what, What::Held(_))).cloned();
    let mut may = BTreeSet::new();
    if is_admin {
        may.extend([What::Administration, What::Proofs]);
        may.extend(held_by_accounts());
    }
    if permits(Permission::AddIdentities) {
        may.extend([What::Identities, What::Consents, What::Tokens]);
        may.extend(held_by_accounts());
    }
    if permits(Permission::SwitchSenderAuth) {
        may.insert(What::SenderMode);
    }
    if permits(Permission::VerifyIdentities) {
        may.extend([What::Identities, What::Verifications, What::Tokens, What::Consents]);
        may.extend(held_by_accounts());
    }
    if is_admin {
        may.into_iter().chain([What::Identities, What::Consents, What::Tokens, What::Alerts]).collect()
    } else {
        may
    }
}

fn changed(before: &Directory, after: &Directory, tenant: Option<&str>) -> BTreeSet<What> {
    let mut what = BTreeSet::new();
    let mut note = |differs: bool, part: What| {
        if differs {
            what.insert(part);
        }
    };
    note(before.house() != after.house(), What::House);
    for old in before.desks() {
        let id = &old.tenant.id;
        let Some(new) = after.desk(id) else {
            note(true, What::OtherTenant(id.clone()));
            continue;
        };
        if tenant != Some(id) {
            note(old != new, What::OtherTenant(id.clone()));
            continue;
        }
        note(old.tenant.controls.sender != new.tenant.controls.sender, What::SenderMode);
        note(old.proofs != new.proofs || statuses(old) != statuses(new), What::Proofs);
        note(old.alerted != new.alerted, What::Alerts);
        note(old.tokens != new.tokens, What::Tokens);
        note(consents(old) != consents(new), What::Consents);
        note(addresses(&old.tenant.identities) != addresses(&new.tenant.identities), What::Identities);
        let verified = |desk: &Desk| -> BTreeSet<Address> {
            let verified = desk.tenant.identities.iter().filter(|one| one.status == IdentityStatus::Verified);
            verified.map(|one| one.address.clone()).collect()
        };
        note(verified(new).iter().any(|address| !verified(old).contains(address)), What::Verifications);
        for account in &old.tenant.accounts {
            let held = new.account(&account.id).map(|new| addresses(&new.identities));
            note(held.is_some_and(|held| held != addresses(&account.identities)), What::Held(account.id.clone()));
        }
        note(rest(old) != rest(new), What::Administration);
    }
    note(after.desks().any(|desk| before.desk(&desk.tenant.id).is_none()), What::OtherTenant(String::new()));
    what
}

/// Everything of a tenant that no other part speaks of.
fn rest(desk: &Desk) -> Tenant {
    let mut tenant = desk.tenant.clone();
    tenant.controls.sender = Mode::Enforce;
    tenant.identities.clear();
    for domain in &mut tenant.domains {
        domain.status = sendas::policy::DomainStatus::Pending;
        domain.since = None;
    }
    for account in &mut tenant.accounts {
        account.identities.clear();
    }
    tenant
}

fn statuses(desk: &Desk) -> Vec<(String, &'static str)> {
    desk.tenant.domains.iter().map(|domain| (domain.name.to_string(), domain.status.name())).collect()
}

fn consents(desk: &Desk) -> BTreeSet<(String, Address, Option<Consent>)> {
    let of = |holder: &str, identities: &[Identity]| {
        let answered = identities.iter().filter(|one| one.consent.is_some());
        answered.map(|one| (holder.to_owned(), one.address.clone(), one.consent)).collect::<Vec<_>>()
    };
    let accounts = desk.tenant.accounts.iter().flat_map(|account| of(&account.id, &account.identities));
    accounts.chain(of("", &desk.tenant.identities)).collect()
}

fn addresses(identities: &[Identity]) -> BTreeSet<&Address> {
    identities.iter().map(|identity| &identity.address).collect()
}

/// What restricts in the old state and does not in the new one.
fn loosened(old: &Desk, new: &Desk, now: Timestamp) -> Vec<String> {
    let mut lost = Vec::new();
    let mut note = |is_lost: bool, what: String| {
        if is_lost {
            lost.push(what);
        }
    };
    note(weaker(new.tenant.controls, old.tenant.controls, now), "a mode".into());
    note(shorter(&old.tenant.denies, &new.tenant.denies), "a deny entry of the tenant".into());
    note(closed(&old.tenant.allowlists, &new.tenant.allowlists), "an allowlist of the tenant".into());
    for domain in old.tenant.domains.iter().filter(|domain| !domain.active) {
        let is_inactive =
            new.domain(&domain.name).is_some_and(|new| !new.active && new.subdomains >= domain.subdomains);
        note(!is_inactive, format!("{} inactive", domain.name));
    }
    for account in &old.tenant.accounts {
        let Some(now) = new.account(&account.id) else {
            note(true, format!("the account {}", account.id));
            continue;
        };
        note(account.suspended && !now.suspended, format!("the suspension of {}", account.id));
        note(account.address.is_some() && now.address != account.address, format!("the own address of {}", account.id));
        note(shorter(&account.denies, &now.denies), format!("a deny entry of {}", account.id));
        note(closed(&account.allowlists, &now.allowlists), format!("an allowlist of {}", account.id));
        note(
            powers(new, now).iter().any(|power| !powers(old, account).contains(power)),
            format!("no power of {}", account.id),
        );
        for credential in &account.credentials {
            let kept = new.credential(&credential.id).is_some_and(|now| {
                now.scopes.iter().all(|scope| credential.scopes.contains(scope))
                    && now.revoked >= credential.revoked
                    && credential.expires.is_none_or(|old| now.expires.is_some_and(|new| new <= old))
                    && !closed(&credential.allowlists, &now.allowlists)
            });
            note(!kept, format!("the credential {}", credential.id));
        }
        for refused in account.identities.iter().filter(|one| one.consent == Some(Consent::Refused)) {
            let kept =
                now.identities.iter().any(|new| new.address == refused.address && new.consent == refused.consent);
            note(!kept, format!("the no to {} for {}", account.id, refused.address));
        }
    }
    lost
}

fn powers(desk: &Desk, account: &Account) -> BTreeSet<&'static str> {
    let sender = ["sender".to_owned()];
    let roles: &[String] = if account.roles.is_empty() { &sender } else { &account.roles };
    let permissions = roles.iter().filter_map(|role| desk.permissions(role)).flatten();
    let powers = permissions.map(|permission| permission.name()).filter(|name| *name != "add_identities");
    powers.chain(roles.iter().filter(|role| *role == "Admin").map(|_| "Admin")).collect()
}

fn weaker(new: Controls, old: Controls, now: Timestamp) -> bool {
    let later = Timestamp(now.0 + 400 * 86_400);
    let pairs = [
        (new.sender, old.sender),
        (new.header, old.header),
        (new.allowlist, old.allowlist),
        (new.credential, old.credential),
    ];
    pairs.iter().any(|(new, old)| new.at(now) < old.at(now) || new.at(later) < old.at(later))
}

fn shorter(old: &[Deny], new: &[Deny]) -> bool {
    old.iter().any(|deny| !new.iter().any(|kept| kept.scope == deny.scope))
}

fn closed(old: &[Allowlist], new: &[Allowlist]) -> bool {
    old.iter().any(|list| !new.iter().any(|kept| kept.channel == list.channel))
}

fn own_addresses(directory: &Directory) -> BTreeSet<(String, Address)> {
    let mut own = BTreeSet::new();
    for desk in directory.desks() {
        for account in
            desk.tenant.accounts.iter().filter(|account| account.address_assigned || proves_own(desk, account))
        {
            own.extend(account.address.clone().map(|address| (desk.tenant.id.clone(), address)));
        }
    }
    own
}

/// Whether an entry of exactly this name proves the own address; entries above are left out, as they may stop.
fn proves_own(desk: &Desk, account: &Account) -> bool {
    account.address.as_ref().is_some_and(|address| {
        desk.tenant.domains.iter().any(|entry| {
            entry.name.as_str() == address.domain()
                && entry.active
                && matches!(entry.status.name(), "verified" | "vouched")
        })
    })
}

/// Whether the tenant may have its own proof of the domain.
fn proves(desk: &Desk, address: &Address) -> bool {
    desk.tenant.parent.is_some()
        || desk.tenant.domains.iter().any(|entry| address.domain().ends_with(entry.name.as_str()))
}

fn consented(directory: &Directory, address: &Address) -> bool {
    directory.consents(address).iter().any(|(_, consent)| *consent == Consent::Given)
}

fn verdict(snapshot: &Snapshot, account: &Account, address: &Address, now: Timestamp) -> Verdict {
    let mut request = Request::new(Channel::Api, now);
    request.account = Some(account.id.as_bytes());
    let path = format!("<{address}>");
    request.envelope_sender = EnvelopeSender::Path(path.as_bytes());
    snapshot.evaluate_stage(&request, Stage::Envelope).verdict()
}

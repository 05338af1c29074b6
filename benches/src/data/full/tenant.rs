//! The tenants of the full workload.

use sendas::address::Scope;
use sendas::policy::{
    Account, Alignment, CaseRule, ChannelSet, Consent, Credential, Deny, Domain, DomainStatus, Exemption, Identity,
    IdentityStatus, Inherited, Mode, NameCheck, Names, OnDeny, Permission, Proof, RefusedKind, Role, Separator, Tenant,
};
use sendas::{Channel, Control, CredentialKind, Timestamp};

use super::super::plain::{account_id, allowlist, holder, tenant_id};
use super::super::size::Size;
use super::super::{NOW, address, domain, text};
use super::shape::{Item, Own, Shape, identity_address, roles, still_grandfathered};

/// What the provider denies.
pub(super) fn denied_by_the_provider() -> Vec<Deny> {
    vec![
        Deny { scope: Scope::Subdomains(domain(BLOCKED)), note: "a source of spam".to_owned() },
        Deny { scope: Scope::Address(address("abuse@example.org")), note: "the provider's own".to_owned() },
    ]
}

/// The tenants with this number: one that sends, and for every tenth also one that is suspended and one that is new.
pub(super) fn tenants(size: Size, number: usize) -> impl Iterator<Item = Tenant> {
    let beside = (number % 10 == 0).then(|| [closed(number), new(number)]);
    std::iter::once(tenant(size, number)).chain(beside.into_iter().flatten())
}

fn tenant(size: Size, number: usize) -> Tenant {
    let shape = Shape::of(number);
    let mut tenant = Tenant::new(tenant_id(number));
    tenant.parent = match shape {
        Shape::Subuser => number.checked_sub(4).map(tenant_id),
        Shape::Newsletters => number.checked_sub(2).map(tenant_id),
        _ => None,
    };
    tenant.sender.grandfathered_until = Some(if still_grandfathered(number) { later() } else { NOW });
    tenant.roles = vec![
        Role { name: "campaigns".to_owned(), permissions: vec![Permission::Send] },
        Role { name: "auditor".to_owned(), permissions: vec![Permission::VerifyIdentities] },
    ];
    settings(shape, &mut tenant);
    let half = size.accounts().div_ceil(2);
    let listed = Names::Only((0..half).map(|seat| account_id(number, seat)).collect());
    tenant.domains = domains(shape, number, &listed);
    tenant.accounts.extend((0..size.accounts()).map(|seat| account(shape, number, seat)));
    let mut suspended = Account::new(account_id(number, size.accounts()));
    suspended.suspended = true;
    tenant.accounts.push(suspended);
    for item in 0..size.per_tenant() {
        let kind = Item::of(number, item);
        let address = address(&identity_address(size, number, item));
        if kind == Item::Denied {
            tenant.denies.push(Deny { scope: Scope::Address(address.clone()), note: "the owner left".to_owned() });
        }
        let mut identity = Identity::new(address);
        state(kind, &listed, &mut identity);
        let account = if kind.is_shared() { None } else { tenant.accounts.get_mut(holder(size, item)) };
        account.map_or(&mut tenant.identities, |account| &mut account.identities).push(identity);
    }
    tenant
}

fn settings(shape: Shape, tenant: &mut Tenant) {
    match shape {
        Shape::Standard => tenant.inherited = Inherited { identities: true, domains: true },
        Shape::Mailboxes => {
            tenant.sender.proof = Proof::Identity;
            tenant.header.names = NameCheck::Any;
        }
        Shape::Domains => {
            tenant.sender.proof = Proof::Domain;
            tenant.approval_required = true;
            tenant.header.alignment = Alignment::Domain;
        }
        Shape::Strict => {
            tenant.sender.proof = Proof::Both;
            tenant.header.alignment = Alignment::Organizational;
        }
        Shape::Subuser => tenant.sender.on_deny = OnDeny::Hold,
        Shape::Keys => {
            tenant.credential.require_scope = Some(SCOPE.to_owned());
            tenant.credential.require_tls = true;
            let refused = |kind, channels, from| RefusedKind { kind, channels, from };
            tenant.credential.refuse = vec![
                refused(CredentialKind::Password, ChannelSet::new([Channel::Smtp]), Some(NOW)),
                refused(CredentialKind::ApiKey, ChannelSet::ALL, Some(later())),
            ];
        }
        Shape::Offices => {
            let mut api = allowlist(["198.51.100.0/24", "2001:db8:1::/48"]);
            api.channel = Channel::Api;
            tenant.allowlists = vec![allowlist(["192.0.2.0/24", "2001:db8:1::/48"]), api];
        }
        Shape::Rollout => {
            tenant.controls.sender = Mode::EnforceFrom(later());
            tenant.controls.header = Mode::Monitor;
            tenant.controls.allowlist = Mode::Off;
            tenant.controls.credential = Mode::EnforceFrom(NOW);
            tenant.sender.channels = ChannelSet::new([Channel::Smtp, Channel::Api]);
            tenant.sender.on_deny = OnDeny::Discard;
            tenant.credential.require_tls = true;
            tenant.allowlists = vec![allowlist(["203.0.113.0/31", "2001:db8:2::/48"])];
        }
        Shape::Newsletters => {
            tenant.sender.refuse_null = true;
            tenant.header.multiple_from = true;
            tenant.header.ignore_sender = true;
            tenant.header.names = NameCheck::Off;
        }
        Shape::University => {
            tenant.admin_vouches = true;
            tenant.header.alignment = Alignment::Address;
        }
    }
}

fn domains(shape: Shape, number: usize, listed: &Names) -> Vec<Domain> {
    let entry = |name: String, status| {
        let mut entry = Domain::new(domain(&name));
        (entry.status, entry.senders) = (status, listed.clone());
        entry
    };
    let mut main = entry(text::main_domain(number), DomainStatus::Verified);
    main.separator = shape.separator().and_then(|separator| Separator::from_name(&separator.to_string()));
    let mut second = entry(text::second_domain(number), DomainStatus::Verified);
    let more = match shape {
        Shape::Standard => {
            main.covers_mailboxes = true;
            (second.senders, second.separator) = (Names::Any, Some(Separator::Hyphen));
            vec![second, entry(text::below(number), DomainStatus::Pending)]
        }
        Shape::Domains => {
            (main.approved, main.subdomains) = (true, true);
            vec![second]
        }
        Shape::Subuser => {
            main.status = DomainStatus::Vouched;
            vec![]
        }
        Shape::Offices => {
            second.status = DomainStatus::Suspended;
            vec![second, entry(team_domain(number - 4), DomainStatus::Verified)]
        }
        Shape::Newsletters => {
            (second.active, second.subdomains) = (false, true);
            vec![second]
        }
        Shape::University => {
            main.case = CaseRule::Exact;
            vec![]
        }
        Shape::Mailboxes | Shape::Strict | Shape::Keys | Shape::Rollout => vec![],
    };
    std::iter::once(main).chain(more).collect()
}

fn account(shape: Shape, number: usize, seat: usize) -> Account {
    let mut account = Account::new(account_id(number, seat));
    account.address = Own::address(number, seat).map(|own| address(&own));
    account.address_assigned = Own::of(number, seat) == Own::Assigned;
    account.roles = roles(number, seat).iter().map(|&role| role.to_owned()).collect();
    match shape {
        Shape::Keys => {
            let mut key = Credential::new(credential_id("key", number, seat), CredentialKind::ApiKey);
            (key.scopes, key.expires) = (vec![SCOPE.to_owned(), "mail.read".to_owned()], Some(later()));
            let mut revoked = Credential::new(credential_id("revoked", number, seat), CredentialKind::ApiKey);
            (revoked.scopes, revoked.revoked) = (vec![SCOPE.to_owned()], true);
            let mut expired = Credential::new(credential_id("expired", number, seat), CredentialKind::ApiKey);
            (expired.scopes, expired.expires) = (vec![SCOPE.to_owned()], Some(NOW));
            let reader = Credential::new(credential_id("reader", number, seat), CredentialKind::Oauth);
            account.credentials = vec![key, revoked, expired, reader];
        }
        Shape::Offices => {
            account.allowlists = vec![allowlist(["192.0.2.0/25", "2001:db8:1::/64"])];
            let mut key = Credential::new(credential_id("key", number, seat), CredentialKind::ApiKey);
            key.allowlists = vec![allowlist(["192.0.2.0/26", "2001:db8:1::/64"])];
            account.credentials = vec![key];
        }
        Shape::Newsletters => {
            account.resend = true;
            account.denies = vec![Deny { scope: Scope::Domain(domain(UNWANTED)), note: "a former client".to_owned() }];
        }
        Shape::University => {
            let until = if is_exempted(seat) { later() } else { NOW };
            account.exemptions = vec![Exemption { control: Control::Sender, until, note: "moving".to_owned() }];
        }
        _ => {}
    }
    account
}

fn state(kind: Item, listed: &Names, identity: &mut Identity) {
    identity.consent = match kind {
        Item::Own | Item::Shared | Item::Unproved | Item::Denied => None,
        Item::Pending | Item::Grandfathered => Some(Consent::Pending),
        Item::Refused => Some(Consent::Refused),
        Item::Withdrawn => Some(Consent::Withdrawn),
        _ => Some(Consent::Given),
    };
    if matches!(kind, Item::Own | Item::Shared | Item::Unproved | Item::Denied | Item::Refused) {
        identity.status = IdentityStatus::Verified;
    }
    match kind {
        Item::Grandfathered => identity.grandfathered = true,
        Item::ForRole => identity.roles = Names::Only(vec!["Marketing".to_owned()]),
        Item::ForSenders => identity.senders = listed.clone(),
        _ => {}
    }
}

/// A tenant that is suspended as a whole.
fn closed(number: usize) -> Tenant {
    let mut tenant = Tenant::new(format!("closed-{number}"));
    tenant.suspended = true;
    let mut account = Account::new(closed_account(number));
    account.address = Some(address(&closed_account(number)));
    account.address_assigned = true;
    tenant.accounts = vec![account];
    tenant
}

/// A tenant in which nothing is proved yet.
fn new(number: usize) -> Tenant {
    let mut tenant = Tenant::new(format!("new-{number}"));
    tenant.accounts = vec![Account::new(new_account(number))];
    tenant.domains = vec![Domain::new(domain(&format!("new.{}", text::second_domain(number + 1))))];
    tenant
}

pub(super) fn closed_account(number: usize) -> String {
    format!("closed-{number}@{}", text::elsewhere(number))
}

pub(super) fn new_account(number: usize) -> String {
    format!("new-{number}")
}

pub(super) fn credential_id(kind: &str, number: usize, seat: usize) -> String {
    format!("{kind}-{number}-{seat}")
}

/// A domain below the main one that another tenant has.
pub(super) fn team_domain(number: usize) -> String {
    format!("team.{}", text::main_domain(number))
}

/// Whether an account of a university is exempted from the `sender` control.
pub(super) fn is_exempted(seat: usize) -> bool {
    seat == 0
}

fn later() -> Timestamp {
    Timestamp(NOW.0 + 86_400)
}

/// The scope that a credential must have.
pub(super) const SCOPE: &str = "mail.send";

/// A domain that the provider denies, with all below it.
pub(super) const BLOCKED: &str = "blocked.example.net";

/// A domain that some accounts are denied.
pub(super) const UNWANTED: &str = "unwanted.example.net";

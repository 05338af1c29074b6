//! The plain workload: what every engine can be asked.
//!
//! Eight rules: the account is known; it is active; the client is in the tenant's allowlist, where there is one; the kind of
//! credential is not refused; each address is an identity that counts, or at a domain that is proved and approved and
//! lists the account; the From field has one mailbox; From is judged as the envelope sender is.
//!
//! 70% of the requests are allowed, by four grants; 30% are denied, for eleven reasons.

use fastrand::Rng;
use sendas::net::IpRange;
use sendas::policy::{
    Account, Allowlist, AllowlistEntry, ChannelSet, Consent, Domain, DomainStatus, Identity, IdentityStatus, Names,
    Policy, RefusedKind, Tenant,
};
use sendas::{Channel, CredentialKind};

use super::attempt::{Attempt, Case, Fields};
use super::size::{Accounts, Size};
use super::{address, domain, text};

/// The cases, each with its share of 100 requests.
pub const CASES: [(Case, usize); 16] = [
    (allowed("account identity, consent"), 20),
    (allowed("account identity, verified"), 15),
    (allowed("tenant identity, consent"), 10),
    (allowed("tenant identity, verified"), 10),
    (allowed("domain"), 15),
    (denied("unknown account"), 3),
    (denied("suspended account"), 2),
    (denied("client not in allowlist"), 3),
    (denied("credential kind refused"), 3),
    (denied("address not owned"), 3),
    (denied("address of another tenant"), 3),
    (denied("forged From"), 4),
    (denied("account not listed"), 3),
    (denied("domain not approved"), 2),
    (denied("domain pending"), 2),
    (denied("identity pending"), 2),
];

/// What the messages of a connection are an example of.
const CONNECTION: Case = allowed("connection");

/// Makes the whole policy.
#[must_use]
pub fn policy(size: Size) -> Policy {
    let mut policy = Policy::default();
    policy.tenants.extend(tenants(size));
    policy
}

/// Makes the tenants, one after the other.
pub fn tenants(size: Size) -> impl Iterator<Item = Tenant> {
    (0..size.tenants()).map(move |number| tenant(size, number))
}

/// Makes one tenant.
#[must_use]
pub fn tenant(size: Size, number: usize) -> Tenant {
    let has = Features::of(number);
    let mut tenant = Tenant::new(tenant_id(number));
    tenant.approval_required = has.approval;
    if has.allowlist {
        tenant.allowlists.push(allowlist(["192.0.2.0/24", "2001:db8:1::/48"]));
    }
    if has.refused_kind {
        let channels = ChannelSet::ALL;
        tenant.credential.refuse.push(RefusedKind { kind: CredentialKind::Password, channels, from: None });
    }
    let listed = Names::Only((0..size.accounts().div_ceil(2)).map(|seat| account_id(number, seat)).collect());
    let mut main = Domain::new(domain(&text::main_domain(number)));
    (main.status, main.approved, main.senders) = (DomainStatus::Verified, true, listed.clone());
    tenant.domains.push(main);
    if has.pending_domain {
        let mut pending = Domain::new(domain(&text::below(number)));
        pending.senders = listed.clone();
        tenant.domains.push(pending);
    }
    if has.approval {
        let mut second = Domain::new(domain(&text::second_domain(number)));
        (second.status, second.senders) = (DomainStatus::Verified, listed);
        tenant.domains.push(second);
    }
    tenant.accounts.extend((0..size.accounts()).map(|seat| Account::new(account_id(number, seat))));
    if has.suspended {
        let mut account = Account::new(account_id(number, size.accounts()));
        account.suspended = true;
        tenant.accounts.push(account);
    }
    for item in 0..size.per_tenant() {
        let kind = Item::of(item);
        let mut identity = Identity::new(address(&identity_address(number, item)));
        match kind {
            Item::Own | Item::Shared => identity.status = IdentityStatus::Verified,
            Item::Consented | Item::SharedConsented => identity.consent = Some(Consent::Given),
            Item::Pending => identity.consent = Some(Consent::Pending),
        }
        let holder = if kind.is_shared() { None } else { tenant.accounts.get_mut(holder(size, item)) };
        holder.map_or(&mut tenant.identities, |account| &mut account.identities).push(identity);
    }
    tenant
}

/// Makes requests, the same for the same arguments.
pub fn attempts(size: Size, accounts: Accounts, seed: u64) -> impl Iterator<Item = Attempt> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || attempt(&mut rng, size, accounts))
}

/// What a tenant has beside accounts, identities and its main domain: a fourth of the tenants each, and the first two all.
#[derive(Clone, Copy)]
struct Features {
    allowlist: bool,
    refused_kind: bool,
    approval: bool,
    pending_domain: bool,
    suspended: bool,
}

impl Features {
    fn of(number: usize) -> Self {
        let has = |part| number < 2 || number % 4 == part;
        Self { allowlist: has(0), refused_kind: has(1), approval: has(2), pending_domain: has(1), suspended: has(3) }
    }
}

/// What an identity is, by its number within the tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    /// An account's, at the main domain, verified by an Admin.
    Own,
    /// An account's, elsewhere, with consent.
    Consented,
    /// The tenant's, at the main domain, verified by an Admin.
    Shared,
    /// The tenant's, elsewhere, with consent.
    SharedConsented,
    /// An account's, elsewhere, that waits for consent.
    Pending,
}

impl Item {
    fn of(item: usize) -> Self {
        match item % 5 {
            0 => Self::Own,
            1 => Self::Consented,
            2 => Self::Shared,
            3 => Self::SharedConsented,
            _ if item % 25 == 4 => Self::Pending,
            _ => Self::Consented,
        }
    }

    fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::SharedConsented)
    }
}

fn attempt(rng: &mut Rng, size: Size, accounts: Accounts) -> Attempt {
    let case = draw(rng);
    let needs = |has: Features| match case.name {
        "suspended account" => has.suspended,
        "client not in allowlist" => has.allowlist,
        "credential kind refused" => has.refused_kind,
        "domain not approved" => has.approval,
        "domain pending" => has.pending_domain,
        _ => true,
    };
    let mut number = accounts.draw(rng, size.tenants());
    while !needs(Features::of(number)) {
        number = (number + 1) % size.tenants();
    }
    let half = size.accounts().div_ceil(2);
    let mut of_kind = |kind: Item| loop {
        let item = rng.usize(..size.per_tenant());
        if Item::of(item) == kind {
            break item;
        }
    };
    let item = match case.name {
        "account identity, verified" => of_kind(Item::Own),
        "tenant identity, verified" => of_kind(Item::Shared),
        "tenant identity, consent" => of_kind(Item::SharedConsented),
        "identity pending" => of_kind(Item::Pending),
        _ => of_kind(Item::Consented),
    };
    let seat = match case.name {
        "domain" | "domain not approved" | "domain pending" => rng.usize(..half),
        "account not listed" => rng.usize(half..size.accounts()),
        "tenant identity, verified" | "tenant identity, consent" => rng.usize(..size.accounts()),
        "suspended account" => size.accounts(),
        _ => holder(size, item),
    };
    let good = identity_address(number, item);
    let other = identity_address((number + 1) % size.tenants(), item / 5 * 5);
    let at = match case.name {
        "domain not approved" => text::second_domain(number),
        "domain pending" => text::below(number),
        "address not owned" => text::elsewhere(rng.usize(..1_000)),
        _ => text::main_domain(number),
    };
    let any = format!("{}@{at}", text::any_local(rng.usize(..1_000)));
    let (envelope, from) = match case.name {
        "domain" | "account not listed" | "domain not approved" | "domain pending" | "address not owned" => {
            (any.clone(), any)
        }
        "address of another tenant" => (other.clone(), other),
        "forged From" => (good, other),
        _ => (good.clone(), good),
    };
    let account = if case.name == "unknown account" {
        format!("nobody@{}", text::main_domain(number))
    } else {
        account_id(number, seat)
    };
    let (envelope, from) = (spelled(rng, envelope), spelled(rng, from));
    let refused = case.name == "credential kind refused";
    let client = if case.name == "client not in allowlist" { "203.0.113" } else { "192.0.2" };
    written(rng, case, account, &envelope, &from, client, refused || !Features::of(number).refused_kind)
}

/// Makes connections of one client: ten messages of one account, all allowed, over three addresses, of which each is written in
/// From as its mail program writes it.
pub fn connections(size: Size, accounts: Accounts, seed: u64) -> impl Iterator<Item = [Attempt; 10]> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let number = accounts.draw(&mut rng, size.tenants());
        let seat = rng.usize(..size.accounts().div_ceil(2));
        let shared = (2..size.per_tenant()).step_by(5).nth(rng.usize(..size.per_tenant() / 5)).unwrap_or(2);
        let addresses = [
            identity_address(number, shared),
            identity_address(number, (shared + 1) % size.per_tenant()),
            format!("{}@{}", text::any_local(rng.usize(..1_000)), text::main_domain(number)),
        ];
        let senders = addresses.map(|address| {
            written(&mut rng, CONNECTION, account_id(number, seat), &address, &address, "192.0.2", false)
        });
        let [Attempt { client, .. }, ..] = &senders;
        std::array::from_fn(|message| Attempt { client: client.clone(), ..senders[message % 3].clone() })
    })
}

/// Writes a request down; a password may be what the account has, or an API key.
fn written(
    rng: &mut Rng,
    case: Case,
    account: String,
    envelope: &str,
    from: &str,
    network: &str,
    password: bool,
) -> Attempt {
    let name = text::display_name(rng.usize(..1_000));
    let from = match rng.usize(..10) {
        0..4 => from.to_owned(),
        4..7 => format!("{name} <{from}>"),
        _ => format!("\"{name}, {}\" <{from}>", text::any_local(rng.usize(..100))),
    };
    let header = Fields::new(&[("Subject", "Quarterly figures"), ("From", &from)]);
    let mut attempt = Attempt::new(case, account, format!("<{envelope}>"), header);
    let last = rng.u8(1..255);
    attempt.client = match network {
        "192.0.2" if rng.usize(..8) == 0 => format!("2001:db8:1::{last:x}"),
        _ => format!("{network}.{last}"),
    };
    if password && (case.name == "credential kind refused" || rng.bool()) {
        attempt.credential = CredentialKind::Password;
    }
    attempt
}

/// One address in eight is written in capitals in part, as people do.
fn spelled(rng: &mut Rng, address: String) -> String {
    if rng.usize(..8) > 0 {
        return address;
    }
    let (first, rest) = address.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}

fn draw(rng: &mut Rng) -> Case {
    let mut drawn = rng.usize(..100);
    for (case, share) in CASES {
        if drawn < share {
            return case;
        }
        drawn -= share;
    }
    CASES[0].0
}

const fn allowed(name: &'static str) -> Case {
    Case { name, allowed: true }
}

const fn denied(name: &'static str) -> Case {
    Case { name, allowed: false }
}

pub(super) fn tenant_id(number: usize) -> String {
    format!("tenant-{number}")
}

/// The login: an address at the tenant's domain, as mail hosts have it.
pub(super) fn account_id(tenant: usize, seat: usize) -> String {
    format!("user{seat}@{}", text::main_domain(tenant))
}

/// The account that holds an item.
pub(super) fn holder(size: Size, item: usize) -> usize {
    (item / 5 + item) % size.accounts()
}

fn identity_address(tenant: usize, item: usize) -> String {
    let domain = match Item::of(item) {
        Item::Own | Item::Shared => text::main_domain(tenant),
        Item::Consented | Item::SharedConsented | Item::Pending => text::elsewhere(tenant * 31 + item % 10),
    };
    format!("{}@{domain}", text::local(tenant, item))
}

#[expect(clippy::expect_used, reason = "the prefixes made here are prefixes")]
pub(super) fn allowlist(prefixes: [&str; 2]) -> Allowlist {
    let entries = prefixes
        .map(|prefix| AllowlistEntry { range: IpRange::cidr(prefix).expect("a prefix"), remark: String::new() });
    Allowlist { channel: Channel::Smtp, entries: entries.into() }
}

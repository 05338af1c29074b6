//! Seeded policies of any size, and requests against them.
//!
//! A tenant has 100 identities: 10 accounts with an own address each, 89 identities with consent at domains
//! elsewhere, held by the tenant or by one account, and one verified domain that half of the accounts may use.

use fastrand::Rng;
use sendas::policy::{Account, Consent, Domain, DomainStatus, Identity, Names, Policy, Tenant};
use sendas::{Address, Channel, DomainName, EnvelopeSender, Header, Request, Timestamp};

/// The instant of every request.
pub const NOW: Timestamp = Timestamp(1_796_083_200);
const IDENTITIES: usize = 100;
const ACCOUNTS: usize = 10;

/// How a request is meant to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the benches' own data")]
pub enum Case {
    /// Allowed: the account's own address.
    Own,
    /// Allowed: an identity.
    Identity,
    /// Allowed: any address at the tenant's domain.
    Domain,
    /// Denied: another tenant's address, in the envelope and in From.
    Foreign,
    /// Denied: the account is not listed for the domain.
    NotListed,
    /// Denied: a good envelope and a forged From.
    ForgedFrom,
    /// Denied: no such account.
    Unknown,
}

/// One request, as raw text.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the benches' own data")]
pub struct Attempt {
    /// How it is meant.
    pub case: Case,
    /// The account.
    pub account: String,
    /// The reverse-path, with its brackets.
    pub path: String,
    /// The body of the From field.
    pub from: String,
}

/// Makes a policy with about this many identities (at least 100).
///
/// # Panics
///
/// Never: the addresses it makes are addresses.
#[must_use]
pub fn policy(identities: usize) -> Policy {
    let mut policy = Policy::default();
    policy.tenants.extend((0..tenants(identities)).map(tenant));
    policy
}

/// The number of tenants that hold about this many identities.
#[must_use]
pub fn tenants(identities: usize) -> usize {
    identities.div_ceil(IDENTITIES).max(2)
}

/// Makes one tenant.
#[must_use]
pub fn tenant(number: usize) -> Tenant {
    let mut tenant = Tenant::new(format!("tenant-{number}"));
    let mut domain = Domain::new(name(&format!("customer-{number}.example")));
    domain.status = DomainStatus::Verified;
    domain.senders = Names::Only((0..ACCOUNTS / 2).map(|account| account_id(number, account)).collect());
    tenant.domains.push(domain);
    for seat in 0..ACCOUNTS {
        let mut account = Account::new(account_id(number, seat));
        account.address = Some(address(&own_address(number, seat)));
        for item in 0..4 {
            account.identities.push(consented(&identity(number, ACCOUNTS + seat * 4 + item)));
        }
        tenant.accounts.push(account);
    }
    for item in ACCOUNTS * 5..IDENTITIES - 1 {
        tenant.identities.push(consented(&identity(number, item)));
    }
    tenant
}

/// Makes requests: accounts by Zipf's law or evenly, 70% allowed over three grants, 30% denied over four reasons.
#[must_use]
pub fn attempts(identities: usize, count: usize, zipf: bool) -> Vec<Attempt> {
    let mut rng = Rng::with_seed(7);
    let tenants = tenants(identities);
    (0..count).map(|_| attempt(&mut rng, tenants, zipf)).collect()
}

impl Attempt {
    /// Calls `use_it` with the request of this attempt.
    pub fn with_request<T>(&self, use_it: impl FnOnce(&Request<'_>) -> T) -> T {
        let fields: [(&[u8], &[u8]); 2] = [(b"Subject", b" Quarterly figures"), (b"From", self.from.as_bytes())];
        let mut request = Request::new(Channel::Smtp, NOW);
        request.account = Some(self.account.as_bytes());
        request.envelope_sender = EnvelopeSender::Path(self.path.as_bytes());
        request.header = Header::Fields(&fields);
        use_it(&request)
    }
}

fn attempt(rng: &mut Rng, tenants: usize, zipf: bool) -> Attempt {
    let number = if zipf { zipf_rank(rng, tenants) } else { rng.usize(..tenants) };
    let mut seat = rng.usize(..ACCOUNTS);
    let case = match rng.usize(..100) {
        0..30 => Case::Own,
        30..55 => Case::Identity,
        55..70 => Case::Domain,
        70..80 => Case::Foreign,
        80..88 => Case::NotListed,
        88..97 => Case::ForgedFrom,
        _ => Case::Unknown,
    };
    let other = own_address((number + 1) % tenants, seat);
    let any = |rng: &mut Rng| format!("list-{}@customer-{number}.example", rng.usize(..1000));
    let (path, from) = match case {
        Case::Own | Case::Unknown => (own_address(number, seat), own_address(number, seat)),
        Case::Identity => {
            let item =
                if rng.bool() { ACCOUNTS + seat * 4 + rng.usize(..4) } else { rng.usize(ACCOUNTS * 5..IDENTITIES - 1) };
            (identity(number, item), identity(number, item))
        }
        Case::Domain => {
            seat %= ACCOUNTS / 2;
            let address = any(rng);
            (address.clone(), address)
        }
        Case::NotListed => {
            seat = ACCOUNTS / 2 + seat % (ACCOUNTS / 2);
            let address = any(rng);
            (address.clone(), address)
        }
        Case::Foreign => (other.clone(), other),
        Case::ForgedFrom => (own_address(number, seat), other),
    };
    let account = if case == Case::Unknown { format!("nobody-{number}-{seat}") } else { account_id(number, seat) };
    let from = if rng.bool() { from } else { format!("\"Customer Service {seat}\" <{from}>") };
    Attempt { case, account, path: format!("<{path}>"), from }
}

/// A rank below `count`, by Zipf's law with exponent 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "ranks are small"
)]
fn zipf_rank(rng: &mut Rng, count: usize) -> usize {
    let rank = ((count as f64).ln() * rng.f64()).exp() as usize;
    rank.clamp(1, count) - 1
}

fn account_id(tenant: usize, seat: usize) -> String {
    format!("user{seat}@customer-{tenant}.example")
}

fn own_address(tenant: usize, seat: usize) -> String {
    format!("user{seat}@customer-{tenant}.example")
}

fn identity(tenant: usize, item: usize) -> String {
    format!("person.{tenant}.{item}@mail{}.example.org", (tenant * 31 + item) % 1000)
}

fn consented(text: &str) -> Identity {
    let mut identity = Identity::new(address(text));
    identity.consent = Some(Consent::Given);
    identity
}

#[expect(clippy::expect_used, reason = "the addresses made here are addresses")]
fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

#[expect(clippy::expect_used, reason = "the domains made here are domains")]
fn name(text: &str) -> DomainName {
    DomainName::parse(text).expect("a domain")
}

//! The full workload: everything that a policy can say.
//!
//! Tenants are of ten kinds in turn, which differ in what proves a sender, in controls and their dates, in domains, credentials,
//! allowlists, roles and settings of the header; some are subusers. Identities are in every state that there is.
//!
//! 70% of the requests are allowed, by every kind of grant; 30% are denied, each case for one reason that comes first.

mod allowed;
mod denied;
mod draft;
mod forged;
mod maker;
mod shape;
mod tenant;

pub use draft::{Body, DomainForm, Draft, Field, Mailbox, Name, Path, Spelling};

use fastrand::Rng;
use sendas::CredentialKind;
use sendas::policy::{Policy, Tenant};

use super::attempt::{Attempt, Case};
use super::size::{Accounts, Size};
use super::text;
use maker::Maker;
use shape::{Item, Shape};

/// Makes the whole policy.
#[must_use]
pub fn policy(size: Size) -> Policy {
    let mut policy = provider();
    policy.tenants.extend(tenants(size));
    policy
}

/// Makes the policy without its tenants.
#[must_use]
pub fn provider() -> Policy {
    let mut policy = Policy::default();
    policy.provider.denies = tenant::denied_by_the_provider();
    policy
}

/// Makes the tenants, one after the other.
pub fn tenants(size: Size) -> impl Iterator<Item = Tenant> {
    (0..size.tenants()).flat_map(move |number| tenant::tenants(size, number))
}

/// Makes requests, the same for the same arguments.
pub fn attempts(size: Size, accounts: Accounts, seed: u64) -> impl Iterator<Item = Attempt> {
    drafts(size, accounts, seed).map(|draft| draft.attempt())
}

/// Makes requests as structure, the same for the same arguments.
pub fn drafts(size: Size, accounts: Accounts, seed: u64) -> impl Iterator<Item = Draft> {
    let mut rng = Rng::with_seed(seed);
    std::iter::repeat_with(move || draft(&mut rng, size, accounts))
}

/// A case that no tenant of a small policy can show is drawn again.
fn draft(rng: &mut Rng, size: Size, accounts: Accounts) -> Draft {
    let allowed = rng.usize(..10) < 7;
    loop {
        let (case, make) = draw(rng, allowed);
        let drawn = accounts.draw(rng, size.tenants());
        for number in (drawn..drawn + size.tenants().min(40)).map(|number| number % size.tenants()) {
            let mut maker = Maker { rng, size, number, shape: Shape::of(number), case };
            if let Some(draft) = make(&mut maker) {
                return draft;
            }
        }
    }
}

/// Makes a request of a tenant; `None` where the tenant cannot show the case.
type Make = fn(&mut Maker<'_>) -> Option<Draft>;

fn draw(rng: &mut Rng, allowed: bool) -> (Case, Make) {
    let cases = if allowed { ALLOWED } else { DENIED };
    let mut drawn = rng.usize(..cases.iter().map(|(_, share, _)| share).sum::<usize>());
    for &(name, share, make) in cases {
        if drawn < share {
            return (Case { name, allowed }, make);
        }
        drawn -= share;
    }
    (Case { name: "own address", allowed: true }, allowed::own_address)
}

/// What is allowed: its name, its share, and how it is made.
const ALLOWED: &[(&str, usize, Make)] = &[
    ("own address", 90, allowed::own_address),
    ("own sub-address", 30, allowed::own_sub_address),
    ("account identity, consent", 90, |maker| allowed::identity(maker, Item::Consented)),
    ("account identity, verified", 80, |maker| allowed::identity(maker, Item::Own)),
    ("tenant identity, consent", 50, |maker| allowed::identity(maker, Item::SharedConsented)),
    ("tenant identity, verified", 50, |maker| allowed::identity(maker, Item::Shared)),
    ("domain", 70, allowed::domain),
    ("below a domain", 20, allowed::below_a_domain),
    ("identity and domain", 30, allowed::identity_and_domain),
    ("inherited identity", 20, allowed::inherited_identity),
    ("inherited domain", 20, allowed::inherited_domain),
    ("identity for a role", 20, allowed::identity_for_a_role),
    ("identity for some accounts", 10, allowed::identity_for_senders),
    ("another's own address, consent", 10, |maker| allowed::identity(maker, Item::Guest)),
    ("grandfathered identity", 10, allowed::grandfathered),
    ("identity by an Admin's word", 10, allowed::admin_vouches),
    ("colleague's mailbox", 5, allowed::covered_mailbox),
    ("U-labels", 5, allowed::u_label),
    ("null sender", 20, allowed::null_sender),
    ("monitored sender", 10, allowed::monitored_sender),
    ("monitored From", 5, allowed::monitored_from),
    ("channel without sender control", 5, allowed::other_channel),
    ("exempted account", 5, allowed::exempted),
    ("Sender field", 15, allowed::sender_field),
    ("two mailboxes", 10, allowed::two_mailboxes),
    ("resent message", 10, allowed::resent),
];

/// What is denied, likewise.
const DENIED: &[(&str, usize, Make)] = &[
    ("unknown account", 8, denied::unknown_account),
    ("suspended account", 6, denied::suspended_account),
    ("suspended tenant", 6, denied::suspended_tenant),
    ("role not held", 6, |maker| denied::role(maker, "Admin")),
    ("unknown role", 6, |maker| denied::role(maker, "Pilot")),
    ("role may not send", 6, |maker| denied::role(maker, "auditor")),
    ("credential of another account", 6, denied::credential_of_another),
    ("credential revoked", 6, |maker| denied::credential(maker, "revoked", CredentialKind::ApiKey)),
    ("credential expired", 6, |maker| denied::credential(maker, "expired", CredentialKind::ApiKey)),
    ("unknown credential", 6, |maker| denied::credential(maker, "lost", CredentialKind::ApiKey)),
    ("credential without its id", 6, denied::no_credential_id),
    ("credential kind refused", 8, |maker| denied::credential(maker, "key", CredentialKind::Password)),
    ("registered without scope", 3, |maker| denied::credential(maker, "reader", CredentialKind::Oauth)),
    ("presented without scope", 3, denied::no_scope),
    ("not encrypted", 6, denied::not_encrypted),
    ("client not in allowlist", 10, denied::client_not_allowed),
    ("no reverse-path", 6, denied::broken_path),
    ("null sender refused", 6, denied::null_refused),
    ("nothing authorized", 6, denied::nothing_authorized),
    ("address not owned", 16, denied::not_owned),
    ("address of another tenant", 8, denied::of_another_tenant),
    ("address of another tenant, monitored", 6, denied::of_another_tenant_monitored),
    ("own address unproved", 6, denied::own_unproved),
    ("identity pending", 8, denied::pending),
    ("identity refused", 6, |maker| denied::useless(maker, Item::Refused)),
    ("identity withdrawn", 6, |maker| denied::useless(maker, Item::Withdrawn)),
    ("identity unproved", 6, |maker| denied::useless(maker, Item::Unproved)),
    ("role not permitted", 6, denied::other_role),
    ("domain pending", 6, |maker| denied::domain(maker, Shape::Standard, text::below)),
    ("domain suspended", 6, |maker| denied::domain(maker, Shape::Offices, text::second_domain)),
    ("domain inactive", 6, |maker| denied::domain(maker, Shape::Newsletters, text::second_domain)),
    ("domain not approved", 6, |maker| denied::domain(maker, Shape::Domains, text::second_domain)),
    ("account not listed", 8, denied::not_listed),
    ("sub-domain not covered", 6, denied::not_below),
    ("address protected", 6, denied::protected),
    ("address denied", 6, denied::denied),
    ("not canonical", 3, forged::not_canonical),
    ("ambiguous field name", 3, forged::ambiguous_name),
    ("From missing", 4, forged::missing),
    ("From repeated", 4, forged::repeated),
    ("From syntax", 4, forged::syntax),
    ("From ambiguous", 4, forged::ambiguous),
    ("From with an empty group", 3, forged::empty_group),
    ("several mailboxes", 4, forged::multiple),
    ("Sender missing", 4, forged::no_sender),
    ("Sender with two mailboxes", 3, forged::two_senders),
    ("forged From", 10, forged::from),
    ("forged Sender", 4, forged::sender),
    ("address in a name", 5, forged::address_in_name),
    ("name in no charset", 3, forged::undecodable_name),
    ("not aligned", 4, forged::not_aligned),
    ("resent without the right", 4, forged::resent_not_enabled),
    ("resent incompletely", 3, forged::resent_incomplete),
];

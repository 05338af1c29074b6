//! Requests that are denied, for the session or for the envelope sender.

use sendas::{CredentialKind, Tls};

use super::super::plain::account_id;
use super::super::text;
use super::allowed::{identity, own_address};
use super::draft::{Draft, Path};
use super::maker::Maker;
use super::shape::{Item, Own, Shape, roles, still_grandfathered};
use super::tenant::{BLOCKED, UNWANTED, closed_account, credential_id, new_account, team_domain};

pub(super) fn unknown_account(maker: &mut Maker<'_>) -> Option<Draft> {
    let mut draft = own_address(maker)?;
    draft.account = format!("nobody@{}", text::main_domain(maker.number));
    Some(draft)
}

pub(super) fn suspended_account(maker: &mut Maker<'_>) -> Option<Draft> {
    let address = maker.at_main();
    let account = account_id(maker.number, maker.size.accounts());
    Some(maker.bare(account, address))
}

pub(super) fn suspended_tenant(maker: &mut Maker<'_>) -> Option<Draft> {
    let account = closed_account(maker.number / 10 * 10);
    Some(maker.bare(account.clone(), account))
}

pub(super) fn nothing_authorized(maker: &mut Maker<'_>) -> Option<Draft> {
    let address = maker.elsewhere();
    Some(maker.bare(new_account(maker.number / 10 * 10), address))
}

pub(super) fn role(maker: &mut Maker<'_>, role: &str) -> Option<Draft> {
    let (seat, address) = maker.owner()?;
    let held = roles(maker.number, seat);
    Maker::when(role != "auditor" || held.contains(&role))?;
    let mut draft = maker.draft((seat, address))?;
    draft.role = Some(role.to_owned());
    Some(draft)
}

/// A registered credential that is not good: another kind of key of the same account.
pub(super) fn credential(maker: &mut Maker<'_>, key: &str, kind: CredentialKind) -> Option<Draft> {
    maker.only(&[Shape::Keys])?;
    let (seat, address) = maker.owner()?;
    let mut draft = maker.draft((seat, address))?;
    draft.credential_id = Some(credential_id(key, maker.number, seat));
    draft.credential = kind;
    Some(draft)
}

pub(super) fn credential_of_another(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Keys, Shape::Offices])?;
    let (seat, address) = maker.owner()?;
    let mut draft = maker.draft((seat, address))?;
    draft.credential_id = Some(credential_id("key", maker.number, (seat + 1) % maker.size.accounts()));
    Some(draft)
}

pub(super) fn no_credential_id(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Keys, Shape::Offices])?;
    let mut draft = own_address(maker)?;
    draft.credential_id = None;
    Some(draft)
}

pub(super) fn no_scope(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Keys])?;
    let mut draft = own_address(maker)?;
    draft.scopes = Some("mail.read".to_owned());
    Some(draft)
}

pub(super) fn not_encrypted(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Keys, Shape::Rollout])?;
    let mut draft = own_address(maker)?;
    draft.tls = Tls::Plain;
    Some(draft)
}

/// A client in the lists of the tenant and the account, but not in that of the credential, or in none of them.
pub(super) fn client_not_allowed(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Offices, Shape::Newsletters])?;
    let mut draft = own_address(maker)?;
    let (network, first) = match (maker.shape, maker.rng.bool()) {
        (Shape::Offices, true) => ("192.0.2", 64),
        _ => ("203.0.113", 1),
    };
    draft.client = format!("{network}.{}", maker.rng.u8(first..=127));
    Some(draft)
}

pub(super) fn broken_path(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let mut draft = own_address(maker)?;
    draft.path = Path::Broken(PATHS[maker.rng.usize(..PATHS.len())]);
    Some(draft)
}

pub(super) fn null_refused(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Newsletters])?;
    let mut draft = own_address(maker)?;
    draft.path = Path::Null;
    Some(draft)
}

pub(super) fn not_owned(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let sender = (maker.any(), maker.elsewhere());
    maker.draft(sender)
}

pub(super) fn of_another_tenant(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let next = maker.next();
    let own = maker.seat(|seat| Own::of(next, seat).counts()).and_then(|seat| Own::address(next, seat));
    let address = match own {
        Some(own) if maker.rng.bool() => own,
        _ => maker.neighbour(),
    };
    // A guest has consent for an own address, and sends as somebody else here.
    let number = maker.number;
    let sender = (maker.any(), if guests_may(maker, &address, number) { maker.neighbour() } else { address });
    maker.draft(sender)
}

/// Whether an identity of the tenant is the address.
fn guests_may(maker: &Maker<'_>, address: &str, number: usize) -> bool {
    (0..maker.size.per_tenant())
        .filter(|&item| Item::of(number, item) == Item::Guest)
        .any(|item| super::shape::guest_of(maker.size, number, item).as_deref() == Some(address))
}

pub(super) fn of_another_tenant_monitored(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Rollout])?;
    let sender = (maker.any(), maker.neighbour());
    maker.draft(sender)
}

pub(super) fn own_unproved(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let number = maker.number;
    let seat = maker.seat(|seat| Own::of(number, seat) == Own::Unproved)?;
    let address = Own::address(number, seat)?;
    maker.draft((seat, address))
}

/// An identity that gives nothing.
pub(super) fn useless(maker: &mut Maker<'_>, kind: Item) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    identity(maker, kind)
}

pub(super) fn pending(maker: &mut Maker<'_>) -> Option<Draft> {
    if !still_grandfathered(maker.number) && maker.rng.bool() {
        return useless(maker, Item::Grandfathered);
    }
    useless(maker, Item::Pending)
}

pub(super) fn other_role(maker: &mut Maker<'_>) -> Option<Draft> {
    let number = maker.number;
    let (_, address) = maker.item(Item::ForRole)?;
    Maker::when(maker.shape.enforces() && maker.shape.takes_identities())?;
    let seat = maker.seat(|seat| !roles(number, seat).contains(&"Marketing"))?;
    maker.draft((seat, address))
}

pub(super) fn domain(maker: &mut Maker<'_>, shape: Shape, name: fn(usize) -> String) -> Option<Draft> {
    maker.only(&[shape])?;
    let at = name(maker.number);
    let sender = (maker.listed(), maker.at(&at));
    maker.draft(sender)
}

pub(super) fn not_listed(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces() && maker.shape.takes_domains())?;
    let half = maker.half();
    let seat = maker.seat(|seat| seat >= half)?;
    let address = maker.at_main();
    maker.draft((seat, address))
}

pub(super) fn not_below(maker: &mut Maker<'_>) -> Option<Draft> {
    let below = match maker.shape {
        Shape::Domains if maker.number + 4 < maker.size.tenants() => team_domain(maker.number),
        Shape::Standard | Shape::Keys | Shape::Offices => format!("deep.{}", text::main_domain(maker.number)),
        _ => return None,
    };
    let sender = (maker.listed(), maker.at(&below));
    maker.draft(sender)
}

pub(super) fn protected(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Domains, Shape::Subuser, Shape::Keys, Shape::Offices, Shape::Newsletters])?;
    let number = maker.number;
    let other = maker.seat(|seat| Own::of(number, seat) == Own::AtMain)?;
    let half = maker.half();
    let seat = maker.seat(|seat| seat < half && seat != other)?;
    maker.draft((seat, account_id(number, other)))
}

pub(super) fn denied(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let blocked = maker.at(&format!("m.{BLOCKED}"));
    match maker.rng.usize(..4) {
        0 => {
            let seat = maker.any();
            maker.draft((seat, blocked))
        }
        1 if maker.shape == Shape::Newsletters => {
            let sender = (maker.any(), maker.at(UNWANTED));
            maker.draft(sender)
        }
        _ => {
            let item = maker.item(Item::Denied)?;
            maker.draft(item)
        }
    }
}

/// What is no reverse-path.
const PATHS: [&str; 5] =
    ["<joe>", "<joe@>", "<@a.example:joe@b.example>", "<joe@a..example>", "<joe@a.example> <ann@b.example>"];

//! Requests that are denied for their header.

use sendas::Reason;

use super::allowed::{DATE, own_address, sender_field, two_mailboxes};
use super::draft::{Body, DomainForm, Draft, Name};
use super::maker::Maker;
use super::shape::{Item, Shape};

/// A body with one mailbox.
fn one(maker: &mut Maker<'_>, address: String) -> Body {
    Body::Mailboxes(vec![maker.mailbox(address)])
}

/// A good request of a tenant whose header is judged by default, and an address that its account may use.
fn good(maker: &mut Maker<'_>) -> Option<(Draft, String)> {
    Maker::when(maker.shape.enforces() && maker.shape != Shape::Newsletters)?;
    let (seat, address) = maker.owner()?;
    Some((maker.draft((seat, address.clone()))?, address))
}

pub(super) fn from(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, _) = good(maker)?;
    let victim = if maker.rng.bool() { maker.neighbour() } else { maker.elsewhere() };
    draft.from(one(maker, victim))
}

pub(super) fn sender(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, _) = good(maker)?;
    let victim = maker.neighbour();
    Some(draft.with("Sender", one(maker, victim)))
}

pub(super) fn not_canonical(maker: &mut Maker<'_>) -> Option<Draft> {
    let (mut draft, _) = good(maker)?;
    if let Body::Mailboxes(mailboxes) = &mut draft.field("From")?.body {
        mailboxes.iter_mut().for_each(|mailbox| mailbox.address.domain = DomainForm::Mapped);
    }
    Some(draft)
}

pub(super) fn ambiguous_name(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    Some(draft.with("From ", one(maker, address)))
}

pub(super) fn missing(maker: &mut Maker<'_>) -> Option<Draft> {
    let (mut draft, _) = good(maker)?;
    draft.fields.retain(|field| field.name != "From");
    Some(draft)
}

pub(super) fn repeated(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    Some(draft.with("From", one(maker, address)))
}

pub(super) fn syntax(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    let text = match maker.rng.usize(..4) {
        0 => format!("<{address}"),
        1 => format!("\"Joe <{address}>"),
        2 => address.replace('@', "@."),
        _ => format!("The team: {address}"),
    };
    draft.from(Body::Broken(text, Reason::FromSyntax))
}

pub(super) fn ambiguous(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    let text = match maker.rng.usize(..4) {
        0 => format!("{address} <{address}>"),
        1 => format!("<{address}> <{address}>"),
        2 => format!("<@a.example:{address}>"),
        _ => address.replace('@', "(x)@"),
    };
    draft.from(Body::Broken(text, Reason::FromAmbiguous))
}

pub(super) fn empty_group(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, _) = good(maker)?;
    draft.from(Body::Group(Vec::new()))
}

pub(super) fn multiple(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    let both = vec![maker.mailbox(address.clone()), maker.mailbox(address)];
    draft.from(Body::Mailboxes(both))
}

pub(super) fn no_sender(maker: &mut Maker<'_>) -> Option<Draft> {
    let mut draft = two_mailboxes(maker)?;
    draft.fields.retain(|field| field.name != "Sender");
    Some(draft)
}

pub(super) fn two_senders(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.enforces())?;
    let mut draft = sender_field(maker)?;
    if let Body::Mailboxes(mailboxes) = &mut draft.field("Sender")?.body {
        mailboxes.extend_from_within(..);
    }
    Some(draft)
}

pub(super) fn address_in_name(maker: &mut Maker<'_>) -> Option<Draft> {
    let (mut draft, _) = good(maker)?;
    let shown = if maker.shape == Shape::Mailboxes { maker.elsewhere() } else { maker.neighbour() };
    name(&mut draft, &Name::Address(shown))?;
    Some(draft)
}

pub(super) fn undecodable_name(maker: &mut Maker<'_>) -> Option<Draft> {
    let (mut draft, _) = good(maker)?;
    name(&mut draft, &Name::Undecodable)?;
    Some(draft)
}

fn name(draft: &mut Draft, name: &Name) -> Option<()> {
    if let Body::Mailboxes(mailboxes) = &mut draft.field("From")?.body {
        mailboxes.iter_mut().for_each(|mailbox| mailbox.name = name.clone());
    }
    Some(())
}

pub(super) fn not_aligned(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::University])?;
    let ((seat, address), other) = (maker.item(Item::Shared)?, maker.item(Item::SharedConsented)?.1);
    let from = one(maker, other);
    maker.draft((seat, address))?.from(from)
}

pub(super) fn resent_not_enabled(maker: &mut Maker<'_>) -> Option<Draft> {
    let (draft, address) = good(maker)?;
    Some(draft.first("Resent-From", one(maker, address)).first("Resent-Date", Body::Text(DATE)))
}

pub(super) fn resent_incomplete(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Newsletters])?;
    let draft = own_address(maker)?;
    let address = maker.owner()?.1;
    Some(draft.first("Resent-From", one(maker, address)))
}

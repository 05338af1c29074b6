//! Requests that are allowed.

use sendas::{Channel, Tls};

use super::super::plain::account_id;
use super::super::text;
use super::draft::{Body, DomainForm, Draft, Name, Path};
use super::maker::Maker;
use super::shape::{Item, Own, Shape, identity_address, roles, still_grandfathered};

pub(super) fn own_address(maker: &mut Maker<'_>) -> Option<Draft> {
    let owner = maker.owner()?;
    maker.draft(owner)
}

pub(super) fn own_sub_address(maker: &mut Maker<'_>) -> Option<Draft> {
    let (number, separator) = (maker.number, maker.shape.separator()?);
    let seat = maker.seat(|seat| Own::of(number, seat) == Own::AtMain)?;
    let address = format!("user{seat}{separator}{}@{}", text::any_local(maker.any()), text::main_domain(number));
    maker.draft((seat, address))
}

pub(super) fn identity(maker: &mut Maker<'_>, kind: Item) -> Option<Draft> {
    Maker::when(maker.shape.takes_identities())?;
    let item = maker.item(kind)?;
    maker.draft(item)
}

pub(super) fn domain(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.takes_domains())?;
    let sender = (maker.listed(), maker.at_main());
    maker.draft(sender)
}

pub(super) fn below_a_domain(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Domains])?;
    let below = text::below(maker.number);
    let sender = (maker.listed(), maker.at(&below));
    maker.draft(sender)
}

pub(super) fn identity_and_domain(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Strict])?;
    let (_, address) = maker.item(Item::Shared)?;
    let seat = maker.listed();
    maker.draft((seat, address))
}

pub(super) fn inherited_identity(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Subuser])?;
    let item = if maker.rng.bool() { 2 } else { 3 };
    let sender = (maker.any(), identity_address(maker.size, maker.number - 4, item));
    maker.draft(sender)
}

pub(super) fn inherited_domain(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Subuser])?;
    let inherited = text::second_domain(maker.number - 4);
    let sender = (maker.any(), maker.at(&inherited));
    maker.draft(sender)
}

pub(super) fn identity_for_a_role(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.takes_identities())?;
    let number = maker.number;
    let (_, address) = maker.item(Item::ForRole)?;
    let seat = maker.seat(|seat| roles(number, seat).contains(&"Marketing"))?;
    maker.draft((seat, address))
}

pub(super) fn identity_for_senders(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.takes_identities())?;
    let (_, address) = maker.item(Item::ForSenders)?;
    let seat = maker.listed();
    maker.draft((seat, address))
}

pub(super) fn grandfathered(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(still_grandfathered(maker.number))?;
    identity(maker, Item::Grandfathered)
}

pub(super) fn admin_vouches(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::University])?;
    identity(maker, Item::Unproved)
}

pub(super) fn null_sender(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape != Shape::Newsletters)?;
    let mut draft = own_address(maker)?;
    draft.path = Path::Null;
    Some(draft)
}

pub(super) fn monitored_sender(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Rollout])?;
    let sender = (maker.any(), maker.elsewhere());
    maker.draft(sender)
}

pub(super) fn other_channel(maker: &mut Maker<'_>) -> Option<Draft> {
    let mut draft = monitored_sender(maker)?;
    draft.channel = Channel::Webmail;
    draft.tls = Tls::Implicit;
    Some(draft)
}

pub(super) fn monitored_from(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Rollout])?;
    let (owner, again) = (maker.owner()?, maker.at_main());
    let again = Body::Mailboxes(vec![maker.mailbox(again)]);
    Some(maker.draft(owner)?.with("From", again))
}

pub(super) fn exempted(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::University])?;
    let address = maker.elsewhere();
    maker.draft((0, address))
}

pub(super) fn resent(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Newsletters])?;
    let (seat, address) = maker.item(Item::Consented)?;
    let (author, again) = (maker.elsewhere(), maker.mailbox(address.clone()));
    let author = Body::Mailboxes(vec![maker.mailbox(author)]);
    let draft = maker.draft((seat, address))?.from(author)?;
    Some(draft.first("Resent-From", Body::Mailboxes(vec![again])).first("Resent-Date", Body::Text(DATE)))
}

pub(super) fn two_mailboxes(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Newsletters])?;
    let ((seat, address), second) = (maker.item(Item::Shared)?, maker.item(Item::SharedConsented)?.1);
    let sender = Body::Mailboxes(vec![maker.mailbox(second.clone())]);
    let mailboxes = vec![maker.mailbox(address.clone()), maker.mailbox(second)];
    let both = if maker.rng.bool() { Body::Mailboxes(mailboxes) } else { Body::Group(mailboxes) };
    Some(maker.draft((seat, address))?.from(both)?.with("Sender", sender))
}

pub(super) fn sender_field(maker: &mut Maker<'_>) -> Option<Draft> {
    Maker::when(maker.shape.takes_identities() && maker.shape != Shape::Newsletters)?;
    let ((seat, address), second) = (maker.item(Item::Shared)?, maker.item(Item::SharedConsented)?.1);
    let sender = Body::Mailboxes(vec![maker.mailbox(second)]);
    Some(maker.draft((seat, address))?.with("Sender", sender))
}

pub(super) fn u_label(maker: &mut Maker<'_>) -> Option<Draft> {
    let mut draft = identity(maker, Item::Unicode)?;
    if let Body::Mailboxes(mailboxes) = &mut draft.field("From")?.body {
        for mailbox in mailboxes {
            mailbox.address.domain = DomainForm::Unicode;
            mailbox.name = Name::None;
        }
    }
    Some(draft)
}

pub(super) fn covered_mailbox(maker: &mut Maker<'_>) -> Option<Draft> {
    maker.only(&[Shape::Standard])?;
    let number = maker.number;
    let other = maker.seat(|seat| Own::of(number, seat) == Own::AtMain)?;
    let half = maker.half();
    let seat = maker.seat(|seat| seat < half && seat != other)?;
    maker.draft((seat, account_id(number, other)))
}

/// When a message was sent again.
pub(super) const DATE: &str = "Tue, 01 Dec 2026 00:00:00 +0000";

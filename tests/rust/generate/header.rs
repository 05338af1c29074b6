//! Headers.

use sendas::{Limits, Reason};

use super::Choices;
use super::request::{Known, spelling};
use crate::request::{
    Body, Damage, Envelope, Field, Header, Item, Kind, Mailbox, Name, NameForm, Shown, Spelling, Value,
};

/// Makes a header; mostly one good From field.
pub(crate) fn header(choices: &mut Choices<'_>, names: &Known, envelope: &Envelope, limits: &Limits) -> Header {
    let like = match envelope {
        Envelope::Path { address, .. } | Envelope::Unquoted(address) => Some(address.value.clone()),
        _ => None,
    };
    let mut maker = Maker { names, like, small: limits.mailboxes < 64 };
    if choices.mishap(1) {
        return Header::NotGiven;
    }
    let fields = maker.fields(choices);
    match choices.below(24) {
        0..=13 => Header::Fields(fields),
        14..=22 if fields.iter().any(breaks_a_block) => Header::Fields(fields),
        14..=21 => Header::Block(fields, None),
        _ if !choices.mishap(16) => Header::Fields(fields),
        22 => Header::Block(
            fields,
            Some(choices.pick(&[
                Damage::BareCr,
                Damage::BareLf,
                Damage::Nul,
                Damage::NoField,
                Damage::Mbox,
                Damage::FoldedFirst,
                Damage::BlankFold,
            ])),
        ),
        _ if maker.small => {
            let block = choices.chance(8) && !fields.iter().any(breaks_a_block);
            Header::Oversized { fields, block }
        }
        _ => Header::Fields(fields),
    }
}

/// Whether the field would be something else in a raw block.
fn breaks_a_block(field: &Field) -> bool {
    match (&field.kind, &field.body) {
        (Kind::Disguised(name), _) => !name.trim_end().bytes().all(|octet| octet.is_ascii_graphic()),
        (_, Body::Broken(text, _)) => text.contains('\r'),
        _ => false,
    }
}

struct Maker<'a> {
    names: &'a Known,
    /// The envelope sender, which From mostly repeats.
    like: Option<Value>,
    /// Whether the limits are small enough to be reached.
    small: bool,
}

impl Maker<'_> {
    fn fields(&mut self, choices: &mut Choices<'_>) -> Vec<Field> {
        let mut fields = Vec::new();
        if choices.mishap(4) {
            fields.extend(self.resent(choices));
        }
        if choices.chance(2) {
            fields.push(field(choices, Kind::Other, Body::Text("hello")));
        }
        let froms = if choices.mishap(4) { choices.pick(&[2, 2, 0]) } else { 1 };
        for _ in 0..froms {
            let body = self.body(choices);
            fields.push(field(choices, Kind::From, body));
        }
        let senders = if choices.mishap(2) { 2 } else { choices.below(2) };
        for _ in 0..senders {
            let body = self.body(choices);
            fields.push(field(choices, Kind::Sender, body));
        }
        if choices.mishap(1) {
            let name = choices.pick(&["From ", "Sender\t", "Fr\u{a0}om", "Resent-From ", " From", "S\u{1}ender"]);
            let mut disguised = field(choices, Kind::Disguised(name), Body::Text("joe@a.example"));
            disguised.odd_case = false;
            let at = choices.below(fields.len() + 1);
            fields.insert(at, disguised);
        }
        if choices.chance(1) {
            fields.reverse();
        }
        fields
    }

    /// Mostly a complete block, in which things are then left out, doubled or split.
    fn resent(&mut self, choices: &mut Choices<'_>) -> Vec<Field> {
        let mut fields = vec![field(choices, Kind::ResentDate, Body::Text("Sat, 21 Nov 2026 10:00:00 +0000"))];
        let from = self.body(choices);
        fields.push(field(choices, Kind::ResentFrom, from));
        if choices.chance(6) {
            let sender = self.body(choices);
            fields.push(field(choices, Kind::ResentSender, sender));
        }
        if choices.chance(4) {
            fields.push(field(choices, Kind::ResentOther, Body::Text("ann@b.example")));
        }
        match choices.below(16) {
            0..=9 => {}
            10 => drop(fields.remove(0)),
            11 => drop(fields.remove(1)),
            12 => fields.push(field(choices, Kind::ResentDate, Body::Text("now"))),
            13 => {
                let again = self.body(choices);
                fields.push(field(choices, Kind::ResentFrom, again));
            }
            14 => fields.insert(1, field(choices, Kind::Other, Body::Text("between"))),
            _ => {
                let again = self.body(choices);
                fields.push(field(choices, Kind::Other, Body::Text("between")));
                fields.push(field(choices, Kind::ResentFrom, again));
            }
        }
        fields
    }

    fn body(&mut self, choices: &mut Choices<'_>) -> Body {
        match choices.below(32) {
            20.. if !choices.mishap(16) => Body::List(vec![Item::Mailbox(self.mailbox(choices))]),
            0..=19 => Body::List(vec![Item::Mailbox(self.mailbox(choices))]),
            20..=23 => Body::List(choices.several(2, 5, |choices| Item::Mailbox(self.mailbox(choices)))),
            24..=27 => Body::List(choices.several(1, 3, |choices| self.item(choices))),
            28 | 29 => {
                let (text, reason) = choices.pick(&BROKEN);
                Body::Broken(text, reason)
            }
            30 if self.small => Body::Oversized(self.mailbox(choices)),
            _ => Body::Deep(self.mailbox(choices)),
        }
    }

    fn item(&mut self, choices: &mut Choices<'_>) -> Item {
        if choices.chance(8) {
            return Item::Mailbox(self.mailbox(choices));
        }
        let name = self.name(choices);
        Item::Group(name, choices.several(0, 2, |choices| self.mailbox(choices)))
    }

    fn mailbox(&mut self, choices: &mut Choices<'_>) -> Mailbox {
        Mailbox {
            name: choices.maybe(6, |choices| self.name(choices)),
            address: self.address(choices),
            comment: choices.maybe(2, |choices| self.name(choices)),
        }
    }

    fn address(&mut self, choices: &mut Choices<'_>) -> Spelling {
        match &self.like {
            Some(value) if choices.chance(9) => {
                let value = value.clone();
                spelling(choices, value)
            }
            _ => self.names.spelling(choices),
        }
    }

    fn name(&mut self, choices: &mut Choices<'_>) -> Name {
        let form = choices.pick(&[NameForm::Quoted, NameForm::Base64, NameForm::Printable]);
        let shown = match choices.below(16) {
            0..=7 => Shown::Words(choices.pick(&["News", "The Team", "Dr. Joe"])),
            8 if choices.mishap(16) => Shown::Undecodable,
            _ => {
                let value = self.address(choices).value;
                // Only what a reader of names takes for an address: dot-atom@domain.
                let shown = value.local.starts_with(|first: char| first.is_ascii_alphanumeric())
                    && value.local.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-=".contains(&octet));
                if shown && !value.domain.starts_with('[') { Shown::Address(value) } else { Shown::Words("Joe") }
            }
        };
        Name { shown, form }
    }
}

fn field(choices: &mut Choices<'_>, kind: Kind, body: Body) -> Field {
    Field { kind, odd_case: choices.chance(2), body }
}

/// Bodies that must not be read, each with the reason that From gives for it.
const BROKEN: [(&str, Reason); 24] = [
    ("", Reason::FromSyntax),
    ("joe", Reason::FromSyntax),
    ("<joe@a.example", Reason::FromSyntax),
    ("joe@a.example>", Reason::FromSyntax),
    ("<>", Reason::FromSyntax),
    ("joe@", Reason::FromSyntax),
    ("@a.example", Reason::FromSyntax),
    ("joe@a..example", Reason::FromSyntax),
    ("Team: joe@a.example", Reason::FromSyntax),
    ("joe@a.example;", Reason::FromSyntax),
    ("\"joe@a.example", Reason::FromSyntax),
    ("(joe@a.example", Reason::FromSyntax),
    ("joe@a.example <ann@b.example>", Reason::FromAmbiguous),
    ("<joe@a.example> <ann@b.example>", Reason::FromAmbiguous),
    ("<joe@a.example>, ", Reason::FromAmbiguous),
    ("joe@a.example,,ann@b.example", Reason::FromAmbiguous),
    ("<@b.example:joe@a.example>", Reason::FromAmbiguous),
    ("joe(x)@a.example", Reason::FromAmbiguous),
    ("joe @a.example", Reason::FromAmbiguous),
    ("joe@a.example ann", Reason::FromAmbiguous),
    ("=?utf-8?Q?joe=40a.example?=", Reason::FromAmbiguous),
    ("A: B: joe@a.example;;", Reason::FromAmbiguous),
    ("Joe\r <joe@a.example>", Reason::FromAmbiguous),
    ("<\u{202e}joe@a.example>", Reason::FromAmbiguous),
];

//! What the cases have in common: an account of a tenant, an address, and a request in which nothing is wrong.

use fastrand::Rng;
use sendas::{Channel, CredentialKind, Tls};

use super::super::attempt::Case;
use super::super::plain::{account_id, holder};
use super::super::size::Size;
use super::super::text;
use super::draft::{Body, DomainForm, Draft, Field, Mailbox, Name, Path, Spelling};
use super::shape::{Item, Own, Shape, identity_address, roles};
use super::tenant::{SCOPE, credential_id};

/// Makes requests of one tenant's accounts.
pub(super) struct Maker<'r> {
    pub(super) rng: &'r mut Rng,
    pub(super) size: Size,
    pub(super) number: usize,
    pub(super) shape: Shape,
    pub(super) case: Case,
}

impl Maker<'_> {
    /// `Some` where the tenant is of one of these kinds.
    pub(super) fn only(&self, shapes: &[Shape]) -> Option<()> {
        shapes.contains(&self.shape).then_some(())
    }

    /// `Some` where the condition holds.
    pub(super) fn when(condition: bool) -> Option<()> {
        condition.then_some(())
    }

    /// Any account.
    pub(super) fn any(&mut self) -> usize {
        self.rng.usize(..self.size.accounts())
    }

    /// The first account from any on for which it holds.
    pub(super) fn seat(&mut self, holds: impl Fn(usize) -> bool) -> Option<usize> {
        let (first, all) = (self.any(), self.size.accounts());
        (first..first + all).map(|seat| seat % all).find(|&seat| holds(seat))
    }

    /// An account that the tenant's domains list.
    pub(super) fn listed(&mut self) -> usize {
        self.rng.usize(..self.half())
    }

    /// The accounts that the tenant's domains list.
    pub(super) fn half(&self) -> usize {
        self.size.accounts().div_ceil(2)
    }

    /// An identity of a kind: the account that may use it, and its address.
    pub(super) fn item(&mut self, kind: Item) -> Option<(usize, String)> {
        let (first, all) = (self.rng.usize(..self.size.per_tenant()), self.size.per_tenant());
        let item =
            (first..first + all.min(50)).map(|item| item % all).find(|&item| Item::of(self.number, item) == kind)?;
        let seat = if kind.is_shared() { self.any() } else { holder(self.size, item) };
        Some((seat, identity_address(self.size, self.number, item)))
    }

    /// Any address at the tenant's main domain, which is nobody's own.
    pub(super) fn at_main(&mut self) -> String {
        self.at(&text::main_domain(self.number))
    }

    /// Any address at a domain.
    pub(super) fn at(&mut self, domain: &str) -> String {
        format!("{}@{domain}", text::any_local(self.rng.usize(..1_000)))
    }

    /// An address at a domain that nobody here holds.
    pub(super) fn elsewhere(&mut self) -> String {
        let domain = text::elsewhere(self.rng.usize(..1_000));
        self.at(&domain)
    }

    /// The number of the tenant beside this one.
    pub(super) fn next(&self) -> usize {
        (self.number + 1) % self.size.tenants()
    }

    /// An address at the main domain of the tenant beside this one.
    pub(super) fn neighbour(&mut self) -> String {
        let domain = text::main_domain(self.next());
        self.at(&domain)
    }

    /// An account with a counted own address.
    pub(super) fn owner(&mut self) -> Option<(usize, String)> {
        let number = self.number;
        let seat = self.seat(|seat| Own::of(number, seat).counts())?;
        Some((seat, Own::address(number, seat)?))
    }

    /// A request with nothing wrong but perhaps the address.
    pub(super) fn draft(&mut self, (seat, address): (usize, String)) -> Option<Draft> {
        let account = account_id(self.number, seat);
        let mut draft = self.bare(account, address);
        match self.shape {
            Shape::Keys => draft.tls = if self.rng.bool() { Tls::Starttls } else { Tls::Implicit },
            Shape::Offices | Shape::Rollout => {}
            _ if self.rng.usize(..4) == 0 => draft.channel = Channel::Api,
            _ => {}
        }
        if matches!(self.shape, Shape::Keys | Shape::Offices) {
            draft.credential = CredentialKind::ApiKey;
            draft.credential_id = Some(credential_id("key", self.number, seat));
            draft.scopes = self.rng.bool().then(|| SCOPE.to_owned());
        }
        if draft.channel == Channel::Api {
            draft.client = format!("198.51.100.{}", self.rng.u8(1..255));
        }
        if self.rng.usize(..4) == 0 {
            draft.role = Some((*roles(self.number, seat).first().unwrap_or(&"sender")).to_owned());
        }
        Some(draft)
    }

    /// A request of an account of which nothing else is known.
    pub(super) fn bare(&mut self, account: String, address: String) -> Draft {
        let from = self.mailbox(address.clone());
        let path = Path::Address(self.spelled(address));
        let last = self.rng.u8(1..63);
        let client = if self.rng.usize(..8) == 0 { format!("2001:db8:1::{last:x}") } else { format!("192.0.2.{last}") };
        let mut fields = vec![
            Field { name: "Subject", body: Body::Text("Quarterly figures") },
            Field { name: "From", body: Body::Mailboxes(vec![from]) },
        ];
        if self.rng.usize(..8) == 0 {
            fields.reverse();
        }
        Draft {
            case: self.case,
            channel: Channel::Smtp,
            account,
            role: None,
            client,
            credential: if self.rng.bool() { CredentialKind::Password } else { CredentialKind::ApiKey },
            credential_id: None,
            scopes: None,
            tls: Tls::Starttls,
            path,
            fields,
        }
    }

    /// A mailbox in one of the shapes that mail programs write.
    pub(super) fn mailbox(&mut self, address: String) -> Mailbox {
        let words = text::display_name(self.rng.usize(..1_000));
        let name = match self.rng.usize(..20) {
            0..6 => Name::None,
            6..13 => Name::Words(words),
            13..17 => Name::Quoted(format!("{words}, {}", text::any_local(self.rng.usize(..100)))),
            17 => Name::Comment(words),
            _ => Name::Encoded(ENCODED[self.rng.usize(..ENCODED.len())]),
        };
        Mailbox { name, address: self.spelled(address) }
    }

    /// An address, one in eight in capitals in part, as people do.
    pub(super) fn spelled(&mut self, address: String) -> Spelling {
        match self.rng.usize(..16) {
            0 => Spelling { address, domain: DomainForm::Capitals },
            1 if self.shape != Shape::University => {
                let (first, rest) = address.split_at(1);
                Spelling::plain(format!("{}{rest}", first.to_ascii_uppercase()))
            }
            _ => Spelling::plain(address),
        }
    }
}

impl Draft {
    /// Puts a body in place of From's.
    pub(super) fn from(mut self, body: Body) -> Option<Self> {
        self.field("From")?.body = body;
        Some(self)
    }

    /// Puts a field behind the others.
    pub(super) fn with(mut self, name: &'static str, body: Body) -> Self {
        self.fields.push(Field { name, body });
        self
    }

    /// Puts a field before the others.
    pub(super) fn first(mut self, name: &'static str, body: Body) -> Self {
        self.fields.insert(0, Field { name, body });
        self
    }
}

/// Names with letters beyond ASCII, as mail programs encode them (RFC 2047).
const ENCODED: [&str; 4] = [
    "=?utf-8?q?J=C3=BCrgen_M=C3=BCller?=",
    "=?UTF-8?B?R3Vkcm/DsG4gw55vcmzDoWtz?=",
    "=?iso-8859-1?Q?Andr=E9_Lef=E8vre?=",
    "=?utf-8?q?Zo=C3=AB?= =?utf-8?q?_Ng=C3=B4?=",
];

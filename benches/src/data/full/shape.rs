//! What tenants, their accounts and their identities are like, by their numbers.

use super::super::plain::account_id;
use super::super::size::Size;
use super::super::text;

/// What a tenant is like: one of ten kinds, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Everything by default; its subuser inherits its identities and domains.
    Standard,
    /// Needs identities; every address in a name is checked.
    Mailboxes,
    /// Needs domains that are approved; its domain reaches below.
    Domains,
    /// Needs an identity and a domain; aligns organizational domains.
    Strict,
    /// A subuser of the standard tenant four before it.
    Subuser,
    /// Registered credentials, a scope, encryption, and kinds that are refused.
    Keys,
    /// Allowlists of tenant, account and credential; a domain below that of the tenant four before it.
    Offices,
    /// Its controls monitor.
    Rollout,
    /// Several mailboxes in From, resent messages; a subuser of the offices two before it.
    Newsletters,
    /// Exact case, an Admin's word counts, accounts are exempted, aligns addresses.
    University,
}

impl Shape {
    const ALL: [Self; 10] = [
        Self::Standard,
        Self::Mailboxes,
        Self::Domains,
        Self::Strict,
        Self::Subuser,
        Self::Keys,
        Self::Offices,
        Self::Rollout,
        Self::Newsletters,
        Self::University,
    ];

    pub(super) fn of(number: usize) -> Self {
        Self::ALL.get(number % Self::ALL.len()).copied().unwrap_or(Self::Standard)
    }

    /// What begins a sub-address at its main domain.
    pub(super) fn separator(self) -> Option<char> {
        match self {
            Self::Standard | Self::Domains | Self::Strict => Some('+'),
            Self::Mailboxes => Some('='),
            Self::University => Some('#'),
            Self::Subuser | Self::Keys | Self::Offices | Self::Rollout | Self::Newsletters => None,
        }
    }

    /// Whether an identity is enough.
    pub(super) fn takes_identities(self) -> bool {
        !matches!(self, Self::Domains | Self::Strict)
    }

    /// Whether a domain is enough.
    pub(super) fn takes_domains(self) -> bool {
        !matches!(self, Self::Mailboxes | Self::Strict)
    }

    /// Whether its failing addresses deny for every account.
    pub(super) fn enforces(self) -> bool {
        !matches!(self, Self::Rollout | Self::University)
    }
}

/// The own address of an account, by the numbers of its tenant and of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// At the main domain, which proves it.
    AtMain,
    /// Elsewhere, assigned by the provider.
    Assigned,
    /// Elsewhere, and nothing proves it.
    Unproved,
    /// None.
    None,
}

impl Own {
    pub(super) fn of(number: usize, seat: usize) -> Self {
        match (number + seat) % 4 {
            0 => Self::AtMain,
            1 => Self::Assigned,
            2 => Self::Unproved,
            _ => Self::None,
        }
    }

    pub(super) fn counts(self) -> bool {
        matches!(self, Self::AtMain | Self::Assigned)
    }

    pub(super) fn address(number: usize, seat: usize) -> Option<String> {
        match Self::of(number, seat) {
            Self::AtMain => Some(account_id(number, seat)),
            Self::Assigned | Self::Unproved => {
                Some(format!("user{seat}.{number}@{}", text::elsewhere(number * 7 + seat)))
            }
            Self::None => None,
        }
    }
}

/// The roles of an account: none, a built-in one, or two of the tenant's own, of which one may not send.
pub(super) fn roles(number: usize, seat: usize) -> &'static [&'static str] {
    match (number + seat) % 3 {
        0 => &[],
        1 => &["Marketing"],
        _ => &["campaigns", "auditor"],
    }
}

/// What an identity is, by the numbers of its tenant and of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
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
    /// An account's, at the main domain, whose owner said no.
    Refused,
    /// The tenant's, elsewhere, whose owner took consent back.
    Withdrawn,
    /// An account's, elsewhere, taken over from observed traffic.
    Grandfathered,
    /// An account's, elsewhere, verified by an Admin.
    Unproved,
    /// The tenant's, elsewhere, with consent, for one role.
    ForRole,
    /// The tenant's, elsewhere, with consent, for half of the accounts.
    ForSenders,
    /// An account's: the own address of somebody of the next tenant, with consent.
    Guest,
    /// An account's, at an internationalized domain, with consent.
    Unicode,
    /// An account's, at the main domain, verified, and denied by the tenant.
    Denied,
}

impl Item {
    const SPECIAL: [Self; 10] = [
        Self::Pending,
        Self::Refused,
        Self::Withdrawn,
        Self::Grandfathered,
        Self::Unproved,
        Self::ForRole,
        Self::ForSenders,
        Self::Guest,
        Self::Unicode,
        Self::Denied,
    ];

    pub(super) fn of(number: usize, item: usize) -> Self {
        match item % 5 {
            0 => Self::Own,
            1 => Self::Consented,
            2 => Self::Shared,
            3 => Self::SharedConsented,
            _ => Self::SPECIAL.get((number + item / 5) % Self::SPECIAL.len()).copied().unwrap_or(Self::Pending),
        }
    }

    /// Whether the tenant holds it.
    pub(super) fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::SharedConsented | Self::Withdrawn | Self::ForRole | Self::ForSenders)
    }
}

/// The address of an identity.
pub(super) fn identity_address(size: Size, number: usize, item: usize) -> String {
    let kind = Item::of(number, item);
    if let (Item::Guest, Some(host)) = (kind, guest_of(size, number, item)) {
        return host;
    }
    let domain = match kind {
        Item::Own | Item::Shared | Item::Refused | Item::Denied => text::main_domain(number),
        Item::Unicode => "xn--bcher-kva.example.org".to_owned(),
        _ => text::elsewhere(number * 31 + item % 10),
    };
    format!("{}@{domain}", text::local(number, item))
}

/// The counted own address of the next tenant that a guest may use, if that has one for it.
pub(super) fn guest_of(size: Size, number: usize, item: usize) -> Option<String> {
    let next = (number + 1) % size.tenants();
    let seats = item / 50 * 4..size.accounts();
    let seat = seats.take(4).find(|&seat| Own::of(next, seat).counts())?;
    Own::address(next, seat)
}

/// Whether the tenant's grandfathered identities still count.
pub(super) fn still_grandfathered(number: usize) -> bool {
    (number + number / 10) % 3 != 0
}

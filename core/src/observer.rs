//! What may watch the judge at work: nothing for a decision, a recorder for an explanation.

use crate::decision::Place;
use crate::gather::Depth;
use crate::policy::{Proof, Strength};
use crate::reason::Control;
use crate::snapshot::page::Listed;
use crate::snapshot::rows::{AccountRow, DomainRow, IdentityRow};

/// Something the engine looked at.
#[derive(Clone, Copy)]
pub(crate) enum Note<'s> {
    /// How strictly a control is applied, and whether the account is exempted from it.
    Control { control: Control, strength: Strength, exempted: bool },
    /// What the allowlists of one scope say.
    Allowlist { scope: &'static str, listed: Listed },
    /// The address is the account's own, or a sub-address of it.
    OwnAddress { exact: bool, counted: bool },
    /// A domain entry that has the address in its scope.
    Domain { row: DomainRow<'s>, listed: bool, approval: bool, stopped: bool },
    /// A domain entry above the address that does not include its sub-domains.
    DomainAbove { row: DomainRow<'s> },
    /// An identity for the address, or for what it is a sub-address of.
    Identity { row: IdentityRow<'s>, exact: bool, counts: bool, usable: bool },
    /// Another account's own address.
    Protected { account: AccountRow<'s>, same_tenant: bool, opened: bool },
    /// Another tenant's domain.
    DomainHeld { row: DomainRow<'s> },
    /// A deny entry.
    Denied,
    /// Facts about the next address follow.
    Address { place: Place },
    /// Something could not be read from there on, and why.
    Unread { place: Place, why: &'static str },
}

/// Watches the judge at work.
pub(crate) trait Observer {
    /// Takes a note; `note` is only called where notes are wanted.
    fn note<'s>(&mut self, note: impl FnOnce() -> Note<'s>);

    /// Whether it watches nothing.
    const IS_BLIND: bool = false;

    /// How much must be gathered for the notes to be complete.
    fn depth(proof: Proof) -> Depth;
}

/// Watches nothing, at no cost.
pub(crate) struct Blind;

impl Observer for Blind {
    const IS_BLIND: bool = true;

    #[inline]
    fn note<'s>(&mut self, _note: impl FnOnce() -> Note<'s>) {}

    fn depth(proof: Proof) -> Depth {
        Depth::Enough(proof)
    }
}

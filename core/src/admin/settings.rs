//! Settings of a tenant, as a change of some of them, and which changes loosen.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::{Alignment, ChannelSet, Inherited, Mode, NameCheck, OnDeny, Proof, RefusedKind, Strength, Tenant};
use crate::time::Timestamp;

/// What only the provider sets for a tenant; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Terms {
    /// Which rights its subusers inherit.
    pub inherited: Option<Inherited>,
    /// Whether an Admin's word alone proves an identity.
    pub admin_vouches: Option<bool>,
    /// Whether domains need the provider's approval.
    pub approval_required: Option<bool>,
    /// The first instant at which grandfathered identities no longer count.
    pub grandfathered_until: Option<Timestamp>,
    /// Whether it may add entries to allowlists.
    pub allowlists_entitled: Option<bool>,
    /// As many entries as one allowlist may have.
    pub allowlist_entries: Option<u32>,
}

/// What an Admin sets for the tenant; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Settings {
    /// How the header is read, counted and aligned.
    pub header: Option<Mode>,
    /// Client addresses.
    pub allowlist: Option<Mode>,
    /// Credential kind, scope and transport encryption.
    pub credential: Option<Mode>,
    /// What a sender other than the own address needs.
    pub proof: Option<Proof>,
    /// Whether the null reverse-path is refused for itself.
    pub refuse_null: Option<bool>,
    /// The channels on which the `sender` control applies.
    pub channels: Option<ChannelSet>,
    /// What becomes of a denied message.
    pub on_deny: Option<OnDeny>,
    /// How From must match the envelope sender.
    pub alignment: Option<Alignment>,
    /// Whether From may have several mailboxes.
    pub multiple_from: Option<bool>,
    /// Whether a Sender field is left unchecked.
    pub ignore_sender: Option<bool>,
    /// Which addresses in display names are checked.
    pub names: Option<NameCheck>,
    /// Kinds of credential that are refused; the whole list.
    pub refuse: Option<Vec<RefusedKind>>,
    /// The scope that a credential must have; `Some(None)` for none.
    pub require_scope: Option<Option<String>>,
    /// Whether the connection must be encrypted.
    pub require_tls: Option<bool>,
    /// Whether only an Admin may give commands for the tenant.
    pub panel_admin_only: Option<bool>,
    /// Whether identities may stand at domains that the tenant has not verified.
    pub foreign_identities: Option<bool>,
}

impl Settings {
    /// Tells whether the change permits mail that was denied, or an act that was refused.
    pub(super) fn loosens(&self, tenant: &Tenant, panel_admin_only: bool, foreign_identities: bool) -> bool {
        let (controls, sender, header) = (&tenant.controls, &tenant.sender, &tenant.header);
        let dropped = |old: &RefusedKind| {
            let keeps = |new: &RefusedKind| {
                new.kind == old.kind
                    && old.channels.iter().all(|channel| new.channels.contains(channel))
                    && new.from.is_none_or(|new| old.from.is_some_and(|old| new <= old))
            };
            self.refuse.as_ref().is_some_and(|new| !new.iter().any(keeps))
        };
        let off = |new: Option<bool>, old: bool| old && new == Some(false);
        let on = |new: Option<bool>, old: bool| !old && new == Some(true);
        self.header.is_some_and(|new| is_looser(new, controls.header))
            || self.allowlist.is_some_and(|new| is_looser(new, controls.allowlist))
            || self.credential.is_some_and(|new| is_looser(new, controls.credential))
            || self.proof.is_some_and(|new| proof_is_looser(new, sender.proof))
            || off(self.refuse_null, sender.refuse_null)
            || self.channels.is_some_and(|new| sender.channels.iter().any(|channel| !new.contains(channel)))
            || self.on_deny.is_some_and(|new| new == OnDeny::Hold && sender.on_deny != OnDeny::Hold)
            || self.alignment.is_some_and(|new| new < header.alignment)
            || on(self.multiple_from, header.multiple_from)
            || on(self.ignore_sender, header.ignore_sender)
            || self.names.is_some_and(|new| new > header.names)
            || tenant.credential.refuse.iter().any(dropped)
            || self
                .require_scope
                .as_ref()
                .is_some_and(|new| tenant.credential.require_scope.is_some() && *new != tenant.credential.require_scope)
            || off(self.require_tls, tenant.credential.require_tls)
            || off(self.panel_admin_only, panel_admin_only)
            || on(self.foreign_identities, foreign_identities)
    }
}

/// Whether a control in mode `new` denies less than in mode `old`, at some instant.
pub(super) fn is_looser(new: Mode, old: Mode) -> bool {
    let rank = |mode: Mode| match mode {
        Mode::Off => (Strength::Off, None),
        Mode::Monitor => (Strength::Monitor, None),
        // The earlier it enforces, the stricter.
        Mode::EnforceFrom(from) => (Strength::Enforce, Some(core::cmp::Reverse(from))),
        Mode::Enforce => (Strength::Enforce, Some(core::cmp::Reverse(Timestamp(i64::MIN)))),
    };
    rank(new) < rank(old)
}

/// Whether some sender that `old` denies is enough for `new`.
fn proof_is_looser(new: Proof, old: Proof) -> bool {
    match (old, new) {
        (Proof::Either, _) | (_, Proof::Both) => false,
        (old, new) => old != new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_and_weaker_modes_are_looser() {
        let order =
            [Mode::Off, Mode::Monitor, Mode::EnforceFrom(Timestamp(9)), Mode::EnforceFrom(Timestamp(5)), Mode::Enforce];
        for (at, &weaker) in order.iter().enumerate() {
            for (other, &stricter) in order.iter().enumerate() {
                assert_eq!(is_looser(weaker, stricter), at < other, "{weaker:?} {stricter:?}");
            }
        }
    }

    #[test]
    fn a_proof_that_accepts_something_new_is_looser() {
        use Proof::{Both, Domain, Either, Identity};
        for (old, new, looser) in [
            (Both, Either, true),
            (Both, Identity, true),
            (Both, Domain, true),
            (Identity, Domain, true),
            (Domain, Identity, true),
            (Identity, Either, true),
            (Either, Both, false),
            (Either, Identity, false),
            (Domain, Both, false),
            (Domain, Domain, false),
        ] {
            assert_eq!(proof_is_looser(new, old), looser, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn a_kind_that_is_refused_later_or_on_fewer_channels_loosens() {
        use crate::request::{Channel, CredentialKind};
        let refused = |channels, from| RefusedKind { kind: CredentialKind::Password, channels, from };
        let mut tenant = Tenant::new("acme");
        tenant.credential.refuse = [refused(ChannelSet::ALL, Some(Timestamp(5)))].into();
        for (new, loosens) in [
            (refused(ChannelSet::ALL, Some(Timestamp(5))), false),
            (refused(ChannelSet::ALL, Some(Timestamp(4))), false),
            (refused(ChannelSet::ALL, None), false),
            (refused(ChannelSet::ALL, Some(Timestamp(6))), true),
            (refused(ChannelSet::new([Channel::Smtp]), None), true),
        ] {
            let change = Settings { refuse: Some([new].into()), ..Settings::default() };
            assert_eq!(change.loosens(&tenant, false, true), loosens, "{new:?}");
        }
    }
}

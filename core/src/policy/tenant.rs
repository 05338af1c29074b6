//! Tenants and their settings.

use alloc::string::String;
use alloc::vec::Vec;

use crate::request::Channel;
use crate::time::Timestamp;

use super::named::named;
use super::{Account, Allowlist, CredentialSettings, Deny, Domain, Identity, Mode, Role};

/// A customer of the provider: the administrative boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// Unique, compared byte for byte, 1 to 128 octets.
    pub id: String,
    /// The tenant that this one is a subuser of.
    pub parent: Option<String>,
    /// Which of this tenant's rights its subusers inherit.
    pub inherited: Inherited,
    /// Whether it, and with it every subuser, is suspended.
    pub suspended: bool,
    /// Whether the provider lets an Admin's word alone prove an identity.
    pub admin_vouches: bool,
    /// Whether domains need the provider's approval.
    pub approval_required: bool,
    /// How strictly each control is applied.
    pub controls: Controls,
    /// What a sender needs.
    pub sender: SenderSettings,
    /// What the header needs.
    pub header: HeaderSettings,
    /// What credentials need.
    pub credential: CredentialSettings,
    /// Roles beside the built-in ones.
    pub roles: Vec<Role>,
    /// Sending domains.
    pub domains: Vec<Domain>,
    /// Identities held by the tenant.
    pub identities: Vec<Identity>,
    /// Client addresses, a list per channel, that bind every account.
    pub allowlists: Vec<Allowlist>,
    /// Senders that are never allowed for its accounts.
    pub denies: Vec<Deny>,
    /// The accounts.
    pub accounts: Vec<Account>,
}

impl Tenant {
    /// Creates a tenant that has nothing yet, with every setting at its default.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            parent: None,
            inherited: Inherited::default(),
            suspended: false,
            admin_vouches: false,
            approval_required: false,
            controls: Controls::default(),
            sender: SenderSettings::default(),
            header: HeaderSettings::default(),
            credential: CredentialSettings::default(),
            roles: Vec::new(),
            domains: Vec::new(),
            identities: Vec::new(),
            allowlists: Vec::new(),
            denies: Vec::new(),
            accounts: Vec::new(),
        }
    }
}

/// Which rights of a tenant its subusers inherit; none unless named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Inherited {
    /// Its own identities (not its accounts').
    pub identities: bool,
    /// Its domains.
    pub domains: bool,
}

/// The modes of the controls that a tenant sets; `hosted` is the provider's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Controls {
    /// Whether each address is authorised for the account.
    pub sender: Mode,
    /// How the header is read, counted and aligned.
    pub header: Mode,
    /// Client addresses.
    pub allowlist: Mode,
    /// Credential kind, scope and transport encryption.
    pub credential: Mode,
}

/// What a sender address needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SenderSettings {
    /// What a sender other than the account's own address needs.
    pub proof: Proof,
    /// Whether the null reverse-path is refused for itself.
    pub refuse_null: bool,
    /// The channels on which the `sender` control applies.
    pub channels: ChannelSet,
    /// What becomes of a message that is denied at MAIL FROM or later.
    pub on_deny: OnDeny,
    /// The first instant at which grandfathered identities no longer count.
    pub grandfathered_until: Option<Timestamp>,
}

/// What a sender other than the account's own address needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the proofs are the model")]
#[repr(u8)]
pub enum Proof {
    /// An identity.
    Identity,
    /// A domain.
    Domain,
    /// An identity or a domain.
    #[default]
    Either,
    /// An identity and a domain.
    Both,
}

named!(Proof, 4, "either": Identity = "identity", Domain = "domain", Either = "either", Both = "both");

/// What becomes of a message that is denied at MAIL FROM or later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the actions are the model")]
#[repr(u8)]
pub enum OnDeny {
    /// It is refused with a reply.
    #[default]
    Reject,
    /// It is accepted and dropped.
    Discard,
    /// It is accepted and held.
    Hold,
}

named!(OnDeny, 3, "reject": Reject = "reject", Discard = "discard", Hold = "hold");

/// What the message header needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderSettings {
    /// How the From field must match the envelope sender.
    pub alignment: Alignment,
    /// Whether From may have several mailboxes.
    pub multiple_from: bool,
    /// Whether a Sender field is left unchecked.
    pub ignore_sender: bool,
    /// Which addresses a display name may show.
    pub names: NameCheck,
}

/// How each mailbox of the From field must match the envelope sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the alignments are the model")]
#[repr(u8)]
pub enum Alignment {
    /// Not at all.
    #[default]
    None,
    /// The same organizational domain (RFC 7489 §3.2, by the public suffix list).
    Organizational,
    /// The same domain.
    Domain,
    /// The same address.
    Address,
}

named!(Alignment, 4, "organizational": None = "none", Organizational = "organizational", Domain = "domain", Address = "address");

/// Which addresses in display names are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the settings are the model")]
#[repr(u8)]
pub enum NameCheck {
    /// Every address.
    Any,
    /// Addresses that are an account's counted own address, or at a domain that some tenant has verified.
    #[default]
    Hosted,
    /// None.
    Off,
}

named!(NameCheck, 3, "hosted": Any = "any", Hosted = "hosted", Off = "off");

/// A set of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSet(u8);

impl ChannelSet {
    /// Every channel.
    pub const ALL: Self = Self(0b1111);

    /// Creates a set of these channels.
    pub fn new(channels: impl IntoIterator<Item = Channel>) -> Self {
        Self(channels.into_iter().fold(0, |set, channel| set | 1 << channel as u8))
    }

    /// Whether the channel is in the set.
    #[must_use]
    pub const fn contains(self, channel: Channel) -> bool {
        self.0 & (1 << channel as u8) != 0
    }

    /// Returns the channels in the set.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(move |&channel| self.contains(channel))
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }
}

impl Default for ChannelSet {
    fn default() -> Self {
        Self::ALL
    }
}

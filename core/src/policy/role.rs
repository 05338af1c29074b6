//! Roles.

use alloc::string::String;
use alloc::vec::Vec;

use super::named::named;

/// A named set of permissions that a tenant defines beside the built-in ones.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Role {
    /// The name, compared byte for byte; never a built-in one.
    pub name: String,
    /// What it permits, sorted.
    pub permissions: Vec<Permission>,
}

/// Something that a role permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the permissions are the model")]
#[repr(u8)]
pub enum Permission {
    /// Sending mail.
    Send,
    /// Adding identities.
    AddIdentities,
    /// Switching sender authentication on and off.
    SwitchSenderAuth,
    /// Verifying identities.
    VerifyIdentities,
}

named!(Permission, 4, "add_identities":
    Send = "send",
    AddIdentities = "add_identities",
    SwitchSenderAuth = "switch_sender_auth",
    VerifyIdentities = "verify_identities",
);

/// The roles that every tenant has, with their permissions. They cannot be redefined.
pub const BUILT_IN_ROLES: [(&str, &[Permission]); 5] = [
    ("Admin", &Permission::ALL),
    ("Analytics", &[Permission::Send, Permission::AddIdentities, Permission::SwitchSenderAuth]),
    ("Marketing", &[Permission::Send, Permission::AddIdentities]),
    ("Technical Team", &[Permission::Send, Permission::AddIdentities, Permission::SwitchSenderAuth]),
    ("sender", &[Permission::Send]),
];

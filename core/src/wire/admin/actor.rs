//! Actors as JSON, and what a record keeps of them.

use alloc::string::String;

use crate::admin::{Actor, By};

use super::super::build::RecordBuilder;
use super::super::keys::{Key, Kind, Table, default, optional, required, table};
use super::super::output::Output;
use super::super::tree::Node;
use super::super::write;
use super::codec::{Codec, Flag, IdText, NameText, OptionalIp, OptionalName, TokenText};
use super::{ReadError, read};

impl Actor {
    /// Reads an actor from JSON.
    ///
    /// ```
    /// use sendas::admin::{Actor, ActorKind};
    /// let text = r#"{"kind": "member", "account": "erika", "role": "Admin", "reauthenticated": true, "client_ip": "192.0.2.1"}"#;
    /// assert_eq!(Actor::from_json(text)?.kind(), ActorKind::Member);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every problem of the text at once: JSON syntax, unknown or missing keys, unreadable values.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, ReadError> {
        read(text.as_ref(), 1, &ACTOR, actor)
    }

    /// Writes the actor as JSON on one line, without its end. A token stands in it: it is not for a log.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| match self {
                Self::Bearer { token } => {
                    write::string(output, "kind", "bearer");
                    TokenText::write(output, "token", token);
                }
                Self::Member { reauthenticated, client_ip, .. } => {
                    write_by(output, &self.by());
                    Flag::write(output, "reauthenticated", reauthenticated);
                    OptionalIp::write(output, "client_ip", client_ip);
                }
                Self::Account { .. } | Self::Host | Self::Provider { .. } => write_by(output, &self.by()),
            });
        })
    }
}

fn actor(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Actor> {
    match node.get("kind")?.text()? {
        "account" => Some(Actor::Account { account: IdText::read(builder, node, "account")? }),
        "bearer" => Some(Actor::Bearer { token: TokenText::read(builder, node, "token")? }),
        "host" => Some(Actor::Host),
        "member" => Some(Actor::Member {
            account: IdText::read(builder, node, "account")?,
            role: OptionalName::read(builder, node, "role")?,
            reauthenticated: Flag::read(builder, node, "reauthenticated")?,
            client_ip: OptionalIp::read(builder, node, "client_ip")?,
        }),
        "provider" => Some(Actor::Provider { name: NameText::read(builder, node, "name")? }),
        _ => None,
    }
}

/// Reads what a record keeps of an actor.
pub(super) fn read_by(node: &Node<'_>) -> Option<By> {
    let text = |key| node.get(key).and_then(Node::text).map(String::from);
    match node.get("kind")?.text()? {
        "account" => Some(By::Account { account: text("account")? }),
        "bearer" => Some(By::Bearer),
        "host" => Some(By::Host),
        "member" => Some(By::Member { account: text("account")?, role: text("role") }),
        "provider" => Some(By::Provider { name: text("name")? }),
        _ => None,
    }
}

pub(super) fn write_by(output: &mut Output, by: &By) {
    match by {
        By::Account { account } => {
            write::string(output, "kind", "account");
            write::string(output, "account", account);
        }
        By::Bearer => write::string(output, "kind", "bearer"),
        By::Host => write::string(output, "kind", "host"),
        By::Member { account, role } => {
            write::string(output, "kind", "member");
            write::string(output, "account", account);
            write::optional(output, "role", role.as_deref());
        }
        By::Provider { name } => {
            write::string(output, "kind", "provider");
            write::string(output, "name", name);
        }
    }
}

const ACTOR: Kind = Kind::Tagged("kind", ACTORS);
/// What a record keeps of an actor.
pub(super) const BY: Kind = Kind::Tagged("kind", KEPT);

/// Every kind of actor with its keys.
pub(super) const ACTORS: &[(&str, Table)] = &[
    ("provider", table("provider_actor", &[kind(&["provider"]), NAME])),
    (
        "member",
        table(
            "member_actor",
            &[
                kind(&["member"]),
                ACCOUNT,
                ROLE,
                default("reauthenticated", Kind::Bool, "false", "whether it has just proved again who it is (step-up)"),
                optional("client_ip", Kind::Ip, "the network address it comes from"),
            ],
        ),
    ),
    ("account", table("account_actor", &[kind(&["account"]), ACCOUNT])),
    ("bearer", table("bearer_actor", &[kind(&["bearer"]), required("token", Kind::Text, "the token, in hexadecimal")])),
    ("host", table("host_actor", &[kind(&["host"])])),
];

const KEPT: &[(&str, Table)] = &[
    ("provider", table("by_provider", &[kind(&["provider"]), NAME])),
    ("member", table("by_member", &[kind(&["member"]), ACCOUNT, ROLE])),
    ("account", table("by_account", &[kind(&["account"]), ACCOUNT])),
    ("bearer", table("by_bearer", &[kind(&["bearer"])])),
    ("host", table("by_host", &[kind(&["host"])])),
];

const NAME: Key = required("name", Kind::Name, "which person or program of the provider");
const ACCOUNT: Key = required("account", Kind::Id, "the account's id");
const ROLE: Key = optional("role", Kind::Name, "the role in which it acts; all that it holds if absent");

const fn kind(word: &'static [&'static str]) -> Key {
    required("kind", Kind::Choice(word), "which kind of actor")
}

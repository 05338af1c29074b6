//! The table of keys: everything that a policy text may say, one row for each key.
//!
//! The check for unknown keys, the JSON Schema and the key reference in `docs/policy.md` all come from this table.

use crate::policy::{
    Alignment, CaseRule, Consent, DomainStatus, IdentityStatus, NameCheck, OnDeny, Permission, Proof, Separator,
};
use crate::reason::Control;
use crate::request::{Channel, CredentialKind};

/// The keys that may stand together.
pub(super) struct Table {
    /// Its name in the JSON Schema.
    pub(super) name: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) rules: &'static [Rule],
}

/// One key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
    pub(super) doc: &'static str,
}

/// Whether a key must stand, and what holds if it does not.
#[derive(Clone, Copy)]
pub(super) enum Presence {
    Required,
    Optional,
    /// A default, as JSON.
    Default(&'static str),
}

/// What a value may be.
pub(super) enum Kind {
    /// The number 1: the version of the format.
    Version,
    Bool,
    /// Any string.
    Text,
    /// A string that is not empty.
    Name,
    /// A string of 1 to 128 octets.
    Id,
    /// A mailbox address (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3).
    Address,
    /// A domain name.
    Domain,
    /// An instant (RFC 3339), in TOML an offset date-time too.
    Instant,
    /// One IP address.
    Ip,
    /// A network prefix.
    Cidr,
    /// Two IP addresses with a hyphen between them.
    Range,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A [`MODES`] string, or a table of [`MODE`].
    Mode,
    /// `"any"` or a list.
    AnyOr(&'static Kind),
    /// A list; of strings, none twice.
    List(&'static Kind, MinItems),
    /// A list of strings, the same one twice if need be.
    Strings,
    /// A whole number, not negative.
    Count,
    Table(&'static Table),
    /// One of several tables, told apart by the word at a key.
    Tagged(&'static str, &'static [(&'static str, Table)]),
}

/// How few elements a list may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MinItems {
    None,
    One,
}

/// What must hold between the keys of a table.
pub(super) enum Rule {
    ExactlyOne(&'static [&'static str]),
    AtMostOne(&'static [&'static str]),
    /// The first key needs the second.
    Needs(&'static str, &'static str),
}

impl Table {
    /// The key with a name, and its number. `likely` is the number that is looked at first: most texts have keys in the order
    /// of the table.
    pub(super) fn key(&self, name: &str, likely: usize) -> Option<(usize, &'static Key)> {
        if let Some(key) = self.keys.get(likely).filter(|key| key.name == name) {
            return Some((likely, key));
        }
        let number = self.keys.iter().position(|key| key.name == name)?;
        Some((number, self.keys.get(number)?))
    }
}

/// The names of an enum, as the table needs them.
macro_rules! names {
    ($type:ident) => {{
        const NAMES: [&str; $type::ALL.len()] = {
            let mut names = [""; $type::ALL.len()];
            let mut index = 0;
            while index < names.len() {
                names[index] = $type::ALL[index].name();
                index += 1;
            }
            names
        };
        &NAMES
    }};
}

pub(super) use names;

pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, presence: Presence::Required, doc }
}

pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, presence: Presence::Optional, doc }
}

pub(super) const fn default(name: &'static str, kind: Kind, value: &'static str, doc: &'static str) -> Key {
    Key { name, kind, presence: Presence::Default(value), doc }
}

const fn tables(name: &'static str, table: &'static Kind, doc: &'static str) -> Key {
    Key { name, kind: Kind::List(table, MinItems::None), presence: Presence::Default("[]"), doc }
}

pub(super) const fn table(name: &'static str, keys: &'static [Key]) -> Table {
    Table { name, keys, rules: &[] }
}

/// A policy as one TOML or JSON document.
pub(super) const POLICY: Table = table(
    "policy",
    &[
        required("schema", Kind::Version, "version of this format"),
        optional("provider", Kind::Table(&PROVIDER), "what the provider lays down for all tenants"),
        tables("tenant", &Kind::Table(&TENANT), "the provider's customers"),
    ],
);

/// The first line of a policy as JSON Lines; each further line is a [`TENANT`].
pub(super) const HEAD: Table = table(
    "head",
    &[
        required("schema", Kind::Version, "version of this format"),
        optional("provider", Kind::Table(&PROVIDER), "what the provider lays down for all tenants"),
    ],
);

pub(super) const PROVIDER: Table = table(
    "provider",
    &[
        default("hosted", Kind::Mode, "\"enforce\"", "the control that keeps one customer from sending as another"),
        tables("deny", &Kind::Table(&DENY), "denied for every account"),
    ],
);

pub(super) const TENANT: Table = table(
    "tenant",
    &[
        required("id", Kind::Id, "unique"),
        optional("parent", Kind::Id, "a tenant id; makes it a subuser; no cycles, at most 8 levels"),
        default("inherited", Kind::List(&INHERITED, MinItems::None), "[]", "rights that subusers inherit"),
        default("suspended", Kind::Bool, "false", "its accounts, and those of its subusers, may not send"),
        default("admin_vouches", Kind::Bool, "false", "an Admin's word alone proves an identity"),
        default("approval_required", Kind::Bool, "false", "domains need `approved`"),
        optional("controls", Kind::Table(&CONTROLS), "how strictly each control is applied"),
        optional("sender", Kind::Table(&SENDER), "what a sender address needs"),
        optional("header", Kind::Table(&HEADER), "what the message header needs"),
        optional("credential", Kind::Table(&CREDENTIAL_SETTINGS), "what credentials need"),
        tables("role", &Kind::Table(&ROLE), "roles beside the built-in ones"),
        tables("domain", &Kind::Table(&DOMAIN), "sending domains"),
        tables("identity", &Kind::Table(&IDENTITY), "addresses that the tenant holds"),
        tables("allowlist", &Kind::Table(&ALLOWLIST), "client addresses that bind every account; one list per channel"),
        tables("deny", &Kind::Table(&DENY), "denied for its accounts"),
        tables("account", &Kind::Table(&ACCOUNT), "who sends"),
    ],
);

const CONTROLS: Table = table(
    "controls",
    &[
        default("sender", Kind::Mode, "\"enforce\"", "whether each address is authorised for the account"),
        default("header", Kind::Mode, "\"enforce\"", "how the header is read, counted and aligned"),
        default("allowlist", Kind::Mode, "\"enforce\"", "client addresses"),
        default("credential", Kind::Mode, "\"enforce\"", "credential kind, scope and transport encryption"),
    ],
);

const SENDER: Table = table(
    "sender",
    &[
        default("proof", Kind::Choice(names!(Proof)), "\"either\"", "what a sender other than the own address needs"),
        default("null_sender", Kind::Choice(&["allow", "refuse"]), "\"allow\"", "the null reverse-path, `<>`"),
        default(
            "channels",
            Kind::List(&CHANNEL, MinItems::One),
            r#"["smtp","api","webmail","panel"]"#,
            "where the `sender` control applies",
        ),
        default("on_deny", Kind::Choice(names!(OnDeny)), "\"reject\"", "what becomes of a denied message"),
        optional("grandfathered_until", Kind::Instant, "needed when an identity is grandfathered"),
    ],
);

const HEADER: Table = table(
    "header",
    &[
        default("alignment", Kind::Choice(names!(Alignment)), "\"none\"", "how From must match the envelope sender"),
        default("multiple_from", Kind::Choice(&["refuse", "allow"]), "\"refuse\"", "several mailboxes in From"),
        default("sender_field", Kind::Choice(&["check", "ignore"]), "\"check\"", "the Sender field"),
        default("names", Kind::Choice(names!(NameCheck)), "\"hosted\"", "which addresses in display names are checked"),
    ],
);

const CREDENTIAL_SETTINGS: Table = table(
    "credential_settings",
    &[
        tables("refuse", &Kind::Table(&REFUSED_KIND), "kinds refused"),
        optional("require_scope", Kind::Name, "the scope that a credential must have"),
        default("require_tls", Kind::Bool, "false", "whether the connection must be encrypted"),
    ],
);

pub(super) const REFUSED_KIND: Table = table(
    "refused_kind",
    &[
        required("kind", Kind::Choice(names!(CredentialKind)), "the kind"),
        default(
            "channels",
            Kind::List(&CHANNEL, MinItems::One),
            r#"["smtp","api","webmail","panel"]"#,
            "where it is refused",
        ),
        optional("from", Kind::Instant, "from which instant on; always if absent"),
    ],
);

pub(super) const ROLE: Table = table(
    "role",
    &[
        required("name", Kind::Name, "unique in the tenant, and no built-in role"),
        required("permissions", Kind::List(&PERMISSION, MinItems::None), "what it permits"),
    ],
);

const DOMAIN: Table = table(
    "domain",
    &[
        required("name", Kind::Domain, "no public suffix, no literal; once in a tenant"),
        default(
            "status",
            Kind::Choice(names!(DomainStatus)),
            "\"pending\"",
            "its proof; `vouched` is the provider's word",
        ),
        optional("since", Kind::Instant, "when it came into this status, for explanations"),
        default("active", Kind::Bool, "true", "`false` denies every address in its scope"),
        default("approved", Kind::Bool, "false", "asked only where the tenant says `approval_required`"),
        default("senders", Kind::AnyOr(&Kind::Id), "[]", "the accounts that may use it; an empty list is nobody"),
        default("subdomains", Kind::Bool, "false", "its scope includes its sub-domains"),
        optional("separator", Kind::Choice(names!(Separator)), "what begins a sub-address"),
        default("case", Kind::Choice(names!(CaseRule)), "\"fold\"", "how local parts compare"),
        default("covers_mailboxes", Kind::Bool, "false", "it covers own addresses of other accounts of the tenant"),
    ],
);

const IDENTITY: Table = table(
    "identity",
    &[
        required("address", Kind::Address, "the address"),
        default("status", Kind::Choice(names!(IdentityStatus)), "\"pending\"", "an Admin's word"),
        optional("consent", Kind::Choice(names!(Consent)), "the mailbox owner's word; not asked if absent"),
        default("grandfathered", Kind::Bool, "false", "counts as consent until `sender.grandfathered_until`"),
        optional("since", Kind::Instant, "when it came into this state, for explanations"),
        default("senders", Kind::AnyOr(&Kind::Id), "\"any\"", "the accounts that may use it"),
        default("roles", Kind::AnyOr(&Kind::Name), "\"any\"", "the roles that may use it"),
    ],
);

/// As [`IDENTITY`], but without `senders`: its only sender is the account that holds it.
const ACCOUNT_IDENTITY: Table = table(
    "account_identity",
    &[
        required("address", Kind::Address, "the address"),
        default("status", Kind::Choice(names!(IdentityStatus)), "\"pending\"", "an Admin's word"),
        optional("consent", Kind::Choice(names!(Consent)), "the mailbox owner's word; not asked if absent"),
        default("grandfathered", Kind::Bool, "false", "counts as consent until `sender.grandfathered_until`"),
        optional("since", Kind::Instant, "when it came into this state, for explanations"),
        default("roles", Kind::AnyOr(&Kind::Name), "\"any\"", "the roles that may use it"),
    ],
);

const ALLOWLIST: Table = table(
    "allowlist",
    &[
        required("channel", Kind::Choice(names!(Channel)), "one list for each channel of its holder"),
        required("entries", Kind::List(&ENTRY, MinItems::One), "never empty: without a list, every client is allowed"),
    ],
);

pub(super) const ALLOWLIST_ENTRY: Table = Table {
    name: "allowlist_entry",
    keys: &[
        optional("ip", Kind::Ip, "one address"),
        optional("cidr", Kind::Cidr, "a prefix without host bits, such as `192.0.2.0/24`"),
        optional("range", Kind::Range, "`low-high`, both included"),
        default("remark", Kind::Text, "\"\"", "for people"),
    ],
    rules: &[Rule::ExactlyOne(&["ip", "cidr", "range"])],
};

pub(super) const DENY: Table = Table {
    name: "deny",
    keys: &[
        optional("address", Kind::Address, "exactly this address"),
        optional("domain", Kind::Domain, "any address at this domain; no public suffix"),
        default("subdomains", Kind::Bool, "false", "with `domain`: and below it"),
        default("note", Kind::Text, "\"\"", "why"),
    ],
    rules: &[Rule::ExactlyOne(&["address", "domain"]), Rule::Needs("subdomains", "domain")],
};

const ACCOUNT: Table = Table {
    name: "account",
    keys: &[
        required("id", Kind::Id, "unique over all tenants"),
        optional("address", Kind::Address, "the own address; no other account's"),
        default("address_assigned", Kind::Bool, "false", "the provider assigned it (needs `address`)"),
        default("roles", Kind::List(&Kind::Name, MinItems::None), "[]", "none is the built-in `sender`"),
        optional("role", Kind::Name, "the same as `roles` with one name"),
        default("suspended", Kind::Bool, "false", "it may not send"),
        default("resend", Kind::Bool, "false", "it may resend messages of others (RFC 5322 §3.6.6)"),
        tables("exemption", &Kind::Table(&EXEMPTION), "controls whose failures do not deny for a time"),
        tables("identity", &Kind::Table(&ACCOUNT_IDENTITY), "addresses that the account holds"),
        tables("credential", &Kind::Table(&CREDENTIAL), "once there is one, it must present a registered one"),
        tables("allowlist", &Kind::Table(&ALLOWLIST), "client addresses it may send from"),
        tables("deny", &Kind::Table(&DENY), "denied for it"),
    ],
    rules: &[Rule::AtMostOne(&["roles", "role"])],
};

pub(super) const EXEMPTION: Table = table(
    "exemption",
    &[
        required("control", Kind::Choice(EXEMPTIBLE), "never `hosted`"),
        required("until", Kind::Instant, "the first instant at which it no longer holds"),
        required("note", Kind::Name, "why it was given"),
    ],
);

pub(super) const CREDENTIAL: Table = table(
    "credential",
    &[
        required("id", Kind::Id, "unique over all tenants"),
        required("kind", Kind::Choice(names!(CredentialKind)), "what it is"),
        default("scopes", Kind::List(&Kind::Name, MinItems::None), "[]", "what it was issued for"),
        optional("expires", Kind::Instant, "the first instant at which it is no longer valid"),
        default("revoked", Kind::Bool, "false", "whether it was revoked"),
        tables("allowlist", &Kind::Table(&ALLOWLIST), "client addresses it may be used from"),
    ],
);

/// The table form of a [`Kind::Mode`].
pub(super) const MODE: Table = table(
    "mode",
    &[
        required("mode", Kind::Choice(&["enforce"]), "the mode from that instant on"),
        required("from", Kind::Instant, "monitors before, enforces from this instant on"),
    ],
);

/// The string form of a [`Kind::Mode`].
pub(super) const MODES: &[&str] = &["off", "monitor", "enforce"];

pub(super) const INHERITED: Kind = Kind::Choice(&["identities", "domains"]);
pub(super) const CHANNEL: Kind = Kind::Choice(names!(Channel));
const PERMISSION: Kind = Kind::Choice(names!(Permission));
pub(super) const ENTRY: Kind = Kind::Table(&ALLOWLIST_ENTRY);
pub(super) const EXEMPTIBLE: &[&str] =
    &[Control::Sender.name(), Control::Header.name(), Control::Allowlist.name(), Control::Credential.name()];

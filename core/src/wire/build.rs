//! Turns a tree into a policy; tolerant, so that every unreadable value of a text is reported at once.
//!
//! What [`shape`](super::shape) refuses is left out here without another word.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::address::{Address, DomainName, Scope};
use crate::net::IpRange;
use crate::policy::{
    Account, Alignment, Allowlist, AllowlistEntry, CaseRule, ChannelSet, Consent, Controls, Credential,
    CredentialSettings, Deny, Domain, DomainStatus, Exemption, HeaderSettings, Identity, IdentityStatus, Inherited,
    Mode, NameCheck, Names, OnDeny, Permission, Policy, Proof, Provider, RefusedKind, Role, SenderSettings, Separator,
    Tenant,
};
use crate::reason::Control;
use crate::request::{Channel, CredentialKind};
use crate::time::Timestamp;

use super::diagnostic::{Quoted, Report};
use super::path::{Path, push_key};
use super::tree::{Node, Value};

/// Builds objects and notes what could not be read.
pub(super) struct RecordBuilder {
    path: Path,
    pub(super) reports: Vec<Report>,
    /// Where the tables begin that no object was built from.
    pub(super) skipped: BTreeSet<usize>,
}

impl RecordBuilder {
    /// Creates a builder for what stands at `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.clone(), reports: Vec::new(), skipped: BTreeSet::new() }
    }

    pub(super) fn policy(&mut self, node: &Node<'_>) -> Policy {
        Policy { provider: self.provider(node), tenants: self.each(node, "tenant", Self::tenant) }
    }

    /// Builds the provider's settings from the table that may hold them.
    pub(super) fn provider(&mut self, node: &Node<'_>) -> Provider {
        let mut provider = Provider::default();
        self.within(node, "provider", |builder, node| {
            set(&mut provider.hosted, builder.mode(node, "hosted"));
            provider.denies = builder.each(node, "deny", Self::deny);
        });
        provider
    }

    pub(super) fn tenant(&mut self, node: &Node<'_>) -> Option<Tenant> {
        let mut tenant = Tenant::new(id(node)?);
        tenant.parent = node.get("parent").and_then(Node::text).map(ToOwned::to_owned);
        tenant.inherited = inherited(node);
        set(&mut tenant.suspended, flag(node, "suspended"));
        set(&mut tenant.admin_vouches, flag(node, "admin_vouches"));
        set(&mut tenant.approval_required, flag(node, "approval_required"));
        self.within(node, "controls", |builder, node| tenant.controls = builder.controls(node));
        self.within(node, "sender", |builder, node| tenant.sender = builder.sender(node));
        self.within(node, "header", |_, node| tenant.header = header(node));
        self.within(node, "credential", |builder, node| tenant.credential = builder.credential_settings(node));
        tenant.roles = self.each(node, "role", |_, node| role(node));
        tenant.domains = self.each(node, "domain", Self::domain);
        tenant.identities = self.each(node, "identity", Self::identity);
        tenant.allowlists = self.each(node, "allowlist", Self::allowlist);
        tenant.denies = self.each(node, "deny", Self::deny);
        tenant.accounts = self.each(node, "account", Self::account);
        Some(tenant)
    }

    fn controls(&mut self, node: &Node<'_>) -> Controls {
        let mut controls = Controls::default();
        set(&mut controls.sender, self.mode(node, "sender"));
        set(&mut controls.header, self.mode(node, "header"));
        set(&mut controls.allowlist, self.mode(node, "allowlist"));
        set(&mut controls.credential, self.mode(node, "credential"));
        controls
    }

    fn sender(&mut self, node: &Node<'_>) -> SenderSettings {
        let mut sender = SenderSettings::default();
        set(&mut sender.proof, choice(node, "proof", Proof::from_name));
        sender.refuse_null = node.get("null_sender").and_then(Node::text) == Some("refuse");
        set(&mut sender.channels, channels(node));
        set(&mut sender.on_deny, choice(node, "on_deny", OnDeny::from_name));
        sender.grandfathered_until = self.instant(node, "grandfathered_until");
        sender
    }

    fn credential_settings(&mut self, node: &Node<'_>) -> CredentialSettings {
        let refuse = self.each(node, "refuse", Self::refused_kind);
        let require_scope = node.get("require_scope").and_then(Node::text).map(ToOwned::to_owned);
        CredentialSettings { refuse, require_scope, require_tls: flag(node, "require_tls").unwrap_or_default() }
    }

    pub(super) fn refused_kind(&mut self, node: &Node<'_>) -> Option<RefusedKind> {
        Some(RefusedKind {
            kind: choice(node, "kind", CredentialKind::from_name)?,
            channels: channels(node).unwrap_or_default(),
            from: self.instant(node, "from"),
        })
    }

    fn domain(&mut self, node: &Node<'_>) -> Option<Domain> {
        let name = self.parsed(node, "name", DomainName::parse);
        let since = self.instant(node, "since");
        let mut domain = Domain::new(name?);
        set(&mut domain.status, choice(node, "status", DomainStatus::from_name));
        domain.since = since;
        set(&mut domain.active, flag(node, "active"));
        set(&mut domain.approved, flag(node, "approved"));
        set(&mut domain.senders, names(node, "senders"));
        set(&mut domain.subdomains, flag(node, "subdomains"));
        domain.separator = choice(node, "separator", Separator::from_name);
        set(&mut domain.case, choice(node, "case", CaseRule::from_name));
        set(&mut domain.covers_mailboxes, flag(node, "covers_mailboxes"));
        Some(domain)
    }

    pub(super) fn identity(&mut self, node: &Node<'_>) -> Option<Identity> {
        let address = self.parsed(node, "address", Address::parse);
        let since = self.instant(node, "since");
        let mut identity = Identity::new(address?);
        set(&mut identity.status, choice(node, "status", IdentityStatus::from_name));
        identity.consent = choice(node, "consent", Consent::from_name);
        set(&mut identity.grandfathered, flag(node, "grandfathered"));
        identity.since = since;
        set(&mut identity.senders, names(node, "senders"));
        set(&mut identity.roles, names(node, "roles"));
        Some(identity)
    }

    pub(super) fn allowlist(&mut self, node: &Node<'_>) -> Option<Allowlist> {
        let entries = self.each(node, "entries", |builder, node| {
            let range = builder
                .parsed(node, "ip", IpRange::address)
                .or_else(|| builder.parsed(node, "cidr", IpRange::cidr))
                .or_else(|| builder.parsed(node, "range", IpRange::range));
            Some(AllowlistEntry { range: range?, remark: text(node, "remark") })
        });
        Some(Allowlist { channel: choice(node, "channel", Channel::from_name)?, entries })
    }

    pub(super) fn deny(&mut self, node: &Node<'_>) -> Option<Deny> {
        let address = self.parsed(node, "address", Address::parse).map(Scope::Address);
        let scope = address.or_else(|| {
            let domain = self.parsed(node, "domain", DomainName::parse)?;
            let below = flag(node, "subdomains").unwrap_or_default();
            Some(if below { Scope::Subdomains(domain) } else { Scope::Domain(domain) })
        });
        Some(Deny { scope: scope?, note: text(node, "note") })
    }

    fn account(&mut self, node: &Node<'_>) -> Option<Account> {
        let mut account = Account::new(id(node)?);
        account.address = self.parsed(node, "address", Address::parse);
        set(&mut account.address_assigned, flag(node, "address_assigned"));
        account.roles = strings(node, "roles");
        account.roles.extend(node.get("role").and_then(Node::text).map(ToOwned::to_owned));
        set(&mut account.suspended, flag(node, "suspended"));
        set(&mut account.resend, flag(node, "resend"));
        account.exemptions = self.each(node, "exemption", Self::exemption);
        account.identities = self.each(node, "identity", Self::identity);
        account.credentials = self.each(node, "credential", Self::credential);
        account.allowlists = self.each(node, "allowlist", Self::allowlist);
        account.denies = self.each(node, "deny", Self::deny);
        Some(account)
    }

    pub(super) fn exemption(&mut self, node: &Node<'_>) -> Option<Exemption> {
        let until = self.instant(node, "until");
        Some(Exemption {
            control: choice(node, "control", |name| Control::ALL.into_iter().find(|control| control.name() == name))?,
            until: until?,
            note: text(node, "note"),
        })
    }

    pub(super) fn credential(&mut self, node: &Node<'_>) -> Option<Credential> {
        let expires = self.instant(node, "expires");
        let allowlists = self.each(node, "allowlist", Self::allowlist);
        let mut credential = Credential::new(id(node)?, choice(node, "kind", CredentialKind::from_name)?);
        credential.scopes = strings(node, "scopes");
        credential.expires = expires;
        set(&mut credential.revoked, flag(node, "revoked"));
        credential.allowlists = allowlists;
        Some(credential)
    }

    /// Reads a mode: a word, or a table with an instant.
    pub(super) fn mode(&mut self, node: &Node<'_>, key: &'static str) -> Option<Mode> {
        let value = node.get(key)?;
        match value.text() {
            Some("off") => Some(Mode::Off),
            Some("monitor") => Some(Mode::Monitor),
            Some("enforce") => Some(Mode::Enforce),
            Some(_) => None,
            None => self.within(node, key, |builder, node| builder.instant(node, "from"))?.map(Mode::EnforceFrom),
        }
    }

    pub(super) fn instant(&mut self, node: &Node<'_>, key: &'static str) -> Option<Timestamp> {
        let value = node.get(key)?;
        let (Value::Text(_) | Value::DateTime(_)) = &value.value else {
            return None;
        };
        let text = match &value.value {
            Value::DateTime(text) => *text,
            _ => value.text()?,
        };
        let instant = Timestamp::parse(text);
        if instant.is_none() {
            let message = format!("{} is no instant with its offset, in whole seconds (RFC 3339)", Quoted(text));
            let help = match Timestamp::parse(&format!("{text}Z")) {
                Some(_) => format!("say which offset: `{text}Z` is UTC"),
                None => "write it as `2026-12-01T00:00:00Z`".to_owned(),
            };
            self.report(value, key, &message, Some(&help));
        }
        instant
    }

    /// Reads a string by its own grammar.
    pub(super) fn parsed<T, E: fmt::Display>(
        &mut self,
        node: &Node<'_>,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = node.get(key)?;
        match parse(value.text()?) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.report(value, key, &error, None);
                None
            }
        }
    }

    /// Builds an object from every element of a list.
    pub(super) fn each<T>(
        &mut self,
        node: &Node<'_>,
        key: &'static str,
        mut build: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(list) = node.get(key) else {
            return Vec::new();
        };
        self.path.push(key);
        let mut built = Vec::with_capacity(list.elements().len());
        for (index, element) in list.elements().iter().enumerate() {
            self.path.push_index(index);
            match build(self, element) {
                Some(object) => built.push(object),
                None => drop(self.skipped.insert(element.span.start)),
            }
            self.path.pop();
        }
        self.path.pop();
        built
    }

    pub(super) fn within<T>(
        &mut self,
        node: &Node<'_>,
        key: &'static str,
        build: impl FnOnce(&mut Self, &Node<'_>) -> T,
    ) -> Option<T> {
        let value = node.get(key)?;
        self.path.push(key);
        let built = build(self, value);
        self.path.pop();
        Some(built)
    }

    /// Reports the element that is being built.
    pub(super) fn refuse(&mut self, value: &Node<'_>, message: &dyn fmt::Display) {
        self.reports.push(Report::new(value.span.clone(), self.path.text(), message));
    }

    fn report(&mut self, value: &Node<'_>, key: &'static str, message: &dyn fmt::Display, help: Option<&str>) {
        let mut path = self.path.text();
        push_key(&mut path, key);
        let report = Report::new(value.span.clone(), path, message);
        self.reports.push(match help {
            Some(help) => report.help(help),
            None => report,
        });
    }
}

fn header(node: &Node<'_>) -> HeaderSettings {
    let mut header = HeaderSettings::default();
    set(&mut header.alignment, choice(node, "alignment", Alignment::from_name));
    header.multiple_from = node.get("multiple_from").and_then(Node::text) == Some("allow");
    header.ignore_sender = node.get("sender_field").and_then(Node::text) == Some("ignore");
    set(&mut header.names, choice(node, "names", NameCheck::from_name));
    header
}

pub(super) fn role(node: &Node<'_>) -> Option<Role> {
    let name = node.get("name")?.text()?.to_owned();
    let mut permissions: Vec<Permission> =
        strings(node, "permissions").iter().filter_map(|name| Permission::from_name(name)).collect();
    permissions.sort_unstable();
    Some(Role { name, permissions })
}

pub(super) fn inherited(node: &Node<'_>) -> Inherited {
    let named = strings(node, "inherited");
    let has = |right: &str| named.iter().any(|name| name == right);
    Inherited { identities: has("identities"), domains: has("domains") }
}

pub(super) fn channels(node: &Node<'_>) -> Option<ChannelSet> {
    let list = node.get("channels")?;
    Some(ChannelSet::new(list.elements().iter().filter_map(|element| Channel::from_name(element.text()?))))
}

pub(super) fn names(node: &Node<'_>, key: &str) -> Option<Names> {
    match node.get(key)?.text() {
        Some("any") => Some(Names::Any),
        _ => Some(Names::Only(strings(node, key))),
    }
}

pub(super) fn strings(node: &Node<'_>, key: &str) -> Vec<String> {
    let elements = node.get(key).map(Node::elements).unwrap_or_default();
    elements.iter().filter_map(Node::text).map(ToOwned::to_owned).collect()
}

fn id(node: &Node<'_>) -> Option<String> {
    node.get("id")?.text().map(ToOwned::to_owned)
}

pub(super) fn text(node: &Node<'_>, key: &str) -> String {
    node.get(key).and_then(Node::text).unwrap_or_default().to_owned()
}

pub(super) fn flag(node: &Node<'_>, key: &str) -> Option<bool> {
    match node.get(key)?.value {
        Value::Bool(value) => Some(value),
        _ => None,
    }
}

pub(super) fn choice<T>(node: &Node<'_>, key: &'static str, from_name: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    node.get(key)?.text().and_then(from_name)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

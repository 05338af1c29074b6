//! Writes policies as JSON: canonical, without keys that have their default.

use alloc::string::{String, ToString};

use crate::address::Scope;
use crate::policy::{
    Account, Allowlist, AllowlistEntry, ChannelSet, Consent, Controls, Credential, CredentialSettings, Deny, Domain,
    Exemption, HeaderSettings, Identity, Mode, Names, Policy, Provider, RefusedKind, Role, SenderSettings, Separator,
    Tenant,
};
use crate::request::Channel;
use crate::time::Timestamp;

use super::output::{Layout, Output};

impl Policy {
    /// Writes the policy as JSON that [`from_json`](Self::from_json) reads back as an equal policy.
    ///
    /// Equal policies give equal text: keys stand in the order of `docs/policy.md`, keys with their default are left out.
    ///
    /// ```
    /// let text = r#"{"schema":1,"tenant":[{"id":"acme","suspended":false}]}"#;
    /// let policy = sendas::Policy::from_json(text)?;
    /// assert_eq!(sendas::Policy::from_json(policy.to_json())?, policy);
    /// # Ok::<(), sendas::PolicyError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::value(Layout::Indented, |output| {
            output.object(|output| {
                head(output, &self.provider);
                list(output, "tenant", &self.tenants, tenant);
            });
        })
    }

    /// Writes the policy as JSON Lines that [`from_json_lines`](Self::from_json_lines) reads back as an equal policy.
    #[must_use]
    pub fn to_json_lines(&self) -> String {
        let mut text = Output::value(Layout::OneLine, |output| output.object(|output| head(output, &self.provider)));
        for one in &self.tenants {
            text.push_str(&Output::value(Layout::OneLine, |output| output.object(|output| tenant(output, one))));
        }
        text
    }
}

fn head(output: &mut Output, provider: &Provider) {
    output.key("schema").raw("1");
    group(output, "provider", *provider != Provider::default(), |output| settings(output, provider));
}

pub(super) fn settings(output: &mut Output, provider: &Provider) {
    mode(output, "hosted", provider.hosted);
    list(output, "deny", &provider.denies, deny);
}

pub(super) fn tenant(output: &mut Output, tenant: &Tenant) {
    string(output, "id", &tenant.id);
    optional(output, "parent", tenant.parent.as_deref());
    let inherited = [("identities", tenant.inherited.identities), ("domains", tenant.inherited.domains)];
    strings(output, "inherited", inherited.iter().filter(|(_, named)| *named).map(|(name, _)| *name));
    flag(output, "suspended", tenant.suspended, false);
    flag(output, "admin_vouches", tenant.admin_vouches, false);
    flag(output, "approval_required", tenant.approval_required, false);
    group(output, "controls", tenant.controls != Controls::default(), |output| {
        mode(output, "sender", tenant.controls.sender);
        mode(output, "header", tenant.controls.header);
        mode(output, "allowlist", tenant.controls.allowlist);
        mode(output, "credential", tenant.controls.credential);
    });
    group(output, "sender", tenant.sender != SenderSettings::default(), |output| sender(output, &tenant.sender));
    group(output, "header", tenant.header != HeaderSettings::default(), |output| header(output, &tenant.header));
    group(output, "credential", tenant.credential != CredentialSettings::default(), |output| {
        list(output, "refuse", &tenant.credential.refuse, refused_kind);
        optional(output, "require_scope", tenant.credential.require_scope.as_deref());
        flag(output, "require_tls", tenant.credential.require_tls, false);
    });
    list(output, "role", &tenant.roles, role);
    list(output, "domain", &tenant.domains, domain);
    list(output, "identity", &tenant.identities, identity);
    list(output, "allowlist", &tenant.allowlists, allowlist);
    list(output, "deny", &tenant.denies, deny);
    list(output, "account", &tenant.accounts, account);
}

fn sender(output: &mut Output, sender: &SenderSettings) {
    choice(output, "proof", sender.proof.name(), "either");
    choice(output, "null_sender", if sender.refuse_null { "refuse" } else { "allow" }, "allow");
    channels(output, sender.channels);
    choice(output, "on_deny", sender.on_deny.name(), "reject");
    instant(output, "grandfathered_until", sender.grandfathered_until);
}

fn header(output: &mut Output, header: &HeaderSettings) {
    choice(output, "alignment", header.alignment.name(), "none");
    choice(output, "multiple_from", if header.multiple_from { "allow" } else { "refuse" }, "refuse");
    choice(output, "sender_field", if header.ignore_sender { "ignore" } else { "check" }, "check");
    choice(output, "names", header.names.name(), "hosted");
}

pub(super) fn refused_kind(output: &mut Output, refused: &RefusedKind) {
    string(output, "kind", refused.kind.name());
    channels(output, refused.channels);
    instant(output, "from", refused.from);
}

pub(super) fn role(output: &mut Output, role: &Role) {
    string(output, "name", &role.name);
    output.key("permissions").array(|output| {
        for permission in &role.permissions {
            output.element().string(permission.name());
        }
    });
}

fn domain(output: &mut Output, domain: &Domain) {
    string(output, "name", domain.name.as_str());
    choice(output, "status", domain.status.name(), "pending");
    instant(output, "since", domain.since);
    flag(output, "active", domain.active, true);
    flag(output, "approved", domain.approved, false);
    match &domain.senders {
        Names::Any => string(output, "senders", "any"),
        Names::Only(ids) => strings(output, "senders", ids.iter().map(String::as_str)),
    }
    flag(output, "subdomains", domain.subdomains, false);
    optional(output, "separator", domain.separator.map(Separator::name));
    choice(output, "case", domain.case.name(), "fold");
    flag(output, "covers_mailboxes", domain.covers_mailboxes, false);
}

fn identity(output: &mut Output, identity: &Identity) {
    string(output, "address", &identity.address.to_string());
    choice(output, "status", identity.status.name(), "pending");
    optional(output, "consent", identity.consent.map(Consent::name));
    flag(output, "grandfathered", identity.grandfathered, false);
    instant(output, "since", identity.since);
    limited(output, "senders", &identity.senders);
    limited(output, "roles", &identity.roles);
}

fn allowlist(output: &mut Output, allowlist: &Allowlist) {
    string(output, "channel", allowlist.channel.name());
    entries(output, "entries", &allowlist.entries);
}

pub(super) fn entries(output: &mut Output, key: &str, entries: &[AllowlistEntry]) {
    output.key(key).array(|output| {
        for entry in entries {
            output.element().object(|output| {
                let form = match entry.range.prefix_length() {
                    _ if entry.range.first() == entry.range.last() => "ip",
                    Some(_) => "cidr",
                    None => "range",
                };
                // A range is shown as what it is: an address, a network, or both ends.
                string(output, form, &entry.range.to_string());
                choice(output, "remark", &entry.remark, "");
            });
        }
    });
}

pub(super) fn deny(output: &mut Output, deny: &Deny) {
    match &deny.scope {
        Scope::Address(address) => string(output, "address", &address.to_string()),
        Scope::Domain(name) => string(output, "domain", name.as_str()),
        Scope::Subdomains(name) => {
            string(output, "domain", name.as_str());
            flag(output, "subdomains", true, false);
        }
    }
    choice(output, "note", &deny.note, "");
}

fn account(output: &mut Output, account: &Account) {
    string(output, "id", &account.id);
    optional(output, "address", account.address.as_ref().map(ToString::to_string).as_deref());
    flag(output, "address_assigned", account.address_assigned, false);
    strings(output, "roles", account.roles.iter().map(String::as_str));
    flag(output, "suspended", account.suspended, false);
    flag(output, "resend", account.resend, false);
    list(output, "exemption", &account.exemptions, exemption);
    list(output, "identity", &account.identities, identity);
    list(output, "credential", &account.credentials, credential);
    list(output, "allowlist", &account.allowlists, allowlist);
    list(output, "deny", &account.denies, deny);
}

pub(super) fn exemption(output: &mut Output, exemption: &Exemption) {
    string(output, "control", exemption.control.name());
    instant(output, "until", Some(exemption.until));
    string(output, "note", &exemption.note);
}

pub(super) fn credential(output: &mut Output, credential: &Credential) {
    string(output, "id", &credential.id);
    string(output, "kind", credential.kind.name());
    strings(output, "scopes", credential.scopes.iter().map(String::as_str));
    instant(output, "expires", credential.expires);
    flag(output, "revoked", credential.revoked, false);
    list(output, "allowlist", &credential.allowlists, allowlist);
}

pub(super) fn mode(output: &mut Output, key: &str, mode: Mode) {
    match mode {
        Mode::Off => string(output, key, "off"),
        Mode::Monitor => string(output, key, "monitor"),
        Mode::Enforce => {}
        Mode::EnforceFrom(from) => output.key(key).object(|output| {
            string(output, "mode", "enforce");
            instant(output, "from", Some(from));
        }),
    }
}

pub(super) fn channels(output: &mut Output, channels: ChannelSet) {
    if channels != ChannelSet::ALL {
        strings(output, "channels", channels.iter().map(Channel::name));
    }
}

fn limited(output: &mut Output, key: &str, names: &Names) {
    if let Names::Only(names) = names {
        output.key(key).array(|output| names.iter().for_each(|name| output.element().string(name)));
    }
}

fn group(output: &mut Output, key: &str, stands: bool, write: impl FnOnce(&mut Output)) {
    if stands {
        output.key(key).object(write);
    }
}

fn list<T>(output: &mut Output, key: &str, list: &[T], write: impl Fn(&mut Output, &T)) {
    group_of(output, key, list.is_empty(), |output| {
        for one in list {
            output.element().object(|output| write(output, one));
        }
    });
}

pub(super) fn strings<'a>(output: &mut Output, key: &str, strings: impl Iterator<Item = &'a str>) {
    let mut strings = strings.peekable();
    let empty = strings.peek().is_none();
    group_of(output, key, empty, |output| strings.for_each(|text| output.element().string(text)));
}

fn group_of(output: &mut Output, key: &str, empty: bool, write: impl FnOnce(&mut Output)) {
    if !empty {
        output.key(key).array(write);
    }
}

pub(super) fn instant(output: &mut Output, key: &str, instant: Option<Timestamp>) {
    optional(output, key, instant.map(|instant| instant.to_string()).as_deref());
}

pub(super) fn flag(output: &mut Output, key: &str, value: bool, default: bool) {
    if value != default {
        output.key(key).raw(if value { "true" } else { "false" });
    }
}

fn choice(output: &mut Output, key: &str, value: &str, default: &str) {
    if value != default {
        string(output, key, value);
    }
}

pub(super) fn optional(output: &mut Output, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        string(output, key, value);
    }
}

pub(super) fn string(output: &mut Output, key: &str, value: &str) {
    output.key(key).string(value);
}

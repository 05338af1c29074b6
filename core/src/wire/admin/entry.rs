//! The fields of commands and events that are objects.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Scope;
use crate::admin::{
    AllowlistScope, DnsObservation, DomainRules, EntryForm, Holder, NewEntry, Pair, Seen, Settings, Terms, TxtAnswer,
};
use crate::net::IpRange;
use crate::policy::{
    Alignment, AllowlistEntry, CaseRule, Credential, Deny, Exemption, Inherited, NameCheck, OnDeny, Proof, Provider,
    Role, Separator, Tenant,
};

use super::super::build::{self, RecordBuilder};
use super::super::keys::{
    self, ALLOWLIST_ENTRY, CREDENTIAL, DENY, EXEMPTION, INHERITED, Kind, MinItems, PROVIDER, Presence, REFUSED_KIND,
    ROLE, Rule, TENANT, Table, names, optional, required, table,
};
use super::super::output::Output;
use super::super::tree::Node;
use super::super::write;
use super::codec::{
    AddressText, Channels, Codec, GivenFlag, IdText, Instant, LongCount, ModeText, OptionalChannels, OptionalCount,
    OptionalFlag, OptionalInstant, OptionalMode, strings,
};

/// Declares codecs of objects, from the table of their keys, a way to read one and a way to write one.
macro_rules! objects {
    ($($name:ident $type:ty, $table:expr, $read:expr, $write:expr;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = $type;
            const KIND: Kind = Kind::Table($table);

            fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<$type> {
                let read: fn(&mut RecordBuilder, &Node<'_>) -> Option<$type> = $read;
                builder.within(node, key, read)?
            }

            fn write(output: &mut Output, key: &str, value: &$type) {
                let write: fn(&mut Output, &$type) = $write;
                output.key(key).object(|output| write(output, value));
            }
        }
    )+ };
}

objects! {
    DenyEntry Deny, &DENY, RecordBuilder::deny, write::deny;
    ScopeEntry Scope, &SCOPE, |builder, node| Some(builder.deny(node)?.scope), |output, scope| {
        write::deny(output, &Deny { scope: scope.clone(), note: String::new() });
    };
    ExemptionEntry Exemption, &EXEMPTION, RecordBuilder::exemption, write::exemption;
    RoleEntry Role, &ROLE, |_, node| build::role(node), write::role;
    NewCredential Credential, &CREDENTIAL, RecordBuilder::credential, write::credential;
    TenantEntry Box<Tenant>, &TENANT, |builder, node| builder.tenant(node).map(Box::new), |output, tenant| {
        write::tenant(output, tenant);
    };
    HolderEntry Holder, &HOLDER, |_, node| holder(node), write_holder;
    PairEntry Pair, &PAIR, |builder, node| {
        Some(Pair { address: AddressText::read(builder, node, "address")?, holder: holder(node)? })
    }, |output, pair| {
        write_holder(output, &pair.holder);
        AddressText::write(output, "address", &pair.address);
    };
    AllowlistScopeEntry AllowlistScope, &ALLOWLIST_SCOPE, |_, node| allowlist_scope(node), write_allowlist_scope;
    SeenEntry Seen, &SEEN, |builder, node| {
        let count = LongCount::read(builder, node, "count");
        let (first, last) = (Instant::read(builder, node, "first"), Instant::read(builder, node, "last"));
        Some(Seen { count: count?, first: first?, last: last? })
    }, |output, seen| {
        LongCount::write(output, "count", &seen.count);
        Instant::write(output, "first", &seen.first);
        Instant::write(output, "last", &seen.last);
    };
    ObservationEntry DnsObservation, &OBSERVATION, |builder, node| {
        Some(DnsObservation {
            expected: TxtEntry::read(builder, node, "expected")?,
            apex: TxtEntry::read(builder, node, "apex")?,
            doubled: TxtEntry::read(builder, node, "doubled")?,
        })
    }, |output, observation| {
        TxtEntry::write(output, "expected", &observation.expected);
        TxtEntry::write(output, "apex", &observation.apex);
        TxtEntry::write(output, "doubled", &observation.doubled);
    };
    TxtEntry TxtAnswer, &TXT_ANSWER, |_, node| txt_answer(node), write_txt_answer;
    TermsChange Terms, &TERMS, terms, write_terms;
    SettingsChange Settings, &SETTINGS, settings, write_settings;
    DomainRulesChange DomainRules, &DOMAIN_RULES, |builder, node| domain_rules(builder, node), write_domain_rules;
}

/// The provider's own settings, as at the head of a policy.
pub(super) struct ProviderEntry;

impl Codec for ProviderEntry {
    type Value = Provider;
    const KIND: Kind = Kind::Table(&PROVIDER);

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Provider> {
        node.get(key).map(|_| builder.provider(node))
    }

    fn write(output: &mut Output, key: &str, value: &Provider) {
        output.key(key).object(|output| write::settings(output, value));
    }
}

/// Entries of an allowlist, as a command gives them.
pub(super) struct NewEntries;

impl Codec for NewEntries {
    type Value = Vec<NewEntry>;
    const KIND: Kind = Kind::List(&Kind::Table(&ALLOWLIST_ENTRY), MinItems::None);

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
        let list = node.get(key)?;
        let read = builder.each(node, key, |builder, node| {
            let address = builder.parsed(node, "ip", IpRange::address).map(|range| (EntryForm::Address, range));
            let cidr = builder.parsed(node, "cidr", IpRange::cidr).map(|range| (EntryForm::Cidr, range));
            let range = builder.parsed(node, "range", IpRange::range).map(|range| (EntryForm::Range, range));
            let (form, range) = address.or(cidr).or(range)?;
            Some(NewEntry { form, range, remark: build::text(node, "remark") })
        });
        (read.len() == list.elements().len()).then_some(read)
    }

    fn write(output: &mut Output, key: &str, value: &Self::Value) {
        output.key(key).array(|output| {
            for NewEntry { form, range, remark } in value {
                output.element().object(|output| {
                    let (first, last) = (range.first(), range.last());
                    match (form, range.prefix_length()) {
                        (EntryForm::Address, _) => write::string(output, "ip", &alloc::format!("{first}")),
                        (EntryForm::Cidr, Some(length)) => {
                            write::string(output, "cidr", &alloc::format!("{first}/{length}"));
                        }
                        (EntryForm::Cidr, None) | (EntryForm::Range, _) => {
                            write::string(output, "range", &alloc::format!("{first}-{last}"));
                        }
                    }
                    if !remark.is_empty() {
                        write::string(output, "remark", remark);
                    }
                });
            }
        });
    }
}

/// Entries of an allowlist, as an event keeps them.
pub(super) struct Entries;

impl Codec for Entries {
    type Value = Vec<AllowlistEntry>;
    const KIND: Kind = NewEntries::KIND;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
        let entries = NewEntries::read(builder, node, key)?.into_iter();
        Some(entries.map(|NewEntry { range, remark, .. }| AllowlistEntry { range, remark }).collect())
    }

    fn write(output: &mut Output, key: &str, value: &Self::Value) {
        write::entries(output, key, value);
    }
}

fn holder(node: &Node<'_>) -> Option<Holder> {
    let id = |key| Some(node.get(key)?.text()?.into());
    id("account").map(Holder::Account).or_else(|| id("tenant").map(Holder::Tenant))
}

fn write_holder(output: &mut Output, holder: &Holder) {
    match holder {
        Holder::Account(id) => IdText::write(output, "account", id),
        Holder::Tenant(id) => IdText::write(output, "tenant", id),
    }
}

fn allowlist_scope(node: &Node<'_>) -> Option<AllowlistScope> {
    let id = |key| Some(node.get(key)?.text()?.into());
    let account = id("account").map(AllowlistScope::Account);
    let credential = || id("credential").map(AllowlistScope::Credential);
    account.or_else(credential).or_else(|| id("tenant").map(AllowlistScope::Tenant))
}

fn write_allowlist_scope(output: &mut Output, scope: &AllowlistScope) {
    match scope {
        AllowlistScope::Account(id) => IdText::write(output, "account", id),
        AllowlistScope::Credential(id) => IdText::write(output, "credential", id),
        AllowlistScope::Tenant(id) => IdText::write(output, "tenant", id),
    }
}

fn txt_answer(node: &Node<'_>) -> Option<TxtAnswer> {
    match node.get("result")?.text()? {
        "absent" => Some(TxtAnswer::Absent),
        "failed" => Some(TxtAnswer::Failed),
        "found" => {
            let records = node.get("records").map(Node::elements).unwrap_or_default().iter();
            let strings = |record: &Node<'_>| -> Vec<String> {
                record.elements().iter().filter_map(|one| Some(one.text()?.into())).collect()
            };
            Some(TxtAnswer::Found(records.map(strings).collect()))
        }
        _ => None,
    }
}

fn write_txt_answer(output: &mut Output, answer: &TxtAnswer) {
    let result = match answer {
        TxtAnswer::Absent => "absent",
        TxtAnswer::Failed => "failed",
        TxtAnswer::Found(_) => "found",
    };
    write::string(output, "result", result);
    if let TxtAnswer::Found(records) = answer {
        output.key("records").array(|output| {
            for record in records {
                output.element().array(|output| record.iter().for_each(|text| output.element().string(text)));
            }
        });
    }
}

fn terms(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Terms> {
    let grandfathered_until = OptionalInstant::read(builder, node, "grandfathered_until")?;
    Some(Terms {
        inherited: node.get("inherited").map(|_| build::inherited(node)),
        admin_vouches: OptionalFlag::read(builder, node, "admin_vouches")?,
        approval_required: OptionalFlag::read(builder, node, "approval_required")?,
        grandfathered_until,
        allowlists_entitled: OptionalFlag::read(builder, node, "allowlists_entitled")?,
        allowlist_entries: OptionalCount::read(builder, node, "allowlist_entries")?,
    })
}

fn write_terms(output: &mut Output, terms: &Terms) {
    if let Some(Inherited { identities, domains }) = terms.inherited {
        let named = [("identities", identities), ("domains", domains)];
        strings(output, "inherited", named.iter().filter(|(_, named)| *named).map(|(name, _)| (*name).into()));
    }
    OptionalFlag::write(output, "admin_vouches", &terms.admin_vouches);
    OptionalFlag::write(output, "approval_required", &terms.approval_required);
    OptionalInstant::write(output, "grandfathered_until", &terms.grandfathered_until);
    OptionalFlag::write(output, "allowlists_entitled", &terms.allowlists_entitled);
    OptionalCount::write(output, "allowlist_entries", &terms.allowlist_entries);
}

fn settings(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<Settings> {
    let word = |key| node.get(key).and_then(Node::text);
    let (header, allowlist, credential) = (
        OptionalMode::read(builder, node, "header"),
        OptionalMode::read(builder, node, "allowlist"),
        OptionalMode::read(builder, node, "credential"),
    );
    let refuse = node.get("refuse").map(|_| builder.each(node, "refuse", RecordBuilder::refused_kind));
    Some(Settings {
        header: header?,
        allowlist: allowlist?,
        credential: credential?,
        proof: build::choice(node, "proof", Proof::from_name),
        refuse_null: word("null_sender").map(|word| word == "refuse"),
        channels: OptionalChannels::read(builder, node, "channels")?,
        on_deny: build::choice(node, "on_deny", OnDeny::from_name),
        alignment: build::choice(node, "alignment", Alignment::from_name),
        multiple_from: word("multiple_from").map(|word| word == "allow"),
        ignore_sender: word("sender_field").map(|word| word == "ignore"),
        names: build::choice(node, "names", NameCheck::from_name),
        refuse,
        require_scope: word("require_scope").map(|scope| (!scope.is_empty()).then(|| scope.into())),
        require_tls: OptionalFlag::read(builder, node, "require_tls")?,
        panel_admin_only: OptionalFlag::read(builder, node, "panel_admin_only")?,
        foreign_identities: OptionalFlag::read(builder, node, "foreign_identities")?,
    })
}

fn write_settings(output: &mut Output, settings: &Settings) {
    OptionalMode::write(output, "header", &settings.header);
    OptionalMode::write(output, "allowlist", &settings.allowlist);
    OptionalMode::write(output, "credential", &settings.credential);
    write::optional(output, "proof", settings.proof.map(Proof::name));
    let refuse = |refuse| if refuse { "refuse" } else { "allow" };
    write::optional(output, "null_sender", settings.refuse_null.map(refuse));
    OptionalChannels::write(output, "channels", &settings.channels);
    write::optional(output, "on_deny", settings.on_deny.map(OnDeny::name));
    write::optional(output, "alignment", settings.alignment.map(Alignment::name));
    write::optional(output, "multiple_from", settings.multiple_from.map(|allow| refuse(!allow)));
    let ignore = |ignore| if ignore { "ignore" } else { "check" };
    write::optional(output, "sender_field", settings.ignore_sender.map(ignore));
    write::optional(output, "names", settings.names.map(NameCheck::name));
    if let Some(refuse) = &settings.refuse {
        output.key("refuse").array(|output| {
            refuse.iter().for_each(|one| output.element().object(|output| write::refused_kind(output, one)));
        });
    }
    let scope = settings.require_scope.as_ref().map(|scope| scope.as_deref().unwrap_or_default());
    write::optional(output, "require_scope", scope);
    OptionalFlag::write(output, "require_tls", &settings.require_tls);
    OptionalFlag::write(output, "panel_admin_only", &settings.panel_admin_only);
    OptionalFlag::write(output, "foreign_identities", &settings.foreign_identities);
}

fn domain_rules(builder: &mut RecordBuilder, node: &Node<'_>) -> Option<DomainRules> {
    Some(DomainRules {
        subdomains: OptionalFlag::read(builder, node, "subdomains")?,
        separator: node.get("separator").and_then(Node::text).map(Separator::from_name),
        case: build::choice(node, "case", CaseRule::from_name),
        covers_mailboxes: OptionalFlag::read(builder, node, "covers_mailboxes")?,
    })
}

fn write_domain_rules(output: &mut Output, rules: &DomainRules) {
    OptionalFlag::write(output, "subdomains", &rules.subdomains);
    write::optional(output, "separator", rules.separator.map(|separator| separator.map_or("none", Separator::name)));
    write::optional(output, "case", rules.case.map(CaseRule::name));
    OptionalFlag::write(output, "covers_mailboxes", &rules.covers_mailboxes);
}

const SCOPE: Table = Table {
    name: "scope",
    keys: &[
        optional("address", Kind::Address, "exactly this address"),
        optional("domain", Kind::Domain, "any address at this domain"),
        keys::default("subdomains", Kind::Bool, "false", "with `domain`: and below it"),
    ],
    rules: &[Rule::ExactlyOne(&["address", "domain"]), Rule::Needs("subdomains", "domain")],
};

const HOLDER: Table = Table {
    name: "holder",
    keys: &[optional("account", IdText::KIND, "an account"), optional("tenant", IdText::KIND, "a tenant")],
    rules: &[Rule::ExactlyOne(&["account", "tenant"])],
};

const PAIR: Table = Table {
    name: "pair",
    keys: &[
        optional("account", IdText::KIND, "the account that wants to use the address"),
        optional("tenant", IdText::KIND, "the tenant that wants to use the address"),
        required("address", Kind::Address, "the address"),
    ],
    rules: &[Rule::ExactlyOne(&["account", "tenant"])],
};

const ALLOWLIST_SCOPE: Table = Table {
    name: "allowlist_scope",
    keys: &[
        optional("account", IdText::KIND, "an account"),
        optional("credential", IdText::KIND, "a credential"),
        optional("tenant", IdText::KIND, "every account of a tenant"),
    ],
    rules: &[Rule::ExactlyOne(&["account", "credential", "tenant"])],
};

const SEEN: Table = table(
    "seen",
    &[
        required("count", Kind::Count, "how many messages"),
        required("first", Kind::Instant, "the first of them"),
        required("last", Kind::Instant, "the last of them"),
    ],
);

const OBSERVATION: Table = table(
    "observation",
    &[
        required("expected", Kind::Table(&TXT_ANSWER), "at the right name"),
        required("apex", Kind::Table(&TXT_ANSWER), "at the domain itself"),
        required("doubled", Kind::Table(&TXT_ANSWER), "at the right name below the domain once more"),
    ],
);

const TXT_ANSWER: Table = table(
    "txt_answer",
    &[
        required("result", Kind::Choice(&["absent", "failed", "found"]), "what came of the look-up"),
        keys::default(
            "records",
            Kind::List(&Kind::Strings, MinItems::None),
            "[]",
            "with `found`: the TXT records, each as its character-strings",
        ),
    ],
);

const TERMS: Table = table(
    "terms",
    &[
        optional("inherited", Kind::List(&INHERITED, MinItems::None), "rights that subusers inherit"),
        optional("admin_vouches", GivenFlag::KIND, "an Admin's word alone proves an identity"),
        optional("approval_required", GivenFlag::KIND, "domains need the provider's approval"),
        optional("grandfathered_until", Kind::Instant, "until when pre-registered identities count"),
        optional("allowlists_entitled", GivenFlag::KIND, "whether it may add entries to allowlists"),
        optional("allowlist_entries", Kind::Count, "as many entries as one allowlist may have"),
    ],
);

const SETTINGS: Table = table(
    "settings",
    &[
        optional("header", ModeText::KIND, "how the header is read, counted and aligned"),
        optional("allowlist", ModeText::KIND, "client addresses"),
        optional("credential", ModeText::KIND, "credential kind, scope and transport encryption"),
        optional("proof", Kind::Choice(names!(Proof)), "what a sender other than the own address needs"),
        optional("null_sender", Kind::Choice(&["allow", "refuse"]), "the null reverse-path, `<>`"),
        optional("channels", Channels::KIND, "where the `sender` control applies"),
        optional("on_deny", Kind::Choice(names!(OnDeny)), "what becomes of a denied message"),
        optional("alignment", Kind::Choice(names!(Alignment)), "how From must match the envelope sender"),
        optional("multiple_from", Kind::Choice(&["refuse", "allow"]), "several mailboxes in From"),
        optional("sender_field", Kind::Choice(&["check", "ignore"]), "the Sender field"),
        optional("names", Kind::Choice(names!(NameCheck)), "which addresses in display names are checked"),
        optional(
            "refuse",
            Kind::List(&Kind::Table(&REFUSED_KIND), MinItems::None),
            "the kinds of credential that are refused, all of them",
        ),
        optional("require_scope", Kind::Text, "the scope that a credential must have; an empty string for none"),
        optional("require_tls", GivenFlag::KIND, "whether the connection must be encrypted"),
        optional("panel_admin_only", GivenFlag::KIND, "whether only an Admin may give commands for the tenant"),
        optional("foreign_identities", GivenFlag::KIND, "whether identities may stand at domains not verified here"),
    ],
);

const DOMAIN_RULES: Table = table(
    "domain_rules",
    &[
        optional("subdomains", GivenFlag::KIND, "whether its scope includes its sub-domains"),
        optional("separator", Kind::Choice(&["none", "+", "-", "=", "#"]), "what begins a sub-address"),
        optional("case", Kind::Choice(names!(CaseRule)), "how local parts compare"),
        optional("covers_mailboxes", GivenFlag::KIND, "whether it covers own addresses of other accounts"),
    ],
);

/// A key of a command, event or record, as its codec says.
pub(super) const fn key(name: &'static str, kind: Kind, presence: Presence, doc: &'static str) -> keys::Key {
    keys::Key { name, kind, presence, doc }
}

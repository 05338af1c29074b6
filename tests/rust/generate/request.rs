//! Requests, mostly made of the policy's own names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sendas::policy::{Consent, DomainStatus, Identity, Names, Policy};
use sendas::{Channel, CredentialKind, Limits, Timestamp, Tls};

use super::world::{NOON, ROLES, SCOPES, value};
use super::{Choices, header};
use crate::oracle::find_account;
use crate::request::{Client, Credential, DomainForm, Envelope, Flaw, Request, Spelling, Value};
use crate::written::mapped;

/// Makes a request that this policy has something to say about.
#[must_use]
pub fn request(choices: &mut Choices<'_>, policy: &Policy, limits: &Limits) -> Request {
    let account = account(choices, policy);
    let names = Known::of(policy, account.as_deref());
    let smtputf8 = !choices.mishap(8);
    let envelope = envelope(choices, &names);
    Request {
        now: Timestamp(NOON + choices.pick(&[0, 0, -1, 1])),
        channel: choices.pick(&[Channel::Smtp, Channel::Smtp, Channel::Smtp, Channel::Api, Channel::Webmail]),
        role: choices.mishap(4).then(|| choices.pick(&ROLES).to_owned()),
        client: client(choices),
        credential: credential(choices, policy, account.as_deref()),
        tls: choices.pick(&[Some(Tls::Starttls), Some(Tls::Implicit), Some(Tls::Plain), None]),
        smtputf8,
        header: header::header(choices, &names, &envelope, limits),
        envelope,
        account,
    }
}

/// The addresses that a request is drawn from.
pub(crate) struct Known {
    /// What the account very likely may use.
    good: Vec<Value>,
    /// What the account is likely to have.
    own: Vec<Value>,
    /// What others have.
    all: Vec<Value>,
}

impl Known {
    fn of(policy: &Policy, id: Option<&str>) -> Self {
        let mut known = Self { good: Vec::new(), own: Vec::new(), all: Vec::new() };
        for tenant in &policy.tenants {
            let here = tenant.accounts.iter().any(|account| Some(account.id.as_str()) == id);
            let mut values: Vec<Value> =
                tenant.identities.iter().map(|identity| Value::of(&identity.address)).collect();
            for entry in &tenant.domains {
                values.push(Value { local: "ann".to_owned(), domain: entry.name.to_string() });
            }
            for account in &tenant.accounts {
                let mut held: Vec<Value> = account.address.iter().map(Value::of).collect();
                held.extend(account.identities.iter().map(|identity| Value::of(&identity.address)));
                if Some(account.id.as_str()) == id {
                    known.own.extend(held.iter().cloned());
                    known.own.extend(account.address.iter().map(Value::of));
                    known.good.extend(account.address.iter().filter(|_| account.address_assigned).map(Value::of));
                    known.good.extend(consented(&account.identities));
                }
                known.all.extend(held);
            }
            if here {
                known.good.extend(consented(&tenant.identities));
                for entry in &tenant.domains {
                    if matches!(entry.status, DomainStatus::Verified | DomainStatus::Vouched)
                        && entry.senders == Names::Any
                    {
                        known.good.push(Value { local: "ben".to_owned(), domain: entry.name.to_string() });
                    }
                }
                known.own.extend(values.iter().cloned());
            }
            known.all.extend(values);
        }
        known
    }

    /// An address that is likely to mean something here.
    pub(crate) fn value(&self, choices: &mut Choices<'_>) -> Value {
        let mut value = match choices.below(8) {
            _ if !self.good.is_empty() && !choices.mishap(8) => choices.pick(&self.good),
            0..=5 if !self.own.is_empty() => choices.pick(&self.own),
            6 if !self.all.is_empty() => choices.pick(&self.all),
            _ => value(choices),
        };
        if !choices.mishap(6) {
            return value;
        }
        match choices.below(5) {
            0 => value.local = value.local.to_ascii_uppercase(),
            1 | 2 => value.local.push_str(choices.pick(&["+tag", "-tag", "+t-u"])),
            3 if !value.domain.starts_with('[') => value.domain = format!("sub.{}", value.domain),
            _ => value.local = "\u{17f}ann".to_owned(),
        }
        value
    }

    /// The same, written in some way.
    pub(crate) fn spelling(&self, choices: &mut Choices<'_>) -> Spelling {
        let value = self.value(choices);
        spelling(choices, value)
    }
}

fn consented(identities: &[Identity]) -> impl Iterator<Item = Value> {
    let given = |identity: &&Identity| identity.consent == Some(Consent::Given);
    identities.iter().filter(given).map(|identity| Value::of(&identity.address))
}

/// A spelling of the value.
pub(crate) fn spelling(choices: &mut Choices<'_>, value: Value) -> Spelling {
    let literal = value.domain.starts_with('[');
    let flaw =
        choices.mishap(1).then(|| choices.pick(&[Flaw::Decomposed, Flaw::Ignorable, Flaw::Kelvin, Flaw::Mapped]));
    Spelling {
        value,
        quoted: choices.chance(2),
        domain: choices.pick(&[DomainForm::Plain, DomainForm::Plain, DomainForm::Capitals, DomainForm::Unicode]),
        flaw: flaw.filter(|flaw| !(literal && *flaw == Flaw::Mapped)),
    }
}

fn account(choices: &mut Choices<'_>, policy: &Policy) -> Option<String> {
    let accounts: Vec<&String> =
        policy.tenants.iter().flat_map(|tenant| &tenant.accounts).map(|account| &account.id).collect();
    match choices.below(32) {
        30 if choices.mishap(8) => None,
        31 if choices.mishap(8) => Some(choices.pick(&["nobody", "ACCOUNT0", "", "account0 "]).to_owned()),
        _ => Some(choices.pick(&accounts).clone()),
    }
}

fn client(choices: &mut Choices<'_>) -> Client {
    let v4 = Ipv4Addr::new(192, 0, 2, 1);
    match choices.below(10) {
        0..=3 => Client::Address(IpAddr::V4(v4)),
        4 => Client::Address(mapped(v4)),
        5 => Client::Address(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9))),
        6 => Client::Text(choices.pick(&[mapped(v4), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77))])),
        7 => Client::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))),
        8 => Client::Unknown,
        _ => Client::Nonsense(choices.pick(&["192.0.2.010", "", "fe80::1%eth0", "192.0.2.1/32", "joe"])),
    }
}

fn credential(choices: &mut Choices<'_>, policy: &Policy, account: Option<&str>) -> Option<Credential> {
    if choices.mishap(3) {
        return None;
    }
    let registered = account.and_then(|id| find_account(policy, id)).map(|(_, account)| &account.credentials);
    let mut given = Credential { kind: choices.pick(&CredentialKind::ALL), id: None, scopes: None };
    match registered.and_then(|credentials| credentials.first()) {
        Some(credential) if !choices.mishap(4) => {
            given.id = Some(credential.id.clone());
            if !choices.mishap(2) {
                given.kind = credential.kind;
            }
        }
        _ => given.id = choices.mishap(5).then(|| any_credential(choices, policy)),
    }
    given.scopes = choices.maybe(8, |choices| choices.some(&SCOPES, 10).into_iter().map(str::to_owned).collect());
    Some(given)
}

fn any_credential(choices: &mut Choices<'_>, policy: &Policy) -> String {
    let mut ids = vec!["no-such-key".to_owned()];
    for tenant in &policy.tenants {
        for account in &tenant.accounts {
            ids.extend(account.credentials.iter().map(|credential| credential.id.clone()));
        }
    }
    choices.pick(&ids)
}

fn envelope(choices: &mut Choices<'_>, names: &Known) -> Envelope {
    match choices.below(24) {
        21.. if !choices.mishap(16) => Envelope::Null,
        0..=16 => Envelope::Path { address: names.spelling(choices), brackets: !choices.chance(3) },
        17 | 18 => {
            let address = names.spelling(choices);
            // Without its quotes, an empty local part is none.
            let is_empty = address.value.local.is_empty();
            if is_empty { Envelope::Path { address, brackets: true } } else { Envelope::Unquoted(address) }
        }
        19 => Envelope::Null,
        20 => Envelope::NullPath,
        21 => Envelope::Unknown,
        22 => Envelope::BrokenPath(choices.pick(&[
            "",
            "joe",
            "<joe@a.example",
            "joe@a.example>",
            "<@b.example:joe@a.example>",
            "joe@a..example",
            "joe@a.example.",
            "jo e@a.example",
            "<joe@a.example> SIZE=1",
            "joe@",
            "@a.example",
            "\"joe@a.example",
            "joe@192.0.2.1]",
            "<<joe@a.example>>",
            "joe@a.example\0",
        ])),
        _ => Envelope::BrokenUnquoted(choices.pick(&["", "joe", "@a.example", "joe@", "joe@a..example"])),
    }
}

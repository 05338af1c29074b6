//! Rego, every rule in it, compiled for the virtual machine of regorus.

use std::cell::RefCell;
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine as Loader, Value};
use sendas::Policy;

use super::facts::Facts;
use super::read::{Reader, domain};
use super::{Built, Engine};
use crate::data::Given;

struct Rego {
    reader: Reader,
    /// It keeps its registers, so that a decision borrows it alone.
    machine: RefCell<RegoVM>,
}

/// Compiles the rules, and hands the machine the facts.
pub(super) fn build(policy: &Policy) -> Built {
    let mut loader = Loader::new();
    loader.add_policy("plain.rego".to_owned(), RULES.to_owned())?;
    let compiled = loader.compile_with_entrypoint(&Arc::from(ENTRY))?;
    let mut machine = RegoVM::new();
    machine.load_program(Compiler::compile_from_policy(&compiled, &[ENTRY])?);
    machine.set_data(facts(policy)?)?;
    Ok(Box::new(Rego { reader: Reader::header(), machine: RefCell::new(machine) }))
}

impl Engine for Rego {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        let Some(read) = self.reader.read(attempt) else { return false };
        let input = object([
            ("account", attempt.account.as_str().into()),
            ("client", attempt.client.as_str().into()),
            ("kind", attempt.credential.name().into()),
            ("envelope", (&*read.envelope).into()),
            ("envelope_domain", domain(&read.envelope).into()),
            ("from", (&*read.from).into()),
            ("from_domain", domain(&read.from).into()),
        ]);
        let mut machine = self.machine.borrow_mut();
        input.is_ok_and(|input| {
            machine.set_input(input);
            machine.execute().is_ok_and(|answer| answer == Value::Bool(true))
        })
    }
}

fn facts(policy: &Policy) -> Result<Value, Box<dyn std::error::Error>> {
    let (mut accounts, mut tenants) = (Value::new_object(), Value::new_object());
    for (number, facts) in (0_u64..).zip(policy.tenants.iter().map(Facts::of)) {
        let ranges = facts
            .allowlist
            .iter()
            .map(|range| format!("{}/{}", range.first(), range.prefix_length().unwrap_or_default()).into());
        let tenant = object([
            ("ranges", Value::from(ranges.collect::<Vec<Value>>())),
            ("refused", names(facts.refused.iter().map(|kind| kind.name()))?),
            ("identities", names(facts.identities.iter().map(String::as_str))?),
        ])?;
        tenants.as_object_mut()?.insert(number.into(), tenant);
        for account in &facts.accounts {
            let listed = facts.domains.iter().filter(|(_, senders)| senders.contains(&account.id));
            let entry = object([
                ("active", account.active.into()),
                ("tenant", number.into()),
                ("identities", names(account.identities.iter().map(String::as_str))?),
                ("domains", names(listed.map(|(name, _)| *name))?),
            ])?;
            accounts.as_object_mut()?.insert(account.id.into(), entry);
        }
    }
    object([("accounts", accounts), ("tenants", tenants)])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Result<Value, Box<dyn std::error::Error>> {
    let mut object = Value::new_object();
    for (key, value) in members {
        object.as_object_mut()?.insert(key.into(), value);
    }
    Ok(object)
}

/// A set as Rego has it in data: an object, whose keys are looked up.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> Result<Value, Box<dyn std::error::Error>> {
    let mut object = Value::new_object();
    for name in names {
        object.as_object_mut()?.insert(name.into(), Value::Bool(true));
    }
    Ok(object)
}

const ENTRY: &str = "data.plain.allow";

const RULES: &str = r#"
package plain

account := data.accounts[input.account]
tenant := data.tenants[account.tenant]

default allow := false
allow if {
    account.active
    not tenant.refused[input.kind]
    client_listed
    given(input.envelope, input.envelope_domain)
    given(input.from, input.from_domain)
}

client_listed if count(tenant.ranges) == 0
client_listed if {
    some range in tenant.ranges
    net.cidr_contains(range, input.client)
}

given(address, _) if account.identities[address]
given(_, domain) if account.domains[domain]
given(address, _) if tenant.identities[address]
"#;

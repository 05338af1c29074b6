//! Cedar, twice: asked about addresses only, and with every rule of the workload as a policy.
//!
//! An account is in its tenant, and in the domains that list it. An address is in those who hold it.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use sendas::Policy;

use super::facts::Facts;
use super::read::{Read, Reader, domain};
use super::session::Sessions;
use super::{Built, Engine};
use crate::data::{Attempt, Given};

/// Asked about addresses only; hash maps decide the session.
pub(super) fn build_lean(policy: &Policy) -> Built {
    let mut sessions = Sessions::default();
    for tenant in &policy.tenants {
        sessions.add(&Facts::of(tenant));
    }
    Ok(Box::new(Lean { cedar: Cedar::new(policy, LEAN)?, sessions }))
}

/// Every rule is a policy.
pub(super) fn build_rules(policy: &Policy) -> Built {
    Ok(Box::new(Rules { cedar: Cedar::new(policy, RULES)? }))
}

struct Lean {
    cedar: Cedar,
    sessions: Sessions,
}

struct Rules {
    cedar: Cedar,
}

struct Cedar {
    reader: Reader,
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    types: Types,
    send: EntityUid,
}

struct Types {
    account: EntityTypeName,
    tenant: EntityTypeName,
    address: EntityTypeName,
    domain: EntityTypeName,
}

impl Engine for Lean {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        let Some(read) = self.cedar.reader.read(attempt) else { return false };
        self.sessions.admits(attempt, read.client).is_some() && self.cedar.asks(attempt, &read, Vec::new())
    }
}

impl Engine for Rules {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        let Some(read) = self.cedar.reader.read(attempt) else { return false };
        let client = RestrictedExpression::new_ip(&attempt.client);
        let kind = RestrictedExpression::new_string(attempt.credential.name().to_owned());
        self.cedar.asks(attempt, &read, vec![("client".to_owned(), client), ("kind".to_owned(), kind)])
    }
}

impl Cedar {
    fn new(policy: &Policy, policies: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let types = Types {
            account: "Account".parse()?,
            tenant: "Tenant".parse()?,
            address: "Address".parse()?,
            domain: "Domain".parse()?,
        };
        let entities = types.entities(policy)?;
        Ok(Self {
            reader: Reader::header(),
            authorizer: Authorizer::new(),
            policies: policies.parse()?,
            entities,
            types,
            send: r#"Action::"send""#.parse()?,
        })
    }

    /// One question about both addresses.
    fn asks(&self, attempt: &Attempt, read: &Read<'_>, mut facts: Vec<(String, RestrictedExpression)>) -> bool {
        let domain_of = |address| RestrictedExpression::new_entity_uid(uid(&self.types.domain, domain(address)));
        let from = RestrictedExpression::new_entity_uid(uid(&self.types.address, &read.from));
        facts.push(("domain".to_owned(), domain_of(&read.envelope)));
        facts.push(("from".to_owned(), from));
        facts.push(("from_domain".to_owned(), domain_of(&read.from)));
        let Ok(context) = Context::from_pairs(facts) else { return false };
        let principal = uid(&self.types.account, &attempt.account);
        let resource = uid(&self.types.address, &read.envelope);
        let Ok(request) = Request::new(principal, self.send.clone(), resource, context, None) else { return false };
        self.authorizer.is_authorized(&request, &self.policies, &self.entities).decision() == Decision::Allow
    }
}

impl Types {
    fn entities(&self, policy: &Policy) -> Result<Entities, Box<dyn std::error::Error>> {
        let mut entities = Vec::new();
        // An address that several hold is one entity.
        let mut holders: HashMap<String, HashSet<EntityUid>> = HashMap::new();
        for (number, facts) in policy.tenants.iter().map(Facts::of).enumerate() {
            let tenant = uid(&self.tenant, &number.to_string());
            let refused = facts.refused.iter().map(|kind| RestrictedExpression::new_string(kind.name().to_owned()));
            let mut settings = HashMap::from([("refused".to_owned(), RestrictedExpression::new_set(refused))]);
            // Cedar cannot ask whether any element of a set contains an address, so each range is an attribute of its own.
            for (range, name) in facts.allowlist.iter().zip(["range", "other_range"]) {
                let prefix = format!("{}/{}", range.first(), range.prefix_length().unwrap_or_default());
                settings.insert(name.to_owned(), RestrictedExpression::new_ip(prefix));
            }
            entities.push(Entity::new(tenant.clone(), settings, HashSet::new())?);
            for address in facts.identities {
                holders.entry(address).or_default().insert(tenant.clone());
            }
            for account in facts.accounts {
                let id = uid(&self.account, account.id);
                let listed = facts.domains.iter().filter(|(_, senders)| senders.contains(&account.id));
                let parents = listed.map(|(name, _)| uid(&self.domain, name)).chain([tenant.clone()]).collect();
                let facts = HashMap::from([
                    ("active".to_owned(), RestrictedExpression::new_bool(account.active)),
                    ("tenant".to_owned(), RestrictedExpression::new_entity_uid(tenant.clone())),
                ]);
                entities.push(Entity::new(id.clone(), facts, parents)?);
                for address in account.identities {
                    holders.entry(address).or_default().insert(id.clone());
                }
            }
        }
        entities.extend(
            holders.into_iter().map(|(text, holders)| Entity::new_no_attrs(uid(&self.address, &text), holders)),
        );
        Ok(Entities::from_entities(entities, None)?)
    }
}

fn uid(name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}

const LEAN: &str = r#"
    permit (principal, action == Action::"send", resource) when {
        (resource in principal || principal in context.domain || resource in principal.tenant) &&
        (context.from in principal || principal in context.from_domain || context.from in principal.tenant)
    };
"#;

const RULES: &str = r#"
    permit (principal, action == Action::"send", resource) when {
        (resource in principal || principal in context.domain || resource in principal.tenant) &&
        (context.from in principal || principal in context.from_domain || context.from in principal.tenant)
    };
    forbid (principal, action == Action::"send", resource) unless { principal.active };
    forbid (principal, action == Action::"send", resource) when { principal.tenant.refused.contains(context.kind) };
    forbid (principal, action == Action::"send", resource) when { principal.tenant has range } unless {
        context.client.isInRange(principal.tenant.range) ||
        (principal.tenant has other_range && context.client.isInRange(principal.tenant.other_range))
    };
"#;

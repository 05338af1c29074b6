//! A slow, independent reference: decides a structured request from a policy by the clauses of `docs/semantics.md`.
//!
//! It shares no code with the engine and reads no text. Every question walks over all tenants and accounts, so that
//! each rule can be compared with its clause by eye; the clause stands beside each rule.

mod address;
mod answer;
mod credential;
mod envelope;
mod forms;
mod header;
mod hosted;
mod lineage;
mod modes;
mod names;
mod session;

pub use answer::{Answer, At, Found, Granted};
pub use forms::folded;
pub use lineage::find_account;

use sendas::policy::{Account, BUILT_IN_ROLES, Policy, Tenant};
use sendas::{Limits, Reason, Stage, Subject};

use crate::request::{Request, Value};
use answer::Findings;

/// Decides a request at a stage; a later stage implies the earlier ones.
#[must_use]
pub fn decide(policy: &Policy, limits: &Limits, request: &Request, stage: Stage) -> Answer {
    let mut findings = Findings::default();
    // 2.1
    let Some(id) = &request.account else {
        findings.always(Reason::AuthenticationRequired, Subject::Account);
        return findings.answer(None, request, stage);
    };
    let Some((tenant, account)) = find_account(policy, id) else {
        findings.always(Reason::UnknownAccount, Subject::Account);
        return findings.answer(None, request, stage);
    };
    let asked = Asked { policy, limits, request, tenant, account };
    session::judge(&asked, &mut findings);
    if stage >= Stage::Envelope {
        envelope::judge(&asked, &mut findings);
    }
    if stage >= Stage::Message {
        header::judge(&asked, &mut findings);
    }
    findings.answer(Some(tenant), request, stage)
}

/// Whether the address is another tenant's for this request (section 5), whatever is switched off.
#[must_use]
pub fn is_of_another_tenant(policy: &Policy, limits: &Limits, request: &Request, value: &Value) -> bool {
    let found = request.account.as_deref().and_then(|id| find_account(policy, id));
    found.is_some_and(|(tenant, account)| {
        hosted::of_another_tenant(&Asked { policy, limits, request, tenant, account }, value)
    })
}

/// What every rule may look at.
pub(crate) struct Asked<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) limits: &'a Limits,
    pub(crate) request: &'a Request,
    pub(crate) tenant: &'a Tenant,
    pub(crate) account: &'a Account,
}

impl Asked<'_> {
    /// 2.7: the roles the account holds; without any, the built-in `sender`.
    pub(crate) fn held_roles(&self) -> Vec<&str> {
        if self.account.roles.is_empty() {
            return vec!["sender"];
        }
        self.account.roles.iter().map(String::as_str).collect()
    }

    /// 2.7: the roles that count for this request.
    pub(crate) fn effective_roles(&self) -> Vec<&str> {
        let held = self.held_roles();
        match &self.request.role {
            None => held,
            Some(role) => held.into_iter().filter(|name| name == role && self.role_exists(name)).collect(),
        }
    }

    /// 2.7: whether the role is built in or defined by the tenant.
    pub(crate) fn role_exists(&self, name: &str) -> bool {
        BUILT_IN_ROLES.iter().any(|(built_in, _)| *built_in == name)
            || self.tenant.roles.iter().any(|role| role.name == name)
    }
}

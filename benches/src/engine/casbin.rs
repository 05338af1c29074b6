//! casbin with role links: an account inherits its tenant, and both inherit their addresses; hash maps decide the session.

use casbin::{CoreApi as _, DefaultModel, Enforcer, MemoryAdapter};
use sendas::Policy;

use super::facts::Facts;
use super::read::{Reader, domain};
use super::session::Sessions;
use super::{Built, Engine};
use crate::data::Given;

struct Casbin {
    reader: Reader,
    sessions: Sessions,
    enforcer: Enforcer,
}

/// Adds the links.
pub(super) fn build(policy: &Policy) -> Built {
    let model = pollster::block_on(DefaultModel::from_str(MODEL))?;
    let mut enforcer = pollster::block_on(Enforcer::new(model, MemoryAdapter::default()))?;
    enforcer.build_role_links()?;
    let mut sessions = Sessions::default();
    let roles = enforcer.get_role_manager();
    let mut links = roles.write();
    for facts in policy.tenants.iter().map(Facts::of) {
        let tenant = sessions.add(&facts).to_string();
        for address in &facts.identities {
            links.add_link(&tenant, address, None);
        }
        for account in &facts.accounts {
            links.add_link(account.id, &tenant, None);
            for address in &account.identities {
                links.add_link(account.id, address, None);
            }
        }
        for (name, senders) in &facts.domains {
            for account in senders {
                links.add_link(account, name, None);
            }
        }
    }
    drop(links);
    Ok(Box::new(Casbin { reader: Reader::header(), sessions, enforcer }))
}

impl Engine for Casbin {
    fn allows(&self, attempt: &Given<'_>) -> bool {
        let Some(read) = self.reader.read(attempt) else { return false };
        let gives = |address: &str| {
            self.enforcer.enforce((attempt.account.as_str(), address, domain(address))).unwrap_or(false)
        };
        self.sessions.admits(attempt, read.client).is_some() && gives(&read.envelope) && gives(&read.from)
    }
}

/// Without policies, the matcher is asked once.
const MODEL: &str = "
[request_definition]
r = account, address, domain
[policy_definition]
p = account, address, domain
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.account, r.address) || g(r.account, r.domain)
";

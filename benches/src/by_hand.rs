//! What a host would write by hand: hash maps of text, and a mail parser for the From field.
//!
//! It follows the rules that the data needs and no others: account, own address, identity, domain with listed
//! accounts, one From mailbox, other accounts' own addresses.

use std::collections::{HashMap, HashSet};

use mail_parser::MessageParser;
use sendas::policy::{Consent, DomainStatus, Names, Policy};

use crate::data::Attempt;

/// The maps.
#[derive(Default)]
#[expect(clippy::module_name_repetitions, reason = "named for what it is")]
pub struct EngineByHand {
    accounts: HashMap<String, Account>,
    own: HashMap<String, String>,
    tenant_identities: HashSet<(String, String)>,
    account_identities: HashSet<(String, String)>,
    domains: HashMap<(String, String), HashSet<String>>,
    hosted: HashMap<String, String>,
}

struct Account {
    tenant: String,
    active: bool,
}

impl EngineByHand {
    /// Fills the maps from a policy.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let mut engine = Self::default();
        for tenant in &policy.tenants {
            for domain in tenant.domains.iter().filter(|domain| domain.status == DomainStatus::Verified) {
                let senders = match &domain.senders {
                    Names::Any => tenant.accounts.iter().map(|account| account.id.clone()).collect(),
                    Names::Only(list) => list.iter().cloned().collect(),
                };
                engine.domains.insert((tenant.id.clone(), domain.name.to_string()), senders);
                engine.hosted.insert(domain.name.to_string(), tenant.id.clone());
            }
            let given = |identity: &&sendas::policy::Identity| identity.consent == Some(Consent::Given);
            for identity in tenant.identities.iter().filter(given) {
                engine.tenant_identities.insert((tenant.id.clone(), identity.address.to_string().to_ascii_lowercase()));
            }
            for account in &tenant.accounts {
                for identity in account.identities.iter().filter(given) {
                    let address = identity.address.to_string().to_ascii_lowercase();
                    engine.account_identities.insert((account.id.clone(), address));
                }
                if let Some(address) = &account.address {
                    engine.own.insert(address.to_string().to_ascii_lowercase(), account.id.clone());
                }
                let entry = Account { tenant: tenant.id.clone(), active: !account.suspended };
                engine.accounts.insert(account.id.clone(), entry);
            }
        }
        engine
    }

    /// Decides an attempt.
    #[must_use]
    pub fn allows(&self, attempt: &Attempt) -> bool {
        let Some(account) = self.accounts.get(&attempt.account) else { return false };
        if !account.active {
            return false;
        }
        let path = attempt.path.trim_start_matches('<').trim_end_matches('>');
        if !self.may_use(&attempt.account, account, path) {
            return false;
        }
        let header = format!("Subject: Quarterly figures\r\nFrom: {}\r\n\r\n", attempt.from);
        let Some(message) = MessageParser::default().parse_headers(&header) else { return false };
        let Some(from) = message.from() else { return false };
        let mut addresses = from.iter();
        match (addresses.next().and_then(mail_parser::Addr::address), addresses.next()) {
            (Some(address), None) => self.may_use(&attempt.account, account, address),
            _ => false,
        }
    }

    fn may_use(&self, id: &str, account: &Account, address: &str) -> bool {
        let address = address.to_ascii_lowercase();
        let Some((_, domain)) = address.rsplit_once('@') else { return false };
        if self.hosted.get(domain).is_some_and(|tenant| *tenant != account.tenant) {
            return false;
        }
        match self.own.get(&address) {
            Some(owner) if owner == id => return true,
            Some(_) => return false,
            None => {}
        }
        let listed = self.domains.get(&(account.tenant.clone(), domain.to_string()));
        if listed.is_some_and(|senders| senders.contains(id)) {
            return true;
        }
        self.account_identities.contains(&(id.to_string(), address.clone()))
            || self.tenant_identities.contains(&(account.tenant.clone(), address))
    }
}

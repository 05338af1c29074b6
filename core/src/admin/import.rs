//! A policy as the first records of a log.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::{Policy, Provider};
use crate::time::Timestamp;

use super::{Actor, Directory, Event, Record, Refusal};

impl Directory {
    /// Returns the records that take a policy over into an empty log: one for the provider, one for each tenant.
    ///
    /// A tenant with allowlists is entitled to them from then on. Challenges and tokens are no part of a policy, so a domain
    /// that is pending there is given one by `renew_challenge`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEmpty`] if the log has records, [`Refusal::PolicyProblem`] for the first problem of the policy.
    pub fn import(&self, policy: &Policy, by: &str, at: Timestamp) -> Result<Vec<Record>, Refusal> {
        if self.sequence != 0 {
            return Err(Refusal::NotEmpty {});
        }
        if let Some(problem) = policy.check().into_iter().next() {
            return Err(Refusal::PolicyProblem { problem: problem.kind });
        }
        let by = Actor::Provider { name: String::from(by) }.by();
        let provider = (policy.provider != Provider::default())
            .then(|| (None, Event::ProviderImported { provider: policy.provider.clone() }));
        let tenants = policy.tenants.iter();
        let tenants =
            tenants.map(|tenant| (Some(tenant.id.clone()), Event::TenantImported { tenant: Box::new(tenant.clone()) }));
        let records = provider.into_iter().chain(tenants).zip(1_u64..).map(|((tenant, event), sequence)| Record {
            sequence,
            at,
            by: by.clone(),
            id: format!("import-{sequence}"),
            command: String::from("import"),
            tenant,
            version: 1,
            events: [event].into(),
        });
        Ok(records.collect())
    }
}

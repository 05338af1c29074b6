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
    /// that is pending there is given one by `renew_challenge`. Where a first attempt was cut short, the records that are left
    /// are returned, and none where it was not.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotEmpty`] if the log has other records, [`Refusal::PolicyProblem`] for the first problem of the policy.
    pub fn import(&self, policy: &Policy, by: &str, at: Timestamp) -> Result<Vec<Record>, Refusal> {
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
        let mut records: Vec<Record> = records.collect();
        let left = usize::try_from(self.sequence).ok().filter(|&done| done <= records.len());
        let left = records.split_off(left.ok_or(Refusal::NotEmpty {})?);
        let mut before = Self::new();
        for record in &records {
            before.apply(record).map_err(|unfit| Refusal::DoesNotFit { what: format!("{}", unfit.kind) })?;
        }
        if before == *self { Ok(left) } else { Err(Refusal::NotEmpty {}) }
    }
}

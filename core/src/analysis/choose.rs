//! From what was seen to the commands that pre-register it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::admin::{Actor, Command, Directory, Order, Outcome, Refusal, Seen};
use crate::options::Options;
use crate::reason::Reason;
use crate::request::Channel;
use crate::snapshot::CompileError;
use crate::time::Timestamp;

use super::coverage::{Standing, Standings};
use super::observe::{Field, Observations, add};

/// An account that was seen to send as an address that it is not authorised for, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// The tenant.
    pub tenant: String,
    /// The account.
    pub account: String,
    /// The address.
    pub address: Address,
    /// The fields in which it was seen.
    pub fields: Vec<Field>,
    /// In how many messages it was seen at least, and when.
    pub seen: Seen,
    /// Why it is not authorised, in reporting order.
    pub reasons: Vec<Reason>,
    /// The command to give: `preregister`; else `alert`, where pre-registration is refused; none where there is nothing left to do.
    pub command: Option<Command>,
    /// Why it is not pre-registered.
    pub refusal: Option<Refusal>,
}

impl Directory {
    /// Chooses, from what was seen, the pairs of account and address that are not authorised today, and a command for each (M11, M12).
    ///
    /// Nothing is changed: the commands are to be given by the provider. Each is decided here as if it were the only one. Only
    /// pairs are chosen that were seen in at least `least` messages of one field.
    ///
    /// # Errors
    ///
    /// [`CompileError`] if the policy is too large.
    pub fn choose(
        &self,
        observations: &Observations,
        least: u64,
        now: Timestamp,
        options: &Options,
    ) -> Result<Vec<Choice>, CompileError> {
        let judge = Standings::new(self, now, options)?;
        let mut choices = Vec::new();
        for ((account, address), pair) in pairs(observations) {
            let Some(tenant) = self.tenant_of(account) else { continue };
            let Some(seen) = pair.seen().filter(|seen| seen.count >= least) else { continue };
            let mut reasons = BTreeSet::new();
            for &channel in &pair.channels {
                let (standing, against) = judge.standing(account, channel, address);
                if standing == Standing::Unauthorised {
                    reasons.extend(against);
                }
            }
            if reasons.is_empty() {
                continue;
            }
            let (command, refusal) = self.for_pair(account, address, seen, now);
            choices.push(Choice {
                tenant: tenant.into(),
                account: account.into(),
                address: address.clone(),
                fields: pair.fields.keys().copied().collect(),
                seen,
                reasons: reasons.into_iter().collect(),
                command,
                refusal,
            });
        }
        Ok(choices)
    }

    fn for_pair(
        &self,
        account: &str,
        address: &Address,
        seen: Seen,
        now: Timestamp,
    ) -> (Option<Command>, Option<Refusal>) {
        let provider = Actor::Provider { name: String::new() };
        let (account, address) = (String::from(account), address.clone());
        // No command in a log has this id.
        let order = Order::new("", now);
        let preregister = Command::Preregister { account: account.clone(), address: address.clone(), seen };
        match self.decide(&provider, &preregister, &order) {
            Ok(Outcome::Changed { .. }) => (Some(preregister), None),
            Ok(Outcome::Nothing | Outcome::Repeated { .. }) => (None, None),
            Err(refusal) => {
                let alert = Command::Alert { account, address };
                let new = matches!(self.decide(&provider, &alert, &order), Ok(Outcome::Changed { .. }));
                (new.then_some(alert), Some(refusal))
            }
        }
    }
}

/// What was seen of one pair.
#[derive(Default)]
struct Pair {
    channels: BTreeSet<Channel>,
    fields: BTreeMap<Field, Seen>,
}

impl Pair {
    /// A message can have the address in several fields, so that the most of one field is how many there are at least.
    fn seen(&self) -> Option<Seen> {
        let mut fields = self.fields.values().copied();
        let mut seen = fields.next()?;
        for other in fields {
            seen = Seen {
                count: seen.count.max(other.count),
                first: seen.first.min(other.first),
                last: seen.last.max(other.last),
            };
        }
        Some(seen)
    }
}

/// The addresses that accounts were seen to send as, names aside: they are shown, not sent as.
fn pairs(observations: &Observations) -> BTreeMap<(&str, &Address), Pair> {
    let mut pairs: BTreeMap<(&str, &Address), Pair> = BTreeMap::new();
    for (account, _, channel, bucket) in observations.buckets() {
        for (fact, seen) in &bucket.tallies {
            let (Some(address), Some(field)) = (fact.address(), fact.field()) else { continue };
            if matches!(field, Field::FromName | Field::SenderName) {
                continue;
            }
            let pair = pairs.entry((account, address)).or_default();
            pair.channels.insert(channel);
            pair.fields.entry(field).and_modify(|sum| add(sum, *seen)).or_insert(*seen);
        }
    }
    pairs
}

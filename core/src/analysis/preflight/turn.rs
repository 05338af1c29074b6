//! Whether the verdict on a tally turns, and when.

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::admin::Seen;
use crate::decision::Finding;
use crate::policy::named::named;
use crate::reason::Reason;
use crate::record::RequestRecord;
use crate::time::Timestamp;

use super::super::observe::{ClientFact, CredentialFact, Fact, Field, Said, Table};
use super::Change;
use super::profile::Profile;
use super::side::Side;
use super::witness::Witnesses;

/// How the verdict on a tally turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it turns one way or the other, for certain or perhaps")]
pub enum Turn {
    /// Its messages were permitted, as far as the fact goes, and would be denied.
    Denied,
    /// So with some of its messages, or so perhaps: the tallies do not tell.
    MayBeDenied,
    /// Its messages were denied for the fact, and would be denied for it no more.
    Permitted,
    /// So with some of its messages, or so perhaps.
    MayBePermitted,
}

named! {
    Turn, 4, "denied":
    Denied = "denied",
    MayBeDenied = "may_be_denied",
    Permitted = "permitted",
    MayBePermitted = "may_be_permitted",
}

/// What is compared.
#[derive(Clone, Copy)]
pub(super) enum Times {
    /// The policy before with the policy after, at each instant from this one on.
    Same(Timestamp),
    /// The policy at this instant with itself at later ones.
    Later(Timestamp),
}

/// One account on one channel, with what it is judged by.
pub(super) struct Judge<'a> {
    pub(super) profile: Profile<'a>,
    pub(super) times: Times,
    /// The tenants that differ.
    pub(super) changed: &'a BTreeSet<&'a str>,
}

impl Judge<'_> {
    /// Enters the turns of a fact, each with the first instant at which it happens.
    pub(super) fn turns(&self, fact: &Fact, seen: Seen, changes: &mut Vec<Change>) {
        let mut witnesses = self.profile.witnesses(fact, self.changed);
        let mut found: [Option<Turned>; 4] = [None, None, None, None];
        for instant in self.instants(fact) {
            for (turn, turned) in self.at(instant, &mut witnesses) {
                if let Some(slot @ None) = found.get_mut(turn as usize) {
                    *slot = Some(turned);
                }
            }
        }
        let [denied, may_be_denied, permitted, may_be_permitted] = found;
        // What is certain by then need not be feared from the same instant on.
        let may_be_denied = may_be_denied.filter(|may| denied.as_ref().is_none_or(|denied| may.from < denied.from));
        let may_be_permitted =
            may_be_permitted.filter(|may| permitted.as_ref().is_none_or(|permitted| may.from < permitted.from));
        for (turn, turned) in Turn::ALL.into_iter().zip([denied, may_be_denied, permitted, may_be_permitted]) {
            let Some(turned) = turned else { continue };
            let tenant = |side: &Side<'_>| side.account(self.profile.account).map(|(tenant, _)| tenant.id.clone());
            let certain = matches!(turn, Turn::Denied | Turn::Permitted);
            changes.push(Change {
                tenant: tenant(self.profile.after).or_else(|| tenant(self.profile.before)),
                account: self.profile.account.to_string(),
                channel: self.profile.channel,
                fact: fact.clone(),
                seen,
                turn,
                from: turned.from,
                reasons: turned.reasons.into_iter().collect(),
                open: if certain { Vec::new() } else { witnesses.open.iter().copied().collect() },
            });
        }
    }

    /// The instants to look at, in their order.
    fn instants(&self, fact: &Fact) -> BTreeSet<Timestamp> {
        let (Times::Same(now) | Times::Later(now)) = self.times;
        let mut instants = BTreeSet::from([now]);
        for side in [self.profile.before, self.profile.after] {
            side.instants(self.profile.account, &mut instants);
        }
        if let Fact::Credential(fact) = fact {
            let id = fact.credential.as_ref().map(|seen| seen.id.as_deref());
            let asked = self.profile.registered().filter(|one| id.is_none_or(|id| id == Some(&*one.id)));
            instants.extend(asked.filter_map(|one| one.expires));
        }
        instants.split_off(&now)
    }

    fn at(&self, instant: Timestamp, witnesses: &mut Witnesses) -> Vec<(Turn, Turned)> {
        let earlier = match self.times {
            Times::Same(_) => instant,
            Times::Later(now) => now,
        };
        let mut requests = core::mem::take(&mut witnesses.requests);
        let (mut begin, mut end) = (0_usize, 0_usize);
        let (mut for_reasons, mut no_more) = (BTreeSet::new(), BTreeSet::new());
        let mut permitted_before = 0_usize;
        for request in &mut requests {
            let before = findings(self.profile.before, request, earlier, witnesses);
            let after = findings(self.profile.after, request, instant, witnesses);
            permitted_before += usize::from(before.is_empty());
            if before.is_empty() && !after.is_empty() {
                begin += 1;
                for_reasons.extend(after);
            } else if !before.is_empty() && after.is_empty() {
                end += 1;
                no_more.extend(before);
            }
        }
        let (all, denied_before) = (requests.len(), requests.len() - permitted_before);
        witnesses.requests = requests;
        let turn = |turned: usize, could: usize, certain, perhaps| match turned {
            _ if turned == all && turned > 0 && !witnesses.partial => Some(certain),
            0 if !witnesses.partial || could == 0 => None,
            _ => Some(perhaps),
        };
        let begins = turn(begin, permitted_before, Turn::Denied, Turn::MayBeDenied);
        let ends = turn(end, denied_before, Turn::Permitted, Turn::MayBePermitted);
        let begins = begins.map(|turn| (turn, Turned { from: instant, reasons: for_reasons }));
        let ends = ends.map(|turn| (turn, Turned { from: instant, reasons: no_more }));
        begins.into_iter().chain(ends).collect()
    }
}

struct Turned {
    from: Timestamp,
    reasons: BTreeSet<Reason>,
}

/// The enforced reasons that are about the fact.
fn findings(side: &Side<'_>, request: &mut RequestRecord, now: Timestamp, witnesses: &Witnesses) -> BTreeSet<Reason> {
    request.now = now;
    let decision = request.with_request(|request| side.snapshot.evaluate_stage(request, witnesses.stage));
    let about =
        |finding: &&Finding| witnesses.subjects.contains(&finding.place.subject) && (witnesses.counts)(finding.reason);
    decision.reasons().iter().filter(about).map(|finding| finding.reason).collect()
}

/// What stands for tallies that were dropped: nothing is known of them.
pub(super) fn unknown(table: Table) -> Vec<Fact> {
    match table {
        Table::Senders => {
            [Field::EnvelopeSender, Field::From].map(|field| Fact::Sender { field, said: Said::Unknown }).into()
        }
        Table::Clients => [Fact::Client(ClientFact::Unknown)].into(),
        Table::Credentials => [Fact::Credential(CredentialFact { role: None, credential: None, tls: None })].into(),
    }
}

/// Which accounts a change can concern at all.
pub(super) struct Reach<'a> {
    /// The tenants that differ in what decides on addresses, and in anything.
    pub(super) addresses: BTreeSet<&'a str>,
    pub(super) anything: BTreeSet<&'a str>,
    /// Whether it can concern accounts of tenants that do not differ.
    pub(super) everyone: bool,
}

impl<'a> Reach<'a> {
    pub(super) fn concerns(&self, fact: &Fact, before: &Side<'a>, after: &Side<'a>, account: &str) -> bool {
        let tenants = match fact {
            Fact::Sender { .. } => &self.addresses,
            Fact::Client(_) | Fact::Credential(_) => &self.anything,
        };
        let mut lineage = before.lineage(account).chain(after.lineage(account));
        self.everyone || lineage.any(|tenant| tenants.contains(&*tenant.id))
    }
}

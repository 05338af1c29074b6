//! The tallies, and which of them are kept.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;

use crate::admin::Seen;
use crate::request::Channel;

use super::{Fact, Table, Tally};

/// What was seen of accounts, as tallies, in bounded memory.
///
/// At most a given number of tallies is kept. Where there are more, each account keeps its first ones of each table and channel, in the
/// order of their facts, and those that have most give way to the others: so none crowds out another. What
/// is kept is counted exactly, and what is not is counted too. Nothing depends on the order of the requests, and observations
/// of two logs that are [merged](Self::merge) are those of both together.
///
/// ```
/// use sendas::analysis::{Observations, Table};
/// use sendas::{Channel, EnvelopeSender, Limits, Request, Timestamp};
///
/// let mut observations = Observations::new(100_000);
/// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
/// request.account = Some(b"alice");
/// request.envelope_sender = EnvelopeSender::Path(b"<news@acme.example>");
/// observations.observe(&request, &Limits::default());
/// assert_eq!(observations.requests(), 1);
/// // The envelope sender, and that the header, the client and the credential are not known.
/// assert_eq!(observations.tallies().count(), 4);
/// assert_eq!(observations.dropped(Table::Senders), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observations {
    most: usize,
    requests: u64,
    unattributed: u64,
    counted: [u64; 3],
    buckets: BTreeMap<Key, Bucket>,
    /// How many tallies are kept.
    kept: usize,
    /// The buckets by how many tallies they keep; the last one gives way.
    by_size: BTreeSet<(usize, Key)>,
}

/// An account in a table on a channel.
type Key = (Arc<str>, Table, Channel);

/// The tallies of one account in one table on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Everything that was counted here, with what was dropped.
    pub(crate) counted: Seen,
    pub(crate) tallies: BTreeMap<Fact, Seen>,
}

/// The tallies of one account in one table on one channel, as they are written.
#[cfg(feature = "json")]
pub(crate) struct Tallied {
    pub(crate) account: String,
    pub(crate) table: Table,
    pub(crate) channel: Channel,
    /// Everything that was counted here, with what was dropped.
    pub(crate) counted: Seen,
    pub(crate) tallies: BTreeMap<Fact, Seen>,
}

impl Observations {
    /// Creates observations of nothing, which keep at most this many tallies.
    ///
    /// A tally takes some 700 octets, and never more than some 5 000.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            requests: 0,
            unattributed: 0,
            counted: [0; 3],
            buckets: BTreeMap::new(),
            kept: 0,
            by_size: BTreeSet::new(),
        }
    }

    /// Adds what other observations hold, as if their requests had been observed here; the smaller bound holds from then on.
    pub fn merge(&mut self, other: &Self) {
        self.most = self.most.min(other.most);
        self.requests = self.requests.saturating_add(other.requests);
        self.unattributed = self.unattributed.saturating_add(other.unattributed);
        for (sum, counted) in self.counted.iter_mut().zip(other.counted) {
            *sum = sum.saturating_add(counted);
        }
        for (key, bucket) in &other.buckets {
            self.count(key, bucket.counted);
            for (fact, seen) in &bucket.tallies {
                self.keep(key, fact.clone(), *seen);
            }
        }
        self.give_way();
    }

    /// As many tallies as are kept at most.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }

    /// How many requests were observed.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// How many of them name no account, or one that no account can be; nothing else is kept of them.
    #[must_use]
    pub const fn unattributed(&self) -> u64 {
        self.unattributed
    }

    /// How many facts were counted in a table, those included that were dropped.
    #[must_use]
    pub fn counted(&self, table: Table) -> u64 {
        self.counted.get(table as usize).copied().unwrap_or_default()
    }

    /// How many of them are in no tally, since there was no room for it.
    #[must_use]
    pub fn dropped(&self, table: Table) -> u64 {
        let kept = self.tallies().filter(|tally| tally.fact.table() == table).map(|tally| tally.seen.count);
        kept.fold(self.counted(table), u64::saturating_sub)
    }

    /// Returns every tally that is kept, by account, table, channel and fact.
    pub fn tallies(&self) -> impl Iterator<Item = Tally> {
        self.buckets.iter().flat_map(|((account, _, channel), bucket)| {
            bucket.tallies.iter().map(|(fact, seen)| Tally {
                account: String::from(&**account),
                channel: *channel,
                fact: fact.clone(),
                seen: *seen,
            })
        })
    }

    /// Creates observations that have counted this, and keep nothing yet.
    #[cfg(feature = "json")]
    pub(crate) fn counting(most: usize, requests: u64, unattributed: u64, counted: [u64; 3]) -> Self {
        Self { requests, unattributed, counted, ..Self::new(most) }
    }

    /// Takes tallies back that were written; what cannot have been counted so is refused.
    #[cfg(feature = "json")]
    pub(crate) fn restore(&mut self, tallied: Tallied) -> Result<(), &'static str> {
        let key = (Arc::from(tallied.account), tallied.table, tallied.channel);
        let sound = |seen: &Seen| seen.count > 0 && seen.first <= seen.last;
        let within = |seen: &Seen| seen.first >= tallied.counted.first && seen.last <= tallied.counted.last;
        let counts = tallied.tallies.values().map(|seen| seen.count);
        let sum = counts.fold(0, u64::saturating_add);
        if self.buckets.contains_key(&key) {
            return Err("the account stands twice with this table and channel");
        }
        if tallied.tallies.is_empty()
            || !sound(&tallied.counted)
            || !tallied.tallies.values().all(|seen| sound(seen) && within(seen))
        {
            return Err(
                "a tally counts at least one message, and its instants are in order and within those of its line",
            );
        }
        if sum > tallied.counted.count {
            return Err("the tallies count more than their line");
        }
        if self.kept + tallied.tallies.len() > self.most {
            return Err("there are more tallies than the head says are kept");
        }
        self.kept += tallied.tallies.len();
        self.by_size.insert((tallied.tallies.len(), key.clone()));
        self.buckets.insert(key, Bucket { counted: tallied.counted, tallies: tallied.tallies });
        Ok(())
    }

    /// Returns what is written of the tallies.
    #[cfg(feature = "json")]
    pub(crate) fn tallied(&self) -> impl Iterator<Item = Tallied> {
        self.buckets().map(|(account, table, channel, bucket)| Tallied {
            account: String::from(account),
            table,
            channel,
            counted: bucket.counted,
            tallies: bucket.tallies.clone(),
        })
    }

    /// Returns the buckets by account, table and channel.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&str, Table, Channel, &Bucket)> {
        self.buckets.iter().map(|((account, table, channel), bucket)| (&**account, *table, *channel, bucket))
    }

    pub(in crate::analysis) fn bucket(&self, account: &str, table: Table, channel: Channel) -> Option<&Bucket> {
        self.buckets.get(&(Arc::from(account), table, channel))
    }

    pub(in crate::analysis::observe) fn add_request(&mut self, attributed: bool) {
        self.requests = self.requests.saturating_add(1);
        if !attributed {
            self.unattributed = self.unattributed.saturating_add(1);
        }
    }

    /// Counts one fact, and keeps its tally if there is room.
    pub(in crate::analysis::observe) fn add(&mut self, account: &Arc<str>, channel: Channel, fact: Fact, seen: Seen) {
        let key = (account.clone(), fact.table(), channel);
        if let Some(sum) = self.counted.get_mut(key.1 as usize) {
            *sum = sum.saturating_add(seen.count);
        }
        self.count(&key, seen);
        self.keep(&key, fact, seen);
        self.give_way();
    }

    fn count(&mut self, key: &Key, seen: Seen) {
        match self.buckets.get_mut(key) {
            Some(bucket) => add(&mut bucket.counted, seen),
            None => _ = self.buckets.insert(key.clone(), Bucket { counted: seen, tallies: BTreeMap::new() }),
        }
    }

    fn keep(&mut self, key: &Key, fact: Fact, seen: Seen) {
        let Some(bucket) = self.buckets.get_mut(key) else { return };
        match bucket.tallies.get_mut(&fact) {
            Some(kept) => add(kept, seen),
            None => {
                self.by_size.remove(&(bucket.tallies.len(), key.clone()));
                bucket.tallies.insert(fact, seen);
                self.by_size.insert((bucket.tallies.len(), key.clone()));
                self.kept += 1;
            }
        }
    }

    /// Drops tallies until the bound holds: always the last one of the bucket that has most.
    fn give_way(&mut self) {
        while self.kept > self.most {
            let Some((_, key)) = self.by_size.pop_last() else { return };
            self.kept -= 1;
            let Some(bucket) = self.buckets.get_mut(&key) else { return };
            bucket.tallies.pop_last();
            match bucket.tallies.len() {
                0 => _ = self.buckets.remove(&key),
                left => _ = self.by_size.insert((left, key)),
            }
        }
    }
}

impl Bucket {
    /// Returns what was counted here and is in no tally.
    pub(in crate::analysis) fn dropped(&self) -> u64 {
        self.tallies.values().fold(self.counted.count, |left, seen| left.saturating_sub(seen.count))
    }
}

pub(crate) fn add(sum: &mut Seen, seen: Seen) {
    sum.count = sum.count.saturating_add(seen.count);
    sum.first = sum.first.min(seen.first);
    sum.last = sum.last.max(seen.last);
}

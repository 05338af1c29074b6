//! What a command would begin to deny, asked of the tallies.

mod profile;
mod side;
mod turn;
mod witness;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::admin::{Actor, Command, Directory, Order, Outcome, Refusal, Seen, Warning};
use crate::decision::Subject;
use crate::options::Options;
use crate::policy::{Policy, Separator, Tenant};
use crate::reason::Reason;
use crate::request::Channel;
use crate::snapshot::CompileError;
use crate::time::Timestamp;

use self::profile::Profile;
use self::side::{Side, about_addresses};
use self::turn::{Judge, Reach, Times, unknown};

pub use self::turn::Turn;

use super::observe::{Fact, Observations, Table};

/// What a command would begin to deny or to permit, as far as the observations tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preflight {
    /// What the command would be answered with besides; see [`Outcome::Changed`].
    pub warnings: Vec<Warning>,
    /// The tallies of which the verdict turns, by account, table, channel, fact and turn.
    pub changes: Vec<Change>,
    /// How many facts were seen of each kind, and how many of them turn.
    pub figures: Vec<Figure>,
    /// What the observations do not tell.
    pub blind: Blind,
}

/// A tally of which the verdict turns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The tenant of the account, if it has one.
    pub tenant: Option<String>,
    /// The account.
    pub account: String,
    /// The channel.
    pub channel: Channel,
    /// The fact. One that is unknown stands for tallies that were dropped too.
    pub fact: Fact,
    /// In how many messages it was seen, and when.
    pub seen: Seen,
    /// How it turns.
    pub turn: Turn,
    /// The first instant at which it does.
    pub from: Timestamp,
    /// Why it is denied, then or until then; in reporting order.
    pub reasons: Vec<Reason>,
    /// What the tally does not tell and would have to: parts of a request. Empty where the turn is certain.
    pub open: Vec<Subject>,
}

/// How many facts of one kind were seen, and how many of them turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figure {
    /// The name of a [`Field`](super::Field), or `client` or `credential`.
    pub fact: &'static str,
    /// All that are in a tally.
    pub seen: u64,
    /// Those of which the source told no value.
    pub unknown: u64,
    /// How many turn, by [`Turn`]; what is certain is not counted as perhaps too.
    pub turns: [u64; 4],
}

/// What observations do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blind {
    /// Accounts in reach of the change that were never seen.
    pub unseen_accounts: u64,
    /// Requests that name no account, or none that an account can be.
    pub unattributed: u64,
    /// Facts of each [`Table`] that are in no tally.
    pub dropped: [u64; 3],
}

/// Why nothing can be foreseen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a command is refused, or a policy does not compile")]
pub enum PreflightError {
    /// The command would be refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A policy does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Directory {
    /// Says what a command would begin to deny, were it given now: nothing is changed.
    ///
    /// The command is decided, and each tally judged by the policy before and after it: at `order.now`, and at every later instant
    /// that either policy names, such as a deadline. `docs/administration.md`, section 14, says how a tally is judged.
    ///
    /// ```
    /// use sendas::admin::{Actor, Command, Directory, Order};
    /// use sendas::analysis::{Observations, Turn};
    /// use sendas::policy::{Account, Mode, Policy, Tenant};
    /// use sendas::{Address, Channel, EnvelopeSender, HashKey, Limits, Options, Request, Timestamp};
    ///
    /// let mut account = Account::new("alice");
    /// account.address = Some(Address::parse("alice@acme.example")?);
    /// account.address_assigned = true;
    /// let mut tenant = Tenant::new("acme");
    /// (tenant.controls.sender, tenant.controls.header) = (Mode::Off, Mode::Off);
    /// tenant.accounts.push(account);
    /// let mut policy = Policy::default();
    /// policy.tenants.push(tenant);
    /// let mut directory = Directory::new();
    /// for record in directory.import(&policy, "setup", Timestamp(0))? {
    ///     directory.apply(&record)?;
    /// }
    /// let mut observations = Observations::new(1000);
    /// let mut request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    /// request.account = Some(b"alice");
    /// for sender in [b"<alice@acme.example>".as_slice(), b"<sales@acme.example>"] {
    ///     request.envelope_sender = EnvelopeSender::Path(sender);
    ///     observations.observe(&request, &Limits::default());
    /// }
    ///
    /// let provider = Actor::Provider { name: "support".into() };
    /// let command = Command::SwitchSenderAuth { tenant: "acme".into(), mode: Mode::Enforce };
    /// let order = Order::new("try-1", Timestamp(1_796_083_200));
    /// let foreseen = directory.preflight(&observations, &provider, &command, &order, &Options::new(HashKey([7; 16])))?;
    /// let denied: Vec<_> = foreseen.changes.iter().filter(|change| change.turn == Turn::Denied).collect();
    /// assert_eq!(denied.len(), 1);
    /// assert_eq!(denied[0].fact.address().map(ToString::to_string).as_deref(), Some("sales@acme.example"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PreflightError::Refused`] if the command would be refused, [`PreflightError::Compile`] if a policy is too large.
    pub fn preflight(
        &self,
        observations: &Observations,
        actor: &Actor,
        command: &Command,
        order: &Order,
        options: &Options,
    ) -> Result<Preflight, PreflightError> {
        let before = self.policy();
        let (after, warnings) = match self.decide(actor, command, order)? {
            Outcome::Changed { record, warnings } => {
                let mut draft = self.clone();
                // What was just decided fits; if it did not, nothing would change.
                let after = draft.apply(&record).map_or_else(|_| before.clone(), |()| draft.policy());
                (after, warnings)
            }
            Outcome::Nothing | Outcome::Repeated { .. } => (before.clone(), Vec::new()),
        };
        let foreseen = compare(&before, &after, observations, order.now, options)?;
        Ok(Preflight { warnings, ..foreseen })
    }

    /// Says what begins to be denied at later instants if nothing is changed: by deadlines, and by what ends.
    ///
    /// # Errors
    ///
    /// [`CompileError`] if the policy is too large.
    pub fn outlook(
        &self,
        observations: &Observations,
        now: Timestamp,
        options: &Options,
    ) -> Result<Preflight, CompileError> {
        let policy = self.policy();
        let side = Side::new(&policy, options)?;
        let reach = Reach { addresses: BTreeSet::new(), anything: BTreeSet::new(), everyone: true };
        let times = Times::Later(now);
        Ok(Comparison { observations, before: &side, after: &side, times, reach }.run())
    }
}

impl Policy {
    /// Says what would begin to be denied if this policy were replaced by another one: [`Directory::preflight`] without a command.
    ///
    /// # Errors
    ///
    /// [`CompileError`] if one of the policies has problems or is too large.
    pub fn preflight(
        &self,
        candidate: &Self,
        observations: &Observations,
        now: Timestamp,
        options: &Options,
    ) -> Result<Preflight, CompileError> {
        compare(self, candidate, observations, now, options)
    }
}

fn compare(
    before: &Policy,
    after: &Policy,
    observations: &Observations,
    now: Timestamp,
    options: &Options,
) -> Result<Preflight, CompileError> {
    let reach = reach(before, after);
    let (before, after) = (&Side::new(before, options)?, &Side::new(after, options)?);
    Ok(Comparison { observations, before, after, times: Times::Same(now), reach }.run())
}

/// Two policies, and what is judged by them.
struct Comparison<'a> {
    observations: &'a Observations,
    before: &'a Side<'a>,
    after: &'a Side<'a>,
    times: Times,
    reach: Reach<'a>,
}

impl Comparison<'_> {
    fn run(&self) -> Preflight {
        let mut changes = Vec::new();
        let mut figures: BTreeMap<&'static str, Figure> = BTreeMap::new();
        let mut seen_accounts = BTreeSet::new();
        for (account, table, channel, bucket) in self.observations.buckets() {
            seen_accounts.insert(account);
            let profile = Profile::new(account, channel, self.observations, self.before, self.after);
            let judge = Judge { profile, times: self.times, changed: &self.reach.anything };
            for (fact, seen) in &bucket.tallies {
                self.judge(&judge, fact, *seen, &mut changes, &mut figures);
            }
            if bucket.dropped() > 0 {
                let seen = Seen { count: bucket.dropped(), ..bucket.counted };
                for fact in unknown(table).iter().filter(|fact| !bucket.tallies.contains_key(fact)) {
                    // Of which field they are is not known, so that they are in no figure.
                    self.judge(&judge, fact, seen, &mut changes, &mut BTreeMap::new());
                }
            }
        }
        let unseen = self.after.policy.tenants.iter().filter(|tenant| self.is_in_reach(tenant));
        let unseen = unseen.flat_map(|tenant| &tenant.accounts).filter(|one| !seen_accounts.contains(&*one.id));
        let blind = Blind {
            unseen_accounts: u64::try_from(unseen.count()).unwrap_or(u64::MAX),
            unattributed: self.observations.unattributed(),
            dropped: Table::ALL.map(|table| self.observations.dropped(table)),
        };
        let figures = figures.into_values().collect();
        Preflight { warnings: Vec::new(), changes, figures, blind }
    }

    fn judge(
        &self,
        judge: &Judge<'_>,
        fact: &Fact,
        seen: Seen,
        changes: &mut Vec<Change>,
        figures: &mut BTreeMap<&'static str, Figure>,
    ) {
        let name = fact.kind();
        let figure = figures.entry(name).or_insert(Figure { fact: name, seen: 0, unknown: 0, turns: [0; 4] });
        figure.seen = figure.seen.saturating_add(seen.count);
        if fact.is_unknown() {
            figure.unknown = figure.unknown.saturating_add(seen.count);
        }
        if !self.reach.concerns(fact, self.before, self.after, judge.profile.account) {
            return;
        }
        let first = changes.len();
        judge.turns(fact, seen, changes);
        let turns: BTreeSet<Turn> = changes.iter().skip(first).map(|change| change.turn).collect();
        for turn in &turns {
            let certain = match turn {
                Turn::MayBeDenied => turns.contains(&Turn::Denied),
                Turn::MayBePermitted => turns.contains(&Turn::Permitted),
                Turn::Denied | Turn::Permitted => false,
            };
            if let Some(sum) = figure.turns.get_mut(*turn as usize).filter(|_| !certain) {
                *sum = sum.saturating_add(seen.count);
            }
        }
    }

    fn is_in_reach(&self, tenant: &Tenant) -> bool {
        self.reach.everyone || self.reach.anything.iter().any(|id| self.after.is_below(&tenant.id, id))
    }
}

impl Preflight {
    /// Tells whether nothing begins to be denied, for certain or perhaps, and every account in reach was seen.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        let denies = |change: &Change| matches!(change.turn, Turn::Denied | Turn::MayBeDenied);
        !self.changes.iter().any(denies) && self.blind.unseen_accounts == 0 && self.blind.dropped == [0; 3]
    }
}

/// Finds which tenants differ, and whether that can concern others.
fn reach<'p>(before: &'p Policy, after: &'p Policy) -> Reach<'p> {
    let anything = differing(before, after).collect();
    let (lean_before, lean_after) = (about_addresses(before), about_addresses(after));
    let names: BTreeSet<String> = differing(&lean_before, &lean_after).map(String::from).collect();
    let own = |policy: &'p Policy| policy.tenants.iter().map(|tenant| &*tenant.id);
    let addresses = own(before).chain(own(after)).filter(|id| names.contains(*id)).collect();
    let everyone = before.provider != after.provider || hosting(before) != hosting(after);
    Reach { addresses, anything, everyone }
}

fn differing<'p>(before: &'p Policy, after: &'p Policy) -> impl Iterator<Item = &'p str> {
    let by_id = |policy: &'p Policy| -> BTreeMap<&'p str, &'p Tenant> {
        policy.tenants.iter().map(|tenant| (&*tenant.id, tenant)).collect()
    };
    let (old, new) = (by_id(before), by_id(after));
    let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    ids.into_iter().filter(move |id| old.get(id) != new.get(id))
}

/// What stands in one tenant and concerns accounts of others: own addresses, domains, credentials.
fn hosting(policy: &Policy) -> BTreeSet<String> {
    let mut hosting = BTreeSet::new();
    for tenant in &policy.tenants {
        let id = &tenant.id;
        for domain in &tenant.domains {
            let (name, status, separator) = (&domain.name, domain.status.name(), domain.separator.map(Separator::name));
            hosting.insert(format!("{id:?} {name} {status} {separator:?} {} {}", domain.active, domain.subdomains));
        }
        for account in &tenant.accounts {
            let own = account.address.as_ref().map(|own| format!("{id:?} {own} {}", account.address_assigned));
            let credentials = account.credentials.iter().map(|one| format!("{:?} {:?}", account.id, one.id));
            hosting.extend(own.into_iter().chain(credentials));
        }
    }
    hosting
}

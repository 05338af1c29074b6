//! What holds of observations, and of what is foreseen from them, over generated policies and requests.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use sendas::admin::{Actor, Command, Directory, Holder, Order, Outcome};
use sendas::analysis::{Fact, Observations, Preflight, PreflightError, Table, Tally, Turn};
use sendas::policy::{Mode, Policy, Proof};
use sendas::record::RequestRecord;
use sendas::{Options, Snapshot, Stage, Timestamp, Verdict};
use sendas_tests::change::{pick, weaken};
use sendas_tests::generate::{self, Choices};
use sendas_tests::written::Written;

/// What is observed: a policy, requests made for it, and octets for further choices.
#[derive(Debug)]
struct Traffic {
    policy: Policy,
    options: Options,
    records: Vec<RequestRecord>,
}

/// Makes requests for one policy: the first octets make the policy, the others a request each.
fn traffic(world: &[u8], requests: &[Vec<u8>]) -> Traffic {
    let case = generate::case(world);
    let mut records = Vec::new();
    for octets in requests {
        let request = generate::request(&mut Choices::new(octets), &case.policy, &case.options.limits);
        Written::new(&request, &case.options.limits).ask(|request| records.push(RequestRecord::from(request)));
    }
    Traffic { policy: case.policy, options: case.options, records }
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 300..900)
}

fn many() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), 60..300), 1..24)
}

fn observe<'r>(most: usize, records: impl IntoIterator<Item = &'r RequestRecord>, options: &Options) -> Observations {
    let mut observations = Observations::new(most);
    for record in records {
        record.with_request(|request| observations.observe(request, &options.limits));
    }
    observations
}

proptest! {
    #[test]
    fn the_order_of_requests_is_irrelevant(world in octets(), requests in many(), most in 1_usize..60, swaps in vec(any::<usize>(), 0..40)) {
        let Traffic { records, options, .. } = traffic(&world, &requests);
        let mut other: Vec<&RequestRecord> = records.iter().collect();
        for pair in swaps.chunks_exact(2) {
            let (one, two) = (pair[0] % other.len(), pair[1] % other.len());
            other.swap(one, two);
        }
        prop_assert_eq!(observe(most, &records, &options), observe(most, other, &options));
    }

    #[test]
    fn logs_merged_are_logs_together(world in octets(), requests in many(), most in 1_usize..60, mask: u32) {
        let Traffic { records, options, .. } = traffic(&world, &requests);
        let (mine, theirs): (Vec<_>, Vec<_>) =
            records.iter().enumerate().partition(|(index, _)| mask >> (index % 32) & 1 == 0);
        let mut merged = observe(most, mine.into_iter().map(|(_, record)| record), &options);
        merged.merge(&observe(most, theirs.into_iter().map(|(_, record)| record), &options));
        prop_assert_eq!(merged, observe(most, &records, &options));
    }

    #[test]
    fn the_bound_holds_and_what_is_dropped_is_counted(world in octets(), requests in many(), most in 0_usize..40) {
        let Traffic { records, options, .. } = traffic(&world, &requests);
        let (bounded, whole) = (observe(most, &records, &options), observe(usize::MAX, &records, &options));
        let tallies: Vec<Tally> = bounded.tallies().collect();
        prop_assert!(tallies.len() <= most);
        prop_assert_eq!(tallies.len(), most.min(whole.tallies().count()));
        for table in Table::ALL {
            let kept: u64 = tallies.iter().filter(|one| one.fact.table() == table).map(|one| one.seen.count).sum();
            prop_assert_eq!(bounded.counted(table), whole.counted(table));
            prop_assert_eq!(bounded.dropped(table), whole.counted(table) - kept);
            prop_assert_eq!(whole.dropped(table), 0);
        }
        let all: Vec<Tally> = whole.tallies().collect();
        prop_assert!(tallies.iter().all(|tally| all.contains(tally)), "what is kept is counted exactly");
        for observations in [bounded, whole] {
            let text = observations.to_json_lines();
            prop_assert_eq!(Observations::from_json_lines(&text).expect("it was written"), observations);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing begins to be denied, or ends to be, without one of its facts being told.
    #[test]
    fn a_verdict_that_turns_is_foreseen(world in octets(), requests in many(), few in vec(any::<u8>(), 300..600)) {
        let traffic = traffic(&world, &requests);
        let mut choices = Choices::new(&few);
        let candidate = changed(&traffic.policy, &mut choices);
        let now = Timestamp(1_800_000_000 + choices.pick(&[-1, 0, 1]));
        let observations = observe(usize::MAX, &traffic.records, &traffic.options);
        let foreseen = traffic.policy.preflight(&candidate, &observations, now, &traffic.options).expect("both compile");
        let snapshots = [&traffic.policy, &candidate].map(|policy| Snapshot::compile(policy, &traffic.options).expect("sound"));
        let later = [0, 1, 2, 2_000_000];
        for record in traffic.records.iter().filter(|record| is_attributed(record)) {
            let facts = facts(record, &traffic.options);
            for after in later {
                let at = Timestamp(now.0 + after);
                for stage in Stage::ALL {
                    let [before, after] = snapshots.each_ref().map(|snapshot| verdict(snapshot, record, stage, at));
                    let turned = match (before, after) {
                        (Verdict::Allow, Verdict::Deny) => [Turn::Denied, Turn::MayBeDenied],
                        (Verdict::Deny, Verdict::Allow) => [Turn::Permitted, Turn::MayBePermitted],
                        _ => continue,
                    };
                    let told = foreseen.changes.iter().any(|change| {
                        turned.contains(&change.turn) && change.from <= at && facts.contains(&change.fact)
                            && record.account.as_deref() == Some(change.account.as_bytes()) && change.channel == record.channel
                    });
                    prop_assert!(told, "at {at}, {stage:?}: {before:?} to {after:?}: {}\n{facts:#?}\n{}", record.to_json(), foreseen.to_json());
                }
            }
        }
        // With less room, less is told, and that is said.
        let cramped = observe(8, &traffic.records, &traffic.options);
        let told = traffic.policy.preflight(&candidate, &cramped, now, &traffic.options).expect("both compile");
        prop_assert!(told.is_clear() <= foreseen.is_clear());
    }

    /// Each message with a fact that is told as denied is denied.
    #[test]
    fn what_is_certain_happens(world in octets(), requests in many(), few in vec(any::<u8>(), 300..600)) {
        let traffic = traffic(&world, &requests);
        let candidate = changed(&traffic.policy, &mut Choices::new(&few));
        let now = Timestamp(1_800_000_000);
        let observations = observe(usize::MAX, &traffic.records, &traffic.options);
        let foreseen = traffic.policy.preflight(&candidate, &observations, now, &traffic.options).expect("both compile");
        let [before, after] = [&traffic.policy, &candidate].map(|policy| Snapshot::compile(policy, &traffic.options).expect("sound"));
        for record in traffic.records.iter().filter(|record| is_attributed(record)) {
            let facts = facts(record, &traffic.options);
            for change in mine(&foreseen, record).filter(|change| facts.contains(&change.fact)) {
                let denies = match change.turn {
                    Turn::Denied => &after,
                    Turn::Permitted => &before,
                    Turn::MayBeDenied | Turn::MayBePermitted => continue,
                };
                let verdict = verdict(denies, record, stage_of(&change.fact), change.from);
                prop_assert_eq!(verdict, Verdict::Deny, "{:?} of {}", change, record.to_json());
            }
        }
    }

    /// A command is foreseen as it is then carried out.
    #[test]
    fn a_command_is_foreseen_as_the_policy_after_it(world in octets(), requests in many(), few in vec(any::<u8>(), 30)) {
        let traffic = traffic(&world, &requests);
        let mut directory = Directory::new();
        for record in directory.import(&traffic.policy, "properties", Timestamp(0)).expect("it is empty") {
            directory.apply(&record).expect("an imported record fits");
        }
        let observations = observe(usize::MAX, &traffic.records, &traffic.options);
        let provider = Actor::Provider { name: "properties".into() };
        let order = Order::new("asked", Timestamp(1_800_000_000));
        let before = directory.policy();
        let command = command(&before, &mut Choices::new(&few));
        let foreseen = directory.preflight(&observations, &provider, &command, &order, &traffic.options);
        match directory.decide(&provider, &command, &order) {
            Err(refusal) => prop_assert_eq!(foreseen, Err(PreflightError::Refused(refusal))),
            Ok(outcome) => {
                if let Outcome::Changed { record, .. } = outcome {
                    directory.apply(&record).expect("a decided record fits");
                }
                let compared = before.preflight(&directory.policy(), &observations, order.now, &traffic.options).expect("both compile");
                prop_assert_eq!(foreseen.expect("it was decided").changes, compared.changes);
            }
        }
    }

    #[test]
    fn the_same_policy_turns_nothing(world in octets(), requests in many()) {
        let traffic = traffic(&world, &requests);
        let observations = observe(usize::MAX, &traffic.records, &traffic.options);
        let foreseen = traffic.policy.preflight(&traffic.policy, &observations, Timestamp(0), &traffic.options).expect("it compiles");
        prop_assert_eq!(foreseen.changes, []);
    }
}

fn mine<'f>(foreseen: &'f Preflight, record: &RequestRecord) -> impl Iterator<Item = &'f sendas::analysis::Change> {
    let (account, channel) = (record.account.clone(), record.channel);
    foreseen
        .changes
        .iter()
        .filter(move |change| Some(change.account.as_bytes()) == account.as_deref() && change.channel == channel)
}

/// The facts of one record alone.
fn facts(record: &RequestRecord, options: &Options) -> BTreeSet<Fact> {
    observe(usize::MAX, [record], options).tallies().map(|tally| tally.fact).collect()
}

fn is_attributed(record: &RequestRecord) -> bool {
    let mut observations = Observations::new(1);
    record.with_request(|request| observations.observe(request, &sendas::Limits::default()));
    observations.unattributed() == 0
}

fn verdict(snapshot: &Snapshot, record: &RequestRecord, stage: Stage, now: Timestamp) -> Verdict {
    let mut record = record.clone();
    record.now = now;
    record.with_request(|request| snapshot.evaluate_stage(request, stage).verdict())
}

fn stage_of(fact: &Fact) -> Stage {
    match fact {
        Fact::Sender { field: sendas::analysis::Field::EnvelopeSender, .. } => Stage::Envelope,
        Fact::Sender { .. } => Stage::Message,
        Fact::Client(_) | Fact::Credential(_) => Stage::Session,
    }
}

/// Some command on what the policy has.
fn command(policy: &Policy, choices: &mut Choices<'_>) -> Command {
    let tenant = &policy.tenants[choices.below(policy.tenants.len())];
    let id = tenant.id.clone();
    let domain = tenant.domains.first().map(|domain| domain.name.clone());
    let account = tenant.accounts.first().map(|account| account.id.clone());
    let addresses: Vec<_> = tenant.identities.iter().map(|identity| identity.address.clone()).collect();
    match (choices.below(7), domain, account) {
        (0, Some(domain), _) => Command::RemoveDomain { tenant: id, domain, confirmed: true },
        (1, Some(domain), _) => Command::SetDomainActive { tenant: id, domain, active: false },
        (2, _, Some(account)) => Command::RemoveAccount { account, confirmed: true },
        (3, _, Some(account)) => Command::SetAccountSuspended { account, suspended: true },
        (4, ..) => Command::RemoveIdentities { holder: Holder::Tenant(id), addresses },
        (5, ..) => Command::SetHosted { mode: Mode::Off },
        _ => Command::SwitchSenderAuth { tenant: id, mode: choices.pick(&[Mode::Off, Mode::Enforce]) },
    }
}

/// Another policy: of a single change, or all others.
fn changed(policy: &Policy, choices: &mut Choices<'_>) -> Policy {
    let mut other = policy.clone();
    let kind = choices.below(14);
    if kind == 0 {
        return generate::policy(choices);
    }
    if kind == 1 {
        other.provider.hosted = choices.pick(&[Mode::Off, Mode::Monitor, Mode::Enforce]);
        return other;
    }
    if kind == 2 {
        weaken(&mut other);
        return other;
    }
    let deadline = Mode::EnforceFrom(Timestamp(1_800_000_001));
    let modes = [Mode::Off, Mode::Monitor, Mode::Enforce, deadline];
    let tenant = pick(choices, &mut other.tenants);
    match kind {
        3 => tenant.controls.sender = choices.pick(&modes),
        4 => tenant.controls.header = choices.pick(&modes),
        5 => tenant.controls.allowlist = choices.pick(&modes),
        6 => tenant.controls.credential = choices.pick(&modes),
        7 => tenant.sender.proof = choices.pick(&Proof::ALL),
        8 => drop(tenant.identities.pop()),
        9 => drop(tenant.domains.pop()),
        10 => tenant.allowlists.clear(),
        11 => tenant.credential.require_tls = !tenant.credential.require_tls,
        12 => tenant.suspended = true,
        _ => {
            let account = pick(choices, &mut tenant.accounts);
            account.suspended = !account.suspended;
        }
    }
    if other.check().is_empty() { other } else { policy.clone() }
}

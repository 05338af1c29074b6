//! What holds of every sequence of commands. The commands and actors are those of the vectors, with secrets of their own.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use sendas::admin::{Actor, ActorKind, Command, Desk, Directory, Order, Outcome, Record};
use sendas::policy::{Consent, IdentityStatus, Policy};
use sendas::{Address, Basis, Channel, EnvelopeSender, HashKey, Options, Request, Snapshot, Stage, Timestamp};
use serde_json::Value;

/// One attempt: which command, by whom, when, and which secrets stand in it.
type Attempt = (usize, usize, u8, u8);

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    vec((any::<usize>(), any::<usize>(), 0..40_u8, 0..6_u8), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_log_folds_to_the_state_and_no_retry_doubles(attempts in attempts()) {
        let mut log = POOL.start.clone();
        let end = walk(&attempts, |_| true, |before, step, after| {
            log.push_str(&step.record.to_json());
            log.push('\n');
            let again = after.decide(&step.actor, &step.command, &step.order);
            let sequence = step.record.sequence;
            prop_assert_eq!(again, Ok(Outcome::Repeated { sequence }));
            let mut twice = after.clone();
            prop_assert!(twice.apply(&step.record).is_err());
            prop_assert_eq!(&twice, after);
            prop_assert_eq!(after.sequence(), before.sequence() + 1);
            Ok(())
        })?;
        prop_assert_eq!(Directory::from_log(&log), Ok(end));
    }

    #[test]
    fn pending_never_permits(attempts in attempts()) {
        walk(&attempts, |_| true, |_, _, after| {
            let snapshot = Snapshot::compile(&after.policy(), &Options::new(HashKey([5; 16]))).expect("a sound policy");
            for desk in after.desks() {
                for account in &desk.tenant.accounts {
                    let held = desk.tenant.identities.iter().chain(&account.identities);
                    for address in held.map(|identity| &identity.address) {
                        prop_assert!(!granted(&snapshot, &account.id, address) || counts(desk, &account.id, address));
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn without_a_permission_nothing_that_it_guards_changes(attempts in attempts()) {
        let weak = |actor: &Actor| match actor {
            Actor::Member { account, .. } => ["mia", "sam", "dev"].contains(&account.as_str()),
            Actor::Account { .. } => true,
            Actor::Bearer { .. } | Actor::Host | Actor::Provider { .. } => false,
        };
        walk(&attempts, weak, |before, step, after| {
            prop_assert_eq!(before.house(), after.house());
            for desk in after.desks() {
                let old = before.desk(&desk.tenant.id).expect("no tenant is added");
                let (new, old) = (&desk.tenant, &old.tenant);
                prop_assert_eq!(&new.controls, &old.controls, "{:?}", step.command);
                prop_assert_eq!(&new.sender, &old.sender);
                prop_assert_eq!(&new.domains, &old.domains);
                prop_assert_eq!(&new.allowlists, &old.allowlists);
                prop_assert_eq!(&new.roles, &old.roles);
                prop_assert_eq!(&new.denies, &old.denies);
                let verified = new.identities.iter().filter(|one| one.status == IdentityStatus::Verified).count();
                prop_assert_eq!(verified, 0);
                for (new, old) in new.accounts.iter().zip(&old.accounts) {
                    prop_assert_eq!((&new.id, &new.roles, &new.address), (&old.id, &old.roles, &old.address));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_member_reaches_its_own_tenant_only_and_never_hosted(attempts in attempts()) {
        walk(&attempts, |actor| actor.kind() == ActorKind::Member, |before, step, after| {
            prop_assert_eq!(before.house(), after.house());
            let Actor::Member { account, .. } = &step.actor else { return Ok(()) };
            let own = before.tenant_of(account).expect("an actor has a tenant");
            prop_assert_eq!(step.record.tenant.as_deref(), Some(own));
            for desk in before.desks().filter(|desk| desk.tenant.id != own) {
                prop_assert_eq!(after.desk(&desk.tenant.id), Some(desk));
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_does_not_fit_leaves_everything_as_it_was(attempts in attempts(), order in vec(any::<usize>(), 0..60)) {
        let mut records: Vec<Record> = Vec::new();
        walk(&attempts, |_| true, |_, step, _| {
            records.push(step.record.clone());
            Ok(())
        })?;
        let mut directory = start();
        for (index, at) in order.into_iter().enumerate() {
            let Some(record) = records.get(at.checked_rem(records.len()).unwrap_or_default()) else { continue };
            // Numbered so that what is refused is refused for its events.
            let mut record = record.clone();
            record.sequence = directory.sequence() + 1;
            record.id = format!("mixed-{index}");
            record.version = 1 + match &record.tenant {
                None => directory.house().version,
                Some(tenant) => directory.desk(tenant).map_or(0, |desk| desk.version),
            };
            let events = record.events.len();
            record.events.rotate_left(index % events);
            let before = directory.clone();
            if directory.apply(&record).is_err() {
                prop_assert_eq!(&directory, &before);
            }
        }
    }
}

/// A command that was carried out.
struct Step {
    actor: Actor,
    command: Command,
    order: Order,
    record: Record,
}

/// Tries each attempt in turn, carries out those that are permitted, and looks at each of these.
fn walk(
    attempts: &[Attempt],
    only: impl Fn(&Actor) -> bool,
    mut look: impl FnMut(&Directory, &Step, &Directory) -> TestCaseResult,
) -> Result<Directory, TestCaseError> {
    let pool = &*POOL;
    let mut directory = start();
    for (index, &(command, by, hour, secret)) in attempts.iter().enumerate() {
        let command = read(&pool.commands, command, secret, |text| Command::from_json(text).ok());
        let actor = read(&pool.actors, by, secret, |text| Actor::from_json(text).ok());
        let order = Order::new(format!("step-{index}"), Timestamp(1_796_083_200 + 3600 * i64::from(hour) * 12));
        if !only(&actor) {
            continue;
        }
        let decided = directory.decide(&actor, &command, &order);
        prop_assert_eq!(&decided, &directory.decide(&actor, &command, &order));
        if let Ok(Outcome::Changed { record, .. }) = decided {
            let before = directory.clone();
            directory.apply(&record).expect("a decided record fits");
            let read_back = Record::from_json(record.to_json());
            prop_assert_eq!(read_back.as_ref(), Ok(&record));
            look(&before, &Step { actor, command, order, record }, &directory)?;
        }
    }
    Ok(directory)
}

/// Reads one of the texts, with a secret in place of those that the vectors use.
fn read<T>(texts: &[String], at: usize, secret: u8, read: impl Fn(&str) -> Option<T>) -> T {
    let mut text = texts[at % texts.len()].clone();
    for (index, old) in ["11", "22", "33", "44", "aa", "bb"].into_iter().enumerate() {
        let new = format!("{:02x}", (usize::from(secret) + index) % 6 + 1);
        text = text.replace(&old.repeat(16), &new.repeat(16));
    }
    read(&text).expect("a vector is read")
}

fn start() -> Directory {
    Directory::from_log(&POOL.start).expect("the start is a log")
}

/// Everything that the vectors do, and a state in which much of it is possible.
struct Pool {
    commands: Vec<String>,
    actors: Vec<String>,
    start: String,
}

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("administration");
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    let (mut commands, mut actors, mut policy) = (Vec::new(), Vec::new(), String::new());
    for path in entries {
        let file: Value = fs::read_to_string(path).expect("a file").parse().expect("JSON");
        let rows = ["vectors", "matrix"].into_iter().filter_map(|name| file[name].as_array()).flatten();
        let states = file["states"].as_object().into_iter().flatten();
        let given = states.filter_map(|(_, state)| state["given"].as_array()).flatten();
        commands.extend(rows.chain(given).map(|row| row["command"].to_string()));
        actors.extend(file["actors"].as_object().into_iter().flatten().map(|(_, actor)| actor.to_string()));
        if let Some(state) = file["states"].get("entitled") {
            policy = state["policy"].to_string();
        }
    }
    actors.sort();
    actors.dedup();
    let policy = Policy::from_json(&policy).expect("a policy");
    let records = Directory::new().import(&policy, "properties", Timestamp(0)).expect("the policy can be taken over");
    let start = records.iter().map(|record| record.to_json() + "\n").collect();
    Pool { commands, actors, start }
});

fn granted(snapshot: &Snapshot, account: &str, address: &Address) -> bool {
    let mut request = Request::new(Channel::Api, Timestamp(1_796_083_200));
    request.account = Some(account.as_bytes());
    let path = format!("<{address}>");
    request.envelope_sender = EnvelopeSender::Path(path.as_bytes());
    let decision = snapshot.evaluate_stage(&request, Stage::Envelope);
    decision.grants().iter().any(|grant| grant.basis == Basis::Identity)
}

/// Whether an identity of the address counts by someone's word: the owner's, an Admin's, or observed traffic until its end.
fn counts(desk: &Desk, account: &str, address: &Address) -> bool {
    let of_account = desk.account(account).into_iter().flat_map(|account| &account.identities);
    desk.tenant.identities.iter().chain(of_account).any(|identity| {
        identity.address.domain() == address.domain()
            && identity.address.local().eq_ignore_ascii_case(address.local())
            && (identity.consent == Some(Consent::Given)
                || identity.status == IdentityStatus::Verified
                || identity.grandfathered)
    })
}

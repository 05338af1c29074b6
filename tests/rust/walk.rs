//! Sequences of commands: those of the vectors of administration, by their actors, with secrets of their own.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use sendas::admin::{Actor, Command, Directory, Order, Outcome, Record};
use sendas::policy::Policy;
use sendas::{HashKey, Options, Snapshot, Timestamp};
use serde_json::Value;

/// A start, and what is tried from there on: which command, by whom, when, and which secrets stand in it.
pub type Walk = (usize, Vec<(usize, usize, u8, u8)>);

/// Any walk.
pub fn walks() -> impl Strategy<Value = Walk> {
    (any::<usize>(), vec((any::<usize>(), any::<usize>(), 0..40_u8, 0..6_u8), 1..100))
}

/// A command that was carried out.
#[derive(Debug)]
pub struct Step {
    /// Who gave it.
    pub actor: Actor,
    /// The command.
    pub command: Command,
    /// Its id and instant.
    pub order: Order,
    /// What it led to.
    pub record: Record,
    /// The snapshot that has followed every record so far.
    pub snapshot: Snapshot,
}

/// Tries each attempt in turn, carries out those that are permitted, and looks at each of these: the state before, the step, the
/// state after.
///
/// # Errors
///
/// What `look` finds, and a command that is decided in two ways or does not fit.
pub fn walk(
    walk: &Walk,
    only: impl Fn(&Actor, &Command) -> bool,
    mut look: impl FnMut(&Directory, &Step, &Directory) -> TestCaseResult,
) -> Result<Directory, TestCaseError> {
    let pool = &*POOL;
    let mut directory = start(walk);
    let options = Options::new(HashKey([5; 16]));
    let mut snapshot = Snapshot::compile(&directory.policy(), &options).expect("a sound policy");
    for (index, &(command, by, hour, secret)) in walk.1.iter().enumerate() {
        let command = read(&pool.commands, command, secret, |text| Command::from_json(text).ok());
        let actor = read(&pool.actors, by, secret, |text| Actor::from_json(text).ok());
        let order = Order::new(format!("step-{index}"), Timestamp(1_796_083_200 + 3600 * i64::from(hour) * 12));
        if !only(&actor, &command) {
            continue;
        }
        let decided = directory.decide(&actor, &command, &order);
        prop_assert_eq!(&decided, &directory.decide(&actor, &command, &order));
        if let Ok(Outcome::Changed { record, .. }) = decided {
            let before = directory.clone();
            directory.apply(&record).expect("a decided record fits");
            snapshot = snapshot.follow(&directory, &record).expect("a sound policy");
            look(&before, &Step { actor, command, order, record, snapshot: snapshot.clone() }, &directory)?;
        }
    }
    Ok(directory)
}

/// Returns the state in which a walk begins.
#[must_use]
pub fn start(walk: &Walk) -> Directory {
    Directory::from_log(start_log(walk)).expect("the start is a log")
}

/// Returns the log of that state.
#[must_use]
pub fn start_log(walk: &Walk) -> &'static str {
    &POOL.starts[walk.0 % POOL.starts.len()]
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

/// Everything that the vectors do, and the states in which they do it.
struct Pool {
    commands: Vec<String>,
    actors: Vec<String>,
    starts: Vec<String>,
}

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("administration");
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    let (mut commands, mut actors, mut policies) = (Vec::new(), Vec::new(), Vec::new());
    for path in entries {
        let file: Value = fs::read_to_string(path).expect("a file").parse().expect("JSON");
        let rows = ["vectors", "matrix"].into_iter().filter_map(|name| file[name].as_array()).flatten();
        let states: Vec<&Value> = file["states"].as_object().into_iter().flatten().map(|(_, state)| state).collect();
        let given = states.iter().filter_map(|state| state["given"].as_array()).flatten();
        commands.extend(rows.chain(given).map(|row| row["command"].to_string()));
        actors.extend(file["actors"].as_object().into_iter().flatten().map(|(_, actor)| actor.to_string()));
        policies.extend(states.iter().map(|state| state["policy"].to_string()));
    }
    for list in [&mut actors, &mut policies, &mut commands] {
        list.sort();
        list.dedup();
    }
    let starts = policies.iter().map(|policy| {
        let policy = Policy::from_json(policy).expect("a policy");
        let records = Directory::new().import(&policy, "properties", Timestamp(0)).expect("it can be taken over");
        records.iter().map(|record| record.to_json() + "\n").collect()
    });
    Pool { commands, actors, starts: starts.collect() }
});

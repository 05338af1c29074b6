//! Runs the vectors of administration in `tests/administration`.
#![expect(clippy::expect_used, clippy::panic, reason = "a file that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sendas::admin::{Actor, COMMANDS, Command, Directory, Order, Outcome, REFUSALS, Record, Refusal};
use sendas::{HashKey, Options, Policy, Snapshot, Timestamp};
use serde_json::{Value, json};

/// Rules of the source documents that some vector must show.
const RULES: &str = "N2 N3 N4 N5 N8 N9 N10 N11 N12 N13 N14 N16 C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 T3 T4 T5 T6 T7 T8 T9 T10 \
    T11 T12 T14 S4 S5 S6 S7 S9 M3 M4 M5 M6 M7 M8 M11 M12 M14";

/// Rules that only permit, or are an answer to be told apart from others; text that breaks T14 is no command at all.
const ONE_SIDED: &str = "N5 N9 N12 N13 C1 T6 T10 T14 S5 M12 M14";

/// Clauses that are held by properties and by the tests of the log.
const NOT_SHOWN: [&str; 4] = ["administration 1.4", "administration 1.6", "administration 1.7", "administration 11.1"];

#[test]
fn every_command_is_decided_as_its_vector_says() {
    let mut run = Run::default();
    for file in files() {
        run.file(&file);
    }
    run.whole();
    assert!(run.problems.is_empty(), "{} problems\n\n{}", run.problems.len(), run.problems.join("\n\n"));
    // Written past the test harness, which shows what a passing test prints only when asked.
    writeln!(std::io::stdout(), "administration vectors rust={}", run.ids.len()).expect("standard output is open");
}

#[test]
fn a_text_that_is_no_command_says_what_would_be_right() {
    let entries = |entry: &str| {
        format!(
            r#"{{"command":"add_allowlist_entries","scope":{{"tenant":"acme"}},"channel":"smtp","entries":[{entry}]}}"#
        )
    };
    for (text, problem) in [
        (entries(r#"{"cidr":"192.0.2.1/24"}"#), "host bits are set; the network is `192.0.2.0/24`"),
        (entries(r#"{"range":"192.0.2.9-192.0.2.1"}"#), "write `192.0.2.1-192.0.2.9`"),
        (entries(r#"{"range":"192.0.2.1-2001:db8::1"}"#), "two IPv4 or two IPv6 addresses"),
        (entries(r#"{"ip":"192.0.2.01"}"#), "without leading zeros"),
        (entries(r#"{"ip":"192.0.2.1","cidr":"192.0.2.0/24"}"#), "exclude each other"),
        (r#"{"command":"verify_al"}"#.to_owned(), "did you mean `verify_all`?"),
        (r#"{"command":"verify_all","tenant":"acme"}"#.to_owned(), "this key is not known here"),
        (r#"{"command":"add_tenant"}"#.to_owned(), "the required key `tenant` is missing"),
    ] {
        let error = Command::from_json(&text).expect_err("no command").to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[derive(Default)]
struct Run {
    problems: Vec<String>,
    ids: BTreeSet<String>,
    yes: BTreeSet<String>,
    no: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Run {
    fn file(&mut self, path: &Path) {
        let theme = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file: Value = fs::read_to_string(path).expect("a file").parse().expect("JSON");
        let states: BTreeMap<&str, Directory> = members(&file["states"])
            .map(|name| (name, state(&file["states"][name], &file["actors"], &theme, name)))
            .collect();
        for vector in file["vectors"].as_array().expect("vectors") {
            let id = vector["id"].as_str().unwrap_or_default();
            if id.split_once('/').is_none_or(|(folder, claim)| folder != theme || claim.is_empty())
                || !self.ids.insert(id.to_owned())
            {
                self.problems.push(format!("{id}: the id is taken, or does not begin with `{theme}/`"));
            }
            let state = states.get(vector["state"].as_str().unwrap_or_default()).expect("the state is defined");
            self.vector(id, vector, &file["actors"], state);
        }
        for row in file["matrix"].as_array().into_iter().flatten() {
            self.row(&theme, row, &file["actors"], states.values().next().expect("the matrix has a state"));
        }
    }

    fn vector(&mut self, id: &str, vector: &Value, actors: &Value, state: &Directory) {
        let (actor, command) = (actor(&vector["actor"], actors), command(&vector["command"]));
        let before = state.clone();
        let decided = state.decide(&actor, &command, &order(vector, id));
        assert_eq!(&before, state);
        let got = match &decided {
            Ok(outcome) => outcome.to_json(),
            Err(refusal) => refusal.to_json(),
        };
        let got: Value = got.parse().expect("JSON");
        let expect = &vector["expect"];
        let mut wrong = Vec::new();
        for (name, got) in [
            ("events", &got["record"]["events"]),
            ("obligations", &got["obligations"]),
            ("refusal", &got["refusal"]),
            ("about", &got["about"]),
            ("client_text", &got["client_text"]),
            ("outcome", &got["outcome"]),
            ("warnings", &slugs(&got["warnings"])),
        ] {
            // Warnings and obligations that do not stand are none.
            let none = json!([]);
            let silent = matches!(name, "warnings" | "obligations") && got.is_array();
            let expected = if silent && expect[name].is_null() { &none } else { &expect[name] };
            let shown = expect.get(name).is_some() || silent || matches!(name, "refusal" | "events");
            if shown && !covers(got, expected) {
                wrong.push(format!("  {name}: expected {expected}\n  {name}: got      {got}"));
            }
        }
        if let Some(unknown) = members(expect).find(|name| !EXPECTABLE.contains(name)) {
            wrong.push(format!("  `{unknown}` is nothing that can be expected"));
        }
        if let Ok(Outcome::Changed { record, .. }) = &decided
            && let Some(problem) = carried_out(state, record, &actor, &command, &order(vector, id))
        {
            wrong.push(format!("  {problem}"));
        }
        let seen = if decided.is_ok() { &mut self.yes } else { &mut self.no };
        seen.extend(texts(&vector["rules"]).map(str::to_owned));
        self.refused.extend(decided.err().map(|refusal| refusal.slug().to_owned()));
        if !wrong.is_empty() {
            self.problems.push(format!("{id} {}\n{}", vector["rules"], wrong.join("\n")));
        }
    }

    /// Tries a command with every kind of actor and with every built-in role.
    fn row(&mut self, theme: &str, row: &Value, actors: &Value, state: &Directory) {
        let command = command(&row["command"]);
        let may: Vec<&str> = texts(&row["may"]).collect();
        for (name, given) in actors.as_object().into_iter().flatten() {
            let id = format!("{theme}/{}/{name}", command.name());
            if !self.ids.insert(id.clone()) {
                self.problems.push(format!("{id}: stands twice"));
            }
            let decided = state.decide(&actor(given, actors), &command, &order(row, &id));
            let refused = decided.as_ref().err().map(Refusal::slug);
            let shut_out = matches!(refused, Some("actor_may_not" | "permission_missing"));
            if shut_out == may.contains(&name.as_str()) {
                self.problems.push(format!("{id}: may is {may:?}, and it is {decided:?}"));
            }
            if !shut_out {
                self.yes.insert("N2".into());
            }
        }
        self.refused.insert(command.name().to_owned());
    }

    fn whole(&mut self) {
        let one_sided: BTreeSet<&str> = ONE_SIDED.split_whitespace().collect();
        let clauses = clauses();
        for rule in RULES.split_whitespace() {
            let (yes, no) = (self.yes.contains(rule), self.no.contains(rule));
            if one_sided.contains(rule) == (yes && no) || !(yes || no) {
                self.problems.push(format!("{rule}: a vector that permits: {yes}, one that refuses: {no}"));
            }
        }
        let named: BTreeSet<&String> = self.yes.iter().chain(&self.no).collect();
        for clause in clauses.iter().filter(|clause| !NOT_SHOWN.contains(&clause.as_str())) {
            if !named.contains(clause) {
                self.problems.push(format!("no vector names the clause {clause}"));
            }
        }
        for name in named {
            if !clauses.contains(name) && !RULES.split_whitespace().any(|rule| rule == name) {
                self.problems.push(format!("a vector names {name}, which is neither a rule nor a clause"));
            }
        }
        for row in REFUSALS.iter().filter(|row| !UNREACHED.contains(&row.slug)) {
            if !self.refused.contains(row.slug) {
                self.problems.push(format!("no vector is refused with `{}`", row.slug));
            }
        }
        for row in COMMANDS {
            if !self.refused.contains(row.name) {
                self.problems.push(format!("the table of actors has no row for `{}`", row.name));
            }
        }
    }
}

/// Applies the record, and says what is not as it should be after it.
fn carried_out(state: &Directory, record: &Record, actor: &Actor, command: &Command, order: &Order) -> Option<String> {
    let read_back = Record::from_json(record.to_json());
    if read_back.as_ref() != Ok(record) {
        return Some(format!("the record does not read back: {read_back:?}"));
    }
    let options = Options::new(HashKey([3; 16]));
    let snapshot = Snapshot::compile(&state.policy(), &options).expect("the state compiles");
    let mut after = state.clone();
    if let Err(unfit) = after.apply(record) {
        return Some(format!("the record does not fit: {unfit}"));
    }
    if after.apply(record).is_ok() {
        return Some("the record fits twice".to_owned());
    }
    if let Err(unfit) = after.check() {
        return Some(format!("{unfit}"));
    }
    let followed = snapshot.follow(&after, record).expect("the change compiles").id();
    if followed != Snapshot::compile(&after.policy(), &options).expect("the policy compiles").id() {
        return Some("the snapshot that follows the record is not that of the policy".to_owned());
    }
    match after.decide(actor, command, order) {
        Ok(Outcome::Repeated { sequence }) if sequence == record.sequence => None,
        other => Some(format!("given again, the command is {other:?}")),
    }
}

/// Builds a state from a policy and the commands that were given since, every one of which must be permitted.
fn state(state: &Value, actors: &Value, theme: &str, name: &str) -> Directory {
    let policy =
        Policy::from_json(state["policy"].to_string()).unwrap_or_else(|error| panic!("{theme} {name}: {error}"));
    let mut directory = Directory::new();
    for record in directory.import(&policy, "vectors", Timestamp(0)).expect("the policy can be taken over") {
        directory.apply(&record).expect("an imported record fits");
    }
    for (index, given) in state["given"].as_array().into_iter().flatten().enumerate() {
        let given_id = format!("given-{index}");
        match directory.decide(&actor(&given["actor"], actors), &command(&given["command"]), &order(given, &given_id)) {
            Ok(Outcome::Changed { record, .. }) => directory.apply(&record).expect("a decided record fits"),
            other => panic!("{theme} {name}: {} is {other:?}", given["command"]),
        }
    }
    directory
}

fn order(given: &Value, id: &str) -> Order {
    let now = given["now"].as_str().unwrap_or("2026-12-01T00:00:00Z");
    let mut order = Order::new(given["order"].as_str().unwrap_or(id), Timestamp::parse(now).expect("an instant"));
    order.expected = given["expected"].as_u64();
    order
}

fn actor(given: &Value, actors: &Value) -> Actor {
    let given = given.as_str().map_or(given, |name| &actors[name]);
    Actor::from_json(given.to_string()).unwrap_or_else(|error| panic!("{given}: {error}"))
}

fn command(given: &Value) -> Command {
    let command = Command::from_json(given.to_string()).unwrap_or_else(|error| panic!("{given}: {error}"));
    assert_eq!(Command::from_json(command.to_json()).as_ref(), Ok(&command), "the command does not read back");
    command
}

/// Whether every member that is expected is there; lists have the same length.
fn covers(got: &Value, expected: &Value) -> bool {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| got.get(name).is_some_and(|got| covers(got, value)))
        }
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len() && got.iter().zip(expected).all(|(got, expected)| covers(got, expected))
        }
        _ => got == expected,
    }
}

fn slugs(warnings: &Value) -> Value {
    match warnings.as_array() {
        Some(warnings) => warnings.iter().map(|warning| warning["warning"].clone()).collect(),
        None => Value::Null,
    }
}

/// The numbered clauses of `docs/administration.md`, as vectors name them.
fn clauses() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/administration.md")).expect("the clauses are there");
    let numbers = text.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    numbers.map(|(number, _)| format!("administration {number}")).collect()
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/administration")).expect("the folder of the vectors is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn members(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str())
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

const EXPECTABLE: [&str; 7] = ["about", "client_text", "events", "obligations", "outcome", "refusal", "warnings"];

/// Refusals that no single command on a sound state brings about.
const UNREACHED: [&str; 2] = [
    // Of `import`, which is no command.
    "not_empty",
    // A net below the checks of each command.
    "does_not_fit",
];

//! Runs the vectors of administration in `tests/administration`.
#![expect(clippy::expect_used, clippy::panic, reason = "a file that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use sendas::admin::{
    Actor, ActorKind, COMMANDS, Command, Directory, EVENTS, Order, Outcome, REFUSALS, Record, Refusal,
};
use sendas::record::RequestRecord;
use sendas::{HashKey, Options, Policy, Snapshot, Timestamp, Verdict};
use sendas_tests::vector_files::{clauses, members, root, texts, vector_files};
use serde_json::{Value, json};

/// Rules of the source documents, each shown by a vector that permits, or after which a request is allowed, and by one that
/// refuses, or after which one is denied. N7, M10 and M13 are about observed traffic, which `sendas::observe` reduces.
const RULES: &str = "N2 N3 N4 N5 N6 N8 N9 N10 N11 N12 N13 N14 N15 N16 C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 T3 T4 T5 T6 T7 T8 \
    T9 T10 T11 T12 T13 T14 S4 S5 S6 S7 S9 M3 M4 M5 M6 M7 M8 M11 M12 M14";

/// Clauses that are held by properties and by the tests of the log.
const NOT_SHOWN: [&str; 3] = ["administration 1.4", "administration 1.6", "administration 1.7"];

#[test]
fn every_command_is_decided_as_its_vector_says() {
    let mut run = Run::default();
    for file in vector_files("tests/administration") {
        run.file(&file);
    }
    run.whole();
    assert!(run.problems.is_empty(), "{} problems\n\n{}", run.problems.len(), run.problems.join("\n\n"));
    // Written past the test harness, which shows what a passing test prints only when asked.
    let counts: Vec<String> = run.rules.iter().map(|(rule, seen)| format!("{rule} {}+{}", seen.yes, seen.no)).collect();
    let mut output = std::io::stdout();
    writeln!(output, "administration vectors by rule, yes+no: {}", counts.join(" ")).expect("standard output is open");
    writeln!(output, "administration vectors rust={}", run.ids.len()).expect("standard output is open");
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
    rules: BTreeMap<String, Seen>,
    /// Commands, by whether a vector has one permitted and has one refused.
    commands: BTreeMap<&'static str, Seen>,
    /// Commands and kinds of actor that the table of actors has tried.
    tried: BTreeSet<(&'static str, &'static str)>,
    refusals: BTreeSet<String>,
    /// Refusals of vectors that name the clause of the refusal.
    cited: BTreeSet<&'static str>,
    events: BTreeSet<String>,
    warnings: BTreeSet<String>,
    obligations: BTreeSet<String>,
}

/// How many vectors say yes to something, and how many no.
#[derive(Default)]
struct Seen {
    yes: usize,
    no: usize,
}

impl Seen {
    fn count(&mut self, is_yes: bool) {
        if is_yes { self.yes += 1 } else { self.no += 1 }
    }
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
        let mut after = state.clone();
        if let Ok(Outcome::Changed { record, .. }) = &decided {
            match carried_out(state, record, &actor, &command, &order(vector, id)) {
                Ok(carried_out) => after = carried_out,
                Err(problem) => wrong.push(format!("  {problem}")),
            }
        }
        for expected in vector["then"].as_array().into_iter().flatten() {
            let (verdict, reasons) = decision(&after, expected);
            let got = json!({"verdict": verdict.name(), "reasons": reasons});
            if !covers(&got, &json!({"verdict": expected["verdict"], "reasons": expected["reasons"]})) {
                wrong.push(format!("  then: expected {expected}\n  then: got      {got}"));
            }
            for rule in texts(&vector["rules"]) {
                self.rules.entry(rule.to_owned()).or_default().count(verdict == Verdict::Allow);
            }
        }
        for rule in texts(&vector["rules"]) {
            self.rules.entry(rule.to_owned()).or_default().count(decided.is_ok());
        }
        let permitted = matches!(decided, Ok(Outcome::Changed { .. }));
        if permitted || decided.is_err() {
            self.commands.entry(command.name()).or_default().count(permitted);
        }
        if let Err(refusal) = &decided {
            self.refusals.insert(refusal.slug().to_owned());
            if texts(&vector["rules"]).any(|rule| rule == refusal.rule()) {
                self.cited.insert(refusal.slug());
            }
        }
        let named = |list: &Value, key: &str| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(|one| one[key].as_str()).map(str::to_owned).collect()
        };
        self.events.extend(named(&got["record"]["events"], "event"));
        self.warnings.extend(named(&got["warnings"], "warning"));
        self.obligations.extend(named(&got["obligations"], "obligation"));
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
            self.tried.insert((command.name(), actor(given, actors).kind().name()));
            self.rules.entry("N2".into()).or_default().count(!shut_out);
        }
    }

    /// What the two tables cite stands in the pages, and the clause of a refusal names it.
    fn citations(&mut self) {
        let pages = ["administration", "semantics"].map(|page| clauses(page, |_| true));
        let cited = COMMANDS.iter().flat_map(|row| row.rules.split(", ").map(move |clause| (row.name, clause)));
        for (name, clause) in cited.chain(REFUSALS.iter().map(|row| (row.slug, row.rule))) {
            if !pages.iter().any(|page| page.contains(clause)) {
                self.problems.push(format!("`{name}` cites {clause}, which no page has"));
            }
        }
        let page = fs::read_to_string(root().join("docs/administration.md")).expect("the page is there");
        for row in REFUSALS {
            let number = row.rule.trim_start_matches("administration ");
            let clause = page.split_once(&format!("- **{number}** ")).map_or("", |(_, rest)| rest);
            let clause = clause.split("\n- **").next().unwrap_or(clause);
            if !clause.contains(&format!("`{}`", row.slug)) {
                self.problems.push(format!("{} does not name `{}`", row.rule, row.slug));
            }
            if !self.cited.contains(row.slug) && !UNREACHED.contains(&row.slug) {
                self.problems.push(format!("no vector with `{}` names {}", row.slug, row.rule));
            }
        }
    }

    fn whole(&mut self) {
        self.citations();
        // Those of sections 12 to 14 are held by `rollout.rs`.
        let is_ours = |number: &str| !["12.", "13.", "14."].iter().any(|section| number.starts_with(section));
        let clauses = clauses("administration", is_ours);
        for rule in RULES.split_whitespace() {
            let Seen { yes, no } = self.rules.get(rule).unwrap_or(&Seen { yes: 0, no: 0 });
            if *yes == 0 || *no == 0 {
                self.problems.push(format!("{rule}: {yes} vector(s) say yes, {no} no"));
            }
        }
        for clause in clauses.iter().filter(|clause| !NOT_SHOWN.contains(&clause.as_str())) {
            if !self.rules.contains_key(clause) {
                self.problems.push(format!("no vector names the clause {clause}"));
            }
        }
        for name in self.rules.keys() {
            if !clauses.contains(name) && !RULES.split_whitespace().any(|rule| rule == name) {
                self.problems.push(format!("a vector names {name}, which is neither a rule nor a clause"));
            }
        }
        for row in COMMANDS {
            let Seen { yes, no } = self.commands.get(row.name).unwrap_or(&Seen { yes: 0, no: 0 });
            if *yes == 0 || *no == 0 {
                self.problems.push(format!("`{}`: {yes} vector(s) permit it, {no} refuse it", row.name));
            }
            for kind in ActorKind::ALL.iter().filter(|kind| !self.tried.contains(&(row.name, kind.name()))) {
                self.problems.push(format!("the table of actors does not try `{}` as {}", row.name, kind.name()));
            }
        }
        let refusals = REFUSALS.iter().map(|row| row.slug).filter(|slug| !UNREACHED.contains(slug));
        let events = EVENTS.iter().map(|(name, _)| *name).filter(|name| !name.ends_with("_imported"));
        let warnings = names_in("core/src/admin/warning.rs", "pub const fn slug");
        let obligations = names_in("core/src/admin/obligation.rs", "pub const fn name");
        for (what, names, seen) in [
            ("refusal", refusals.collect::<Vec<_>>(), &self.refusals),
            ("event", events.collect(), &self.events),
            ("warning", warnings.iter().map(String::as_str).collect(), &self.warnings),
            ("obligation", obligations.iter().map(String::as_str).collect(), &self.obligations),
        ] {
            let known: BTreeSet<&str> = names.into_iter().collect();
            let missing = known.iter().filter(|name| !seen.contains(**name));
            let problems: Vec<String> = missing.map(|name| format!("no vector has the {what} `{name}`")).collect();
            self.problems.extend(problems);
            let unknown =
                seen.iter().filter(|name| !known.contains(name.as_str()) && !UNREACHED.contains(&name.as_str()));
            let problems: Vec<String> = unknown.map(|name| format!("the {what} `{name}` is not listed here")).collect();
            self.problems.extend(problems);
        }
    }
}

/// Asks the snapshot of a directory, and returns the verdict and the reasons.
fn decision(directory: &Directory, asked: &Value) -> (Verdict, Vec<&'static str>) {
    let mut request = json!({"now": NOW, "channel": "api"});
    for (name, value) in asked.as_object().into_iter().flatten() {
        match name.as_str() {
            "verdict" | "reasons" => {}
            "from" => {
                let from = value.as_str().unwrap_or_default();
                request["envelope"] = json!({"path": format!("<{from}>")});
                request["header"] = json!({"fields": [["From", format!(" <{from}>")]]});
            }
            name => request[name] = value.clone(),
        }
    }
    let record = RequestRecord::from_json(request.to_string()).unwrap_or_else(|error| panic!("{request}: {error}"));
    let snapshot = Snapshot::compile(&directory.policy(), &Options::new(HashKey([3; 16]))).expect("the state compiles");
    record.with_request(|request| {
        let decision = snapshot.evaluate(request);
        (decision.verdict(), decision.reasons().iter().map(|finding| finding.reason.slug()).collect())
    })
}

/// Applies the record, and says what is not as it should be after it.
fn carried_out(
    state: &Directory,
    record: &Record,
    actor: &Actor,
    command: &Command,
    order: &Order,
) -> Result<Directory, String> {
    let read_back = Record::from_json(record.to_json());
    if read_back.as_ref() != Ok(record) {
        return Err(format!("the record does not read back: {read_back:?}"));
    }
    let options = Options::new(HashKey([3; 16]));
    let snapshot = Snapshot::compile(&state.policy(), &options).expect("the state compiles");
    let mut after = state.clone();
    if let Err(unfit) = after.apply(record) {
        return Err(format!("the record does not fit: {unfit}"));
    }
    if after.apply(record).is_ok() {
        return Err("the record fits twice".to_owned());
    }
    if let Err(unfit) = after.check() {
        return Err(format!("{unfit}"));
    }
    let followed = snapshot.follow(&after, record).expect("the change compiles").id();
    if followed != Snapshot::compile(&after.policy(), &options).expect("the policy compiles").id() {
        return Err("the snapshot that follows the record is not that of the policy".to_owned());
    }
    match after.decide(actor, command, order) {
        Ok(Outcome::Repeated { sequence }) if sequence == record.sequence => Ok(after),
        other => Err(format!("given again, the command is {other:?}")),
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
    let now = given["now"].as_str().unwrap_or(NOW);
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

/// The names that a function of this file returns.
fn names_in(path: &str, function: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).expect("the source is there");
    let (_, body) = text.split_once(function).expect("the function is there");
    let (body, _) = body.split_once("\n    }\n").expect("the function ends");
    let names: Vec<String> = body.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(!names.is_empty(), "{path}");
    names
}

/// The instant of what says none.
const NOW: &str = "2026-12-01T00:00:00Z";

const EXPECTABLE: [&str; 7] = ["about", "client_text", "events", "obligations", "outcome", "refusal", "warnings"];

/// Refusals that no single command on a sound state brings about.
const UNREACHED: [&str; 2] = [
    // Of `import`, which is no command.
    "not_empty",
    // A net below the checks of each command.
    "does_not_fit",
];

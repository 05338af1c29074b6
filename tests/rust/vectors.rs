//! Runs the conformance vectors of `tests/vectors`, as every binding does.
#![expect(clippy::expect_used, reason = "a file that cannot be read fails the test")]

#[path = "vectors/read.rs"]
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use jsonschema::Validator;
use sendas::{ClientIp, Decision, Finding, HashKey, Options, Policy, Profile, Reason, Reply, Request, Snapshot, Stage};
use sendas_tests::agree::{staged_equals_one_call, together_equals_alone};
use sendas_tests::vector_files::{clauses, members, root, texts, vector_files};
use serde_json::{Value, json};

/// Rules of the source documents, and sections of what they were made into, that some vector must show.
const RULES: &str = "N1 N2 N5 N6 N12 N13 N14 N15 N16 C1 C2 C7 C8 C10 C11 C12 C13 C15 T1 T2 T4 T6 T8 T10 T11 T12 T14 \
    S1 S2 S3 S4 S5 S6 S7 S8 S9 M1 M2 M3 M4 M5 M6 M7 M8 M11 M14 M15 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9";

/// Clauses of `docs/semantics.md` that no single request shows.
const NOT_SHOWN: [&str; 6] = [
    // What a policy must not hold.
    "semantics 1.2",
    // Octets of places, which the tests of the readers hold.
    "semantics 8.6",
    // Several transactions of one connection.
    "semantics 8.7",
    // Explanations, which are tested in `explain.rs`.
    "semantics 9.1",
    "semantics 9.2",
    "semantics 9.3",
];

/// The one reason that no policy and no request can bring about.
const NOT_ENFORCED: [Reason; 1] = [Reason::SnapshotDamaged];

#[test]
fn every_vector_is_decided_as_it_says() {
    let schema = json_of(&root().join("tests/schema/vectors.schema.json"));
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    let mut run = Run::default();
    for file in vector_files("tests/vectors") {
        run.file(&file, &schema);
    }
    run.whole();
    assert!(run.problems.is_empty(), "{} problems\n\n{}", run.problems.len(), run.problems.join("\n\n"));
    // Written past the test harness, which shows what a passing test prints only when asked.
    writeln!(std::io::stdout(), "vectors rust={}", run.ids.len()).expect("standard output is open");
}

/// What has been seen in all files so far.
#[derive(Default)]
struct Run {
    problems: Vec<String>,
    ids: BTreeSet<String>,
    rules: BTreeSet<String>,
    enforced: BTreeSet<String>,
}

impl Run {
    fn file(&mut self, path: &Path, schema: &Validator) {
        let theme = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = json_of(path);
        let errors: Vec<String> =
            schema.iter_errors(&file).map(|error| format!("{theme}: {}: {error}", error.instance_path())).collect();
        if !errors.is_empty() {
            return self.problems.extend(errors);
        }
        let mut unused: BTreeSet<&str> = members(&file["notes"]).chain(members(&file["policies"])).collect();
        let mut snapshots = BTreeMap::new();
        for (name, policy) in file["policies"].as_object().into_iter().flatten() {
            match compile(policy) {
                Ok(snapshot) => drop(snapshots.insert(name.as_str(), snapshot)),
                Err(problem) => self.problems.push(format!("{theme}: policy `{name}`: {problem}")),
            }
        }
        for vector in file["vectors"].as_array().into_iter().flatten() {
            let id = vector["id"].as_str().unwrap_or_default();
            if id.split_once('/').is_none_or(|(folder, claim)| folder != theme || claim.is_empty()) {
                self.problems.push(format!("{id}: the id does not begin with `{theme}/`"));
            }
            if !self.ids.insert(id.to_owned()) {
                self.problems.push(format!("{id}: the id is taken"));
            }
            for note in texts(&vector["notes"]) {
                unused.remove(note);
                if file["notes"].get(note).is_none() {
                    self.problems.push(format!("{id}: the note `{note}` is not defined"));
                }
            }
            self.rules.extend(texts(&vector["rules"]).map(str::to_owned));
            let inline;
            let snapshot = match &vector["policy"] {
                Value::Null => None,
                Value::String(name) => {
                    unused.remove(name.as_str());
                    let Some(snapshot) = snapshots.get(name.as_str()) else {
                        self.problems.push(format!("{id}: the policy `{name}` is not defined or does not compile"));
                        continue;
                    };
                    Some(snapshot)
                }
                policy => match compile(policy) {
                    Ok(snapshot) => {
                        inline = snapshot;
                        Some(&inline)
                    }
                    Err(problem) => {
                        self.problems.push(format!("{id}: the policy: {problem}"));
                        continue;
                    }
                },
            };
            self.vector(id, vector, snapshot);
        }
        self.problems.extend(unused.iter().map(|name| format!("{theme}: nothing uses `{name}`")));
    }

    fn vector(&mut self, id: &str, vector: &Value, snapshot: Option<&Snapshot>) {
        let stage = Stage::ALL.into_iter().find(|stage| vector["stage"] == stage.name());
        let (Some(stage), Some(request)) = (stage, read::read(&vector["request"])) else {
            return self.problems.push(format!("{id}: the request cannot be read"));
        };
        let decide = |request: &Request<'_>| {
            let decision = snapshot
                .map_or_else(|| Decision::without_snapshot(stage), |snapshot| snapshot.evaluate_stage(request, stage));
            (answer(&decision, request), decision.reasons().to_vec())
        };
        let (mut got, reasons) = request.with_request(decide);
        if let Some(snapshot) = snapshot {
            request.with_request(|request| staged_equals_one_call(snapshot, request));
            request.with_request(|request| together_equals_alone(snapshot, request));
        }
        self.enforced.extend(reasons.iter().map(|finding| finding.reason.slug().to_owned()));
        let text = request.client_ip.as_deref().and_then(|text| std::str::from_utf8(text).ok());
        if let Some(address) = text.and_then(|text| text.parse().ok()) {
            let by_value = request.with_request(|request| {
                let mut request = *request;
                request.client_ip = ClientIp::Address(address);
                decide(&request).0
            });
            if by_value != got {
                self.problems
                    .push(format!("{id}: the client's address as text and as a value are decided differently"));
            }
        }
        let expected = complete(&vector["expect"]);
        for name in ["reply", "postfix_reply"] {
            if let (None, Some(reply)) = (expected[name].get("text"), got[name].as_object_mut()) {
                reply.remove("text");
            }
        }
        let differing: Vec<String> = members(&expected)
            .filter(|&name| expected[name] != got[name])
            .map(|name| format!("  {name}: expected {}\n  {name}: got      {}", expected[name], got[name]))
            .collect();
        if !differing.is_empty() {
            self.problems.push(format!("{id} {}\n{}", vector["rules"], differing.join("\n")));
        }
    }

    /// Checks what must hold of all files together.
    fn whole(&mut self) {
        if self.ids.is_empty() {
            self.problems.push("there are no vectors".to_owned());
        }
        for reason in Reason::ALL.iter().filter(|reason| !NOT_ENFORCED.contains(reason)) {
            if !self.enforced.contains(reason.slug()) {
                self.problems.push(format!("no vector has `{}` enforced", reason.slug()));
            }
        }
        let clauses = clauses("semantics", |_| true);
        for rule in RULES.split_whitespace() {
            if !self.rules.contains(rule) {
                self.problems.push(format!("no vector names the rule {rule}"));
            }
        }
        for clause in clauses.iter().filter(|clause| !NOT_SHOWN.contains(&clause.as_str())) {
            if !self.rules.contains(clause) {
                self.problems.push(format!("no vector names the clause {clause}"));
            }
        }
        for rule in &self.rules {
            if !clauses.contains(rule) && !RULES.split_whitespace().any(|known| known == rule) {
                self.problems.push(format!("a vector names {rule}, which is neither a rule nor a clause"));
            }
        }
    }
}

/// Everything that a vector can expect, as it came out.
fn answer(decision: &Decision, request: &Request<'_>) -> Value {
    let grants = decision.grants().iter();
    let grants = grants.map(|grant| json!({ "basis": grant.basis.name(), "subject": grant.place.subject.name() }));
    json!({
        "verdict": decision.verdict().name(),
        "action": decision.action().name(),
        "reasons": findings(decision.reasons()),
        "would_deny": findings(decision.would_deny()),
        "omitted": decision.omitted(),
        "granted": grants.collect::<Vec<_>>(),
        "provisional": decision.provisional(),
        "reply": reply(&decision.reply(request, Profile::Rfc6409)),
        "postfix_reply": reply(&decision.reply(request, Profile::Postfix)),
        "http": decision.problem(request).map(|problem| problem.status),
        "jmap": decision.set_error(request).map(|error| error.kind),
    })
}

/// Writes out what a vector may leave unsaid.
fn complete(expect: &Value) -> Value {
    let mut whole = json!({ "would_deny": [], "omitted": 0, "provisional": false });
    for (name, value) in expect.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}

fn findings(findings: &[Finding]) -> Value {
    let findings = findings.iter();
    findings
        .map(|finding| json!({ "reason": finding.reason.slug(), "subject": finding.place.subject.name() }))
        .collect()
}

fn reply(reply: &Reply) -> Value {
    json!({ "code": reply.code, "enhanced": reply.enhanced_text(), "text": reply.text })
}

fn compile(policy: &Value) -> Result<Snapshot, String> {
    let policy = Policy::from_json(policy.to_string()).map_err(|error| error.to_string())?;
    Snapshot::compile(&policy, &Options::new(HashKey([7; 16]))).map_err(|error| error.to_string())
}

fn json_of(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the file can be read");
    text.parse().unwrap_or_else(|error| json!({ "error": format!("{}: {error}", path.display()) }))
}

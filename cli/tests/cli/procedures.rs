//! Carries out the procedures of `docs/procedures.md`, and holds the page to what the program answers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value, json};

use crate::program::{root, sendas};

#[test]
fn the_procedures_are_answered_as_their_page_says() {
    let page = root().join("docs/procedures.md");
    let written = fs::read_to_string(&page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut walk = Walk { folder: folder.path().into(), now: "2026-12-01T09:00:00Z".into(), steps: 0 };
    walk.import();
    let carried_out = walk.carry_out(&written);
    assert!(walk.steps > 40, "{} steps", walk.steps);
    if env::var_os("UPDATE").is_some() {
        fs::write(&page, carried_out).unwrap();
    } else {
        assert_eq!(carried_out, written, "UPDATE=1 writes the page anew");
    }
}

/// A log, and the instant at which the next step is taken.
struct Walk {
    folder: PathBuf,
    now: String,
    steps: u32,
}

impl Walk {
    /// Returns the page with what the program answers to each step, which is a line that begins with `> ` in a block.
    fn carry_out(&mut self, page: &str) -> String {
        let (mut carried_out, mut in_block) = (String::new(), false);
        for line in page.lines() {
            if line.starts_with("```") {
                in_block = !in_block;
            }
            match line.strip_prefix("> ").filter(|_| in_block) {
                Some(step) => {
                    let _written = writeln!(carried_out, "{line}");
                    for answer in self.step(step) {
                        let _written = writeln!(carried_out, "  {answer}");
                    }
                }
                None if in_block && line.starts_with("  ") => {}
                None => {
                    let _written = writeln!(carried_out, "{line}");
                }
            }
        }
        carried_out
    }

    fn step(&mut self, step: &str) -> Vec<String> {
        self.steps += 1;
        let (who, what) = step.split_once(' ').expect("a step has two parts");
        match who {
            "at" => {
                self.now = what.into();
                Vec::new()
            }
            "send" => self.send(what),
            _ => self.give(&actor(who), what),
        }
    }

    fn import(&self) {
        let policy = "examples/control-plane/policy.toml";
        let run = sendas(&["admin", "import", "--log", &self.log(), "--policy", policy, "--now", &self.now]);
        assert_eq!(run.code, 0, "{run:?}");
    }

    fn give(&self, actor: &Value, command: &str) -> Vec<String> {
        let actor = actor.to_string();
        let run = sendas(&["admin", "give", "--log", &self.log(), "--now", &self.now, "--actor", &actor, command]);
        assert!(run.code < 2, "{command}: {run:?}");
        answer(&run.json())
    }

    /// Asks at MAIL FROM, by the policy that the log says, and returns the verdict and the reply.
    fn send(&self, facts: &str) -> Vec<String> {
        let policy = self.folder.join("policy.json");
        fs::write(&policy, sendas(&["admin", "show", "--log", &self.log(), "--policy"]).stdout).unwrap();
        let mut words = vec!["evaluate", "--stage", "envelope", "--policy", path(&policy), "--now", &self.now];
        words.extend(facts.split(' '));
        let run = sendas(&words);
        assert!(run.code < 2, "{facts}: {run:?}");
        run.stdout.lines().take(2).map(str::to_owned).collect()
    }

    fn log(&self) -> String {
        path(&self.folder.join("log.jsonl")).to_owned()
    }
}

fn actor(who: &str) -> Value {
    match who {
        "provider" => json!({"kind": "provider", "name": "support"}),
        "host" => json!({"kind": "host"}),
        "ada" | "mia" => json!({"kind": "member", "account": who, "client_ip": "203.0.113.20"}),
        "ada+password" => {
            json!({"kind": "member", "account": "ada", "client_ip": "203.0.113.20", "reauthenticated": true})
        }
        "gil" => json!({"kind": "account", "account": who}),
        _ => json!({"kind": "bearer", "token": who.strip_prefix("link:").expect("an actor of the page")}),
    }
}

/// Returns what an answer tells: its events, warnings and obligations, or why it is a refusal.
fn answer(answer: &Value) -> Vec<String> {
    let listed = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match answer["outcome"].as_str() {
        Some("changed") => {
            let mut lines = Vec::new();
            for event in listed(&answer["record"]["events"]) {
                let mut rest = event.clone();
                let name = rest.as_object_mut().and_then(|event| event.remove("event")).unwrap_or_default();
                lines.push(format!("event {} {rest}", text(&name)));
            }
            lines.extend(listed(&answer["warnings"]).iter().map(|one| format!("warning: {}", text(&one["text"]))));
            for one in listed(&answer["obligations"]) {
                let what = one.get("text").map_or_else(|| one["names"].to_string(), text);
                lines.push(format!("to do: {}: {what}", text(&one["obligation"])));
            }
            lines
        }
        Some("refused") => vec![format!("refused: {}: {}", text(&answer["refusal"]), text(&answer["client_text"]))],
        _ => vec!["nothing changes".into()],
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

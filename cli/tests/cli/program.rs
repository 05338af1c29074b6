//! Runs the program from the root of the project, as the README does.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON value on standard output")
    }
}

/// Runs `sendas` with these words.
#[track_caller]
pub(crate) fn sendas(words: &[&str]) -> Run {
    sendas_with_input(words, b"")
}

/// Runs `sendas` with these words and this standard input.
#[track_caller]
pub(crate) fn sendas_with_input(words: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sendas"))
        .args(words)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        // A program that refuses its arguments reads nothing, so that the pipe may break.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("the program ends")
    });
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root is above").into()
}

/// The facts of a message that the example policy accepts.
pub(crate) const ALICE: [&str; 12] = [
    "--policy",
    "examples/policy/policy.toml",
    "--now",
    "2026-12-07T09:30:00Z",
    "--account",
    "alice@acme.example",
    "--client-ip",
    "192.0.2.10",
    "--tls",
    "starttls",
    "--mail-from",
    "<alice@acme.example>",
];

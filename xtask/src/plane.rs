use std::fs;
use std::path::Path;
use std::process::Command;

use crate::example::{Example, debian};
use crate::step::{Failure, Steps, answer};

/// Tests the control plane of the examples: with the package that `trial` has built, in a browser, and on both databases.
pub(crate) fn run(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    if !Path::new(CHROMIUM).exists() {
        debian(steps, "chromium")?;
    }
    if !has_postgresql() {
        debian(steps, "postgresql")?;
    }
    let example = Example::set_up(steps, root, "control plane", "control-plane")?;
    example.run(steps, "types", &["mypy"])?;
    example.run(steps, "tests", &["pytest", "-q"])?;
    // What depends on the database: the procedures from end to end, and the log.
    let on_postgresql = ["pytest", "-q", "--databases=postgresql", "tests/test_procedures.py", "tests/test_log.py"];
    example.run(steps, "tests on PostgreSQL", &on_postgresql)
}

/// Whether the server is there; of its programs, Debian puts only those of the client on the path.
fn has_postgresql() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = versions.map(|version| version.path().join("bin/initdb"));
    programs.any(|initdb| initdb.exists()) || answer(Command::new("initdb").arg("--version")).is_some()
}

const CHROMIUM: &str = "/usr/bin/chromium";

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Failure, Steps, answer};
use crate::trial;

/// Tests the control plane of the examples: with the package that `trial` has built, in a browser, and on both databases.
pub(crate) fn run(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    if !Path::new(CHROMIUM).exists() {
        debian(steps, "chromium")?;
    }
    if !has_postgresql() {
        debian(steps, "postgresql")?;
    }
    let example = root.join("examples/control-plane");
    let python = example.join(".venv/bin/python");
    if !python.exists() {
        let mut create = Command::new("python3");
        steps.run("control plane: environment", create.args(["-m", "venv", ".venv"]).current_dir(&example))?;
    }
    let program = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.arg("-m").args(arguments).current_dir(&example);
        command
    };
    let install = ["pip", "install", "--quiet", "--disable-pip-version-check"];
    let mut tools = program(&install);
    steps.run("control plane: tools", tools.args(["--requirement", "requirements-tests.txt"]))?;
    let mut package = program(&install);
    package.args(["--no-index", "--no-deps", "--force-reinstall"]).arg(trial::wheel()?);
    steps.run("control plane: sendas", &mut package)?;
    steps.run("control plane: types", &mut program(&["mypy"]))?;
    steps.run("control plane: tests", &mut program(&["pytest", "-q"]))?;
    // What depends on the database: the procedures from end to end, and the log.
    let on_postgresql = ["pytest", "-q", "--databases=postgresql", "tests/test_procedures.py", "tests/test_log.py"];
    steps.run("control plane: tests on PostgreSQL", &mut program(&on_postgresql))
}

/// Whether the server is there; of its programs, Debian puts only those of the client on the path.
fn has_postgresql() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = versions.map(|version| version.path().join("bin/initdb"));
    programs.any(|initdb| initdb.exists()) || answer(Command::new("initdb").arg("--version")).is_some()
}

fn debian(steps: &mut Steps, package: &str) -> Result<(), Failure> {
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
    steps.run(&format!("control plane: {package}"), install.env("DEBIAN_FRONTEND", "noninteractive"))
}

const CHROMIUM: &str = "/usr/bin/chromium";

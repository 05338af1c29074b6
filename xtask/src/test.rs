use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::corpora::outside_fields;
use crate::step::{Failure, Steps};
use crate::{minimum, plane, replay, repository, trial};

/// Runs every test in all three languages, and tries to install the packages.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also test the examples in Python, core alone, without std and without SSE, run what fuzzing saved, and check with the oldest supported
    /// compiler.
    #[arg(long)]
    full: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let started = Instant::now();
    let root = repository::root()?;
    let mut steps = Steps::default();
    let outside = outside_fields(&root)?;
    let outside = outside.as_deref();
    rust(&mut steps, &root, outside)?;
    let python = python(&mut steps, &root, outside)?;
    node(&mut steps, &root, outside)?;
    trial::command_line(&mut steps, &root)?;
    trial::python(&mut steps, &root, &python)?;
    trial::node(&mut steps, &root)?;
    if arguments.full {
        plane::run(&mut steps, &root)?;
        replay::run(&mut steps, &root)?;
        core_alone(&mut steps, &root)?;
        let saved = ["test", "--manifest-path", "fuzz/properties/Cargo.toml"];
        // A workspace of its own, but most of what it builds is built already.
        let shared = repository::target()?;
        steps.run("fuzz: saved inputs", cargo(&root, &saved).arg("--target-dir").arg(shared))?;
        minimum::run(&mut steps, &root)?;
    }
    println!("\ntotal: {:.0} s", started.elapsed().as_secs_f64());
    println!("{}", steps.vectors(&["rust", "python", "node"])?);
    Ok(())
}

/// Starts a cargo command at the root, with the dependencies of the lock file.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--locked").current_dir(root);
    command
}

fn rust(steps: &mut Steps, root: &Path, outside: Option<&Path>) -> Result<(), Failure> {
    steps.run("rust", with(outside, &mut cargo(root, &["test", "--workspace", "--jobs", "2"])))
}

/// Names the file of From fields that other projects test, where there is one.
fn with<'a>(outside: Option<&Path>, tests: &'a mut Command) -> &'a mut Command {
    match outside {
        Some(file) => tests.env("SENDAS_OUTSIDE_FIELDS", file),
        None => tests.env_remove("SENDAS_OUTSIDE_FIELDS"),
    }
}

/// A workspace build unites features; these are the ones that a host may choose instead.
fn core_alone(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    steps.run("core, default features", &mut cargo(root, &["test", "--package", "sendas"]))?;
    steps.run("core, no features", &mut cargo(root, &["test", "--package", "sendas", "--no-default-features"]))?;
    // Core without SSE, as it is on other processors.
    let portable = ["test", "--package", "sendas", "--no-default-features", "--lib"];
    steps.run("core, portable", cargo(root, &portable).env("RUSTFLAGS", "--cfg sendas_portable"))
}

/// Builds the Python package into an environment of its own, runs its tests, and returns the environment's folder of programs.
fn python(steps: &mut Steps, root: &Path, outside: Option<&Path>) -> Result<PathBuf, Failure> {
    let programs = root.join(".venv/bin");
    if !programs.join("python").exists() {
        steps.run("python: environment", Command::new("python3").args(["-m", "venv", ".venv"]).current_dir(root))?;
    }
    let program = |name: &str| {
        let mut command = Command::new(programs.join(name));
        command.current_dir(root.join("bindings/python"));
        command
    };
    let mut install = program("python");
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    steps.run("python: tools", install.arg(root.join("xtask/python-tools.txt")))?;
    let mut develop = program("maturin");
    // Only this command sees the environment: with it, `cargo test` would build for another interpreter each time.
    develop.args(["develop", "--quiet", "--release", "--locked"]).env("VIRTUAL_ENV", root.join(".venv"));
    steps.run("python: build", &mut develop)?;
    steps.run("python: tests", with(outside, program("python").args(["-m", "pytest", "-q", "-rs"])))?;
    steps.run("python: types of the tests", program("python").args(["-m", "mypy", "--strict", "tests"]))?;
    steps.run("python: stubs", program("python").args(["-m", "mypy.stubtest", "sendas._sendas"]))?;
    Ok(programs)
}

fn node(steps: &mut Steps, root: &Path, outside: Option<&Path>) -> Result<(), Failure> {
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(root.join("bindings/node"));
        command
    };
    steps.run("node: tools", &mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    steps.run("node: build", &mut npm(&["run", "build"]))?;
    steps.run("node: tests", with(outside, &mut npm(&["test"])))
}

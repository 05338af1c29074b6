//! Measures the packages for Python and Node, built for it and installed in folders of their own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::repository;
use crate::step::{Failure, Steps};
use crate::test::cargo;

/// Builds, installs and measures; prints the table, and writes it into docs/benchmarks.md.
pub(crate) fn run(steps: &mut Steps, root: &Path, write: bool) -> Result<(), Failure> {
    let folder = repository::target()?.join("bindings");
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let sizes: Vec<_> = SIZES
        .iter()
        .map(|&identities| Ok((identities, Data::generate(steps, root, &folder, identities, REQUESTS)?)))
        .collect::<Result<_, Failure>>()?;
    let many_requests = Data::generate(steps, root, &folder, SIZES[0], MANY_REQUESTS)?;
    let python = python(steps, root, &folder)?;
    let node = node(steps, root, &folder)?;
    let peers = node_peers(steps, root, &folder)?;
    let scripts = root.join("benches/bindings");
    let mut measure = |name: &str, program: &Path, script: &str, folders: &[&Path], data: &Data| {
        let mut command = Command::new(program);
        command.arg(scripts.join(script)).args(folders).args(data.paths());
        rows(&steps.capture(name, &mut command)?)
    };
    let (mut calls, mut many, mut engines) = (Vec::new(), Vec::new(), Vec::new());
    for (identities, data) in &sizes {
        if calls.is_empty() {
            calls.extend(measure("python: calls", &python, "overhead.py", &[], data)?);
            calls.extend(measure("node: calls", Path::new("node"), "overhead.js", &[&node], data)?);
            many.extend(measure("python: many in one call", &python, "bulk.py", &[], &many_requests)?);
            many.extend(measure("node: many in one call", Path::new("node"), "bulk.js", &[&node], &many_requests)?);
        }
        let of_size = measure("python: peers", &python, "peers.py", &[], data)?.into_iter().chain(measure(
            "node: peers",
            Path::new("node"),
            "peers.js",
            &[&node, &peers],
            data,
        )?);
        engines.extend(of_size.map(|row| (*identities, row)));
    }
    let (calls, many, engines) = (overhead(&calls), bulk(&many), beside(&engines));
    print!("\n{calls}\n{many}\n{engines}");
    if !write {
        return Ok(());
    }
    let page = root.join("docs/benchmarks.md");
    replace(&page, "calls", &calls)?;
    replace(&page, "many in one call", &many)?;
    replace(&page, "peers of the packages", &engines)
}

/// Reads what a script has measured: an object a line.
fn rows(output: &str) -> Result<Vec<Value>, Failure> {
    let read = |line: &str| {
        serde_json::from_str(line).map_err(|error| Failure::Unmet(format!("`{line}` is no JSON: {error}")))
    };
    output.lines().map(read).collect()
}

/// A policy and requests as JSON Lines.
struct Data {
    policy: PathBuf,
    requests: PathBuf,
}

impl Data {
    fn generate(
        steps: &mut Steps,
        root: &Path,
        folder: &Path,
        identities: u32,
        requests: &str,
    ) -> Result<Self, Failure> {
        let build = ["build", "--release", "--package", "sendas-benches", "--bin", "sendas-benches"];
        steps.run("generator: build", &mut cargo(root, &build))?;
        let program = repository::target()?.join("release/sendas-benches");
        let mut generate = |what: &str| {
            let mut command = Command::new(&program);
            command.args(["generate", what, "--requests", requests, "--identities", &identities.to_string()]);
            let text = steps.capture(&format!("{what} for {identities} identities"), &mut command)?;
            let path = folder.join(format!("{what}-{identities}-{requests}.jsonl"));
            fs::write(&path, text).map_err(Failure::file(&path))?;
            Ok(path)
        };
        Ok(Self { policy: generate("policy")?, requests: generate("requests")? })
    }

    fn paths(&self) -> [&Path; 2] {
        [&self.policy, &self.requests]
    }
}

/// Builds a wheel with feature `bench`, installs it into an environment of its own, and returns its interpreter.
fn python(steps: &mut Steps, root: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let environment = folder.join("venv");
    let python = environment.join("bin/python");
    if !python.exists() {
        steps.run("python: environment", Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let pip = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(arguments);
        command
    };
    // Of the tools, this needs the one that builds.
    let mut tools = pip(&["maturin", "--constraint"]);
    steps.run("python: tools", tools.arg(root.join("xtask/python-tools.txt")))?;
    let mut peers = pip(&["--requirement"]);
    steps.run("python: peers", peers.arg(root.join("benches/bindings/requirements.txt")))?;
    let wheels = folder.join("wheel");
    if wheels.exists() {
        fs::remove_dir_all(&wheels).map_err(Failure::file(&wheels))?;
    }
    let mut build = Command::new(environment.join("bin/maturin"));
    build.args(["build", "--quiet", "--release", "--locked", "--features", "bench", "--out"]).arg(&wheels);
    steps.run("python: wheel", build.current_dir(root.join("bindings/python")))?;
    let mut install = pip(&["--no-index", "--no-deps", "--force-reinstall", "--find-links"]);
    steps.run("python: install", install.arg(&wheels).arg("sendas"))?;
    Ok(python)
}

/// Builds the Node package with feature `bench` into a folder of its own, and returns that.
fn node(steps: &mut Steps, root: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let package = root.join("bindings/node");
    let built = folder.join("node");
    fs::create_dir_all(&built).map_err(Failure::file(&built))?;
    let mut tools = Command::new("npm");
    steps.run("node: tools", tools.args(["ci", "--no-audit", "--no-fund"]).current_dir(&package))?;
    let mut build = Command::new("npm");
    build.args(["exec", "--", "napi", "build", "--platform", "--release", "--no-js", "--dts", "index.d.ts"]);
    build.args(["--features", "bench", "--output-dir"]).arg(&built);
    steps.run("node: build", build.current_dir(&package))?;
    for entry in fs::read_dir(&package).map_err(Failure::file(&package))? {
        let file = entry.map_err(Failure::file(&package))?.path();
        let is_script = file.extension().is_some_and(|extension| extension == "js");
        if let Some(name) = file.file_name().filter(|name| is_script || *name == "package.json") {
            fs::copy(&file, built.join(name)).map_err(Failure::file(&file))?;
        }
    }
    Ok(built)
}

/// Installs the peers of the Node package into a folder of its own, and returns that.
fn node_peers(steps: &mut Steps, root: &Path, folder: &Path) -> Result<PathBuf, Failure> {
    let peers = folder.join("peers");
    fs::create_dir_all(&peers).map_err(Failure::file(&peers))?;
    for name in ["package.json", "package-lock.json"] {
        let path = root.join("benches/bindings").join(name);
        fs::copy(&path, peers.join(name)).map_err(Failure::file(path))?;
    }
    let mut install = Command::new("npm");
    steps.run("node: peers", install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&peers))?;
    Ok(peers)
}

/// Writes the table of what a call costs beside the decision.
fn overhead(measured: &[Value]) -> String {
    let mut table = head(&OVERHEAD);
    for row in measured {
        let [whole, core, read, unread] = ["evaluate", "core", "read", "unread"].map(|name| number(row, name));
        let beside = whole - core;
        let _ = writeln!(
            table,
            "| {} | {whole:.0} | {core:.0} | {beside:.0} | {read:.0} | {:.2} | {unread:.0} | {:.2} |",
            word(row, "language"),
            beside / read,
            beside / unread,
        );
    }
    table
}

/// Writes the table of what a decision costs where many are asked for in one call.
fn bulk(measured: &[Value]) -> String {
    let mut table = head(&BULK);
    for row in measured {
        let [whole, core] = ["ns", "core"].map(|name| number(row, name));
        let (language, call) = (word(row, "language"), word(row, "call"));
        let _ = writeln!(table, "| {language} | `{call}` | {whole:.0} | {core:.0} | {:.2} |", whole / core);
    }
    table
}

/// Writes the table of the packages beside their peers.
fn beside(measured: &[(u32, Value)]) -> String {
    let mut table = head(&PEERS);
    for (identities, row) in measured {
        let (language, engine) = (word(row, "language"), word(row, "engine"));
        let [median, late] = ["ns", "p99_ns"].map(|name| number(row, name));
        let _ = writeln!(table, "| {language} | {identities} | {engine} | {median:.0} | {late:.0} |");
    }
    table
}

fn head(columns: &[&str]) -> String {
    format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(columns.len()))
}

fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap_or(f64::NAN)
}

fn word<'r>(row: &'r Value, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_default()
}

/// Replaces a generated part of a page.
fn replace(page: &Path, part: &str, table: &str) -> Result<(), Failure> {
    let begin = format!("<!-- {part}: written by `cargo xtask bench --bindings --write` -->");
    let end = format!("<!-- end of {part} -->");
    let text = fs::read_to_string(page).map_err(Failure::file(page))?;
    let parts = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let Some((before, after)) = parts else {
        return Err(Failure::Unmet(format!("{} needs the lines `{begin}` and `{end}`", page.display())));
    };
    fs::write(page, [before, &begin, "\n", table, &end, after].concat()).map_err(Failure::file(page))
}

const OVERHEAD: [&str; 8] =
    ["language", "call", "core", "call - core", "empty, read", "ratio", "empty, unread", "ratio to that"];

const BULK: [&str; 5] = ["language", "call", "ns a decision", "in Rust", "ratio"];

const PEERS: [&str; 5] = ["language", "identities", "engine", "ns", "p99 ns"];

const SIZES: [u32; 2] = [1_000, 100_000];

const REQUESTS: &str = "2000";

/// Where many are asked for in one call: as many as a batch of recorded traffic has.
const MANY_REQUESTS: &str = "16384";

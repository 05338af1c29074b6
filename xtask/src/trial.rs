use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository;
use crate::step::{Failure, Steps};

/// Builds a wheel, installs it into an empty environment, and runs the README's example there.
pub(crate) fn python(steps: &mut Steps, root: &Path, programs: &Path) -> Result<(), Failure> {
    let folder = empty("python")?;
    let mut build = Command::new(programs.join("maturin"));
    build.args(["build", "--quiet", "--release", "--locked", "--out"]).arg(folder.join("wheel"));
    steps.run("python: wheel", build.current_dir(root.join("bindings/python")))?;
    let environment = folder.join("environment");
    let mut create = Command::new("python3");
    steps.run("python: empty environment", create.args(["-m", "venv"]).arg(&environment).current_dir(&folder))?;
    let installed = environment.join("bin/python");
    let mut install = Command::new(&installed);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]);
    steps.run("python: install the wheel", install.arg(only_file(&folder.join("wheel"))?).current_dir(&folder))?;
    let mut carried = Command::new(&installed);
    let carried =
        steps.capture("python: licences in the wheel", carried.args(["-I", "-c", LICENCES]).current_dir(&folder))?;
    carries(&root.join("bindings/python"), &carried)?;
    let script = folder.join("readme.py");
    fs::write(&script, example(root, "python")?).map_err(Failure::file(&script))?;
    // `-I` keeps the sources out of sight: what answers is the installed package.
    steps.run("python: use it", Command::new(&installed).arg("-I").arg(script).current_dir(root))
}

/// Returns the wheel that [`python`] has built.
pub(crate) fn wheel() -> Result<PathBuf, Failure> {
    only_file(&repository::target()?.join("trials/python/wheel"))
}

/// Packs the Node package, installs it into an empty project, and runs the README's example there, as ESM and as CommonJS.
pub(crate) fn node(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    let folder = empty("node")?;
    let packed = folder.join("packed");
    let project = folder.join("project");
    for folder in [&packed, &project] {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--pack-destination"]).arg(&packed);
    steps.run("node: pack", pack.current_dir(root.join("bindings/node")))?;
    let manifest = project.join("package.json");
    fs::write(&manifest, "{ \"private\": true }\n").map_err(Failure::file(&manifest))?;
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund"]).arg(only_file(&packed)?);
    steps.run("node: install the package", install.current_dir(&project))?;
    let carried = project.join("node_modules/sendas").join(NOTICES);
    carries(&root.join("bindings/node"), &fs::read_to_string(&carried).map_err(Failure::file(carried))?)?;
    let esm = example(root, "js")?;
    let common: Vec<_> = esm.lines().map(as_common_js).collect();
    for (step, name, text) in
        [("node: use it as ESM", "readme.mjs", esm), ("node: use it as CommonJS", "readme.cjs", common.join("\n"))]
    {
        let script = project.join(name);
        fs::write(&script, text).map_err(Failure::file(&script))?;
        steps.run(step, Command::new("node").arg(script).current_dir(root))?;
    }
    Ok(())
}

/// Checks that an installed package has the licences of what is compiled in, as they stand among its sources.
fn carries(sources: &Path, carried: &str) -> Result<(), Failure> {
    let path = sources.join(NOTICES);
    if fs::read_to_string(&path).map_err(Failure::file(&path))? == carried {
        return Ok(());
    }
    Err(Failure::Unmet(format!("the package does not carry `{}` as it is", path.display())))
}

/// Returns the README's first example in a language.
fn example(root: &Path, language: &str) -> Result<String, Failure> {
    let path = root.join("README.md");
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let block = text.split(&format!("```{language}\n")).nth(1).and_then(|rest| rest.split("```").next());
    block.map(str::to_owned).ok_or_else(|| Failure::Unmet(format!("`README.md` has no example in `{language}`")))
}

/// Rewrites `import NAMES from MODULE;` as CommonJS has it; other lines stay.
fn as_common_js(line: &str) -> String {
    match line
        .strip_prefix("import ")
        .and_then(|rest| rest.strip_suffix(';'))
        .and_then(|rest| rest.split_once(" from "))
    {
        Some((names, module)) => format!("const {names} = require({module});"),
        None => line.to_owned(),
    }
}

/// Runs the README's example for the command line.
pub(crate) fn command_line(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    let example = example(root, "sh")?;
    // What follows is this very command.
    let command = example.split("cargo xtask").next().unwrap_or_default();
    steps.run("command line: use it", Command::new("sh").args(["-ec", command]).current_dir(root))
}

/// Returns a folder of this name with nothing in it.
fn empty(name: &str) -> Result<PathBuf, Failure> {
    let folder = repository::target()?.join("trials").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::file(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    Ok(folder)
}

fn only_file(folder: &Path) -> Result<PathBuf, Failure> {
    let mut entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry.map_err(Failure::file(folder))?.path()),
        _ => Err(Failure::Unmet(format!("`{}` must hold exactly one file", folder.display()))),
    }
}

/// The file with the licences of what is compiled in.
const NOTICES: &str = "THIRD-PARTY-LICENSES";
/// Prints it, in Python.
const LICENCES: &str = "from importlib.metadata import distribution as of; print(of('sendas').read_text('licenses/THIRD-PARTY-LICENSES'), end='')";

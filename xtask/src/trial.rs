use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository;
use crate::step::{Failure, Steps};

/// Builds a wheel, installs it into an empty environment, and decides one vector there.
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
    // `-I` keeps the sources out of sight: what answers is the installed package.
    let mut trial = Command::new(&installed);
    steps.run("python: use it", trial.arg("-I").arg(root.join("xtask/trials/python.py")).current_dir(&folder))
}

/// Packs the Node package, installs it into an empty project, and decides one vector there, as ESM and as CommonJS.
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
    for (step, name) in [("node: use it as ESM", "node.mjs"), ("node: use it as CommonJS", "node.cjs")] {
        let copy = project.join(name);
        fs::copy(root.join("xtask/trials").join(name), &copy).map_err(Failure::file(&copy))?;
        steps.run(step, Command::new("node").arg(name).current_dir(&project))?;
    }
    Ok(())
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

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{Failure, Steps};
use crate::trial;

/// An example in Python, with an environment of its own that has the package that `trial` has built.
pub(crate) struct Example {
    name: &'static str,
    folder: PathBuf,
    python: PathBuf,
}

impl Example {
    /// Sets up the environment of the example in this folder, with what its tests need.
    pub(crate) fn set_up(steps: &mut Steps, root: &Path, name: &'static str, folder: &str) -> Result<Self, Failure> {
        let folder = root.join("examples").join(folder);
        let python = folder.join(".venv/bin/python");
        let example = Self { name, folder, python };
        if !example.python.exists() {
            let mut create = Command::new("python3");
            create.args(["-m", "venv", ".venv"]).current_dir(&example.folder);
            steps.run(&format!("{name}: environment"), &mut create)?;
        }
        let install = ["pip", "install", "--quiet", "--disable-pip-version-check"];
        let mut tools = example.program(&install);
        steps.run(&format!("{name}: tools"), tools.args(["--requirement", "requirements-tests.txt"]))?;
        let mut package = example.program(&install);
        package.args(["--no-index", "--no-deps", "--force-reinstall"]).arg(trial::wheel()?);
        steps.run(&format!("{name}: sendas"), &mut package)?;
        Ok(example)
    }

    /// Runs a module of the environment in the example's folder.
    pub(crate) fn run(&self, steps: &mut Steps, what: &str, arguments: &[&str]) -> Result<(), Failure> {
        steps.run(&format!("{}: {what}", self.name), &mut self.program(arguments))
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg("-m").args(arguments).current_dir(&self.folder);
        command
    }
}

/// Installs one of Debian's packages.
pub(crate) fn debian(steps: &mut Steps, package: &str) -> Result<(), Failure> {
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
    steps.run(&format!("Debian: {package}"), install.env("DEBIAN_FRONTEND", "noninteractive"))
}

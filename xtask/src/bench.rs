use std::process::Command;

use crate::repository;
use crate::step::{Failure, Steps};

/// Measures the engine beside what a host would write by hand, and prints one table.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure for a shorter time, with wider error.
    #[arg(long)]
    quick: bool,
    /// Print the table as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut command = Command::new("cargo");
    command.args(["run", "--release", "--locked", "--package", "sendas-benches", "--bin", "table", "--"]);
    if arguments.quick {
        command.arg("--quick");
    }
    if arguments.json {
        command.arg("--json");
    }
    Steps::default().run("measure", command.current_dir(repository::root()?))
}

use std::process::Command;

use crate::step::{Failure, Steps};
use crate::{bindings, repository};

/// Measures the engine beside its peers, and prints one table.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure for a shorter time, with wider error, and two sizes only.
    #[arg(long)]
    quick: bool,
    /// Print the table as JSON.
    #[arg(long)]
    json: bool,
    /// Write the table into docs/benchmarks.md, and draw its curves.
    #[arg(long)]
    write: bool,
    /// Sizes in identities, separated by commas.
    #[arg(long)]
    sizes: Option<String>,
    /// The rules that are asked, `plain` or `full`; both where nothing is said.
    #[arg(long)]
    workload: Option<String>,
    /// Engines, separated by commas; all of them where nothing is said.
    #[arg(long)]
    engines: Option<String>,
    /// Leave out the peers that take minutes to build.
    #[arg(long)]
    without_peers: bool,
    /// Only measure the packages for Python and Node: what a call costs, and how long their peers take.
    #[arg(long, conflicts_with_all = ["quick", "json", "sizes", "workload", "engines", "without_peers", "guard"])]
    bindings: bool,
    /// Only count instructions, by valgrind, and compare them with those recorded.
    #[arg(long, conflicts_with_all = ["quick", "json", "write", "sizes", "workload", "engines", "without_peers"])]
    guard: bool,
    /// With --guard: record what is counted.
    #[arg(long, requires = "guard")]
    record: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = repository::root()?;
    let mut steps = Steps::default();
    if arguments.bindings {
        return bindings::run(&mut steps, &root, arguments.write);
    }
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--locked", "--package", "sendas-benches", "--bin", "sendas-benches"]);
    if !arguments.guard && !arguments.without_peers {
        build.args(["--features", "peers"]);
    }
    steps.run("build", build.current_dir(&root))?;

    let mut measure = Command::new(repository::target()?.join("release/sendas-benches"));
    measure.arg(if arguments.guard { "guard" } else { "table" });
    for (given, option) in [
        (arguments.quick, "--quick"),
        (arguments.json, "--json"),
        (arguments.write, "--write"),
        (arguments.record, "--record"),
    ] {
        if given {
            measure.arg(option);
        }
    }
    let listed =
        [(&arguments.sizes, "--sizes"), (&arguments.workload, "--workload"), (&arguments.engines, "--engines")];
    for (given, option) in listed {
        if let Some(list) = given {
            measure.args([option, list]);
        }
    }
    steps.run("measure", measure.current_dir(&root))
}

use std::fs;
use std::process::Command;

use crate::repository;
use crate::step::{Failure, Steps, answer};

/// Runs the fuzz targets; needs a nightly toolchain and cargo-fuzz.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One target; all of them unless named.
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = repository::root()?;
    if answer(Command::new("cargo").args(["+nightly", "fuzz", "--version"])).is_none() {
        return Err(Failure::Unmet(
            "fuzzing needs a nightly toolchain (`rustup toolchain install nightly`) and cargo-fuzz \
             (`cargo install --locked cargo-fuzz`)"
                .to_owned(),
        ));
    }
    let known = targets()?;
    let chosen = match &arguments.target {
        None => known,
        Some(target) if known.contains(target) => vec![target.clone()],
        Some(target) => {
            return Err(Failure::Unmet(format!("no fuzz target `{target}`; there are: {}", known.join(", "))));
        }
    };
    let mut steps = Steps::default();
    for target in chosen {
        let mut command = Command::new("cargo");
        command.args(["+nightly", "fuzz", "run"]);
        if target == AGREE {
            command.args(["--features", AGREE]);
        }
        command.args([&target, "--", &format!("-max_total_time={}", arguments.seconds)]);
        if OF_FIELDS.contains(&target.as_str()) {
            command.arg("-dict=dictionaries/field.dict");
        }
        steps.run(&format!("fuzz {target}"), command.current_dir(root.join("fuzz")))?;
    }
    Ok(())
}

/// The target that needs the slow reference, and the feature that builds it.
const AGREE: &str = "agree";

/// The targets that read header fields, which a dictionary helps to find their words.
const OF_FIELDS: [&str; 3] = ["names", "read_block", "read_field"];

/// Returns the names of the targets, sorted.
fn targets() -> Result<Vec<String>, Failure> {
    let folder = repository::root()?.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::file(&folder))? {
        let path = entry.map_err(Failure::file(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

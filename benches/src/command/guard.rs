//! Holds the instructions of a few decisions to those that are recorded.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;
use sendas_benches::callgrind::{instructions, is_there};

/// Counts instructions, which do not depend on how busy the machine is, and compares them with those recorded.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Record what is counted instead of comparing
    #[arg(long)]
    record: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if !is_there() {
        return Err("valgrind is not there: install the package `valgrind`".into());
    }
    let mut counted = BTreeMap::new();
    for (name, options) in DECISIONS {
        counted.insert(name, instructions(REQUESTS, options)?.round());
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json");
    let compiler = compiler()?;
    if arguments.record {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "compiler": compiler, "decisions": counted }))?;
        fs::write(&file, text + "\n")?;
        println!("recorded in {}", file.display());
        return Ok(());
    }
    let recorded: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    let (mut slower, mut faster) = (0, 0);
    println!("instructions a decision      now  recorded  change");
    for (name, now) in counted {
        let before = recorded["decisions"][name].as_f64().ok_or_else(|| format!("`{name}` is not recorded"))?;
        let change = now / before - 1.0;
        println!("{name:<24} {now:>7.0} {before:>9.0} {:>+6.1}%", change * 100.0);
        slower += u32::from(change > TOLERANCE);
        faster += u32::from(change < -TOLERANCE);
    }
    if recorded["compiler"] != compiler.as_str() {
        println!("recorded with {}, this is {compiler}", recorded["compiler"].as_str().unwrap_or("another compiler"));
    }
    if faster > 0 {
        println!(
            "{faster} decisions take fewer instructions by more than 5%: keep that with `cargo xtask bench --guard --record`"
        );
    }
    if slower > 0 {
        return Err(format!("{slower} decisions take more instructions than recorded, by more than 5%").into());
    }
    Ok(())
}

fn compiler() -> Result<String, Box<dyn Error>> {
    let version = Command::new("rustc").arg("--version").output()?.stdout;
    Ok(String::from_utf8(version)?.trim().to_owned())
}

const REQUESTS: u32 = 1_000;

/// A change by less is not told from another C library or machine.
const TOLERANCE: f64 = 0.05;

/// What is counted, and how `decide` is asked for it.
const DECISIONS: [(&str, &[&str]); 9] = [
    ("plain, all", &[]),
    ("plain, allowed", &["--only", "allowed"]),
    ("plain, identity", &["--only", "account identity, consent"]),
    ("plain, domain", &["--only", "domain"]),
    ("plain, forged From", &["--only", "forged From"]),
    ("plain, not listed", &["--only", "account not listed"]),
    ("plain, 100 000", &["--identities", "100000"]),
    ("full, all", &["--workload", "full"]),
    ("full, allowed", &["--workload", "full", "--only", "allowed"]),
];

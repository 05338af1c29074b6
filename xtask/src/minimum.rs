use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository;
use crate::step::{Failure, Steps, answer};

/// The oldest supported compiler of all packages but Node's.
const VERSION: &str = "1.85";

/// The packages that promise [`VERSION`]; the Node package needs a newer one.
const PACKAGES: [&str; 5] = ["sendas", "sendas-arrow", "sendas-cli", "sendas-many", "sendas-python"];

/// Checks the packages with the oldest supported compiler: rustup's, if it is there, else Debian's.
///
/// Skips only where nothing can be had: without rustup, on an archive that has moved on to later versions.
pub(crate) fn run(steps: &mut Steps, root: &Path) -> Result<(), Failure> {
    let compiler = if rustup_has_it() { Some(rustup()) } else { debian(steps)? };
    let Some(mut command) = compiler else {
        if answer(Command::new("rustup").arg("--version")).is_some() {
            return Err(Failure::Unmet(format!(
                "the oldest supported compiler is not there: `rustup toolchain install {VERSION}`"
            )));
        }
        println!(
            "\n!!! SKIPPED: NOT checked with Rust {VERSION}, the oldest supported compiler: Debian's archive has only \
             later ones, and there is no rustup"
        );
        return Ok(());
    };
    command.args(["check", "--locked", "--jobs", "2"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    // Streams are for Node's package alone, so that no other one asks for them.
    command.args(["--features", "sendas-arrow/ipc"]);
    command.env("CARGO_TARGET_DIR", repository::target()?.join("minimum/target"));
    steps.run("oldest supported compiler", command.current_dir(root))
}

fn rustup_has_it() -> bool {
    answer(Command::new("rustup").args(["toolchain", "list"]))
        .is_some_and(|list| list.lines().any(|line| line.starts_with(VERSION)))
}

fn rustup() -> Command {
    let mut command = Command::new("cargo");
    command.arg(format!("+{VERSION}")).env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Unpacks Debian's compiler of this version below the target folder, without installing it, and returns its cargo.
/// Returns `None` if the archive has moved on to later versions only.
fn debian(steps: &mut Steps) -> Result<Option<Command>, Failure> {
    let folder = repository::target()?.join("minimum");
    if !folder.join("usr/bin/cargo").exists() {
        let offered = answer(Command::new("apt-cache").args(["madison", "rustc-web"])).unwrap_or_default();
        if offered.is_empty() {
            return Err(Failure::Unmet(format!(
                "the oldest supported compiler is not there: `rustup toolchain install {VERSION}`, or on Debian \
                 `apt-get update` so that it can be fetched"
            )));
        }
        let Some(version) = offered.split_whitespace().find(|word| word.starts_with(VERSION)) else {
            return Ok(None);
        };
        fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
        let mut download = Command::new("apt-get");
        download.args(["download", "--quiet", "libhttp-parser2.9", "libllvm19", "libpcre3"]);
        for name in ["rustc-web", "cargo-web", "libstd-rust-web-dev", &format!("libstd-rust-web-{VERSION}")] {
            download.arg(format!("{name}={version}"));
        }
        steps.run("oldest supported compiler: download", download.current_dir(&folder))?;
        let mut unpack = Command::new("sh");
        unpack.args(["-ec", "for package in *.deb; do dpkg-deb --extract \"$package\" .; done"]);
        steps.run("oldest supported compiler: unpack", unpack.current_dir(&folder))?;
    }
    let libraries = ["usr/lib", "lib"].map(|name| folder.join(name).join("x86_64-linux-gnu").display().to_string());
    let mut command = Command::new(folder.join("usr/bin/cargo"));
    command.env("RUSTC", folder.join("usr/bin/rustc")).env("LD_LIBRARY_PATH", libraries.join(":"));
    Ok(Some(command))
}

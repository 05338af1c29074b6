//! Counts instructions with valgrind's callgrind, by the command `decide`.

use std::env;
use std::error::Error;
use std::process::Command;

/// Whether valgrind is there.
#[must_use]
pub fn is_there() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Counts the instructions of one decision, on average over `requests`; `options` are those of `decide`.
///
/// # Errors
///
/// If valgrind ends with an error, or `decide` does.
pub fn instructions(requests: u32, options: &[&str]) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*decide*measured*"])
        .arg(env::current_exe()?)
        .args(["decide", "--requests", &requests.to_string()])
        .args(options)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind ended with {}: {said}", output.status).into());
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim().parse());
    let collected: u32 = collected.ok_or_else(|| format!("valgrind counted nothing: {said}"))??;
    if collected == 0 {
        return Err("valgrind saw no decision: the function `measured` of `decide` has no symbol".into());
    }
    Ok(f64::from(collected) / f64::from(requests))
}

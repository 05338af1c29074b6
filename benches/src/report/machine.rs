//! On which machine it was measured.

use std::fs;
use std::process::Command;

/// Names the processor, its caches, the memory, the compiler, and how busy it was, in one line.
#[must_use]
pub fn machine() -> String {
    let processor = first("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let family = [first("/proc/cpuinfo", "cpu family"), first("/proc/cpuinfo", "model\t")];
    let family = family.map(Option::unwrap_or_default).join(".");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let caches: Vec<_> = (0..4)
        .filter_map(|index| {
            let read =
                |name| fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{name}")).ok();
            let (level, size, kind) = (read("level")?, read("size")?, read("type")?);
            (kind.trim() != "Instruction").then(|| format!("L{} {}", level.trim(), size.trim()))
        })
        .collect();
    let memory = first("/proc/meminfo", "MemTotal").unwrap_or_default();
    let version = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let compiler = String::from_utf8_lossy(&version).trim().to_owned();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').nth(2).unwrap_or("unknown").to_owned();
    format!(
        "{processor} (family and model {family}), {cores} cores; {}; memory {memory}; {compiler}; load average over the last 15 minutes {load}",
        caches.join(", ")
    )
}

fn first(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

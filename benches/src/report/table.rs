//! The table, for a terminal and for a page.

use std::fmt::Write as _;

use super::{Report, Row, SealedAt, machine};
use crate::data::Accounts;
use crate::workload::Workload;

/// Writes a table for each workload, for a terminal.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for workload in measured(report) {
        let _ = writeln!(text, "{} workload\n\n{}", workload.name(), aligned(report, workload));
    }
    for remark in remarks(report) {
        let _ = writeln!(text, "{remark}");
    }
    text
}

/// The workloads that anything was measured of.
fn measured(report: &Report) -> impl Iterator<Item = Workload> {
    Workload::ALL.into_iter().filter(|&workload| report.of(workload).next().is_some())
}

/// Writes a table in columns of equal width.
fn aligned(report: &Report, workload: Workload) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(report.of(workload).map(|row| cells(report, row)));
    let mut widths = [0; HEAD.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.len().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let _ = if column < 3 { write!(text, "{cell:<width$}  ") } else { write!(text, "{cell:>width$}  ") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// Writes the generated part of the page.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut text = format!("Measured on: {}.\n", machine());
    for accounts in Accounts::ALL {
        let _ = write!(text, "\n![{0}](benchmarks/{0}.svg)\n", accounts.name());
    }
    for workload in measured(report) {
        let _ = write!(text, "\nThe {} workload:\n", workload.name());
        let _ = write!(text, "\n| {} |\n|{}\n", HEAD.join(" | "), " --- |".repeat(HEAD.len()));
        for row in report.of(workload) {
            let _ = writeln!(text, "| {} |", cells(report, row).join(" | "));
        }
    }
    text.push('\n');
    for remark in remarks(report) {
        let _ = writeln!(text, "- {remark}");
    }
    text
}

fn cells(report: &Report, row: &Row) -> [String; HEAD.len()] {
    let names = [row.identities.to_string(), row.accounts.name().to_owned(), row.engine.to_owned()];
    let values = match &row.measured {
        Err(_) => std::array::from_fn(|_| "-".to_owned()),
        Ok(measured) => {
            let or_dash =
                |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
            [
                or_dash(Some(measured.times.median), 0),
                or_dash(report.by_hand(row).map(|by_hand| measured.times.median / by_hand), 2),
                or_dash(Some(measured.times.p99), 0),
                or_dash(Some(measured.times.p999), 0),
                or_dash(measured.instructions.map(|instructions| instructions.allowed), 0),
                or_dash(measured.instructions.map(|instructions| instructions.any), 0),
                or_dash(measured.bytes_per_identity, 0),
                or_dash(Some(measured.build_seconds), 3),
            ]
        }
    };
    let [identities, accounts, engine] = names;
    let [median, ratio, p99, p999, allowed, any, bytes, build] = values;
    [identities, accounts, engine, median, ratio, p99, p999, allowed, any, bytes, build]
}

/// What stands below the table.
fn remarks(report: &Report) -> Vec<String> {
    let mut remarks = vec![format!("One load that misses the second-level cache: {:.0} ns.", report.load)];
    for accounts in Accounts::ALL {
        let of = |identities: Option<usize>| {
            let mut rows = report.of(Workload::Plain).filter(|row| row.engine == "sendas" && row.accounts == accounts);
            rows.find(|row| Some(row.identities) == identities)?.measured.as_ref().ok().map(|row| row.times.median)
        };
        let largest = report.of(Workload::Plain).map(|row| row.identities).max();
        if let (Some(small), Some(large), Some(largest)) = (of(Some(1_000)), of(largest), largest) {
            remarks.push(format!(
                "sendas, {}: from 1000 identities to {largest}, a decision takes {:.1} such loads more.",
                accounts.name(),
                (large - small) / report.load
            ));
        }
    }
    for more in &report.more {
        remarks.push(format!(
            "sendas, {} identities, {}: alone, a decision takes {:.0} ns, and one of 1000 over {:.0} ns, {:.1} times that; two threads decide {:.2} times as much as one; a session with ten messages over three \
             addresses takes {:.2} of ten decisions; many requests in one call take {:.0} ns each, {:.0} ns in a call each, \
             {:.2} times as long.",
            more.identities,
            more.accounts.name(),
            more.alone.median,
            more.alone.p999,
            more.alone.p999 / more.alone.median,
            more.two_threads,
            more.staged,
            more.bulk.many,
            more.bulk.single,
            more.bulk.single / more.bulk.many
        ));
    }
    for SealedAt { identities, sealed } in &report.sealed {
        let held = sealed
            .held
            .map(|octets| format!("; two processes that decided requests hold {:.1} MiB together", mebi(octets)));
        remarks.push(format!(
            "sendas, {identities} identities, sealed: a file of {:.1} MiB, which a process has open {:.2} ms after its start, \
             beside one that opens nothing, and verified after {:.2} ms{}.",
            mebi(sealed.octets),
            sealed.open.max(0.0),
            sealed.verify.max(0.0),
            held.unwrap_or_default()
        ));
    }
    let mut missing: Vec<_> = report
        .rows
        .iter()
        .filter_map(|row| {
            row.measured.as_ref().err().map(|why| format!("{} at {}: {why}.", row.engine, row.identities))
        })
        .collect();
    missing.dedup();
    remarks.extend(missing);
    remarks
}

#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn mebi(octets: usize) -> f64 {
    octets as f64 / f64::from(1 << 20)
}

const HEAD: [&str; 11] = [
    "identities",
    "accounts",
    "engine",
    "ns",
    "of by_hand",
    "p99 ns",
    "p99.9 ns",
    "instr. allowed",
    "instr. any",
    "bytes/identity",
    "build s",
];

mod engine;
mod fields;
mod forms;
mod header;
mod row;
mod tally;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::step::Failure;

pub(crate) use fields::outside_fields;
use row::Row;
use tally::{Score, Tally};

/// Scores the readers on outside test cases: a folder of `.jsonl` files, a case a line.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder.
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// List every row that is not exact or not counted, with the reason.
    #[arg(long)]
    rows: bool,
    /// Fail where a score is below the recorded one.
    #[arg(long)]
    hold: bool,
    /// Score nothing; write the From fields to this file, for the tests that compare with other readers.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "rows", "hold"])]
    fields: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.fields {
        let count = fields::write(&arguments.folder, file)?;
        println!("fields={count}");
        return Ok(());
    }
    let overruled = overruled()?;
    let mut all = Tally::default();
    let mut corpora = Vec::new();
    for (name, rows) in row::read(&arguments.folder)? {
        let mut tally = Tally::default();
        for row in &rows {
            tally.begin(overruled.get(row.id()).copied());
            score(row, &mut tally);
            tally.end(row.id());
        }
        all.add(&tally);
        corpora.push((name, tally));
    }
    if arguments.json {
        print_json(&corpora, &all, arguments.rows);
    } else {
        print(&corpora, &all, arguments.rows);
    }
    if !all.is_sound() {
        return Err(Failure::Unmet("an attack is allowed, or a field is read as something else".into()));
    }
    if arguments.hold { hold(&all) } else { Ok(()) }
}

fn score(row: &Row, tally: &mut Tally) {
    header::safety(row, tally);
    match row.kind() {
        "header_from" => header::header_from(row, tally),
        "addr_spec" => forms::addr_spec(row, tally),
        "reverse_path" => forms::reverse_path(row, tally),
        "domain" => forms::domain(row, tally),
        "ip" | "cidr" | "range" => forms::ip(row, tally),
        "ip_in_cidr" => forms::ip_in_cidr(row, tally),
        "alignment" => forms::alignment(row, tally),
        _ => tally.unscored += 1,
    }
}

fn print(corpora: &[(String, Tally)], all: &Tally, rows: bool) {
    for (name, tally) in corpora {
        println!("{name}: {}", tally.corpus_line());
        for remark in tally.remarks.iter().filter(|_| rows) {
            let how = if remark.counted { "" } else { " left out:" };
            println!("    {} {}:{how} {}", remark.score.name(), remark.id, remark.text);
        }
    }
    let reasons: Vec<_> = all.reasons.iter().map(|(reason, count)| format!("{reason}={count}")).collect();
    println!("not authorised: {}", reasons.join(" "));
    println!("{}", all.line());
}

fn print_json(corpora: &[(String, Tally)], all: &Tally, rows: bool) {
    let corpus = |(name, tally): &(String, Tally)| {
        let mut value = json!({ "corpus": name, "scores": tally.json(), "not_scored": tally.unscored });
        if rows {
            let remarks = tally.remarks.iter().map(|remark| {
                json!({ "score": remark.score.name(), "id": remark.id, "counted": remark.counted, "text": remark.text })
            });
            value["rows"] = remarks.collect();
        }
        value
    };
    let corpora: Vec<_> = corpora.iter().map(corpus).collect();
    let value = json!({ "corpora": corpora, "total": all.json(), "not_authorised": all.reasons });
    println!("{value:#}");
}

/// Fails where a score is below the recorded one, compared as a part of its rows, or a row is overruled needlessly.
fn hold(all: &Tally) -> Result<(), Failure> {
    if !all.needless.is_empty() {
        return Err(Failure::Unmet(format!("overruled, and exact: {}", all.needless.join(" "))));
    }
    let mut below = Vec::new();
    for score in Score::TOTAL {
        let Some((exact, rows)) = recorded(score.name()) else { continue };
        let count = all.count(score);
        if u128::from(count.exact) * u128::from(rows) < u128::from(exact) * u128::from(count.rows) {
            below.push(format!("{}={}/{}, recorded {exact}/{rows}", score.name(), count.exact, count.rows));
        }
    }
    if below.is_empty() { Ok(()) } else { Err(Failure::Unmet(format!("below the record: {}", below.join("; ")))) }
}

/// Finds `name=N/M` in the record.
fn recorded(name: &str) -> Option<(u64, u64)> {
    let figure = RECORD.split_whitespace().find_map(|figure| figure.strip_prefix(name)?.strip_prefix('='))?;
    let (exact, rows) = figure.split_once('/')?;
    Some((exact.parse().ok()?, rows.parse().ok()?))
}

/// Reads the rows whose expectation is not followed: `id`, a tab, and the section that says why.
fn overruled() -> Result<BTreeMap<&'static str, &'static str>, Failure> {
    let lines = OVERRULED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once('\t').ok_or_else(|| Failure::Unmet(format!("`{line}` is no id, tab and reason"))))
        .collect()
}

/// The last line of the output as it stood when it was last raised.
const RECORD: &str = include_str!("record.txt");

const OVERRULED: &str = include_str!("overruled.tsv");

//! Prints the bench table: sendas beside each peer, on the same data in the same run.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use sendas_benches::callgrind;
use sendas_benches::data::{Accounts, Attempt, Size, plain};
use sendas_benches::engine::{Engine, KINDS, Kind, Sendas};
use sendas_benches::floor::load;
use sendas_benches::measure::times;
use sendas_benches::memory::held;
use sendas_benches::outside::sealed;
use sendas_benches::report::{Instructions, Measured, More, Report, Row, SealedAt, curves, markdown, text};
use sendas_benches::workload::Workload;
use sendas_benches::{bulk, staged, threads};

/// Prints the bench table.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Fewer requests, rounds and sizes
    #[arg(long)]
    quick: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Sizes in identities, separated by commas
    #[arg(long, value_delimiter = ',')]
    sizes: Option<Vec<usize>>,
    /// The rules that are asked; all of them in turn where nothing is said
    #[arg(long, value_enum)]
    workload: Option<Workload>,
    /// Engines, separated by commas; all that were compiled in where nothing is said
    #[arg(long, value_delimiter = ',', value_parser = Kind::named)]
    engines: Option<Vec<&'static Kind>>,
    /// Also write the table into docs/benchmarks.md, and draw the curves
    #[arg(long)]
    write: bool,
}

/// How much is measured.
struct Effort {
    requests: usize,
    rounds: usize,
    /// For each engine, size and choice of accounts.
    seconds: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let (effort, sizes) = if arguments.quick {
        (Effort { requests: 20_000, rounds: 4, seconds: 2.0 }, vec![1_000, 100_000])
    } else {
        let sizes = vec![10, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
        (Effort { requests: 200_000, rounds: 8, seconds: 10.0 }, sizes)
    };
    let kinds = arguments.engines.clone().unwrap_or_else(|| KINDS.iter().collect());
    let mut report = Report { load: load(), ..Report::default() };
    let sizes = arguments.sizes.clone().unwrap_or(sizes);
    for workload in Workload::ALL.into_iter().filter(|&one| arguments.workload.is_none_or(|wanted| wanted == one)) {
        let kinds: Vec<_> = kinds.iter().filter_map(|kind| workload.kind(kind).ok()).collect();
        for size in sizes.iter().filter(|&&size| size <= workload.most()) {
            measure(workload, &kinds, Size::new(*size), &effort, &mut report)?;
        }
    }
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", text(&report));
    }
    if arguments.write {
        write(&report)?;
    }
    Ok(())
}

/// An engine that was built, and what that took.
struct Candidate {
    kind: &'static Kind,
    engine: Box<dyn Engine>,
    bytes_per_identity: Option<f64>,
    build_seconds: f64,
    instructions: Option<Instructions>,
}

/// Builds every engine, holds them to decide every request as it is meant, and times them.
fn measure(
    workload: Workload,
    kinds: &[&'static Kind],
    size: Size,
    effort: &Effort,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let policy = workload.policy(size);
    let mut candidates = Vec::new();
    for &kind in kinds.iter().filter(|kind| size.identities() <= kind.most) {
        let started = Instant::now();
        let (built, octets) = held(|| (kind.build)(&policy));
        let (engine, build_seconds) = (built?, started.elapsed().as_secs_f64());
        eprintln!(
            "{}, {} of {} identities: built in {build_seconds:.1} s",
            workload.name(),
            kind.name,
            size.identities()
        );
        #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
        let bytes_per_identity =
            octets.map(|octets| (octets + engine.octets_elsewhere()) as f64 / size.identities() as f64);
        let instructions = instructions(workload, kind, size)?;
        candidates.push(Candidate { kind, engine, bytes_per_identity, build_seconds, instructions });
    }
    // What only the library is measured for, on the rules that its peers have too.
    let library = if workload == Workload::Plain { Some(Sendas::new(&policy)?) } else { None };
    drop(policy);
    if let Some(library) = &library {
        let sealed = sealed(&library.0, size, effort.requests)?;
        report.sealed.push(SealedAt { identities: size.identities(), sealed });
    }
    for accounts in Accounts::ALL {
        let attempts: Vec<Attempt> = workload.attempts(size, accounts, 7).take(effort.requests).collect();
        for Candidate { kind, engine, .. } in &candidates {
            agree(kind, &**engine, &attempts, effort)?;
        }
        let engines: Vec<&dyn Engine> = candidates.iter().map(|candidate| &*candidate.engine).collect();
        let in_turn = times(&engines, &attempts, effort.rounds, effort.seconds);
        let measured = candidates.iter().zip(in_turn).map(|(candidate, times)| {
            let &Candidate { kind, bytes_per_identity, build_seconds, instructions, .. } = candidate;
            (kind.name, Ok(Measured { times, instructions, bytes_per_identity, build_seconds }))
        });
        let refused = kinds.iter().filter(|kind| size.identities() > kind.most);
        let refused = refused.map(|kind| (kind.name, Err(kind.limit.to_owned())));
        for (engine, measured) in measured.chain(refused) {
            report.rows.push(Row { workload, engine, identities: size.identities(), accounts, measured });
        }
        let Some(library) = &library else { continue };
        let alone = times(&[library], &attempts, effort.rounds, effort.seconds).swap_remove(0);
        let connections: Vec<_> = plain::connections(size, accounts, 7).take(effort.requests / 50).collect();
        let denies =
            |messages: &&[Attempt; 10]| staged::staged(&library.0, &messages.each_ref().map(Attempt::given)) != 10;
        if let Some(messages) = connections.iter().find(denies) {
            return Err(format!("a session denies some of {messages:?}").into());
        }
        report.more.push(More {
            identities: size.identities(),
            accounts,
            alone,
            two_threads: threads::two_beside_one(library, &attempts),
            staged: staged::beside_whole(&library.0, &connections),
            bulk: bulk::beside_single(&library.0, &attempts),
        });
    }
    Ok(())
}

/// Holds an engine to decide as is meant: every request, or as many as it can in its time.
fn agree(kind: &Kind, engine: &dyn Engine, attempts: &[Attempt], effort: &Effort) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    for (number, attempt) in attempts.iter().enumerate() {
        if engine.allows(&attempt.given()) != attempt.case.allowed {
            return Err(format!("{} decides otherwise: {attempt:?}", kind.name).into());
        }
        if started.elapsed().as_secs_f64() > effort.seconds {
            eprintln!("{}: held to {} requests of {}", kind.name, number + 1, attempts.len());
            break;
        }
    }
    Ok(())
}

/// Counts instructions at sizes that are built quickly enough under valgrind.
fn instructions(workload: Workload, kind: &Kind, size: Size) -> Result<Option<Instructions>, Box<dyn Error>> {
    if size.identities() > kind.most_counted || !callgrind::is_there() {
        return Ok(None);
    }
    let identities = size.identities().to_string();
    let options = ["--workload", workload.name(), "--engine", kind.name, "--identities", &identities];
    let any = callgrind::instructions(1_000, &options)?;
    let allowed = callgrind::instructions(1_000, &[options.as_slice(), &["--only", "allowed"]].concat())?;
    Ok(Some(Instructions { allowed, any }))
}

/// Replaces the generated part of the page, and the curves.
fn write(report: &Report) -> Result<(), Box<dyn Error>> {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    fs::create_dir_all(docs.join("benchmarks"))?;
    for accounts in Accounts::ALL {
        curves(report, accounts, &docs.join(format!("benchmarks/{}.svg", accounts.name())))?;
    }
    let page = docs.join("benchmarks.md");
    let text = fs::read_to_string(&page)?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(format!("{} needs the lines `{BEGIN}` and `{END}`", page.display()).into());
    };
    fs::write(page, [before, BEGIN, "\n", &markdown(report), END, after].concat())?;
    Ok(())
}

const BEGIN: &str = "<!-- table: written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of table -->";

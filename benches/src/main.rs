//! Measures the library beside its peers.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to the person who runs it")]

mod command;

use std::error::Error;

use clap::{Parser, Subcommand};

use command::{build, decide, generate, guard, table, worker};

/// Measures the library beside its peers.
#[derive(Parser)]
#[command(disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Build(build::Arguments),
    Decide(decide::Arguments),
    Generate(generate::Arguments),
    Guard(guard::Arguments),
    Table(table::Arguments),
    Worker(worker::Arguments),
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse().command {
        Command::Build(arguments) => build::run(&arguments),
        Command::Decide(arguments) => decide::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Guard(arguments) => guard::run(&arguments),
        Command::Table(arguments) => table::run(&arguments),
        Command::Worker(arguments) => worker::run(&arguments),
    }
}

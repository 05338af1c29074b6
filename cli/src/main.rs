//! `sendas`: asks a policy whether a message may be sent, and why; checks and seals policies; decides recorded requests in bulk; gives commands
//! that change a policy; observes traffic, and says what a change would do to it.
//!
//! All input and output of the project's own programs lives here: the clock, the files, the random key. What is decided, and
//! every sentence about it, comes from the library.

mod admin;
mod arguments;
mod bulk;
mod check;
mod coverage;
mod delta;
mod evaluate;
mod explain;
mod failure;
mod log;
mod message;
mod observe;
mod panel;
mod policy;
mod preflight;
mod preregister;
mod render;
mod seal;
mod sealed;
mod shell;
mod shown;
mod state;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Seal(arguments) => seal::run(&arguments),
        Command::Delta(arguments) => delta::run(&arguments),
        Command::Admin(arguments) => admin::run(&arguments),
        Command::Observe(arguments) => observe::run(&arguments),
        Command::Preflight(arguments) => preflight::run(&arguments),
        Command::Coverage(arguments) => coverage::run(&arguments),
        Command::Schema => shell::schema(),
        Command::Completions(arguments) => shell::completions(arguments.shell),
        Command::Man(arguments) => shell::man(arguments.directory.as_deref()),
    }
}

//! `sendas schema`, `completions` and `man`: what other programs read.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::evaluate::print;
use crate::failure::Failure;

pub(crate) fn schema() -> Result<ExitCode, Failure> {
    print(sendas::policy_schema().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "sendas", &mut script);
    print(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(directory: Option<&Path>) -> Result<ExitCode, Failure> {
    match directory {
        Some(directory) => {
            clap_mangen::generate_to(Arguments::command(), directory).map_err(|error: io::Error| Failure::File {
                file: directory.into(),
                error,
                advice: "right would be a directory that can be written",
            })?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            print(&page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

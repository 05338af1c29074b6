//! `sendas admin preregister`: from observations to commands.

use std::process::ExitCode;

use sendas::admin::{Actor, Command};
use sendas::analysis::Choice;

use crate::admin::give_all;
use crate::arguments::Preregister;
use crate::evaluate::{clock, print};
use crate::failure::{Failure, say};
use crate::log::Log;
use crate::{shown, state};

pub(crate) fn run(arguments: &Preregister) -> Result<ExitCode, Failure> {
    let observations = state::observations(&arguments.observations)?;
    let now = arguments.now.unwrap_or_else(clock);
    let choose = |log: &Log| -> Result<Vec<Choice>, Failure> {
        let mut choices = log.directory.choose(&observations, arguments.least, now, &state::options()?)?;
        choices.retain(|choice| arguments.tenant.as_ref().is_none_or(|tenant| *tenant == choice.tenant));
        Ok(choices)
    };
    if arguments.give {
        let mut log = Log::append(&arguments.log)?;
        let choices = choose(&log)?;
        explain(&choices)?;
        let commands: Vec<Command> = choices.into_iter().filter_map(|choice| choice.command).collect();
        return give_all(&mut log, &Actor::Provider { name: arguments.name.clone() }, &commands, now);
    }
    let choices = choose(&Log::read_whole(&arguments.log)?)?;
    explain(&choices)?;
    let commands = choices.iter().filter_map(|choice| choice.command.as_ref());
    print(commands.map(|command| command.to_json() + "\n").collect::<String>().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Says of each pair that is left out why it is, and sums up.
fn explain(choices: &[Choice]) -> Result<(), Failure> {
    for choice in choices {
        if let Some(refusal) = &choice.refusal {
            let pair = format!("{} as {}", choice.account, choice.address);
            say(format_args!("left out: {}: {}", shown::line(&pair), shown::line(&refusal.to_string())))?;
        }
    }
    let named = |name: &str| {
        choices.iter().filter(|one| one.command.as_ref().is_some_and(|command| command.name() == name)).count()
    };
    say(format_args!(
        "chosen {} pair(s) of account and address that are not authorised: {} to pre-register, {} left out, {} to alert",
        choices.len(),
        named("preregister"),
        choices.iter().filter(|choice| choice.refusal.is_some()).count(),
        named("alert")
    ))?;
    Ok(())
}

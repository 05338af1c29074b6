//! What decides today, and what was observed: the files that preflight, coverage and pre-registration begin with.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sendas::admin::Directory;
use sendas::analysis::Observations;
use sendas::{HashKey, Options, Timestamp};

use crate::arguments::State;
use crate::failure::Failure;
use crate::log::Log;
use crate::policy::{self, PolicyText};

/// Folds the log, or takes the policy over.
pub(crate) fn directory(state: &State) -> Result<Directory, Failure> {
    match (&state.log, &state.policy) {
        (Some(log), _) => Ok(Log::read_whole(log)?.directory),
        (None, Some(file)) => {
            let policy = policy::read(file, &PolicyText::open(file)?)?;
            let mut directory = Directory::new();
            let taken_over = directory.import(&policy, "sendas", Timestamp(0));
            for record in
                taken_over.map_err(|refusal| Failure::log(file, refusal.to_string(), "nothing was decided"))?
            {
                directory
                    .apply(&record)
                    .map_err(|unfit| Failure::log(file, unfit.to_string(), "nothing was decided"))?;
            }
            Ok(directory)
        }
        // The arguments name one of the two.
        (None, None) => Ok(Directory::new()),
    }
}

/// Reads observations from a file, or from standard input.
pub(crate) fn observations(file: &Path) -> Result<Observations, Failure> {
    let mut text = Vec::new();
    if file == Path::new("-") {
        io::stdin().read_to_end(&mut text)?;
    } else {
        text = fs::read(file).map_err(|error| Failure::read(file, error))?;
    }
    Observations::from_json_lines(&text)
        .map_err(|error| Failure::Observations { file: file.into(), problem: error.to_string() })
}

/// Options with a key of their own.
pub(crate) fn options() -> Result<Options, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    Ok(Options::new(HashKey(key)))
}

//! `sendas seal`: a policy as a file that opens at once.

use std::process::ExitCode;

use crate::arguments::Seal;
use crate::failure::{Failure, say};
use crate::{policy, sealed};

pub(crate) fn run(arguments: &Seal) -> Result<ExitCode, Failure> {
    let file = &arguments.file;
    let options = match &arguments.like {
        Some(like) => *sealed::must_open(like)?.options(),
        None => policy::options()?,
    };
    let snapshot = policy::compile(file, &options)?;
    let sealed = snapshot.sealed()?;
    sealed::replace(&arguments.output, sealed.parts())?;
    let (tenants, id, size) = (snapshot.tenant_count(), snapshot.id(), sealed.size());
    say(format_args!("{}: {tenants} tenant(s), {size} octets, snapshot {id}", arguments.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

//! `sendas seal`: a policy as a file that opens at once.

use std::io::Write as _;
use std::process::ExitCode;

use sendas::Snapshot;

use crate::arguments::Seal;
use crate::failure::Failure;
use crate::policy::{self, PolicyText};
use crate::sealed;

pub(crate) fn run(arguments: &Seal) -> Result<ExitCode, Failure> {
    let file = &arguments.file;
    let options = match &arguments.like {
        Some(like) => *sealed::must_open(like)?.options(),
        None => policy::options()?,
    };
    let policy = policy::read(file, &PolicyText::open(file)?)?;
    let snapshot = Snapshot::compile(&policy, &options)?;
    drop(policy);
    let octets = snapshot.seal()?;
    sealed::replace(&arguments.output, &octets)?;
    let (tenants, id, size) = (snapshot.tenant_count(), snapshot.id(), octets.len());
    writeln!(anstream::stderr(), "{}: {tenants} tenant(s), {size} octets, snapshot {id}", arguments.output.display())?;
    Ok(ExitCode::SUCCESS)
}

//! A process that uses a sealed snapshot, for [`super::table`] to look at from outside.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use sendas_benches::data::Size;
use sendas_benches::outside::work;

/// Opens a sealed snapshot, decides requests, and waits until its input ends: what `table` looks at from outside.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The sealed snapshot, of the plain policy of this size
    file: PathBuf,
    /// Identities of the policy
    #[arg(long)]
    identities: usize,
    /// Identities of a tenant
    #[arg(long, default_value_t = Size::PER_TENANT)]
    per_tenant: usize,
    /// Open nothing
    #[arg(long)]
    nothing: bool,
    /// Verify the file
    #[arg(long)]
    verify: bool,
    /// How many requests to decide
    #[arg(long, default_value_t = 0)]
    requests: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let &Arguments { ref file, identities, per_tenant, nothing, verify, requests } = arguments;
    let size = Size::with_tenants_of(per_tenant, identities);
    work(Some(file.as_path()).filter(|_| !nothing), size, verify, requests)
}

//! The Python package: converts in, calls core, converts out.

mod administration;
mod analysis;
mod argument;
mod arrow;
#[cfg(feature = "bench")]
mod bench;
mod decision;
mod explain;
mod interpreter;
mod many;
mod plain;
mod policy;
mod record;
mod request;
mod session;
mod shared;
mod snapshot;
mod text;
mod words;

use pyo3::prelude::*;

/// The engine behind the package `sendas`.
#[pymodule(gil_used = false)]
mod _sendas {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::administration::{Directory, obligations};
    #[pymodule_export]
    use crate::analysis::{Observations, PostfixLog};
    #[pymodule_export]
    use crate::arrow::{DecisionBatch, DecisionStream};
    #[cfg(feature = "bench")]
    #[pymodule_export]
    use crate::bench::{Empty, Timed, clock_nanoseconds, core_nanoseconds};
    #[pymodule_export]
    use crate::decision::{Decision, Reply};
    #[pymodule_export]
    use crate::explain::Explanation;
    #[pymodule_export]
    use crate::many::Decisions;
    #[pymodule_export]
    use crate::policy::{Policy, policy_schema};
    #[pymodule_export]
    use crate::record::RequestRecord;
    #[pymodule_export]
    use crate::request::Unquoted;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::snapshot::Snapshot;
    #[pymodule_export]
    use crate::words::reasons;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::interpreter::only_one()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

//! Policies as JSON Lines that are compiled as they come.

use std::iter;
use std::num::NonZeroUsize;
use std::thread;

use napi::Env;
use napi::bindgen_prelude::{Either, Function, Result, Unknown};
use napi::{Error, ValueType};
use napi_derive::napi;
use sendas::{LinesError, SnapshotLines};

use crate::given::Given;
use crate::policy::{Refusal, not_compiled, not_read};
use crate::snapshot::{Snapshot, read_options};

#[napi]
impl Snapshot {
    /// Compiles a policy as JSON Lines, on all cores and without the whole of it in memory: it is the snapshot that
    /// `Policy.fromJsonLines` and `compile` would make of the whole text. The thread that calls waits.
    ///
    /// The text comes whole or in pieces, wherever it is cut; pieces are joined as they are, so lines keep their endings.
    /// Throws a `PolicyError` if the policy has problems; those between tenants are named with their line, and the column is 1.
    // `index.js` hands over a function that returns the next piece, or null behind the last one, and the octets that are the key
    // where the caller gives none.
    #[napi(
        configurable = true,
        ts_args_type = "text: Text | Iterable<Text>, options?: CompileOptions",
        ts_return_type = "Snapshot"
    )]
    pub fn from_json_lines(
        env: Env,
        next: Function<'_, (), Unknown<'_>>,
        options: Unknown<'_>,
        random: Unknown<'_>,
    ) -> Result<Either<Self, Refusal>> {
        let options = read_options(Given::new(env, "options", options), Given::new(env, "random", random))?;
        let mut failed: Option<Error> = None;
        let read = || -> Result<Option<Vec<u8>>> {
            let piece = Given::new(env, "text", next.call(())?);
            if piece.is(ValueType::Null)? { Ok(None) } else { piece.text().map(Some) }
        };
        let pieces = iter::from_fn(|| {
            read().unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        let compiled = SnapshotLines::compile_on(threads(), pieces, &options);
        if let Some(error) = failed {
            return Err(error);
        }
        Ok(match compiled {
            Ok(snapshot) => Either::A(Self { snapshot }),
            Err(LinesError::Text(error)) => Either::B(not_read(&error, error.diagnostics())),
            Err(LinesError::Snapshot(error)) => Either::B(not_compiled(&error)),
            Err(error) => return Err(Error::from_reason(error.to_string())),
        })
    }
}

/// As many threads as the processor runs at once.
pub(crate) fn threads() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

//! Requests reduced to tallies, in bounded memory.

mod fact;
mod observations;
mod read;

pub use fact::{ClientFact, CredentialFact, CredentialSeen, Fact, Field, Said, Scopes, Table, Tally};
pub use observations::Observations;
#[cfg(feature = "json")]
pub(crate) use observations::Tallied;
pub(crate) use observations::{Bucket, add};

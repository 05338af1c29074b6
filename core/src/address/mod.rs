//! Addresses: their grammar, their canonical form, and where they stand in the octets.
//!
//! Two sides meet here. What administrators type is brought to canonical form ([`Address::parse`], [`DomainName::parse`]).
//! What a request holds is read by the grammar ([`path`], [`header`], [`fields`]), never repaired, and must already be
//! canonical but for ASCII case, needless quotes, A-label or U-label, and the spelling of a literal ([`AddrSpec::canonical`]).

#[expect(clippy::module_inception, reason = "the file is named for the type it holds")]
mod address;
mod canonical;
mod construct;
mod domain;
mod encoded_word;
pub mod fields;
pub mod header;
mod literal;
mod local;
mod marks;
pub mod name;
pub(crate) mod octet;
pub mod path;
#[cfg(test)]
mod pieces;
mod plain;
mod punycode;
mod reader;
mod said;
mod scope;
mod shown;
mod sixteen;
mod span;
pub mod suffix;
mod text;
mod u_label;
mod unicode;

pub use address::{Address, AddressError};
pub(crate) use canonical::CanonicalView;
pub use canonical::{AddrSpec, Canonical, CanonicalError, CanonicalFlaw, LocalForm};
pub(crate) use domain::upwards;
pub use domain::{DomainError, DomainFlaw, DomainName};
pub use local::LocalFlaw;
#[cfg(test)]
pub(crate) use pieces::rows;
pub(crate) use plain::{Known, Likeness};
pub use scope::Scope;
pub use span::Span;
pub use unicode::unicode_version;

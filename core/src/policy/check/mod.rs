//! What must hold within a policy.
//!
//! Each tenant is checked alone, which gives an outline of it: what was found, and what others have to know. The whole
//! takes the outlines one after the other, and tells at the end what does not fit together.

mod alike;
mod alone;
mod ids;
mod outline;
mod tenants;
mod whole;

pub(super) use ids::At;
pub(crate) use ids::glimpse;
pub(crate) use outline::{Hashes, Outline, Outlines};
pub(crate) use whole::Whole;

/// As many octets as an id may have.
pub(crate) const MAX_ID_OCTETS: usize = 128;
/// As many tenants as may stand above one another, the topmost and the lowest included.
pub(crate) const MAX_LEVELS: usize = 8;

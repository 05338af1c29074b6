//! Building a snapshot: tenants are compiled, their pages are put in the order of their ids, and an image is made of them.

mod assembly;
mod builder;
pub(crate) mod filling;
mod front;
mod ids;
pub(crate) mod join;
mod pages;
mod runs;
mod tables;
pub(crate) mod tenants;

pub(super) use self::assembly::{ImageBuilder, identify};
pub use self::builder::SnapshotBuilder;
pub(super) use self::front::Front;
pub use self::tenants::{TenantCompiler, TenantPage};

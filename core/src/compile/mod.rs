//! From one tenant's policy to its page.

mod accounts;
mod domains;
mod identities;
mod lists;
mod names;
mod order;
mod page;
mod settings;

pub(crate) use self::lists::{denies, mode_from, mode_kind};
pub(crate) use self::page::compile_tenant;

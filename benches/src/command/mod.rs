//! The commands of the program.

pub(crate) mod build;
pub(crate) mod decide;
pub(crate) mod generate;
pub(crate) mod guard;
pub(crate) mod table;
pub(crate) mod worker;

//! What the measurements share: seeded policies and requests of any size, and the engines that decide them.

pub mod data;
pub mod engine;
pub mod log;
pub mod measure;
pub mod memory;

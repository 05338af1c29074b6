//! What the measurements share: seeded policies and requests of any size, the engines that decide them, and how they are timed.

pub mod bulk;
pub mod callgrind;
pub mod data;
pub mod engine;
pub mod floor;
pub mod log;
pub mod measure;
pub mod memory;
pub mod outside;
pub mod report;
pub mod staged;
pub mod threads;
pub mod workload;

//! The data, the requests and the peer that the benches compare.

pub mod by_hand;
pub mod data;

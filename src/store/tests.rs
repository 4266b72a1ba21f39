//! The engine on a store in memory, below `Transport`: every fault, every order, no clock to wait for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance does not reach helper functions: rust-clippy#11119"
)]

mod crashes;
mod fake;
mod faults;
#[path = "../../tests/harness/names.rs"]
mod names;
mod races;
mod traps;
mod world;

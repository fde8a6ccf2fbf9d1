//! What tests of hostile guests need: modules that no toolchain would make, a transform of an innocent with a steady load, and
//! an eye on the host's memory.
//!
//! What a Rust program can do is in tests/guests/hostile.

mod load;
mod memory;
mod text;

pub use load::{Latency, Load};
pub use memory::{Memory, Peak};
pub use text::{Text, bloated, many_functions, ten_gigabytes};

//! `millstream`: the host that runs WebAssembly transforms on Kafka topics, and the commands that talk to it.
//!
//! A program, not a library: what is public here is for `main.rs` and for fuzzing. Commands are in [`commands`] and
//! [`authoring`], the host's HTTP side in [`server`], what both sides of it say to each other in [`api`].

#![allow(
    unreachable_pub,
    reason = "nothing of a program can be reached from outside: pub is pub(crate) here"
)]
#![allow(rustdoc::private_intra_doc_links)]

use std::process::ExitCode;

mod api;
mod args;
mod authoring;
mod client;
mod commands;
#[doc(hidden)]
pub mod fuzzing;
mod output;
mod server;

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    output::panic::install();
    millstream_kafka::init();
    // The hook has already said what there is to say about a panic.
    std::panic::catch_unwind(commands::main).unwrap_or(ExitCode::FAILURE)
}

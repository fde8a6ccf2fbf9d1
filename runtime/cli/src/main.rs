//! `millstream`: the host that runs WebAssembly transforms on Kafka topics, and the commands that talk to it.
//!
//! This file only wires. Commands are in [`commands`] and [`authoring`], the host's HTTP side in [`server`], what both
//! sides of it say to each other in [`api`].

#![allow(
    unreachable_pub,
    reason = "nothing of a binary can be reached from outside: pub is pub(crate) here"
)]

use std::process::ExitCode;

mod api;
mod args;
mod authoring;
mod client;
mod commands;
mod output;
mod server;

/// Takes 10 to 15 % off the cost of a record against the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    output::panic::install();
    millstream_kafka::init();
    // The hook has already said what there is to say about a panic.
    std::panic::catch_unwind(commands::main).unwrap_or(ExitCode::FAILURE)
}

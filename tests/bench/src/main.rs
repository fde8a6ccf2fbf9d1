//! `make bench`: what a host costs, against what people use instead.
//!
//! Everybody does the same jobs on the same topic of the same real broker, in turn, several times; before that the first
//! runs against itself, which shows the noise. Figures are CPU time of each one's process per input event, taken from outside
//! once it is warm; outputs are checked by count and by a hash of what they hold.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use millstream_kafka::producer::Compression;

use crate::contestant::Contestant;
use crate::job::Job;

mod broker;
mod compare;
mod contestant;
mod events;
mod ffi;
mod host;
mod idle;
mod job;
mod latency;
mod measure;
mod outputs;
mod plot;
mod protocol;
mod report;
mod rounds;
mod versions;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what a host costs, on a real broker.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args, Clone, Debug)]
struct Options {
    /// Events of one round; JVMs are warm for most of 16,000,000
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Seconds of one round, instead of a number of events: as many events as the first contestant gets through in that time
    #[arg(long, conflicts_with = "events", value_parser = clap::value_parser!(u32).range(1..=3600))]
    duration: Option<u32>,
    /// Interleaved rounds, after the A/A pairs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Pairs of the first contestant against itself
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pairs: u32,
    /// Who takes part, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "millstream,native,ffi,java"
    )]
    contestants: Vec<Contestant>,
    /// What they do, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "copy,route,change")]
    jobs: Vec<Job>,
    /// Partitions of each topic
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// Rows of the table that the job `join` looks into
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    table_rows: u32,
    /// All events lie in one partition; the others have none
    #[arg(long)]
    hot: bool,
    /// How the input is compressed, and how Millstream compresses the outputs: none, gzip, snappy, lz4 or zstd
    #[arg(long, default_value = "none")]
    codec: Compression,
    /// Where the results go, as JSON
    #[arg(long, default_value = "target/bench/latest.json")]
    json: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Compare two runs' results
    Compare {
        /// JSON of the earlier run
        before: PathBuf,
        /// JSON of the later run
        after: PathBuf,
    },
    /// How long events take from being produced to being visible, at steady rates
    Latency(latency::Args),
    /// What transforms cost that have nothing to do
    Idle(idle::Args),
    /// One contestant in one round: a process of its own, started by the benchmark
    #[command(hide = true, subcommand)]
    Contestant(Role),
}

#[derive(Subcommand)]
enum Role {
    Host {
        /// The component; without one the same job compiled in
        #[arg(long)]
        module: Option<PathBuf>,
        #[command(flatten)]
        args: host::Args,
    },
    Ffi {
        #[command(flatten)]
        args: host::Args,
    },
}

fn main() -> ExitCode {
    millstream_kafka::init();
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Contestant(Role::Host { module, args })) => host::run(&args, module),
        Some(Command::Contestant(Role::Ffi { args })) => ffi::run(&args),
        Some(Command::Compare { before, after }) => compare::run(&before, &after),
        Some(Command::Latency(args)) => latency::run(&args),
        Some(Command::Idle(args)) => idle::run(&args),
        None => rounds::run(&cli.options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

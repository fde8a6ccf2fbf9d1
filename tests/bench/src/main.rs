//! `make bench`: what the sandbox costs.
//!
//! One job, route: swipes of a dating app go to one of two topics by a field of their JSON. Two contestants: the host with the
//! route example as a component, and the same host with the same code compiled in natively. Both read the same topic of the
//! same real broker, in turn, several times; before that the first runs against itself, which shows the noise. Figures are
//! CPU time of the host's process per input event; outputs are checked by count and by a hash of what they hold.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod broker;
mod contestant;
mod measure;
mod native;
mod outputs;
mod report;
mod rounds;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what the sandbox costs, on a real broker.
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
    /// Events of one round
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Interleaved rounds, after the A/A pairs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Pairs of the first contestant against itself
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pairs: u32,
    /// Partitions of each topic
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(i32).range(1..=1000))]
    partitions: i32,
    /// Where the results go, as JSON
    #[arg(long, default_value = "target/bench/latest.json")]
    json: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// One contestant in one round: a process of its own, started by the benchmark
    #[command(hide = true)]
    Contestant(contestant::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Contestant(args)) => contestant::run(args),
        // The hidden subcommand of the real binary: compiles a module in a process of its own.
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

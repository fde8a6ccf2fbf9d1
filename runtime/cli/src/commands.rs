//! The command line: which commands there are, and how a command ends.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::authoring::{bench, build, componentize, conformance, new, test};
use crate::output;

mod delete;
mod demo;
mod deploy;
mod describe;
mod dev;
mod list;
mod logs;
pub(crate) mod rejected;
mod run;
mod serve;
mod table;
mod topic;

/// Runs WebAssembly transforms on Kafka topics
///
/// A transform is a WebAssembly component that reads records from topics and says what becomes of each: passed on, changed,
/// routed to one of its outputs, rejected, dropped. A host runs transforms; the other commands write them, deploy them and
/// look after them.
#[derive(Parser, Debug)]
#[command(name = "millstream", version, disable_help_subcommand = true, after_help = START, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const START: &str = "Start here:
  millstream dev                        a host with a broker of its own, to try things out
  millstream new --lang rust my-filter  a transform that builds, tests and deploys as it is
Each command's --help has examples.

A command ends with 0; with 1 if what it was asked for failed; or with 64 if the command line
is wrong. Standard error says why.";

#[derive(Subcommand, Debug)]
enum Command {
    Dev(Box<dev::Args>),
    Serve(Box<serve::Args>),
    New(new::Args),
    Build(build::Args),
    Test(test::Args),
    Run(run::Args),
    Bench(bench::Args),
    Componentize(componentize::Args),
    Conformance(conformance::Args),
    Deploy(Box<deploy::Args>),
    List(list::Args),
    Describe(describe::Args),
    Logs(logs::Args),
    Rejected(rejected::Args),
    Table(table::Args),
    Delete(delete::Args),
    Topic(Box<topic::Args>),
    Demo(demo::Args),
}

/// Parses the command line, does what it says, and reports how it went.
pub(crate) fn main() -> ExitCode {
    // The host's own business, and no command: people who mistype one are not offered it.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == serve::COMPILE)
    {
        // A process of its own, which limits itself before a second thread exists.
        millstream_engine::compile_main();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { output::USAGE } else { 0 };
            // Nobody is left to tell if it cannot be printed.
            let _ = error.print();
            return ExitCode::from(exit);
        }
    };
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| {
            let ended = runtime.block_on(run(cli.command));
            // A thread that still waits for standard input or a broker must not hold up the end.
            runtime.shutdown_background();
            ended
        });
    match ended {
        Ok(code) => code,
        Err(error) => ExitCode::from(output::report(&error)),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => return serve::run(*args).await,
        Command::Dev(args) => return dev::run(*args).await,
        Command::Deploy(args) => deploy::run(*args).await?,
        Command::New(args) => new::run(args).await?,
        Command::Build(args) => build::run(args).await?,
        Command::Test(args) => test::run(args).await?,
        Command::Run(args) => run::run(args).await?,
        Command::Bench(args) => bench::run(args).await?,
        Command::Componentize(args) => componentize::run(args)?,
        Command::Conformance(args) => conformance::run(args).await?,
        Command::List(args) => list::run(args).await?,
        Command::Describe(args) => describe::run(args).await?,
        Command::Logs(args) => logs::run(args).await?,
        Command::Rejected(args) => rejected::run(args).await?,
        Command::Table(args) => table::run(args).await?,
        Command::Delete(args) => delete::run(args).await?,
        Command::Topic(args) => topic::run(*args).await?,
        Command::Demo(args) => demo::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

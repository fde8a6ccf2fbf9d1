//! `millstream topic`: makes topics, writes records and reads them, for those who have no Kafka tools at hand.
//!
//! Topics are made through the host, because the broker of `millstream dev` has no admin interface; records go straight to
//! the brokers.

use crate::args::{Pair, Server};

mod brokers;
pub(crate) mod consume;
mod create;
mod produce;
mod record;

pub(crate) use consume::{From, read_records};

/// Create topics, write records to them, read records from them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Create(create::Args),
    Produce(produce::Args),
    Consume(consume::Args),
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::Create(args) => create::run(args).await,
        Command::Produce(args) => produce::run(args).await,
        Command::Consume(args) => consume::run(args).await,
    }
}

/// Where the brokers are, and how to be let in.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Brokers {
    /// Bootstrap servers, HOST:PORT[,HOST:PORT…] [default: those of the host at --server]
    #[arg(long, value_name = "HOSTS")]
    brokers: Option<String>,
    /// A librdkafka client property, such as security.protocol=SASL_SSL; can be given several times
    #[arg(long = "kafka", value_name = "NAME=VALUE")]
    properties: Vec<Pair>,
    #[command(flatten)]
    server: Server,
}

//! `millstream topic create`.

use crate::api::{self, CreateTopic};
use crate::args::Server;
use crate::output::{self, Complaint, escape, numbers};

/// Create topics, through the host
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream topic create swipes\n  millstream topic create swipes.likes swipes.passes --partitions 12"
)]
pub(crate) struct Args {
    /// Names: letters, digits, '.', '_' and '-'
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// How many partitions each one gets [default: the broker's own]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Do not mind topics that are there already
    #[arg(long)]
    if_not_exists: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let client = args.server.client()?;
    for name in &args.topics {
        let topic = CreateTopic {
            name: name.clone(),
            partitions: args.partitions,
        };
        match client.create_topic(&topic).await {
            Ok(created) => output::line(format_args!(
                "Created {} with {}.",
                escape(&created.name),
                numbers::counted(created.partitions.into(), "partition")
            )),
            Err(error)
                if args.if_not_exists
                    && Complaint::code_of(&error) == Some(api::code::TOPIC_EXISTS) =>
            {
                output::line(format_args!("{} is there already.", escape(name)));
            }
            // The host's message need not name the topic.
            Err(error) if Complaint::code_of(&error) == Some(api::code::INVALID_TOPIC) => {
                return Err(error.context(escape(name).into_owned()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

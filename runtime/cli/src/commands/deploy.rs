//! `millstream deploy`: uploads a manifest and its module, says what is about to be read, and waits until the transform
//! runs or has failed.

use std::path::PathBuf;
use std::time::Duration;

use crate::api::{DeployQuery, Deployed, State};
use crate::args::{self, Pair, Server};
use crate::client::{Client, Upload};
use crate::output::progress::Spinner;
use crate::output::{self, Complaint, escape, numbers, style};

mod manifest;
mod module;
mod wait;

pub(super) use manifest::{Assembled, assemble};
use wait::NotRunning;
pub(super) use wait::until_running;

/// Deploy a transform, or its next revision
///
/// Everything is checked before anything changes: the module, its settings, topics, names. A name that is deployed
/// already gets its next revision, which takes over between two batches; deploying the same again changes nothing, unless it
/// has failed: then it is started again.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The component to run, a .wasm file
    module: Option<PathBuf>,
    /// The manifest; without it and without a module, ./millstream.toml. Options below change what it says
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// Create output and rejected topics that do not exist yet; what is read has to exist (`millstream topic create`)
    #[arg(long)]
    create_topics: bool,
    /// Refuse unless this revision is the live one; 0: no such transform yet
    #[arg(long, value_name = "N")]
    expected_revision: Option<u64>,
    /// Return as soon as the deployment is stored
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for it to run
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration, conflicts_with = "no_wait")]
    timeout: Duration,
    #[command(flatten)]
    server: Server,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  millstream deploy route.wasm --name route-swipes --from swipes \\
      --to likes=swipes.likes --to passes=swipes.passes --create-topics
  millstream deploy -f millstream.toml
  millstream deploy -f millstream.toml --setting threshold=600 --start -1000";

/// What a manifest says, as options.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Changes {
    /// Name of the transform: a-z, 0-9, '-'
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Topic to read; can be given several times
    #[arg(long, value_name = "TOPIC")]
    pub(crate) from: Vec<String>,
    /// Topic for an output of the module; can be given several times
    #[arg(long, value_name = "OUTPUT=TOPIC")]
    pub(crate) to: Vec<Pair>,
    /// Topic of a table that the module looks into; can be given several times
    #[arg(long, value_name = "TABLE=TOPIC")]
    pub(crate) table: Vec<Pair>,
    /// A setting of the module; can be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) setting: Vec<Pair>,
    /// Where to start in partitions never read before: earliest, latest, a time (2026-01-31T08:00:00Z), or -N for the last
    /// N records of each
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true)]
    pub(crate) start: Option<String>,
    /// Topic for rows that the module rejects [default: NAME.rejected]
    #[arg(long, value_name = "TOPIC")]
    pub(crate) rejected: Option<String>,
    /// Allow a topic that is read to be written as well
    #[arg(long)]
    pub(crate) allow_loop: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let client = args.server.client()?;
    let manifest = assemble(args.module.as_deref(), args.file.as_deref(), &args.changes)?;
    let deployed = upload(
        &client,
        &manifest,
        args.create_topics,
        args.expected_revision,
    )
    .await?;
    for warning in &deployed.warnings {
        output::warn(escape(warning));
    }
    if !args.json {
        announce(&deployed);
    }
    let ended = if args.no_wait {
        None
    } else {
        Some(until_running(&client, &deployed, args.timeout).await)
    };
    if args.json {
        // Also where it does not run: it is stored all the same.
        output::json(&as_json(&deployed, ended.as_ref())?)?;
    }
    let Some(state) = ended.transpose()? else {
        return Ok(());
    };
    if !args.json {
        let state = style::stdout().green(state.as_str());
        output::line(format_args!("{} is {state}.", escape(&deployed.name)));
    }
    Ok(())
}

/// The deployment, and what has come of it as far as it was waited for.
fn as_json(
    deployed: &Deployed,
    ended: Option<&Result<State, NotRunning>>,
) -> serde_json::Result<serde_json::Value> {
    let mut value = serde_json::to_value(deployed)?;
    let state = match ended {
        Some(Ok(state)) => Some(*state),
        Some(Err(not_running)) => not_running.state,
        None => None,
    };
    value["state"] = serde_json::to_value(state)?;
    if let Some(Err(not_running)) = ended {
        value["reason"] = not_running.reason.as_str().into();
    }
    Ok(value)
}

/// Has a host check and store a deployment. Asking again after a lost answer is safe, and is done.
pub(super) async fn upload(
    client: &Client,
    manifest: &Assembled,
    create_topics: bool,
    expected_revision: Option<u64>,
) -> anyhow::Result<Deployed> {
    let module = module::read(&manifest.module_path)?;
    let spinner = Spinner::start(format!(
        "uploading {} and having it checked",
        escape(&module.0)
    ));
    let upload = Upload {
        manifest_name: manifest.shown_as.clone(),
        manifest: manifest.text.clone(),
        modules: vec![module],
        query: DeployQuery {
            create_topics,
            expected_revision,
            request_id: Some(args::request_id()),
            by: args::who(),
        },
    };
    let deployed = client.deploy(&upload).await;
    drop(spinner);
    deployed.map_err(|error| manifest.in_words_of_the_command_line(error))
}

/// Says what was stored and what is about to be read.
pub(super) fn announce(deployed: &Deployed) {
    let name = escape(&deployed.name);
    let module = numbers::short(&deployed.digest);
    if deployed.unchanged {
        output::line(format_args!(
            "{name} is already deployed like this: revision {}, module {module}.",
            deployed.revision
        ));
    } else {
        output::line(format_args!(
            "Deployed {name}, revision {}, module {module}.",
            deployed.revision
        ));
    }
    if !deployed.created_topics.is_empty() {
        output::line(format_args!(
            "Created {}.",
            escape(&deployed.created_topics.join(", "))
        ));
    }
    output::line(backlog(deployed));
}

/// `The backlog is 12,345 records in swipes (12 partitions).`
fn backlog(deployed: &Deployed) -> String {
    let total: u64 = deployed.backlog.iter().map(|topic| topic.records).sum();
    let topics: Vec<String> = deployed
        .backlog
        .iter()
        .map(|topic| {
            format!(
                "{} ({})",
                escape(&topic.topic),
                numbers::counted(topic.partitions.into(), "partition")
            )
        })
        .collect();
    let topics = topics.join(", ");
    if total == 0 {
        format!("There is no backlog in {topics}.")
    } else {
        format!(
            "The backlog is {} in {topics}.",
            numbers::counted(total, "record")
        )
    }
}

/// A mistake in how the command was given.
fn usage(thing: &str, reason: &str, help: &str) -> anyhow::Error {
    Complaint::new(thing, reason).help(help).usage().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Backlog;

    fn deployed() -> Deployed {
        Deployed {
            name: "n".into(),
            revision: 1,
            digest: "d".into(),
            backlog: vec![Backlog {
                topic: "swipes".into(),
                partitions: 12,
                records: 12_345,
            }],
            unchanged: false,
            created_topics: vec![],
            warnings: vec![],
        }
    }

    #[test]
    fn a_revision_that_is_stored_and_fails_is_told_as_json_with_its_state_and_reason() {
        let deployed = deployed();
        let failed = Err(NotRunning::failed(&deployed, "no memory".to_owned()));
        let told = as_json(&deployed, Some(&failed)).expect("JSON");
        assert_eq!(told["revision"], 1);
        assert_eq!(told["state"], "failed");
        assert_eq!(told["reason"], "no memory");
        let told = as_json(&deployed, Some(&Ok(State::Running))).expect("JSON");
        assert_eq!(told["state"], "running");
        assert!(told.get("reason").is_none());
        let told = as_json(&deployed, None).expect("JSON");
        assert!(told["state"].is_null());
    }

    #[test]
    fn the_backlog_is_told_in_records_topics_and_partitions() {
        let mut deployed = deployed();
        assert_eq!(
            backlog(&deployed),
            "The backlog is 12,345 records in swipes (12 partitions)."
        );
        deployed.backlog[0].records = 0;
        assert_eq!(
            backlog(&deployed),
            "There is no backlog in swipes (12 partitions)."
        );
    }
}

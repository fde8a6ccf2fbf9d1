//! `millstream rejected redrive`, `redrives` and `cancel`: dead letters are processed once more.

mod dry_run;

use std::path::PathBuf;
use std::time::Duration;

use super::place;
use crate::api::{Redrive, RedriveCancel, RedriveRequest, State};
use crate::args::{self, Server};
use crate::client::Client;
use crate::output::{self, Complaint, escape, numbers, progress::Spinner, table::Columns};

/// How often `--wait` asks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Process dead letters once more, through the transform as it is now
///
/// All letters that there are at this moment, unless some are chosen. Each goes through the live revision as the record that
/// it was; one that fails again becomes a new letter, with more attempts. Letters that an earlier redrive has sent on their way
/// are passed over. It goes on in the background, on all hosts; --wait waits for its end.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream rejected redrive route-swipes --dry-run --module fixed.wasm\n  millstream rejected redrive route-swipes --code malformed --wait\n  millstream rejected redrive route-swipes 0/17 0/18"
)]
pub(super) struct Begin {
    /// Name of the transform
    name: String,
    /// Only these: PARTITION/OFFSET, as `list` shows them
    places: Vec<String>,
    /// Only those with this code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Also those that an earlier redrive has sent on their way
    #[arg(long)]
    again: bool,
    /// Wait until it is over
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Write nothing: show what would come of them, here and now
    ///
    /// Each goes through an instance of its own on this machine, with the settings and limits of the deployed manifest. Letters that
    /// an earlier redrive has sent on their way, and those whose value was cut, are shown as well, although a redrive passes
    /// them over. Modules that look into tables are refused: what tables hold is on the hosts.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: through this component instead of the deployed one
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    module: Option<PathBuf>,
    /// With --dry-run: how many of the latest [default: 50]
    #[arg(short = 'n', long, value_name = "N", requires = "dry_run")]
    max: Option<usize>,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
}

/// List the redrives of a transform, the latest first
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream rejected redrives route-swipes")]
pub(super) struct List {
    /// Name of the transform
    name: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

/// Stop the redrive of a transform that is not over; what it has sent on its way stays sent
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream rejected cancel route-swipes")]
pub(super) struct Cancel {
    /// Name of the transform
    name: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn begin(args: Begin) -> anyhow::Result<()> {
    let client = args.server.client()?;
    let places = args.places.iter().map(|text| place(text));
    let places: Vec<(i32, i64)> = places.collect::<Result<_, _>>()?;
    if args.dry_run {
        return dry_run::run(&args, &client, &places).await;
    }
    let request = RedriveRequest {
        code: args.code,
        places,
        again: args.again,
        request_id: Some(args::request_id()),
        by: args::who(),
    };
    let mut redrive = client.redrive(&args.name, &request).await?;
    if args.wait {
        redrive = wait(&client, &args.name, redrive.number).await?;
    }
    if args.json {
        return output::json(&redrive);
    }
    let (name, topic) = (escape(&args.name), escape(&redrive.topic));
    let number = redrive.number;
    if args.wait {
        output::line(format_args!(
            "Redrive {number} of {name} is {}.",
            redrive.state
        ));
    } else {
        output::line(format_args!(
            "Redrive {number} of {name} has begun: letters of {topic} up to now. `millstream rejected redrives {name}` shows how it goes."
        ));
    }
    Ok(())
}

async fn wait(client: &Client, name: &str, number: u64) -> anyhow::Result<Redrive> {
    let spinner = Spinner::start(format!("redrive {number}"));
    loop {
        let list = client.redrives(name).await?.redrives;
        let found = list.into_iter().find(|redrive| redrive.number == number);
        let Some(redrive) = found else {
            return Err(Complaint::new(escape(name), "was deleted while it was waited for").into());
        };
        if redrive.here == Some(State::Failed) {
            let reason = redrive.reason.as_deref().unwrap_or("it does not say why");
            return Err(Complaint::new(
                format!("redrive {number} of {}", escape(name)),
                format!("has stopped: {}", escape(reason)),
            )
            .help("deploy a revision that gets over it and it goes on, or stop it with `millstream rejected cancel`")
            .into());
        }
        match redrive.state.as_str() {
            "finished" => return Ok(redrive),
            "cancelled" => {
                let what = format!("redrive {number} of {}", escape(name));
                return Err(Complaint::new(what, "was stopped before its end").into());
            }
            _ => {}
        }
        if let Some(remaining) = redrive.remaining {
            spinner.say(format!(
                "redrive {number}: at most {} letters to go",
                numbers::count(remaining)
            ));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

pub(super) async fn list(args: List) -> anyhow::Result<()> {
    let list = args.server.client()?.redrives(&args.name).await?;
    if args.json {
        return output::json(&list);
    }
    if list.redrives.is_empty() {
        output::note(format_args!("No redrives of {} yet.", escape(&args.name)));
        return Ok(());
    }
    let mut columns = Columns::new(&["NUMBER", "STATE", "SINCE", "LETTERS", ">TO GO", "REASON"]);
    for redrive in &list.redrives {
        columns.row([
            redrive.number.to_string(),
            escape(&redrive.state).into_owned(),
            escape(&redrive.at).into_owned(),
            letters(redrive),
            redrive.remaining.map_or_else(String::new, numbers::count),
            escape(redrive.reason.as_deref().unwrap_or_default()).into_owned(),
        ]);
    }
    columns.print();
    Ok(())
}

fn letters(redrive: &Redrive) -> String {
    let places = match redrive.places {
        Some(1) => "1 place".to_owned(),
        Some(places) => format!("{} places", numbers::count(places)),
        None => "all".to_owned(),
    };
    match &redrive.code {
        Some(code) => format!("{places}, {}", escape(code)),
        None => places,
    }
}

pub(super) async fn cancel(args: Cancel) -> anyhow::Result<()> {
    let query = RedriveCancel {
        request_id: Some(args::request_id()),
        by: args::who(),
    };
    let redrive = args
        .server
        .client()?
        .cancel_redrive(&args.name, &query)
        .await?;
    if args.json {
        return output::json(&redrive);
    }
    output::line(format_args!(
        "Redrive {} of {} stops.",
        redrive.number,
        escape(&args.name)
    ));
    Ok(())
}

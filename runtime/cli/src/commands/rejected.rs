//! `millstream rejected`: the records that a transform could not process.

mod redrive;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use clap::Subcommand;

use crate::api::{RejectedDetail, RejectedQuery, RejectedRecord};
use crate::args::Server;
use crate::output::{self, Complaint, escape, escape_bytes, numbers, table::Columns};

/// Look at the records that a transform could not process, and process them once more
///
/// They lie in a topic of their own (`<name>.rejected` unless the manifest names another), as they came, with headers that say
/// where from and why.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    List(List),
    Show(Show),
    Redrive(redrive::Begin),
    Redrives(redrive::List),
    Cancel(redrive::Cancel),
}

/// List the latest: where each came from, and why it was rejected
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream rejected list route-swipes\n  millstream rejected list route-swipes --code malformed --json | jq -r '.records[].reason'"
)]
struct List {
    /// Name of the transform
    name: String,
    /// Only those with this code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// How many of the latest [default: 50]
    #[arg(short = 'n', long, value_name = "N")]
    max: Option<usize>,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

/// Show one in full: headers, key and value
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream rejected show route-swipes 0/17")]
struct Show {
    /// Name of the transform
    name: String,
    /// Its place, as `list` shows it: PARTITION/OFFSET
    place: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON, keys and values in base64
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
        Command::Redrive(args) => redrive::begin(args).await,
        Command::Redrives(args) => redrive::list(args).await,
        Command::Cancel(args) => redrive::cancel(args).await,
    }
}

async fn list(args: List) -> anyhow::Result<()> {
    let query = RejectedQuery {
        code: args.code,
        limit: args.max,
    };
    let list = args.server.client()?.rejected(&args.name, &query).await?;
    if args.json {
        return output::json(&list);
    }
    if list.records.is_empty() {
        output::note(format_args!(
            "No records of {} in {}.",
            escape(&args.name),
            escape(&list.topic)
        ));
        return Ok(());
    }
    let mut columns = Columns::new(&["PLACE", "FROM", "CODE", ">ATTEMPTS", ">BYTES", "REASON"]);
    for record in &list.records {
        columns.row(cells(record));
    }
    columns.print();
    Ok(())
}

/// What `list` shows of one.
pub(crate) fn cells(record: &RejectedRecord) -> [String; 6] {
    [
        format!("{}/{}", record.partition, record.offset),
        source(record),
        escape(&record.code).into_owned(),
        escape(&record.attempts).into_owned(),
        record
            .value_size
            .map_or_else(|| "null".to_owned(), numbers::count),
        escape(&record.reason).into_owned(),
    ]
}

fn source(record: &RejectedRecord) -> String {
    let text = format!(
        "{}/{} @{}",
        record.source_topic, record.source_partition, record.source_offset
    );
    escape(&text).into_owned()
}

async fn show(args: Show) -> anyhow::Result<()> {
    let (partition, offset) = place(&args.place)?;
    let client = args.server.client()?;
    let detail = client
        .rejected_record(&args.name, partition, offset)
        .await?;
    if args.json {
        return output::json(&detail);
    }
    output::line(text(&detail)?);
    Ok(())
}

fn place(text: &str) -> anyhow::Result<(i32, i64)> {
    let parts = text.split_once('/');
    let numbers =
        parts.and_then(|(partition, offset)| Some((partition.parse().ok()?, offset.parse().ok()?)));
    numbers.ok_or_else(|| {
        let why = "is no place: write PARTITION/OFFSET, as `millstream rejected list` shows it";
        Complaint::new(format!("{text:?}"), why).usage().into()
    })
}

pub(crate) fn text(detail: &RejectedDetail) -> anyhow::Result<String> {
    let record = &detail.record;
    let mut out = String::new();
    let mut add = |name: &str, value: &str| out.push_str(&format!("{name:<9} {value}\n"));
    add("from", &source(record));
    add("code", &escape(&record.code));
    add("reason", &escape(&record.reason));
    if let Some(time) = &record.time {
        add("timestamp", &escape(time));
    }
    for (name, value) in &detail.headers {
        add(
            "header",
            &format!("{} = {}", escape(name), bytes(value.as_deref())?),
        );
    }
    add("key", &bytes(detail.key_base64.as_deref())?);
    add("value", &bytes(detail.value_base64.as_deref())?);
    out.truncate(out.trim_end().len());
    Ok(out)
}

fn bytes(base64: Option<&str>) -> anyhow::Result<String> {
    let Some(text) = base64 else {
        return Ok("(null)".to_owned());
    };
    Ok(escape_bytes(&BASE64.decode(text)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_partition_and_an_offset() {
        assert_eq!(place("3/17").unwrap(), (3, 17));
        for wrong in ["", "3", "3/", "/3", "a/b", "3/4/5", "-"] {
            let error = place(wrong).unwrap_err().to_string();
            assert!(error.contains("PARTITION/OFFSET"), "{error}");
        }
    }

    #[test]
    fn nothing_in_a_record_steers_the_terminal() {
        let evil = "\u{1b}]0;x\u{7}\u{202e}".to_owned();
        let encoded = Some(BASE64.encode(&evil));
        let detail = RejectedDetail {
            record: RejectedRecord {
                code: evil.clone(),
                reason: evil.clone(),
                source_topic: evil.clone(),
                time: Some(evil.clone()),
                ..RejectedRecord::default()
            },
            key_base64: encoded.clone(),
            value_base64: encoded.clone(),
            headers: vec![(evil, encoded)],
        };
        let text = text(&detail).unwrap();
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.chars().any(steers), "{text:?}");
    }
}

//! `millstream table`: what transforms look into.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytesize::ByteSize;
use clap::Subcommand;

use crate::api::{self, RowQuery};
use crate::args::Server;
use crate::output::{self, escape, escape_bytes, numbers, table::Columns};

/// Look into the tables that transforms look into
///
/// A table is the newest record of each key of a topic. Every host that runs a transform with tables has all rows of them.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    List(List),
    Get(Get),
    Stats(Stats),
}

/// List them: how many rows each has, and whether it has all of its topic
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream table list")]
struct List {
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

/// Print the value that a table has under a key
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream table get users user-17")]
struct Get {
    /// The table's topic
    topic: String,
    /// The key, as text
    key: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON, with the value in base64
    #[arg(long)]
    json: bool,
}

/// Show all numbers of one, partition by partition
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  millstream table stats users")]
struct Stats {
    /// The table's topic
    topic: String,
    #[command(flatten)]
    server: Server,
    /// Print the host's answer as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list(args).await,
        Command::Get(args) => get(args).await,
        Command::Stats(args) => stats(args).await,
    }
}

async fn list(args: List) -> anyhow::Result<()> {
    let list = args.server.client()?.tables().await?;
    if args.json {
        return output::json(&list);
    }
    if list.tables.is_empty() {
        output::note("No transform that is deployed looks into a table.");
        return Ok(());
    }
    let mut columns = Columns::new(&[
        "TOPIC",
        "SCOPE",
        "STATE",
        ">ROWS",
        ">MEMORY",
        ">AT MOST",
        ">BEHIND",
        "TRANSFORMS",
        "REASON",
    ]);
    for table in &list.tables {
        columns.row([
            escape(&table.topic).into_owned(),
            escape(&table.scope).into_owned(),
            escape(&table.state).into_owned(),
            numbers::count(table.rows),
            place(table),
            size(table.limit_bytes),
            behind(table),
            escape(&table.transforms.join(", ")).into_owned(),
            escape(table.reason.as_deref().unwrap_or_default()).into_owned(),
        ]);
    }
    columns.print();
    Ok(())
}

/// What its rows take, where they are.
fn place(table: &api::Table) -> String {
    match table.disk_bytes {
        None => size(table.bytes),
        Some(bytes) => format!("disk: {}", size(bytes)),
    }
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// Records and time that it lacks.
fn behind(table: &api::Table) -> String {
    if table.stale_ms == 0 {
        return "0".to_owned();
    }
    let seconds = table.stale_ms as f64 / 1000.0;
    format!(
        "{}, {}",
        numbers::counted(table.records_left, "record"),
        numbers::age(seconds)
    )
}

async fn get(args: Get) -> anyhow::Result<()> {
    let query = RowQuery {
        key_base64: BASE64.encode(&args.key),
    };
    let row = args.server.client()?.row(&args.topic, &query).await?;
    if args.json {
        return output::json(&row);
    }
    output::line(escape_bytes(&BASE64.decode(&row.value_base64)?));
    Ok(())
}

async fn stats(args: Stats) -> anyhow::Result<()> {
    let table = args.server.client()?.table(&args.topic).await?;
    if args.json {
        return output::json(&table);
    }
    let field = |name: &str, value: &str| output::line(format_args!("{name:<11} {value}"));
    field("topic", &escape(&table.topic));
    field("scope", &escape(&table.scope));
    if let Some(pointer) = &table.key_field {
        field("key field", &escape(pointer));
    }
    field("state", &escape(&table.state));
    if let Some(reason) = &table.reason {
        field("reason", &escape(reason));
    }
    field("transforms", &escape(&table.transforms.join(", ")));
    field("rows", &numbers::count(table.rows));
    let memory = format!(
        "{} of at most {}",
        size(table.bytes),
        size(table.limit_bytes)
    );
    match table.disk_bytes {
        None => field("memory", &memory),
        Some(bytes) => field("disk", &size(bytes)),
    }
    field("read", &numbers::counted(table.records_read, "record"));
    field("behind", &behind(&table));
    if let Some(rate) = table.records_per_second {
        field(
            "rate",
            &format!("{} records a second", numbers::count(rate)),
        );
    }
    if let Some(seconds) = table.seconds_left {
        field("left", &format!("about {}", numbers::age(seconds as f64)));
    }
    let mut columns = Columns::new(&[">PARTITION", ">NEXT", ">END"]);
    for place in &table.partitions {
        columns.row([
            place.partition.to_string(),
            place.next.to_string(),
            place.end.to_string(),
        ]);
    }
    columns.print();
    Ok(())
}

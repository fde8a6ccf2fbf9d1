//! `millstream run`: what a component makes of records, from a file or from a topic that is only read.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use bytesize::ByteSize;

use super::topic::{Brokers, From, read_records};
use crate::args::{Pair, unique};
use crate::authoring::build;
use crate::authoring::trial::{Record, Sums, Trial};
use crate::output::numbers::{count, counted};
use crate::output::{self, Complaint, escape};

/// Show what the transform in this folder makes of records, offline or of a topic's
///
/// Prints a line for each record that comes out, in the form of a case's expected.jsonl, and what it cost: CPU time, memory, and
/// fuel, which is about the number of WebAssembly instructions and the same on every machine. Counting fuel takes time of its own:
/// `millstream bench` measures without. Reading a topic commits nothing and writes nothing. Builds the component first, unless one
/// is given.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Records as a case's input.jsonl has them, one a line; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "from")]
    input: Option<PathBuf>,
    /// Read them from this topic instead
    #[arg(long, value_name = "TOPIC", conflicts_with = "input")]
    from: Option<String>,
    /// Where in the topic to begin: earliest, latest, or -N for the last N records of each partition
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "-100",
        allow_hyphen_values = true
    )]
    start: From,
    /// Stop after so many records of the topic
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10_000)]
    max: usize,
    /// A setting, as name=value; can be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<Pair>,
    /// Folder with NAME.jsonl for each table, as in a case
    #[arg(long, value_name = "FOLDER")]
    tables: Option<PathBuf>,
    /// The project's folder
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
    /// Run this component instead of building one
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// The most records of one call
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// Only what it came to
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    brokers: Brokers,
}

const EXAMPLES: &str = "Examples:
  millstream run --input events.jsonl --set min-age=21
  millstream run --from swipes --start -1000 --quiet
  millstream run --input - --module route.wasm < events.jsonl";

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    unique("--set", &args.settings)?;
    let settings = args.settings.iter();
    let settings = settings
        .map(|pair| (pair.key.clone(), pair.value.clone()))
        .collect();
    let file = match &args.module {
        Some(module) => module.clone(),
        None => build::build(&args.path, &[])?,
    };
    let mut trial = Trial::new(&file, settings, args.tables.as_deref()).await?;
    for records in batches(records(&args).await?, args.batch as usize) {
        let (first, last) = (records[0].offset, records[records.len() - 1].offset);
        let outcomes = trial.batch(records).await;
        for line in trial.logs() {
            output::note(format_args!("log {}", escape(&line)));
        }
        match outcomes {
            Ok(lines) if !args.quiet => {
                for line in lines {
                    output::line(format_args!("{}", output::escape_json(&line)));
                }
            }
            Ok(_) => {}
            Err(failure) => {
                let failure = escape(&failure).into_owned();
                output::note(format_args!("offsets {first} to {last}: {failure}"));
            }
        }
    }
    say(&trial.sums);
    match trial.sums.failed {
        0 => Ok(()),
        failed => Err(Complaint::new(
            file.display().to_string(),
            format!("failed on batches with {}", counted(failed, "record")),
        )
        .help("--batch 1 shows which records are to blame")
        .into()),
    }
}

async fn records(args: &Args) -> anyhow::Result<Vec<Record>> {
    if let Some(topic) = &args.from {
        return read_records(&args.brokers, topic, args.start, args.max).await;
    }
    let path = args.input.clone().unwrap_or_default();
    let name = path.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(&path)
    };
    let text = text.map_err(|error| {
        Complaint::new(&name, format!("cannot be read: {error}"))
            .help("name a file with a record a line: {\"key\":\"k\",\"value\":{\"a\":1}}")
    })?;
    Ok(Trial::parse(&name, &text)?)
}

/// Records of one partition each, at most so many.
fn batches(records: Vec<Record>, most: usize) -> Vec<Vec<Record>> {
    let mut partitions = BTreeMap::<(String, i32), Vec<Record>>::new();
    for record in records {
        let partition = (record.topic.clone(), record.partition);
        partitions.entry(partition).or_default().push(record);
    }
    let mut batches = Vec::new();
    for mut records in partitions.into_values() {
        while records.len() > most {
            let rest = records.split_off(most);
            batches.push(std::mem::replace(&mut records, rest));
        }
        batches.push(records);
    }
    batches
}

fn say(sums: &Sums) {
    let outputs: Vec<String> = sums
        .outputs
        .iter()
        .map(|(output, records)| format!("{} to {}", count(*records), escape(output)))
        .collect();
    let mut parts = outputs;
    for (number, what) in [
        (sums.rejected, "rejected"),
        (sums.dropped, "dropped"),
        (sums.failed, "in batches that failed"),
    ] {
        if number != 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    let records = sums.records.max(1);
    let each = sums.cpu.as_nanos() as f64 / records as f64;
    output::note(format_args!(
        "{}: {}; {each:.0} ns of CPU and {} of fuel a record in the component, {} of memory",
        counted(sums.records, "record"),
        if parts.is_empty() {
            "nothing".to_owned()
        } else {
            parts.join(", ")
        },
        count(sums.fuel / records),
        ByteSize(sums.memory).display().iec()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(partition: i32, offset: i64) -> Record {
        Record {
            topic: "t".to_owned(),
            partition,
            offset,
            key: None,
            value: None,
            headers: Vec::new(),
            timestamp: 0,
        }
    }

    #[test]
    fn a_batch_has_records_of_one_partition_in_their_order() {
        let records = [(1, 0), (0, 0), (1, 1), (1, 2), (0, 1)];
        let records = records.map(|(partition, offset)| record(partition, offset));
        let batches = batches(records.into(), 2);
        let shown: Vec<Vec<(i32, i64)>> = batches
            .iter()
            .map(|batch| {
                batch
                    .iter()
                    .map(|record| (record.partition, record.offset))
                    .collect()
            })
            .collect();
        assert_eq!(
            shown,
            [vec![(0, 0), (0, 1)], vec![(1, 0), (1, 1)], vec![(1, 2)]]
        );
    }
}

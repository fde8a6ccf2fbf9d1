//! `millstream bench`: what a component costs a record, offline, in the host's own data plane.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{Deaf, Limits, Module};
use millstream_host::guests::Component;
use millstream_host::lane::BatchLimits;
use millstream_host::memory::Record;
use millstream_host::trial::{Cost, Trial};
use serde::Serialize;

use super::test::case::{self, Case, Input};
use super::test::engine;
use super::test::text::Text;
use crate::output::numbers::{count, counted};
use crate::output::progress::Spinner;
use crate::output::table::Columns;
use crate::output::{self, Complaint, escape};

/// Measure what the transform in this folder costs a record, offline
///
/// Each case's input is repeated, run through the lanes, the engine and the delivery of a host, and what comes out is counted
/// and thrown away: no broker takes part. Times are the median of several rounds, after a tenth of each that warms. Builds the
/// component first, unless one is given.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream bench\n  millstream bench by-age --lanes 1 --batch 10\n  millstream bench --module route.wasm --json"
)]
pub(crate) struct Args {
    /// Use only the cases whose name contains one of these
    names: Vec<String>,
    /// The project's folder
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    path: PathBuf,
    /// Measure this component instead of building one
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Records of one round
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000_000))]
    records: u32,
    /// Rounds, of which the median is shown
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Lanes, each with an instance and a thread of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4))]
    lanes: u32,
    /// The most records of one call
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    batch: u32,
    /// Every round as JSON: an array with an object a round
    #[arg(long)]
    json: bool,
}

/// One round, as `--json` prints it. Times are nanoseconds a record.
#[derive(Serialize)]
struct Round<'a> {
    case: &'a str,
    round: u32,
    lanes: u32,
    /// Records that count.
    records: u64,
    records_per_call: f64,
    bytes_per_record: f64,
    records_per_second: f64,
    wall_ns: f64,
    cpu_ns: f64,
    guest_cpu_ns: f64,
    host_cpu_ns: f64,
    rejected: u64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let cases = case::find(&args.path, &args.names)?;
    let file = match &args.module {
        Some(module) => module.clone(),
        None => super::build::build(&args.path, &[])?,
    };
    // Each round's instances are made while those of the round before may still be there.
    let module = engine::load(&file, 2 * args.lanes + 2).await?;
    let mut rounds = Vec::new();
    for case in &cases {
        rounds.extend(measure(&module, case, &args).await?);
    }
    if args.json {
        return output::json(&rounds);
    }
    table(&args, &cases, &rounds).print();
    output::line(format_args!(
        "\nnanoseconds a record, the median of {}; {}, calls of up to {}",
        counted(args.rounds.into(), "round"),
        counted(args.lanes.into(), "lane"),
        counted(args.batch.into(), "record"),
    ));
    Ok(())
}

async fn measure<'a>(
    module: &Module,
    case: &'a Case,
    args: &Args,
) -> anyhow::Result<Vec<Round<'a>>> {
    let complain = |why: String| Complaint::new(format!("case {}", escape(&case.name)), why);
    let (limits, settings) = (Limits::default(), case.settings.clone());
    let description = module
        .describe(&settings, &limits)
        .await
        .map_err(|failure| complain(failure.to_string()))?;
    let module = engine::with_tables(module, &case.tables, &description)
        .map_err(|failure| complain(failure.to_string()))?;
    let guests = Arc::new(Component {
        module,
        settings,
        limits,
        description: description.clone(),
        observer: Arc::new(Deaf),
    });
    let batch = BatchLimits {
        records: args.batch as usize,
        ..BatchLimits::default()
    };
    let spinner = Spinner::start(format!("{}: preparing records", escape(&case.name)));
    let records: Vec<Record> = case.input.iter().map(record).collect();
    let mut trial = Trial::new(&records, args.records as usize);
    let mut rounds = Vec::new();
    for round in 1..=args.rounds {
        spinner.say(format!(
            "{}: round {round} of {}",
            escape(&case.name),
            args.rounds
        ));
        let cost = trial
            .run(
                guests.clone(),
                &description,
                args.lanes as usize,
                batch.clone(),
            )
            .await
            .map_err(|why| {
                complain(why).help("`millstream test` shows what the component answers to it")
            })?;
        rounds.push(Round::of(&case.name, round, args.lanes, &cost));
    }
    Ok(rounds)
}

impl<'a> Round<'a> {
    fn of(case: &'a str, round: u32, lanes: u32, cost: &Cost) -> Self {
        let records = cost.records.max(1) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e9 / records;
        Self {
            case,
            round,
            lanes,
            records: cost.records,
            records_per_call: records / cost.batches.max(1) as f64,
            bytes_per_record: cost.bytes as f64 / records,
            records_per_second: records / cost.wall.as_secs_f64().max(1e-9),
            wall_ns: each(cost.wall),
            cpu_ns: each(cost.guest + cost.host),
            guest_cpu_ns: each(cost.guest),
            host_cpu_ns: each(cost.host),
            rejected: cost.rejected,
        }
    }
}

fn table(args: &Args, cases: &[Case], rounds: &[Round<'_>]) -> Columns {
    let mut columns = Columns::new(&[
        "CASE",
        ">BYTES",
        ">REJECTED",
        ">RECORDS/S",
        ">WALL",
        ">CPU",
        ">GUEST",
        ">HOST",
    ]);
    for case in cases {
        let median = |figure: fn(&Round<'_>) -> f64| {
            let own = rounds.iter().filter(|round| round.case == case.name);
            let mut all: Vec<f64> = own.map(figure).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let share = median(|round| round.rejected as f64) / f64::from(args.records);
        columns.row([
            escape(&case.name).into_owned(),
            format!("{:.0}", median(|round| round.bytes_per_record)),
            format!("{:.1} %", share * 100.0),
            count(median(|round| round.records_per_second) as u64),
            format!("{:.1}", median(|round| round.wall_ns)),
            format!("{:.1}", median(|round| round.cpu_ns)),
            format!("{:.1}", median(|round| round.guest_cpu_ns)),
            format!("{:.1}", median(|round| round.host_cpu_ns)),
        ]);
    }
    columns
}

fn record(input: &Input) -> Record {
    let bytes = |text: &Text| text.bytes.clone().map(Bytes::from);
    Record {
        offset: 0,
        key: bytes(&input.key),
        value: bytes(&input.value),
        headers: input
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), bytes(value)))
            .collect(),
        timestamp: input.timestamp,
    }
}

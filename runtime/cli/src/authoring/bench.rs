//! `millstream bench`: what a component costs a record, offline, in the host's own data plane.

mod upfront;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytesize::ByteSize;
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
use upfront::Upfront;

/// Measure what the transform in this folder costs a record, offline
///
/// Each case's input is repeated, run through the lanes, the engine and the delivery of a host, and what comes out is counted
/// and thrown away: no broker takes part. Times are the median of several rounds, after a tenth of each that warms; memory is the
/// most that an instance had after that tenth and at the end, so that growth shows. Builds the component first, unless one is given.
#[derive(clap::Args, Debug)]
#[command(
    after_long_help = "Examples:\n  millstream bench\n  millstream bench by-age --batch 1,10,100,1000,10000\n  millstream bench --module route.wasm --json"
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
    /// The most records of one call; several, separated by commas, are measured one after the other
    #[arg(long, value_name = "RECORDS", default_value = "1000", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: Vec<u32>,
    /// Every round as JSON: an array with an object a round
    #[arg(long)]
    json: bool,
}

/// One round, as `--json` prints it. Times are nanoseconds a record.
#[derive(Serialize)]
struct Round<'a> {
    case: &'a str,
    /// Bytes of the component, what compiling it took without a cache, and how long an instance takes to start.
    module_bytes: u64,
    compile_ms: f64,
    start_us: f64,
    batch: u32,
    round: u32,
    lanes: u32,
    #[serde(flatten)]
    figures: Figures,
}

/// What came of it.
#[derive(Serialize)]
struct Figures {
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
    /// The most linear memory that an instance had by the end of the first tenth, and by the end.
    warm_memory_bytes: u64,
    memory_bytes: u64,
    /// Instances that it took: one a lane, and one for each that failed or grew too large.
    instances: u64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let cases = case::find(&args.path, &args.names)?;
    let file = match &args.module {
        Some(module) => module.clone(),
        None => super::build::build(&args.path, &[])?,
    };
    // Each round's instances are made while those of the round before may still be there.
    let (module, upfront) = upfront::load(&file, 2 * args.lanes + 2).await?;
    let mut rounds = Vec::new();
    for case in &cases {
        rounds.extend(measure(&module, upfront, case, &args).await?);
    }
    if args.json {
        return output::json(&rounds);
    }
    table(&args, &cases, &rounds).print();
    output::line(format_args!(
        "\nnanoseconds a record, the median of {}; {}; BATCH is the most records of a call; the component has {upfront}",
        counted(args.rounds.into(), "round"),
        counted(args.lanes.into(), "lane"),
    ));
    Ok(())
}

async fn measure<'a>(
    module: &Module,
    upfront: Upfront,
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
    let start = upfront::start(&guests).await;
    let start = start.map_err(|failure| complain(failure.to_string()))?;
    let spinner = Spinner::start(format!("{}: preparing records", escape(&case.name)));
    let records: Vec<Record> = case.input.iter().map(record).collect();
    let mut trial = Trial::new(&records, args.records as usize);
    let mut rounds = Vec::new();
    for (batch, round) in sizes_and_rounds(args) {
        spinner.say(format!(
            "{}: round {round} of {}, calls of {batch}",
            escape(&case.name),
            args.rounds
        ));
        let limits = BatchLimits {
            records: batch as usize,
            // The records say how large a batch is, not their bytes.
            bytes: Limits::default().written_bytes as usize,
            ..BatchLimits::default()
        };
        let lanes = args.lanes as usize;
        let cost = trial.run(guests.clone(), &description, lanes, limits);
        let cost = cost.await.map_err(|why| {
            complain(why).help("`millstream test` shows what the component answers to it")
        })?;
        rounds.push(Round {
            case: &case.name,
            module_bytes: upfront.size,
            compile_ms: upfront.compile.as_secs_f64() * 1e3,
            start_us: start.as_secs_f64() * 1e6,
            batch,
            round,
            lanes: args.lanes,
            figures: Figures::of(&cost),
        });
    }
    Ok(rounds)
}

fn sizes_and_rounds(args: &Args) -> impl Iterator<Item = (u32, u32)> {
    let sizes = args.batch.iter();
    sizes.flat_map(|batch| (1..=args.rounds).map(|round| (*batch, round)))
}

impl Figures {
    fn of(cost: &Cost) -> Self {
        let records = cost.records.max(1) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e9 / records;
        Self {
            records: cost.records,
            records_per_call: records / cost.batches.max(1) as f64,
            bytes_per_record: cost.bytes as f64 / records,
            records_per_second: records / cost.wall.as_secs_f64().max(1e-9),
            wall_ns: each(cost.wall),
            cpu_ns: each(cost.guest + cost.host),
            guest_cpu_ns: each(cost.guest),
            host_cpu_ns: each(cost.host),
            rejected: cost.rejected,
            warm_memory_bytes: cost.warm_memory,
            memory_bytes: cost.memory,
            instances: cost.instances,
        }
    }
}

fn table(args: &Args, cases: &[Case], rounds: &[Round<'_>]) -> Columns {
    let mut columns = Columns::new(&[
        "CASE",
        ">BATCH",
        ">BYTES",
        ">REJECTED",
        ">RECORDS/S",
        ">WALL",
        ">CPU",
        ">GUEST",
        ">HOST",
        ">MEMORY",
    ]);
    let sizes = args.batch.iter();
    let rows = sizes.flat_map(|batch| cases.iter().map(move |case| (batch, case)));
    for (batch, case) in rows {
        let median = |figure: fn(&Figures) -> f64| {
            let own = rounds
                .iter()
                .filter(|round| round.case == case.name && round.batch == *batch);
            let mut all: Vec<f64> = own.map(|round| figure(&round.figures)).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let share = median(|figures| figures.rejected as f64) / f64::from(args.records);
        columns.row([
            escape(&case.name).into_owned(),
            count((*batch).into()),
            format!("{:.0}", median(|figures| figures.bytes_per_record)),
            format!("{:.1} %", share * 100.0),
            count(median(|figures| figures.records_per_second) as u64),
            format!("{:.1}", median(|figures| figures.wall_ns)),
            format!("{:.1}", median(|figures| figures.cpu_ns)),
            format!("{:.1}", median(|figures| figures.guest_cpu_ns)),
            format!("{:.1}", median(|figures| figures.host_cpu_ns)),
            memory(
                median(|figures| figures.warm_memory_bytes as f64) as u64,
                median(|figures| figures.memory_bytes as f64) as u64,
            ),
        ]);
    }
    columns
}

/// One figure where it stayed the same.
fn memory(warm: u64, end: u64) -> String {
    let [warm, end] = [warm, end].map(|bytes| ByteSize(bytes).display().iec().to_string());
    if warm == end {
        end
    } else {
        format!("{warm} to {end}")
    }
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

//! The course of a run: warming, the host against itself, then the contestants in turn, round by round.

use std::process::Child;

use anyhow::{Context as _, ensure};
use millstream_kafka::producer::Compression;
use millstream_tests::fresh;

use crate::Options;
use crate::broker::Stage;
use crate::contestant::Contestant;
use crate::job::Job;
use crate::outputs::Contents;
use crate::protocol::{self, Outcome};
use crate::report::{Results, Row};

/// Events that show how fast the first contestant is.
const PACE: usize = 1_000_000;

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "this is a debug build: run `make bench`, which builds with --release"
    );
    let compressing = options.codec != Compression::None;
    for contestant in &options.contestants {
        ensure!(
            !compressing || matches!(contestant, Contestant::Millstream | Contestant::Native),
            "--codec {}: {} writes uncompressed; leave it out of --contestants",
            options.codec,
            contestant.name()
        );
    }
    let mut results = Results::default();
    let events = match options.duration {
        Some(_) => PACE,
        None => options.events,
    };
    let mut bench = Bench {
        options,
        stage: Stage::set(events, options),
        expected: None,
    };
    if let Some(seconds) = options.duration {
        let events = bench.pace()? * f64::from(seconds);
        bench.stage.fill(events as usize);
    }
    for job in &options.jobs {
        bench.expected = None;
        bench.job(*job, &mut results)?;
    }
    results.print(options, bench.stage.events);
    results.save(&options.json)
}

struct Bench<'o> {
    options: &'o Options,
    stage: Stage,
    /// What the first round of the job wrote; every other must have written the same.
    expected: Option<Contents>,
}

impl Bench<'_> {
    /// Events a second that the first contestant gets through.
    fn pace(&mut self) -> anyhow::Result<f64> {
        let able = |job: &Job| {
            let mut all = self.options.contestants.iter();
            Some((*job, *all.find(|contestant| contestant.can(*job))?))
        };
        let (job, first) = self
            .options
            .jobs
            .iter()
            .find_map(able)
            .context("nobody takes part")?;
        eprintln!("finding out how fast {} is", first.name());
        Ok(self.round(job, first, 0)?.events_per_second)
    }

    fn job(&mut self, job: Job, results: &mut Results) -> anyhow::Result<()> {
        let options = self.options;
        let mut order: Vec<Contestant> = options.contestants.clone();
        order.retain(|contestant| contestant.can(job));
        // The broker's first runs, and each contestant's, cost more than later ones.
        eprintln!("{}: warming up", job.name());
        for contestant in &order {
            self.round(job, *contestant, 0)?;
        }
        let first = order.first().context("nobody takes part")?;
        for pair in 1..=options.pairs {
            eprintln!("{}: A/A pair {pair} of {}", job.name(), options.pairs);
            let mut one = || self.round(job, *first, pair);
            results.noise.push((one()?, one()?));
        }
        for round in 1..=options.rounds {
            eprintln!("{}: round {round} of {}", job.name(), options.rounds);
            for contestant in &order {
                results.rows.push(self.round(job, *contestant, round)?);
            }
            // Who comes first changes from round to round.
            order.rotate_left(1);
        }
        Ok(())
    }

    fn round(&mut self, job: Job, contestant: Contestant, round: u32) -> anyhow::Result<Row> {
        let partitions = self.options.partitions;
        let rows = self.options.table_rows as usize;
        let table = job
            .table()
            .map(|name| (name, self.stage.table(rows, partitions)));
        let kafka = &self.stage.kafka;
        let outputs = job
            .outputs()
            .iter()
            .map(|name| (*name, kafka.topic(name, partitions)));
        let outputs: Vec<(&str, String)> = outputs.collect();
        let rejected = kafka.topic("rejected", 1);
        let broker_before = self.stage.cpu_ns()?;
        let outcome = self.contestant(job, contestant, &outputs, table.as_ref(), &rejected)?;
        let broker_ns = self.stage.cpu_ns()? - broker_before;
        let mut contents = Contents::default();
        for (name, topic) in &outputs {
            contents.add(kafka.brokers(), name, topic);
        }
        ensure!(
            (contents.records, 0) == (outcome.written, outcome.rejected),
            "{}: the outputs hold {} records and none should be rejected; it counted {} and {}",
            contestant.name(),
            contents.records,
            outcome.written,
            outcome.rejected
        );
        for (_, topic) in &outputs {
            kafka.delete_topic(topic);
        }
        kafka.delete_topic(&rejected);
        let expected = self.expected.get_or_insert_with(|| contents.clone());
        ensure!(
            *expected == contents,
            "{}: the outputs differ from the first round's: {} records instead of {}, or other contents",
            contestant.name(),
            contents.records,
            expected.records
        );
        let (events, hash) = (self.stage.events as u64, contents.hash());
        let row = Row::new(job, contestant, round, events, &outcome, broker_ns, hash);
        eprintln!("    {}", row.line());
        Ok(row)
    }

    fn contestant(
        &self,
        job: Job,
        contestant: Contestant,
        outputs: &[(&str, String)],
        table: Option<&(&str, String)>,
        rejected: &str,
    ) -> anyhow::Result<Outcome> {
        let mut command = contestant.command(job)?;
        let (events, group) = (self.stage.events.to_string(), fresh("bench"));
        command
            .args(["--job", job.name()])
            .args(["--brokers", self.stage.kafka.brokers()])
            .args(["--source", &self.stage.source])
            .args(["--rejected", rejected])
            .args(["--events", &events])
            .args(["--group", &group]);
        for (name, topic) in outputs {
            command.arg("--output").arg(format!("{name}={topic}"));
        }
        if let Some((name, topic)) = table {
            command.arg("--table").arg(format!("{name}={topic}"));
        }
        if self.options.codec != Compression::None {
            command.args(["--codec", &self.options.codec.to_string()]);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("start {}", contestant.name()))?;
        millstream_tests::reaper::kill_at_end(child.id());
        let outcome = finish(&mut child);
        millstream_tests::reaper::spare(child.id());
        outcome.with_context(|| contestant.name().to_owned())
    }
}

/// Watches a contestant to its end; one that does not do as it should is killed.
fn finish(child: &mut Child) -> anyhow::Result<Outcome> {
    let outcome = protocol::watch(child);
    if outcome.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    let outcome = outcome.with_context(|| format!("it ended with {status}"))?;
    ensure!(status.success(), "it ended with {status}");
    Ok(outcome)
}

//! A run: the broker, the A/A pairs, the interleaved rounds, the result.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use millstream_tests::{fresh, guest};

use crate::Options;
use crate::broker::Stage;
use crate::contestant::{Kind, Outcome};
use crate::outputs::Contents;
use crate::report::{self, Row};

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "this is a debug build: run `make bench`, which builds with --release"
    );
    let stage = Stage::set(options.events, options.partitions);
    let mut bench = Bench {
        options,
        stage,
        expected: None,
    };
    // The broker's and the host's first runs cost more than later ones.
    eprintln!("warming up");
    bench.round(Kind::Millstream, 0)?;
    bench.round(Kind::Native, 0)?;
    let mut noise = Vec::new();
    for pair in 1..=options.pairs {
        eprintln!(
            "A/A pair {pair} of {}: the host against itself",
            options.pairs
        );
        noise.push((
            bench.round(Kind::Millstream, pair)?,
            bench.round(Kind::Millstream, pair)?,
        ));
    }
    let mut rows = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        // Who comes first changes from round to round.
        let order = if round % 2 == 1 {
            [Kind::Millstream, Kind::Native]
        } else {
            [Kind::Native, Kind::Millstream]
        };
        for kind in order {
            rows.push(bench.round(kind, round)?);
        }
    }
    report::print(options, &noise, &rows);
    report::save(&options.json, &rows)
}

struct Bench<'o> {
    options: &'o Options,
    stage: Stage,
    /// What the first round wrote; every other must have written the same.
    expected: Option<Contents>,
}

impl Bench<'_> {
    fn round(&mut self, kind: Kind, round: u32) -> anyhow::Result<Row> {
        let kafka = &self.stage.kafka;
        let [likes, passes] =
            ["likes", "passes"].map(|stem| kafka.topic(stem, self.options.partitions));
        let rejected = kafka.topic("rejected", 1);
        let broker_before = self.stage.cpu_ns()?;
        let outcome = self.contestant(kind, &likes, &passes, &rejected)?;
        let broker_ns = self.stage.cpu_ns()? - broker_before;
        let mut contents = Contents::default();
        contents.add(kafka.brokers(), "likes", &likes);
        contents.add(kafka.brokers(), "passes", &passes);
        let letters = millstream_tests::client::count(kafka.brokers(), &rejected) as u64;
        ensure!(
            (contents.records, letters) == (outcome.records_out, outcome.rejected),
            "{}: the outputs hold {} records and {letters} dead letters, the host counted {} and {}",
            kind.name(),
            contents.records,
            outcome.records_out,
            outcome.rejected
        );
        for topic in [&likes, &passes, &rejected] {
            kafka.delete_topic(topic);
        }
        match &self.expected {
            None => self.expected = Some(contents.clone()),
            Some(expected) => ensure!(
                *expected == contents,
                "{}: the outputs differ from the first round's: {} records instead of {}, or other contents",
                kind.name(),
                contents.records,
                expected.records
            ),
        }
        let row = Row::new(
            kind,
            round,
            self.options.events as u64,
            &outcome,
            broker_ns,
            contents.hash(),
        );
        eprintln!("    {}", row.line());
        Ok(row)
    }

    fn contestant(
        &self,
        kind: Kind,
        likes: &str,
        passes: &str,
        rejected: &str,
    ) -> anyhow::Result<Outcome> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([
                "contestant",
                "--kind",
                kind.name(),
                "--brokers",
                self.stage.kafka.brokers(),
            ])
            .args([
                "--source",
                &self.stage.source,
                "--likes",
                likes,
                "--passes",
                passes,
                "--rejected",
                rejected,
            ])
            .args([
                "--prefix",
                &fresh("bench"),
                "--events",
                &self.options.events.to_string(),
            ])
            .arg("--module")
            .arg(guest("route"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start a contestant")?;
        millstream_tests::reaper::kill_at_end(child.id());
        let outcome = talk(&mut child);
        if outcome.is_err() {
            let _ = child.kill();
        }
        let status = child.wait()?;
        millstream_tests::reaper::spare(child.id());
        let outcome = outcome.with_context(|| format!("{} ended with {status}", kind.name()))?;
        ensure!(status.success(), "{} ended with {status}", kind.name());
        Ok(outcome)
    }
}

fn talk(child: &mut std::process::Child) -> anyhow::Result<Outcome> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("no pipes")
    };
    let mut lines = BufReader::new(stdout).lines();
    let mut next = || {
        lines
            .next()
            .context("it said nothing more")?
            .context("read what it says")
    };
    let ready = next()?;
    ensure!(ready == "ready", "it said {ready:?} instead of \"ready\"");
    stdin.write_all(b"go\n")?;
    Ok(serde_json::from_str(&next()?)?)
}

//! What transforms cost that have nothing to do.
//!
//! A host, started as a user starts it, gets more and more copies of one transform whose topics nobody writes to; its CPU
//! time and its broker's are taken over a while once all of them run.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use comfy_table::Table;
use millstream_tests::host::{Host, HostOptions};
use millstream_tests::{Kafka, KafkaOptions, fresh, guest};

use crate::job::Job;
use crate::{measure, versions};

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Transforms, separated by commas; each number is reached from the one before
    #[arg(long, value_delimiter = ',', default_value = "0,200")]
    transforms: Vec<usize>,
    /// Seconds that count
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Partitions of each topic
    #[arg(long, default_value_t = 4)]
    partitions: i32,
    /// Client properties for the host, as in `millstream serve --kafka`
    #[arg(long, value_name = "KEY=VALUE")]
    kafka: Vec<String>,
}

/// A process's CPU time so far, and what it holds now.
struct Now {
    cpu: Duration,
    resident: u64,
    threads: u64,
}

fn now(process: u32) -> anyhow::Result<Now> {
    let process = process.to_string();
    let usage = measure::of(&process)?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Ok(Now {
        cpu: Duration::from_nanos(usage.user_ns + usage.system_ns),
        resident: number("VmRSS:").context("no resident size")? * 1024,
        threads: number("Threads:").context("no count of threads")?,
    })
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let kafka = Kafka::start(&KafkaOptions::default());
    let mut options = HostOptions {
        brokers: kafka.brokers().to_owned(),
        prefix: fresh("idle"),
        arguments: Vec::new(),
        environment: Vec::new(),
        within: Vec::new(),
        tables: None,
        cache: None,
    };
    for property in &args.kafka {
        options = options.argument("--kafka").argument(property);
    }
    let host = Host::start(&options);
    let [source, out] = ["idle-in", "idle-out"].map(|stem| kafka.topic(stem, args.partitions));
    let module = guest(&Job::Copy.guest());
    let mut table = Table::new();
    table.set_header([
        "transforms",
        "host CPU %",
        "broker CPU %",
        "resident MiB",
        "threads",
    ]);
    let (own, broker) = (
        host.process.id(),
        kafka.process().context("the broker is not ours")?,
    );
    let mut running = 0;
    for &wanted in &args.transforms {
        while running < wanted {
            let name = format!("idle-{running}");
            let (from, to) = (source.as_str(), format!("copy={out}"));
            let rejected = ["--create-topics", "--no-wait"];
            host.deploy(
                &module,
                &name,
                &[&["--from", from, "--to", &to][..], &rejected].concat(),
            );
            running += 1;
        }
        for number in 0..wanted {
            host.await_state(&format!("idle-{number}"), "running");
        }
        // The first second after a start is not idle.
        std::thread::sleep(Duration::from_secs(10));
        let (began, before) = (Instant::now(), [now(own)?, now(broker)?]);
        std::thread::sleep(Duration::from_secs(args.seconds));
        let (passed, after) = (began.elapsed(), [now(own)?, now(broker)?]);
        let share = |at: usize| {
            let used = after[at].cpu.saturating_sub(before[at].cpu);
            format!("{:.1}", 100.0 * used.as_secs_f64() / passed.as_secs_f64())
        };
        table.add_row([
            wanted.to_string(),
            share(0),
            share(1),
            (after[0].resident >> 20).to_string(),
            after[0].threads.to_string(),
        ]);
    }
    println!("{}\n{table}", versions::text());
    Ok(())
}

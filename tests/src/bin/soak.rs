//! `soak MINUTES [SEED]`: every chaos scenario in turn, under both deliveries, until the time is over, beside a host that lives
//! through all of them and whose memory has to stay flat. Ends with a line "N passed, N failed"; each failure names the seed that
//! repeats it. With ONLY=words, only scenarios whose name holds them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use millstream_tests::chaos::{self, SEED_VARIABLE, Trial, scenarios, witness};
use millstream_tests::{Kafka, KafkaOptions};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes = arguments.next().and_then(|minutes| minutes.parse().ok());
    let Some(minutes) = minutes.filter(|minutes: &u64| *minutes > 0) else {
        eprintln!("usage: soak MINUTES [SEED]");
        return ExitCode::from(64);
    };
    let seed: u64 = arguments
        .next()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(chaos::seed);
    println!("seed {seed}, {minutes} minutes");
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let kafka = Kafka::start(&KafkaOptions {
        proxied: true,
        ..KafkaOptions::default()
    });
    let only = std::env::var("ONLY").unwrap_or_default();
    let chosen: Vec<_> = scenarios::ALL
        .iter()
        .filter(|(name, _)| name.contains(&only))
        .collect();
    if chosen.is_empty() {
        eprintln!("no scenario has {only:?} in its name");
        return ExitCode::from(64);
    }
    let mut counts = Counts::default();
    let witness = catch_unwind(AssertUnwindSafe(|| {
        witness::beside(&kafka, seed, || {
            turns(&kafka, &chosen, seed, end, &mut counts);
        })
    }));
    match witness {
        Ok(verdict) => {
            println!("the host beside all of them: {verdict}");
            counts.add(verdict.is_flat());
        }
        Err(_) => {
            println!("FAILED: the host beside all of them, {SEED_VARIABLE}={seed}");
            counts.add(false);
        }
    }
    println!("{} passed, {} failed", counts.passed, counts.failed);
    if counts.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    fn add(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }
}

/// One scenario after the other until the time is over.
fn turns(
    kafka: &Kafka,
    chosen: &[&(&str, scenarios::Scenario)],
    seed: u64,
    end: Instant,
    counts: &mut Counts,
) {
    for turn in 0.. {
        if Instant::now() >= end {
            break;
        }
        let (name, scenario) = chosen[turn as usize / 2 % chosen.len()];
        let trial = Trial {
            seed: seed.wrapping_add(turn),
            hosts: 1 + turn as usize % 3,
            faults: 6,
            ..Trial::new(turn % 2 == 0)
        };
        let began = Instant::now();
        let delivery = if trial.exactly_once {
            "exactly once"
        } else {
            "at least once"
        };
        let passed = catch_unwind(|| scenario(kafka, &trial)).is_ok();
        counts.add(passed);
        let (seconds, hosts) = (began.elapsed().as_secs(), trial.hosts);
        let seed = trial.seed;
        if passed {
            println!("passed: {name}, {delivery}, {hosts} hosts, {seconds} s");
        } else {
            println!(
                "FAILED: {name}, {delivery}, {hosts} hosts, {seconds} s, {SEED_VARIABLE}={seed}"
            );
        }
        // A network that a failed trial left broken is none of the next one's business.
        kafka.network().mend();
    }
}

//! `soak MINUTES [SEED]`: every chaos scenario in turn, under both deliveries, until the time is over. Ends with a line
//! "N passed, N failed"; each failure names the seed that repeats it. With ONLY=words, only scenarios whose name holds them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use millstream_tests::chaos::{self, SEED_VARIABLE, Trial, scenarios};
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
    let (mut passed, mut failed) = (0, 0);
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
        let (began, delivery) = (
            Instant::now(),
            if trial.exactly_once {
                "exactly once"
            } else {
                "at least once"
            },
        );
        let outcome = std::panic::catch_unwind(|| scenario(&kafka, &trial));
        let seconds = began.elapsed().as_secs();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!(
                    "passed: {name}, {delivery}, {} hosts, {seconds} s",
                    trial.hosts
                );
            }
            Err(_) => {
                failed += 1;
                println!(
                    "FAILED: {name}, {delivery}, {} hosts, {seconds} s, {SEED_VARIABLE}={}",
                    trial.hosts, trial.seed
                );
            }
        }
        // A network that a failed trial left broken is none of the next one's business.
        kafka.network().mend();
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

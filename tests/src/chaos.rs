//! Hosts that run a transform under load while something breaks, again and again; then a verdict on every record.
//!
//! What breaks, and when, follows from a seed, which a failing trial names: `MILLSTREAM_SEED=…` repeats it. Between two faults
//! there is progress, not time: some more records have to be committed first.

pub mod churn;
pub mod clock;
mod network;
pub mod rollout;
pub mod scenarios;
mod stage;
pub mod topics;
pub mod witness;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::Producer;
use crate::kafka::Kafka;
use crate::lineage::{Lineage, Report};
use crate::record::Record;

pub use network::Network;
pub use stage::Stage;

/// Names a seed to repeat.
pub const SEED_VARIABLE: &str = "MILLSTREAM_SEED";

/// The seed that is asked for, or a new one.
pub fn seed() -> u64 {
    let asked = std::env::var(SEED_VARIABLE).ok();
    asked
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random)
}

/// One run.
#[derive(Clone, Debug)]
pub struct Trial {
    pub seed: u64,
    pub exactly_once: bool,
    /// Hosts that run it.
    pub hosts: usize,
    pub faults: u32,
    /// Records a second.
    pub load: u64,
    /// What hosts are started with.
    pub environment: Vec<(String, String)>,
    /// Whether groups are of the newer kind, whose broker gives partitions out (KIP-848).
    pub brokers_assign: bool,
}

impl Trial {
    pub fn new(exactly_once: bool) -> Self {
        Self {
            seed: seed(),
            exactly_once,
            hosts: 2,
            faults: 2,
            load: 4_000,
            environment: Vec::new(),
            brokers_assign: false,
        }
    }
}

/// What breaks.
pub type Fault<'f> = &'f mut dyn FnMut(&mut Stage<'_>);

/// Runs a trial on this broker, as `hosts_see` it, and panics, with the seed, unless what was promised was kept.
#[track_caller]
pub fn run(trial: &Trial, kafka: &Kafka, hosts_see: &str, fault: Fault<'_>) {
    run_and_check(trial, kafka, hosts_see, fault, &|_, _| {});
}

/// Looks at what came of a trial, beside the verdict on its records.
type Check<'c> = &'c dyn Fn(&Stage<'_>, &Lineage);

/// The same with a check of one's own at the end.
#[track_caller]
fn run_and_check(
    trial: &Trial,
    kafka: &Kafka,
    hosts_see: &str,
    fault: Fault<'_>,
    check: Check<'_>,
) {
    eprintln!("{trial:?}");
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        attempt(trial, kafka, hosts_see, fault, check)
    }));
    let report = outcome.unwrap_or_else(|panic| {
        eprintln!("repeat it with {SEED_VARIABLE}={}", trial.seed);
        std::panic::resume_unwind(panic)
    });
    eprintln!("{report}");
    let kept = if trial.exactly_once {
        report.is_exactly_once()
    } else {
        report.is_at_least_once()
    };
    assert!(
        kept,
        "{report}; {trial:?}; repeat it with {SEED_VARIABLE}={}",
        trial.seed
    );
}

fn attempt(
    trial: &Trial,
    kafka: &Kafka,
    hosts_see: &str,
    fault: Fault<'_>,
    check: Check<'_>,
) -> Report {
    let mut stage = Stage::start(trial, kafka, hosts_see);
    let (stop, source) = (AtomicBool::new(false), stage.source.clone());
    let mut lineage = std::thread::scope(|scope| {
        let load = scope.spawn(|| send(kafka, &source, trial.load, &stop));
        let broken = std::panic::catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..trial.faults {
                stage.progress();
                fault(&mut stage);
            }
            stage.progress();
        }));
        // The load must end even if this panicked, or the scope would wait for it for ever.
        stop.store(true, Ordering::Relaxed);
        let lineage = load.join().unwrap();
        if let Err(panic) = broken {
            std::panic::resume_unwind(panic);
        }
        lineage
    });
    for (output, below) in stage.excused.drain(..) {
        lineage.excuse(output, below);
    }
    let report = stage.finish(&lineage);
    check(&stage, &lineage);
    report
}

/// Sends numbered records, in turn to every partition and for every output, until it is told to stop.
fn send(kafka: &Kafka, source: &str, a_second: u64, stop: &AtomicBool) -> Lineage {
    let producer = Producer::new(kafka.brokers());
    let partitions = u64::try_from(stage::PARTITIONS).unwrap();
    let (mut lineage, began) = (Lineage::default(), Instant::now());
    while !stop.load(Ordering::Relaxed) {
        while began.elapsed().as_millis() as u64 * a_second / 1000 > lineage.len() {
            let n = lineage.len();
            let output = (n / partitions % 2) as usize;
            let record = Record::new(format!("key-{}", n % 97), format!("{n} {output}"));
            let partition = (n % partitions) as i32;
            lineage.send(&producer, source, partition, output, record);
        }
        // The pace of the load, not a wait for anything.
        std::thread::sleep(Duration::from_millis(5));
    }
    producer.flush();
    lineage
}

//! What the tests of the data plane share: a broker in memory, guests written in Rust, and one runner between them.

#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{
    Batch, Description, Failure, Guest, Limits, Output, OutputBuilder, Parts, Plan,
};
use millstream_host::budget::Budget;
use millstream_host::delivery::{Delivery, Letters, OutputRoute, Routes, Stamp, Starts};
use millstream_host::failure::FailurePolicy;
use millstream_host::guests::Guests;
use millstream_host::memory::{Memory, MemoryRows, MemorySource, Record};
use millstream_host::runner::{self, Revision, RunState, RunnerConfig, RunnerHandle, Shared};
use millstream_host::schedule::Schedule;
use millstream_host::source::{Event, TopicPartition};
use millstream_host::stats::Stats;
use millstream_host::watchdog::Watchdog;
use tokio::time::Instant;

/// A guest that is a closure from a batch to an answer.
pub struct Native<F> {
    pub answer: F,
    pub description: Description,
    pub replace: bool,
}

impl<F: FnMut(Batch<'_>) -> Result<Output, Failure> + Send> Guest for Native<F> {
    async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
        let output = (self.answer)(batch)?;
        Plan::from_output(output, batch, &self.description, &Limits::default())
    }
    fn memory(&self) -> u64 {
        0
    }
    fn wants_replacing(&self) -> bool {
        self.replace
    }
    fn cpu(&self) -> Duration {
        Duration::ZERO
    }
}

/// Guests with one output that answer like this.
pub fn native<F>(answer: F) -> Arc<dyn Guests>
where
    F: Fn(Batch<'_>) -> Result<Output, Failure> + Clone + Send + Sync + 'static,
{
    Arc::new(move || {
        let answer = answer.clone();
        let answer = move |batch: Batch<'_>| answer(batch);
        Ok(Native {
            answer,
            description: Description::simple(Parts::ALL, &["out"]),
            replace: false,
        })
    })
}

/// Every row to the output.
pub fn pass() -> Arc<dyn Guests> {
    native(|_| Ok(Output::default()))
}

/// Every row to the output, its value with something appended.
pub fn marking(mark: &'static str) -> Arc<dyn Guests> {
    native(move |batch| {
        let mut builder = OutputBuilder::new();
        for (at, row) in batch.rows.iter().enumerate() {
            let value = [row.value.unwrap_or_default(), mark.as_bytes()].concat();
            builder.emit(at, 0).value(Some(&value));
        }
        Ok(builder.finish())
    })
}

pub fn trap() -> Failure {
    Failure::Trap {
        message: "unreachable".to_owned(),
        backtrace: String::new(),
    }
}

/// Every row to the output, but a trap where one has this value.
pub fn trapping_on(value: &'static [u8]) -> Arc<dyn Guests> {
    native(
        move |batch| match batch.rows.iter().any(|row| row.value == Some(value)) {
            true => Err(trap()),
            false => Ok(Output::default()),
        },
    )
}

pub struct Plane {
    pub memory: Memory,
    pub source: MemorySource,
    pub handle: RunnerHandle,
    pub shared: Shared,
}

pub fn revision(number: u64, guests: Arc<dyn Guests>) -> Revision {
    Revision {
        routes: Routes {
            transform: "t".into(),
            stamp: Stamp {
                revision: number,
                reset: 0,
            },
            digest: "d1".into(),
            step: 0,
            outputs: vec![OutputRoute {
                name: "out".into(),
                topic: "out".into(),
            }],
            letters: Letters::to("dead"),
        },
        topics: vec!["in".into()],
        guests,
        reads: Parts::ALL,
        policy: FailurePolicy::default(),
        starts: Starts::default(),
    }
}

pub fn shared(budget: u64) -> Shared {
    Shared {
        lanes: tokio::runtime::Handle::current(),
        schedule: Schedule::new(2),
        budget: Budget::new(budget),
        watchdog: Watchdog::new(Duration::from_secs(60)),
    }
}

pub fn memory(partitions: usize) -> Memory {
    let memory = Memory::new();
    memory.topic("in", partitions);
    memory.topic("out", 1);
    memory.topic("dead", 1);
    memory
}

/// A runner of revision 1 on a fresh membership, with nothing assigned.
pub fn start(memory: &Memory, first: Revision) -> Plane {
    start_with(memory, first, shared(64 << 20), |_| {})
}

pub fn start_with(
    memory: &Memory,
    first: Revision,
    shared: Shared,
    change: impl FnOnce(&mut RunnerConfig),
) -> Plane {
    let stats = Stats::new();
    let delivery = memory.delivery(Arc::clone(&stats));
    run_with(memory, first, shared, change, delivery, stats)
}

/// The same with transactions.
pub fn start_exactly_once(memory: &Memory, first: Revision) -> Plane {
    let stats = Stats::new();
    let delivery = memory.exactly_once(Arc::clone(&stats));
    let commit_often = |config: &mut RunnerConfig| {
        config.commit_every = Duration::from_millis(100);
    };
    run_with(
        memory,
        first,
        shared(64 << 20),
        commit_often,
        delivery,
        stats,
    )
}

/// The same with a delivery of the test's own.
pub fn run_with<D: Delivery<Rows = MemoryRows>>(
    memory: &Memory,
    first: Revision,
    shared: Shared,
    change: impl FnOnce(&mut RunnerConfig),
    delivery: D,
    stats: Arc<Stats>,
) -> Plane {
    let source = MemorySource::new(memory);
    let mut config = RunnerConfig::new("t");
    config.lanes = 2;
    change(&mut config);
    let handle = runner::start(config, first, source.clone(), delivery, stats, &shared);
    Plane {
        memory: memory.clone(),
        source,
        handle,
        shared,
    }
}

pub fn part(partition: i32) -> TopicPartition {
    TopicPartition::new("in", partition)
}

pub fn parts(partitions: std::ops::Range<i32>) -> Vec<TopicPartition> {
    partitions.map(part).collect()
}

/// Numbered records `from..to`.
pub fn numbers(range: std::ops::Range<usize>) -> Vec<Record> {
    range
        .map(|number| Record::new(&format!("k{number}"), &number.to_string()))
        .collect()
}

pub fn starts(at: &[(i32, i64)]) -> Starts {
    at.iter()
        .map(|(partition, offset)| (part(*partition), *offset))
        .collect()
}

/// Waits for a condition; in tests with a paused clock time passes by itself.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < patience, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl Plane {
    pub fn assign(&self, partitions: std::ops::Range<i32>) {
        self.source.play(Event::Assigned(parts(partitions)));
    }

    pub fn state(&self) -> RunState {
        self.handle.state().borrow().clone()
    }

    pub fn is_troubled(&self) -> bool {
        let state = self.state();
        matches!(state, RunState::Running { problem, .. } if problem.is_some())
    }

    pub async fn committed(&self, partition: i32, offset: i64) {
        let what = format!("{} committed up to {offset}", part(partition));
        until(&what, || {
            self.memory
                .committed(&part(partition))
                .is_some_and(|committed| committed.offset == offset)
        })
        .await;
    }

    pub async fn drain(&self) {
        self.handle
            .drain(Instant::now() + Duration::from_secs(10))
            .await;
    }
}

//! A guest over records in memory, as fast as it goes: what `millstream bench` measures.
//!
//! Lanes, schedule, engine, layout and at-least-once delivery are those of a host; records come from memory, and what is
//! written is counted and thrown away. So what comes out is the host's own work, without a Kafka client's and a broker's.

mod weighed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use millstream_engine::Description;

use crate::budget::Budget;
use crate::delivery::{Letters, OutputRoute, Routes, Stamp};
use crate::failure::FailurePolicy;
use crate::guests::Guests;
use crate::lane::BatchLimits;
use crate::memory::{Memory, MemorySource, Record};
use crate::runner::{self, Revision, RunState, RunnerConfig, RunnerHandle, Shared};
use crate::schedule::Schedule;
use crate::source::{Event, TopicPartition};
use crate::stats::{Stats, StatsSnapshot};
use crate::watchdog::Watchdog;
use weighed::Weighed;

/// Of the input and of each output.
const PARTITIONS: i32 = 4;
/// Values are copies of their own up to so many bytes, so that they come from memory and not from a processor's cache.
const POOL: usize = 64 << 20;
/// Of all records, the share that warms: instances, caches, branch predictors.
const WARM: u64 = 10;
/// More than any number of lanes sets aside for their next batches: what is written is acknowledged at once, and none is to
/// wait for another.
const BUDGET: u64 = 1 << 40;
const SOURCE: &str = "input";
const REJECTED: &str = "rejected";

/// Records in memory, ready for any number of rounds.
#[derive(Debug)]
pub struct Trial {
    memory: Memory,
    records: u64,
    rounds: u64,
}

/// What a round came to. Times are of the records that count: those after the first tenth.
#[derive(Debug, Clone)]
pub struct Cost {
    /// Records that count.
    pub records: u64,
    /// Bytes of their keys, values and headers.
    pub bytes: u64,
    /// Calls that took them.
    pub batches: u64,
    /// How long that took.
    pub wall: Duration,
    /// CPU time in the guest, lifting and lowering included.
    pub guest: Duration,
    /// CPU time of lanes outside of it.
    pub host: Duration,
    /// Records written by output, of all records.
    pub outputs: BTreeMap<Arc<str>, u64>,
    /// Rows rejected, of all records.
    pub rejected: u64,
    /// Bytes of linear memory: the most that a guest had by the end of the first tenth.
    pub warm_memory: u64,
    /// The same by the end of all.
    pub memory: u64,
    /// Guests that it took: one a lane, and one in the place of each that failed or grew too large.
    pub instances: u64,
}

impl Trial {
    /// So many records, which repeat these.
    #[must_use]
    pub fn new(records: &[Record], count: usize) -> Self {
        let memory = Memory::new();
        memory.topic(SOURCE, PARTITIONS as usize);
        let bytes: usize = records.iter().map(Record::bytes).sum();
        let copies = (POOL / bytes.max(1)).clamp(1, count.div_ceil(records.len().max(1)));
        let pool: Vec<Record> = (0..copies).flat_map(|_| records.iter().map(deep)).collect();
        for partition in 0..PARTITIONS {
            let places = (partition as usize..count).step_by(PARTITIONS as usize);
            let taken = places.filter_map(|place| pool.get(place % pool.len().max(1)).cloned());
            memory.append(SOURCE, partition, taken);
        }
        Self {
            memory,
            records: count as u64,
            rounds: 0,
        }
    }

    /// Runs all records through guests of one kind, on as many threads as there are lanes.
    ///
    /// # Errors
    /// Why the transform stopped.
    pub async fn run(
        &mut self,
        guests: Arc<dyn Guests>,
        description: &Description,
        lanes: usize,
        batch: BatchLimits,
    ) -> Result<Cost, String> {
        self.rounds += 1;
        let lanes = lanes.max(1);
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(lanes)
            .thread_name("lane")
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start threads: {error}"))?;
        let shared = Shared {
            lanes: threads.handle().clone(),
            schedule: Schedule::new(lanes),
            budget: Budget::new(BUDGET),
            watchdog: Watchdog::new(Duration::from_secs(60)),
        };
        let stats = Stats::new();
        let guests = Arc::new(Weighed::new(guests));
        let source = MemorySource::new(&self.memory);
        let mut config = RunnerConfig::new("trial");
        (config.lanes, config.batch) = (lanes, batch);
        let handle = runner::start(
            config,
            self.revision(guests.clone(), description),
            source.clone(),
            self.memory.delivery(Arc::clone(&stats)),
            stats,
            &shared,
        );
        source.play(Event::Assigned(partitions().collect()));
        let measured = measure(&handle, &guests, self.records).await;
        handle
            .drain(tokio::time::Instant::now() + Duration::from_secs(1))
            .await;
        threads.shutdown_background();
        measured
    }

    fn revision(&self, guests: Arc<dyn Guests>, description: &Description) -> Revision {
        let outputs: Vec<OutputRoute> = description
            .outputs
            .iter()
            .map(|output| OutputRoute {
                name: output.as_str().into(),
                topic: format!("output {output}").into(),
            })
            .collect();
        let topics = outputs.iter().map(|output| &*output.topic);
        for topic in topics.chain([REJECTED]) {
            self.memory.topic(topic, PARTITIONS as usize);
            self.memory.count_only(topic);
        }
        Revision {
            routes: Routes {
                transform: "trial".into(),
                // A reset a round: each begins at the beginning.
                stamp: Stamp {
                    revision: 1,
                    reset: self.rounds,
                },
                digest: "".into(),
                step: 0,
                outputs,
                letters: Letters::to(REJECTED),
            },
            topics: vec![SOURCE.into()],
            guests,
            reads: description.needs(),
            policy: FailurePolicy::default(),
            starts: partitions().map(|partition| (partition, 0)).collect(),
        }
    }
}

fn partitions() -> impl Iterator<Item = TopicPartition> {
    (0..PARTITIONS).map(|partition| TopicPartition::new(SOURCE, partition))
}

/// A copy that shares no bytes.
fn deep(record: &Record) -> Record {
    let copy = |part: &Option<Bytes>| part.as_deref().map(Bytes::copy_from_slice);
    Record {
        key: copy(&record.key),
        value: copy(&record.value),
        headers: record.headers.clone(),
        ..*record
    }
}

async fn measure(handle: &RunnerHandle, guests: &Weighed, records: u64) -> Result<Cost, String> {
    let (from, before) = reach(handle, records / WARM).await?;
    let warm_memory = guests.memory();
    let (to, after) = reach(handle, records).await?;
    Ok(Cost {
        records: after.records_in - before.records_in,
        bytes: after.bytes_in - before.bytes_in,
        batches: after.batches - before.batches,
        wall: to - from,
        guest: after.guest_cpu.saturating_sub(before.guest_cpu),
        host: after.host_cpu.saturating_sub(before.host_cpu),
        rejected: after.rejected.values().sum(),
        outputs: after.records_out,
        warm_memory,
        memory: guests.memory(),
        instances: guests.made(),
    })
}

/// Waits until so many records are through.
async fn reach(handle: &RunnerHandle, records: u64) -> Result<(Instant, StatsSnapshot), String> {
    loop {
        let (now, numbers) = (Instant::now(), handle.stats().snapshot());
        if numbers.records_in >= records {
            return Ok((now, numbers));
        }
        if let RunState::Failed(failed) = &*handle.state().borrow() {
            return Err(failed.to_string());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use millstream_engine::{Batch, Failure, Guest, Parts, Plan};

    use super::*;

    struct Pass;

    impl Guest for Pass {
        async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
            Ok(Plan::pass_all(batch.rows.len()))
        }
        fn memory(&self) -> u64 {
            7
        }
        fn wants_replacing(&self) -> bool {
            false
        }
        fn cpu(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_round_takes_all_records_and_counts_what_they_become() {
        let records = [Record::new("a", "one"), Record::new("b", "two")];
        let mut trial = Trial::new(&records, 10_001);
        let description = Description::simple(Parts::default(), &["out"]);
        for _ in 0..2 {
            let cost = trial
                .run(
                    Arc::new(|| Ok(Pass)),
                    &description,
                    2,
                    BatchLimits::default(),
                )
                .await
                .unwrap();
            assert_eq!(cost.outputs["out"], 10_001);
            assert!(cost.records <= 10_001 - 1_000, "{cost:?}");
            assert!(cost.batches >= cost.records / 1_000, "{cost:?}");
            assert_eq!(cost.bytes, cost.records * 4);
            assert_eq!(cost.rejected, 0);
            assert_eq!((cost.warm_memory, cost.memory, cost.instances), (7, 7, 2));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_guest_that_cannot_be_made_says_why() {
        let mut trial = Trial::new(&[Record::new("a", "one")], 10);
        let refuse =
            || -> Result<Pass, Failure> { Err(Failure::Refused("the setting is wrong".into())) };
        let why = trial
            .run(
                Arc::new(refuse),
                &Description::simple(Parts::default(), &["out"]),
                1,
                BatchLimits::default(),
            )
            .await
            .unwrap_err();
        assert!(why.contains("the setting is wrong"), "{why}");
    }
}

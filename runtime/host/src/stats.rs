//! What a transform has done on this host, as numbers that anyone may read at any time.
//!
//! Lanes and producers' threads add to atomics, a few times a batch; nothing here is per record. Records count when they are
//! finished (written and acknowledged, everything before them too), so nothing is counted twice however often it is tried.
//! Numbers are since the transform started on this host.

mod histogram;
mod partition;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::delivery::{Routes, Tally};
use crate::source::TopicPartition;

pub use histogram::{Histogram, HistogramSnapshot};
pub use partition::{PartitionSnapshot, PartitionStats, Retrying};

/// Codes of rejections that are told apart; further ones count as [`OTHER_CODES`]. A guest chooses codes freely, and each
/// one is a time series for whoever scrapes them.
pub const MAX_CODES: usize = 50;
/// Where codes past [`MAX_CODES`] are counted.
pub const OTHER_CODES: &str = "other";

/// One output's counter for each output of a route, in its order.
pub(crate) type OutputCounters = Arc<[Arc<AtomicU64>]>;

/// See the module.
#[derive(Debug, Default)]
pub struct Stats {
    records_in: AtomicU64,
    bytes_in: AtomicU64,
    batches: AtomicU64,
    went_back: AtomicU64,
    lost_offsets: AtomicU64,
    transactions: AtomicU64,
    aborts: AtomicU64,
    restarts: AtomicU64,
    suppressed_logs: AtomicU64,
    guest_cpu: AtomicU64,
    host_cpu: AtomicU64,
    batch_records: Histogram<BATCH_BUCKETS>,
    latency: Histogram<LATENCY_BUCKETS>,
    outputs: Mutex<BTreeMap<Arc<str>, Arc<AtomicU64>>>,
    rejected: Mutex<BTreeMap<String, u64>>,
    failures: Mutex<BTreeMap<String, u64>>,
    partitions: RwLock<BTreeMap<TopicPartition, Arc<PartitionStats>>>,
}

const BATCH_BUCKETS: usize = 8;
const LATENCY_BUCKETS: usize = 12;
/// Records of one batch.
const BATCH_BOUNDS: [f64; BATCH_BUCKETS] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 700.0, 1000.0];
/// Seconds from taking a batch to its acknowledgement.
const LATENCY_BOUNDS: [f64; LATENCY_BUCKETS] = [
    0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0,
];

/// All numbers at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsSnapshot {
    /// Input records that are finished.
    pub records_in: u64,
    /// Bytes of their keys, values and headers.
    pub bytes_in: u64,
    /// Records written, by the output's name.
    pub records_out: BTreeMap<Arc<str>, u64>,
    /// Input rows that could not be processed, by code. Dead letters and dropped ones alike.
    pub rejected: BTreeMap<String, u64>,
    /// What stopped the transform, by code.
    pub failures: BTreeMap<String, u64>,
    /// How often a partition went back because writing failed.
    pub went_back: u64,
    /// Offsets that were gone before they were read, and passed over.
    pub lost_offsets: u64,
    /// Transactions that were committed; none under at-least-once.
    pub transactions: u64,
    /// Transactions that were aborted, or of which it was not known what became of them.
    pub aborts: u64,
    /// Batches that guests were called with.
    pub batches: u64,
    /// Records of those batches.
    pub batch_records: HistogramSnapshot,
    /// CPU time in guest calls.
    pub guest_cpu: Duration,
    /// CPU time of lanes outside of guest calls. Threads of the Kafka client are not in it.
    pub host_cpu: Duration,
    /// Seconds from taking a batch to its acknowledgement.
    pub latency: HistogramSnapshot,
    /// New instances in the place of ones that failed or grew too large.
    pub restarts: u64,
    /// Log lines that were not kept.
    pub suppressed_logs: u64,
    /// What this host has.
    pub partitions: BTreeMap<TopicPartition, PartitionSnapshot>,
}

impl Stats {
    /// All zero.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The numbers now.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let outputs = self.outputs.lock();
        StatsSnapshot {
            records_in: self.records_in.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            records_out: outputs
                .iter()
                .map(|(name, count)| (Arc::clone(name), count.load(Relaxed)))
                .collect(),
            rejected: self.rejected.lock().clone(),
            failures: self.failures.lock().clone(),
            went_back: self.went_back.load(Relaxed),
            lost_offsets: self.lost_offsets.load(Relaxed),
            transactions: self.transactions.load(Relaxed),
            aborts: self.aborts.load(Relaxed),
            batches: self.batches.load(Relaxed),
            batch_records: self.batch_records.snapshot(&BATCH_BOUNDS),
            guest_cpu: Duration::from_nanos(self.guest_cpu.load(Relaxed)),
            host_cpu: Duration::from_nanos(self.host_cpu.load(Relaxed)),
            latency: self.latency.snapshot(&LATENCY_BOUNDS),
            restarts: self.restarts.load(Relaxed),
            suppressed_logs: self.suppressed_logs.load(Relaxed),
            partitions: self
                .partitions
                .read()
                .iter()
                .map(|(name, one)| (name.clone(), one.snapshot()))
                .collect(),
        }
    }

    /// A counter for each output of a revision. Outputs of the same name go on from where they were.
    pub(crate) fn outputs(&self, routes: &Routes) -> OutputCounters {
        let mut outputs = self.outputs.lock();
        routes
            .outputs
            .iter()
            .map(|output| Arc::clone(outputs.entry(Arc::clone(&output.name)).or_default()))
            .collect()
    }

    /// From now until [`Self::forget`] this partition has numbers.
    pub(crate) fn open(&self, partition: &TopicPartition, position: i64) {
        let numbers = Arc::<PartitionStats>::default();
        numbers.position(position);
        self.partitions.write().insert(partition.clone(), numbers);
    }

    /// Changes the numbers of a partition, if it has any.
    pub(crate) fn partition(
        &self,
        partition: &TopicPartition,
        change: impl FnOnce(&PartitionStats),
    ) {
        if let Some(numbers) = self.partitions.read().get(partition) {
            change(numbers);
        }
    }

    pub(crate) fn forget(&self, partition: &TopicPartition) {
        self.partitions.write().remove(partition);
    }

    /// A batch is finished.
    pub(crate) fn finished(&self, tally: &Tally, counters: &OutputCounters, latency: Duration) {
        self.records_in.fetch_add(tally.rows, Relaxed);
        self.bytes_in.fetch_add(tally.bytes, Relaxed);
        for (counter, by) in counters.iter().zip(&tally.outputs) {
            counter.fetch_add(*by, Relaxed);
        }
        if !tally.rejected.is_empty() {
            let mut rejected = self.rejected.lock();
            for (code, by) in &tally.rejected {
                let known = rejected.contains_key(code) || rejected.len() < MAX_CODES;
                *rejected
                    .entry(if known {
                        code.clone()
                    } else {
                        OTHER_CODES.to_owned()
                    })
                    .or_default() += by;
            }
        }
        self.latency.add(latency.as_secs_f64(), &LATENCY_BOUNDS);
    }

    /// A guest was called with so many records.
    pub(crate) fn called(&self, records: usize, guest_cpu: Duration) {
        self.batches.fetch_add(1, Relaxed);
        self.batch_records.add(records as f64, &BATCH_BOUNDS);
        self.guest_cpu
            .fetch_add(guest_cpu.as_nanos() as u64, Relaxed);
    }

    /// CPU time of all of it so far.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.guest_cpu.load(Relaxed) + self.host_cpu.load(Relaxed))
    }

    /// All that lanes have used so far: what was not the guest's was the host's.
    pub(crate) fn cpu(&self, used: Duration) {
        let host = (used.as_nanos() as u64).saturating_sub(self.guest_cpu.load(Relaxed));
        self.host_cpu.fetch_max(host, Relaxed);
    }

    pub(crate) fn failed(&self, code: &str) {
        *self.failures.lock().entry(code.to_owned()).or_default() += 1;
    }

    pub(crate) fn went_back(&self) {
        self.went_back.fetch_add(1, Relaxed);
    }

    pub(crate) fn lost(&self, offsets: u64) {
        self.lost_offsets.fetch_add(offsets, Relaxed);
    }

    pub(crate) fn transaction(&self) {
        self.transactions.fetch_add(1, Relaxed);
    }

    pub(crate) fn aborted(&self) {
        self.aborts.fetch_add(1, Relaxed);
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Relaxed);
    }

    /// Log lines of a guest were counted instead of kept.
    pub fn suppressed(&self, lines: u64) {
        self.suppressed_logs.fetch_add(lines, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_codes_ends_in_one_counter() {
        let stats = Stats::default();
        for number in 0..200 {
            let tally = Tally {
                rejected: vec![(format!("code-{number}"), 1)],
                ..Tally::default()
            };
            stats.finished(&tally, &Arc::from([]), Duration::ZERO);
        }
        let rejected = stats.snapshot().rejected;
        assert_eq!(rejected.len(), MAX_CODES + 1);
        assert_eq!(rejected[OTHER_CODES], 200 - MAX_CODES as u64);
    }
}

//! Where one partition stands, and how far behind.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// Written by whoever knows, read by anyone. -1 stands for "not known yet".
#[derive(Debug)]
pub struct PartitionStats {
    position: AtomicI64,
    committed: AtomicI64,
    /// The last stable offset when it was asked for.
    end: AtomicI64,
    /// The largest timestamp of the last finished batch.
    timestamp: AtomicI64,
    /// The end that was reached by what was last taken.
    reached: AtomicI64,
    retrying: Mutex<Option<Retrying>>,
}

/// A batch that is tried again and again, because what it failed for passes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrying {
    /// Since when.
    pub since: SystemTime,
    /// When it is tried next.
    pub next: SystemTime,
    /// How often it has failed.
    pub attempts: u32,
    /// What the last one said. May quote a guest: untrusted text.
    pub reason: String,
}

impl Default for PartitionStats {
    fn default() -> Self {
        Self {
            position: AtomicI64::new(-1),
            committed: AtomicI64::new(-1),
            end: AtomicI64::new(-1),
            timestamp: AtomicI64::new(-1),
            reached: AtomicI64::new(-1),
            retrying: Mutex::default(),
        }
    }
}

/// A partition at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionSnapshot {
    /// The next offset to read, as far as finished.
    pub position: i64,
    /// What the group would go on from. `None`: nothing is committed yet.
    pub committed: Option<i64>,
    /// The last stable offset, when it was last asked for. `None`: not yet.
    pub end: Option<i64>,
    /// Offsets between the two; markers and compacted records count, unless the end has been reached: then it is 0.
    pub lag_records: Option<u64>,
    /// Age of the last finished record while there is more to read; 0 at the end.
    pub lag: Option<Duration>,
    /// What is being tried again, if anything.
    pub retrying: Option<Retrying>,
}

impl PartitionStats {
    pub(crate) fn position(&self, position: i64) {
        self.position.store(position, Relaxed);
    }

    pub(crate) fn committed(&self, offset: i64) {
        self.committed.store(offset, Relaxed);
    }

    /// Where the partition ends now.
    pub(crate) fn end(&self, end: i64) {
        self.end.store(end, Relaxed);
    }

    pub(crate) fn timestamp(&self, timestamp: i64) {
        self.timestamp.store(timestamp, Relaxed);
    }

    /// Something was taken, up to this end if any is reached.
    pub(crate) fn taken(&self, end: Option<i64>) {
        self.reached.store(end.unwrap_or(-1), Relaxed);
    }

    /// A batch has to be tried again.
    pub(crate) fn retry(&self, attempts: u32, after: Duration, reason: String) {
        let now = SystemTime::now();
        let mut retrying = self.retrying.lock();
        let since = retrying.as_ref().map_or(now, |retrying| retrying.since);
        *retrying = Some(Retrying {
            since,
            next: now + after,
            attempts,
            reason,
        });
    }

    /// What was tried again is over.
    pub(crate) fn retried(&self) {
        *self.retrying.lock() = None;
    }

    pub(crate) fn snapshot(&self) -> PartitionSnapshot {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.snapshot_at(now)
    }

    fn snapshot_at(&self, now: Duration) -> PartitionSnapshot {
        let known = |value: i64| (value >= 0).then_some(value);
        let position = self.position.load(Relaxed);
        let end = known(self.end.load(Relaxed));
        let behind = end.map(|end| end.saturating_sub(position.max(0)).max(0).unsigned_abs());
        // What came after that is behind, though nobody may take it now.
        let reached = known(self.reached.load(Relaxed))
            .is_some_and(|reached| end.is_none_or(|end| end <= reached));
        let lag_records = if reached { Some(0) } else { behind };
        let age = known(self.timestamp.load(Relaxed))
            .map(|timestamp| now.saturating_sub(Duration::from_millis(timestamp.unsigned_abs())));
        let lag = if lag_records == Some(0) {
            Some(Duration::ZERO)
        } else {
            age
        };
        PartitionSnapshot {
            position,
            committed: known(self.committed.load(Relaxed)),
            end,
            lag_records,
            lag,
            retrying: self.retrying.lock().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_before_the_end_are_no_lag_once_the_end_was_seen() {
        let partition = PartitionStats::default();
        partition.position(10);
        partition.end(12);
        partition.timestamp(5_000);
        let now = Duration::from_secs(8);
        let snapshot = partition.snapshot_at(now);
        assert_eq!(
            (snapshot.lag_records, snapshot.lag),
            (Some(2), Some(Duration::from_secs(3)))
        );
        partition.taken(Some(12));
        let snapshot = partition.snapshot_at(now);
        assert_eq!(
            (snapshot.lag_records, snapshot.lag),
            (Some(0), Some(Duration::ZERO))
        );
    }

    #[test]
    fn what_comes_while_nobody_takes_anything_is_lag() {
        let partition = PartitionStats::default();
        partition.taken(Some(12));
        partition.position(12);
        partition.timestamp(5_000);
        partition.end(20);
        let snapshot = partition.snapshot_at(Duration::from_secs(8));
        assert_eq!(
            (snapshot.lag_records, snapshot.lag),
            (Some(8), Some(Duration::from_secs(3)))
        );
    }

    #[test]
    fn nothing_is_claimed_before_it_is_known() {
        let snapshot = PartitionStats::default().snapshot_at(Duration::from_secs(1));
        assert_eq!(
            (snapshot.end, snapshot.lag_records, snapshot.lag),
            (None, None, None)
        );
    }
}

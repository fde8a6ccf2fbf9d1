//! When a batch is cut, and how long a guest's instance is kept for the next.

use std::time::Duration;

/// When a batch is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchLimits {
    /// Records of one batch. Past a thousand a call costs no less per record.
    pub records: usize,
    /// Bytes of one batch where the guest reads values.
    pub bytes: usize,
    /// How long after the last batch of a partition the next one goes that is not full. Fewer calls, for that much latency; where
    /// there is much to do batches fill by themselves.
    pub wait: Duration,
    /// How long an instance outlives the last batch. Long enough for a topic with a record every few seconds: a
    /// Python instance takes a millisecond to make, but megabytes to keep.
    pub idle: Duration,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            records: 1_000,
            bytes: 1024 * 1024,
            wait: Duration::from_millis(2),
            idle: Duration::from_secs(10),
        }
    }
}

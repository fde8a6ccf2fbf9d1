//! Which records a topic did not take for what they are, so that their rows become dead letters when they come again.
//!
//! A broker refuses a whole batch, and says which of its records are to blame. The partition then goes back, and the guest sees its
//! rows again; what comes of them is compared with what was refused of those rows. A guest that makes something else of them this
//! time is asked no questions: that may be taken.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_kafka::producer::{RefusedRecord, fingerprint};
use parking_lot::Mutex;

use crate::source::TopicPartition;

/// The topic may be set up in another way by then.
const LASTS: Duration = Duration::from_secs(600);
/// More are found out again.
const MOST: usize = 100_000;

/// Of one revision.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<TopicPartition, Vec<Arc<Batch>>>>);

/// What was refused of one batch of rows.
#[derive(Debug)]
struct Batch {
    rows: Range<i64>,
    /// Why, by the record's fingerprint.
    reasons: HashMap<u64, String>,
    when: Instant,
}

impl Refusals {
    /// These came of a batch of these rows.
    pub(super) fn learn(
        &self,
        partition: &TopicPartition,
        rows: &Range<i64>,
        all: &[RefusedRecord],
    ) {
        if all.is_empty() {
            return;
        }
        let mut known = self.0.lock();
        known.retain(|_, batches| {
            batches.retain(|batch| batch.when.elapsed() < LASTS);
            !batches.is_empty()
        });
        let held: usize = known
            .values()
            .flatten()
            .map(|batch| batch.reasons.len())
            .sum();
        let new = all.iter().take(MOST.saturating_sub(held));
        let batch = Batch {
            rows: rows.clone(),
            reasons: new
                .map(|refused| (refused.fingerprint, refused.reason.clone()))
                .collect(),
            when: Instant::now(),
        };
        known
            .entry(partition.clone())
            .or_default()
            .push(Arc::new(batch));
    }

    /// What is to be looked for among the records of these rows.
    pub(super) fn of(&self, partition: &TopicPartition, rows: &Range<i64>) -> Refusing {
        let known = self.0.lock();
        let batches = known.get(partition).into_iter().flatten().filter(|batch| {
            batch.rows.start < rows.end
                && rows.start < batch.rows.end
                && batch.when.elapsed() < LASTS
        });
        Refusing(batches.cloned().collect())
    }
}

/// What was refused of some rows: nothing as a rule.
#[derive(Debug, Default)]
pub(super) struct Refusing(Vec<Arc<Batch>>);

/// A record is known not to be taken.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) reason: &'a str,
    /// How often it was tried.
    pub(super) times: usize,
}

impl Refusing {
    /// Whether this record of the row at `offset` is not taken.
    pub(super) fn find(
        &self,
        offset: i64,
        topic: &str,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Option<Known<'_>> {
        if self.0.is_empty() {
            return None;
        }
        let fingerprint = fingerprint(topic, key, value);
        let mut reasons = self.0.iter().filter_map(|batch| {
            let reason = batch.reasons.get(&fingerprint)?;
            batch.rows.contains(&offset).then_some(reason)
        });
        let reason = reasons.next()?;
        Some(Known {
            reason,
            times: 1 + reasons.count(),
        })
    }
}

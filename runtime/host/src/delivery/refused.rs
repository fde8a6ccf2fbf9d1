//! Which records a topic did not take for what they are, so that their rows become dead letters when they come again.
//!
//! A broker refuses a whole batch, and says which of its records are to blame. The partition then goes back, and the guest sees its
//! rows again; what comes of them is compared with what was refused of those rows. A guest that makes something else of them this
//! time is asked no questions: that may be taken.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_kafka::producer::{RefusedRecord, fingerprint};
use parking_lot::Mutex;

use crate::source::TopicPartition;

/// The topic may be set up in another way by then.
const LASTS: Duration = Duration::from_secs(600);
/// Of more the oldest are forgotten: their rows came again long since, or find it out again.
const MOST: usize = 100_000;

/// Of one revision.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<TopicPartition, VecDeque<Arc<Batch>>>>);

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
        let batch = Batch {
            rows: rows.clone(),
            reasons: all
                .iter()
                .take(MOST)
                .map(|refused| (refused.fingerprint, refused.reason.clone()))
                .collect(),
            when: Instant::now(),
        };
        let mut known = self.0.lock();
        known.retain(|_, batches| {
            batches.retain(|batch| batch.when.elapsed() < LASTS);
            !batches.is_empty()
        });
        let reasons = |batches: &VecDeque<Arc<Batch>>| -> usize {
            batches.iter().map(|batch| batch.reasons.len()).sum()
        };
        let mut held: usize = known.values().map(reasons).sum();
        while held + batch.reasons.len() > MOST {
            let oldest = known
                .values_mut()
                .min_by_key(|batches| batches.front().map_or(batch.when, |front| front.when));
            let Some(forgotten) = oldest.and_then(VecDeque::pop_front) else {
                break;
            };
            held -= forgotten.reasons.len();
        }
        known
            .entry(partition.clone())
            .or_default()
            .push_back(Arc::new(batch));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_refusals_the_oldest_are_forgotten() {
        let refusals = Refusals::default();
        let partition = TopicPartition::new("in", 0);
        let some = MOST / 2;
        for batch in 0..5 {
            let first = (batch * some) as i64;
            let refused: Vec<_> = (0..some)
                .map(|at| RefusedRecord {
                    fingerprint: fingerprint("out", None, Some(&(first + at as i64).to_be_bytes())),
                    reason: "has no key".to_owned(),
                })
                .collect();
            refusals.learn(&partition, &(first..first + some as i64), &refused);
        }
        let knows = |offset: i64| {
            let refusing = refusals.of(&partition, &(offset..offset + 1));
            let value = offset.to_be_bytes();
            refusing.find(offset, "out", None, Some(&value)).is_some()
        };
        let known: Vec<bool> = (0..5).map(|batch| knows((batch * some) as i64)).collect();
        assert_eq!(known, [false, false, false, true, true]);
    }
}

//! Which records a topic did not take for what they are, so that their rows become dead letters when they come again.
//!
//! A broker refuses a whole batch, and says which of its records are to blame. The partition then goes back, and the guest sees its
//! rows again; what comes of them is compared with what was refused of those rows. A guest that makes something else of them this
//! time is asked no questions: that may be taken.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
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
pub(super) struct Refusals {
    /// So that nobody looks as long as there are none.
    any: AtomicBool,
    found: Mutex<HashMap<u64, Vec<Found>>>,
}

/// A record that was refused, and of which rows it came.
#[derive(Debug)]
struct Found {
    partition: TopicPartition,
    rows: Range<i64>,
    reason: String,
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
        let mut found = self.found.lock();
        found.retain(|_, these| {
            these.retain(|found| found.when.elapsed() < LASTS);
            !these.is_empty()
        });
        let mut seen = HashSet::new();
        let new = all
            .iter()
            .filter(|refused| seen.insert(refused.fingerprint));
        for refused in new.take(MOST.saturating_sub(found.len())) {
            let new = Found {
                partition: partition.clone(),
                rows: rows.clone(),
                reason: refused.reason.clone(),
                when: Instant::now(),
            };
            found.entry(refused.fingerprint).or_default().push(new);
        }
        self.any.store(!found.is_empty(), Ordering::Release);
    }

    /// What is to be looked for among the records of a batch of this partition; `None`: nothing.
    pub(super) fn of<'a>(&'a self, partition: &'a TopicPartition) -> Option<Refusing<'a>> {
        self.any.load(Ordering::Acquire).then_some(Refusing {
            all: self,
            partition,
        })
    }
}

/// The refusals of one partition's rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusing<'a> {
    all: &'a Refusals,
    partition: &'a TopicPartition,
}

/// A record is known not to be taken.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) reason: String,
    /// How often it was tried.
    pub(super) times: usize,
}

impl Refusing<'_> {
    /// Whether this record of the row at `offset` is not taken.
    pub(super) fn find(
        &self,
        offset: i64,
        topic: &str,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Option<Known> {
        let found = self.all.found.lock();
        let these = found.get(&fingerprint(topic, key, value))?;
        let mut of_the_row = these.iter().filter(|found| {
            found.partition == *self.partition
                && found.rows.contains(&offset)
                && found.when.elapsed() < LASTS
        });
        let reason = of_the_row.next()?.reason.clone();
        let times = 1 + of_the_row.count();
        Some(Known { reason, times })
    }
}

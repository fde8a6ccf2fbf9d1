//! What becomes of flights: they are held back, fail, or land in their topics, as a test says.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use millstream_kafka::producer::{RefusedRecord, fingerprint};
use parking_lot::MutexGuard;

use super::{Memory, Record, State};
use crate::delivery::{DeliveryError, Done, PURGED};

/// A sealed flight that is not acknowledged yet.
pub(super) struct Flown {
    pub(super) runs: Vec<Run>,
    pub(super) done: Done,
    /// Its transaction was aborted: all that is left of it is to say so.
    pub(super) purged: bool,
}

/// Records that go to one partition, one after another.
pub(super) struct Run {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    /// Empty where they are only counted.
    pub(super) records: Vec<Record>,
    pub(super) count: usize,
}

impl Flown {
    pub(super) fn records(&self) -> usize {
        self.runs.iter().map(|run| run.count).sum()
    }
}

impl Memory {
    /// Holds acknowledgements back.
    pub fn cork(&self) {
        self.inner.state.lock().corked = true;
    }

    /// The same for what is sent between two times that whoever sends has nothing more for the moment.
    pub fn cork_until_idle(&self) {
        let mut state = self.inner.state.lock();
        (state.corked, state.until_idle) = (true, true);
    }

    /// Acknowledges what was held back, in order, and everything that follows.
    pub fn uncork(&self) {
        let mut state = self.inner.state.lock();
        (state.corked, state.until_idle) = (false, false);
        self.land_held(state);
    }

    pub(super) fn land_held(&self, mut state: MutexGuard<'_, State>) {
        let held = std::mem::take(&mut state.held);
        drop(state);
        held.into_iter().for_each(|flown| self.land(flown));
    }

    /// Flights that are held back.
    #[must_use]
    pub fn held(&self) -> usize {
        self.inner.state.lock().held.len()
    }

    /// Acknowledges the held flight at this place.
    pub fn release(&self, at: usize) {
        let flown = self.inner.state.lock().held.remove(at);
        self.land(flown);
    }

    /// Fails the next flights to be acknowledged.
    pub fn fail_next(&self, flights: usize) {
        self.inner.state.lock().fail_next = flights;
    }

    /// The outlet takes no more while so many records or more are sealed and not acknowledged.
    pub fn capacity(&self, records: usize) {
        self.inner.capacity.store(records, Ordering::Relaxed);
    }

    pub(super) fn land(&self, flown: Flown) {
        let records = flown.records();
        if flown.purged {
            return (flown.done)(Err(DeliveryError::new(
                PURGED,
                "its transaction was aborted",
            )));
        }
        let mut state = self.inner.state.lock();
        let refused = state.refused(&flown.runs);
        let fails = state.fail_next > 0 || !refused.is_empty();
        if fails {
            state.fail_next = state.fail_next.saturating_sub(1);
        } else if let Some(open) = &mut state.transaction.open {
            open.extend(flown.runs);
        } else {
            flown.runs.into_iter().for_each(|run| state.append(run));
        }
        drop(state);
        self.inner.in_flight.fetch_sub(records, Ordering::AcqRel);
        self.inner.room.notify_waiters();
        (flown.done)(if fails {
            Err(DeliveryError {
                refused,
                ..DeliveryError::new("told-to-fail", "the test said so")
            })
        } else {
            Ok(())
        });
    }
}

impl State {
    fn refused(&self, runs: &[Run]) -> Vec<RefusedRecord> {
        let of_run = |run: &Run| {
            let refuses = self.topics.get(&*run.topic)?.refuses?;
            let of_record = |record: &Record| {
                let reason = refuses(record)?;
                let (key, value) = (record.key.as_deref(), record.value.as_deref());
                Some(RefusedRecord {
                    fingerprint: fingerprint(&run.topic, key, value),
                    reason: reason.to_owned(),
                })
            };
            Some(run.records.iter().filter_map(of_record).collect::<Vec<_>>())
        };
        runs.iter().filter_map(of_run).flatten().collect()
    }

    pub(super) fn append(&self, run: Run) {
        if let Some(log) = self.log(&run.topic, run.partition) {
            let mut log = log.lock();
            let unkept = run.count - run.records.len();
            log.next += unkept as i64;
            log.count += unkept as u64;
            log.append(run.records);
        }
    }
}

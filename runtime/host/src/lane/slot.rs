//! One partition of a lane: its queue, when its next batch is due, and where it has to go back to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{BatchLimits, LOOK, NewPartition, RECORD_OVERHEAD};
use crate::budget::Permit;
use crate::failure::Incident;
use crate::source::{Broken, Queue as _, Rows, Source, Taken, TopicPartition};
use crate::watchdog::Pulse;

/// A batch on this side of its delivery.
pub(super) struct Batch<R> {
    pub(super) rows: R,
    pub(super) permit: Permit,
    pub(super) taken: Instant,
    /// The partition's end comes right after it.
    pub(super) end: Option<i64>,
    /// Calls so far that these rows were part of.
    pub(super) calls: u32,
    /// The row, where it is a single one, that is to blame: no guest sees it again.
    pub(super) blamed: Option<Blamed>,
}

/// Why a row cannot be processed.
pub(super) struct Blamed {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

impl<R: Rows> Batch<R> {
    pub(super) fn new(rows: R, permit: Permit, end: Option<i64>) -> Self {
        Self {
            rows,
            permit,
            taken: Instant::now(),
            end,
            calls: 0,
            blamed: None,
        }
    }

    /// What it takes of the budget.
    pub(super) fn held(rows: &R) -> u64 {
        (rows.bytes() + rows.len() * RECORD_OVERHEAD) as u64
    }

    /// Two batches with half of the rows each, of at least two.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let rows = self.rows.split_off(self.rows.len() / 2);
        let permit = self.permit.split(Self::held(&rows));
        let right = Self {
            permit,
            end: self.end.take(),
            rows,
            blamed: None,
            ..self
        };
        [self, right]
    }
}

/// Smaller batches than the limit allows, because larger ones failed where their rows do not.
struct Smaller {
    records: usize,
    /// Batches until twice as many are tried.
    left: u32,
}

/// Long enough for a run of records that do not go together to pass by.
const SMALL_BATCHES: u32 = 100;

pub(super) struct Slot<S: Source> {
    pub(super) partition: TopicPartition,
    pub(super) queue: S::Queue,
    pub(super) generation: u64,
    /// Set from the source's threads when the queue becomes non-empty.
    signal: Arc<AtomicBool>,
    /// Whether records wait, as far as known.
    waiting: bool,
    /// When the last batch was taken.
    taken: Option<Instant>,
    /// Leave it alone until then.
    pub(super) not_before: Option<Instant>,
    /// Read from there on: what the queue holds is not what comes next.
    pub(super) back_to: Option<i64>,
    /// Why nothing comes after the last batch, in the place of the next one.
    pub(super) broken: Option<Broken>,
    /// Parts of a batch that failed: what comes next, before anything from the queue.
    pub(super) held: VecDeque<Batch<S::Rows>>,
    /// What has become of that batch.
    pub(super) incident: Option<Incident>,
    smaller: Option<Smaller>,
    /// First and next offset of the batch in hand.
    pub(super) working_on: Option<(i64, i64)>,
    /// The next offset to take, once known.
    pub(super) position: Option<i64>,
    /// The delivery is ahead of us: it has closed the partition, or gone back; a command about it is on its way.
    pub(super) stale: bool,
    /// Fewer records than the limit fill a batch where they are large.
    full: usize,
}

impl<S: Source> Slot<S> {
    pub(super) fn new(
        new: NewPartition<S::Queue>,
        wake: &Arc<Notify>,
        pulse: &Arc<Pulse>,
        limits: &BatchLimits,
    ) -> Self {
        let NewPartition {
            partition,
            mut queue,
            generation,
            position,
            seek,
        } = new;
        let signal = Arc::new(AtomicBool::new(false));
        queue.on_ready(Box::new({
            let (signal, wake, pulse) = (Arc::clone(&signal), Arc::clone(wake), Arc::clone(pulse));
            move || {
                if !signal.swap(true, Ordering::AcqRel) {
                    pulse.wanted();
                    wake.notify_one();
                }
            }
        }));
        Self {
            partition,
            queue,
            generation,
            signal,
            waiting: false,
            taken: None,
            not_before: None,
            back_to: seek.then_some(position),
            broken: None,
            held: VecDeque::new(),
            incident: None,
            smaller: None,
            working_on: None,
            position: Some(position),
            stale: false,
            full: limits.records,
        }
    }

    /// When there will be something to do; `None`: when the queue says so.
    pub(super) fn due(&mut self, now: Instant, limits: &BatchLimits) -> Option<Instant> {
        if self.stale {
            return None;
        }
        if !self.held.is_empty() || self.back_to.is_some() || self.broken.is_some() {
            return Some(self.not_before.unwrap_or(now).max(now));
        }
        self.waiting |= self.signal.swap(false, Ordering::AcqRel);
        if !self.waiting {
            return None;
        }
        if let Some(time) = self.not_before.filter(|time| *time > now) {
            return Some(time);
        }
        // What comes after a pause goes at once; what follows a batch closely waits for company.
        let next = self.taken.map_or(now, |taken| taken + limits.wait);
        if next <= now || self.queue.len() >= self.full {
            return Some(now);
        }
        Some(next.min(now + LOOK))
    }

    /// Whether the next thing to do is to take a new batch.
    pub(super) fn takes(&self) -> bool {
        self.held.is_empty() && self.back_to.is_none() && self.broken.is_none()
    }

    /// Gives a batch in hand up, to be read again.
    pub(super) fn put_back(&mut self) {
        if let Some(batch) = self.held.front() {
            let first = batch.rows.offset(0);
            self.back_to = Some(self.back_to.map_or(first, |back| back.min(first)));
        } else if self.broken.is_some() {
            self.back_to = self.back_to.or(self.position);
        }
        self.forget();
    }

    /// The batch in hand was given up in the middle.
    pub(super) fn abandoned(&mut self) {
        self.back_to = self.working_on.map(|span| span.0).or(self.back_to);
        self.forget();
    }

    /// Another revision has not failed at anything yet.
    pub(super) fn acquit(&mut self) {
        self.incident = None;
        self.held.iter_mut().for_each(|batch| batch.blamed = None);
    }

    fn forget(&mut self) {
        self.held.clear();
        self.broken = None;
        self.incident = None;
    }

    /// The most records of the next batch.
    pub(super) fn records(&self, limits: &BatchLimits) -> usize {
        self.smaller
            .as_ref()
            .map_or(limits.records, |smaller| smaller.records)
    }

    /// A batch or a part of one is on its way.
    pub(super) fn passed(&mut self, rows: usize, limits: &BatchLimits) {
        if let Some(incident) = &mut self.incident {
            incident.passed(rows);
            if self.held.is_empty() {
                if let Some(records) = incident.ended() {
                    self.smaller = Some(Smaller {
                        records: records.max(1),
                        left: SMALL_BATCHES,
                    });
                }
                self.incident = None;
            }
        } else if let Some(smaller) = &mut self.smaller {
            smaller.left -= 1;
            if smaller.left == 0 {
                smaller.records *= 2;
                smaller.left = SMALL_BATCHES;
                if smaller.records >= limits.records {
                    self.smaller = None;
                }
            }
        }
    }

    /// Looks into the queue at the next opportunity, whether or not it says anything.
    pub(super) fn look(&mut self) {
        self.signal.store(true, Ordering::Release);
    }

    pub(super) fn took(&mut self, taken: &Taken<S::Rows>, limits: &BatchLimits) {
        // The queue speaks up when it becomes non-empty; what is left in it has to be remembered here.
        self.waiting = self.queue.len() > 0;
        if !taken.rows.is_empty() {
            self.taken = Some(Instant::now());
            self.position = Some(taken.rows.next_offset());
            let mean = (taken.rows.bytes() / taken.rows.len()).max(1);
            self.full = (limits.bytes / mean).clamp(1, self.records(limits));
        }
        if let Some(end) = taken.end {
            self.position = Some(end);
        }
    }

    /// Leaves it alone until then.
    pub(super) fn rest(&mut self, until: Instant) {
        self.not_before = Some(until);
        self.queue.set_aside();
        // What is set aside may be silent until something is taken.
        self.look();
    }

    /// Of two that went out at the same time the newer one counts, whichever comes first.
    pub(super) fn go_back(&mut self, generation: u64, offset: i64, not_before: Instant) {
        if generation < self.generation {
            return;
        }
        self.generation = generation;
        self.back_to = Some(offset);
        self.position = Some(offset);
        self.rest(not_before);
        self.forget();
        self.stale = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, MemorySource};

    #[test]
    fn of_two_ways_back_the_newer_counts_whichever_comes_last() {
        let memory = Memory::new();
        memory.topic("in", 1);
        let partition = TopicPartition::new("in", 0);
        let source = MemorySource::new(&memory);
        let mut queues = source.begin(&[(partition.clone(), 0)]).unwrap();
        let new = NewPartition {
            partition,
            queue: queues.remove(0),
            generation: 4,
            position: 0,
            seek: false,
        };
        let limits = BatchLimits::default();
        let mut slot = Slot::<MemorySource>::new(new, &Arc::default(), &Arc::default(), &limits);
        slot.go_back(5, 100, Instant::now());
        slot.go_back(4, 200, Instant::now());
        assert_eq!((slot.generation, slot.back_to), (5, Some(100)));
    }
}

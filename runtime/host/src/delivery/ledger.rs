//! What a delivery knows of its partitions: watermarks, generations, what is committed, and of which topic.
//!
//! Everything that decides whether an offset may move is here, behind one lock that is taken a few times a batch. Flights
//! report from the producer's threads.

mod commits;
mod topics;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::layout::Tally;
use super::{Committed, DeliveryError, Happening, Stamp, Starts, TopicId};
use crate::budget::Permit;
use crate::source::TopicPartition;
use crate::stats::{OutputCounters, Stats};
use crate::watermark::{Ticket, Watermark};

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Long enough to leave a broker alone, short enough that nobody restarts the host out of impatience.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A batch in flight.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) permit: Permit,
    pub(super) tally: Tally,
    pub(super) counters: OutputCounters,
    pub(super) taken: Instant,
}

#[derive(Debug)]
struct Open {
    generation: u64,
    watermark: Watermark<Held>,
    committed: i64,
    committed_stamp: Option<Stamp>,
    /// Of which topic the offsets are, as far as known.
    topic: Option<TopicId>,
    void: Void,
    failures: u32,
}

/// Whether a partition's offsets are none of the topic's that has its name now: nothing of it is taken over or committed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Void {
    No,
    Yes,
    /// And the transform was told to stop for it.
    Told,
}

/// How a partition is opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// What is committed for it.
    pub(super) offset: i64,
    /// Who committed that.
    pub(super) stamp: Option<Stamp>,
    /// Of which topic that offset is.
    pub(super) topic: Option<TopicId>,
    /// That is not the topic that has its name now.
    pub(super) void: bool,
}

/// Names a batch in flight from any thread.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) partition: TopicPartition,
    pub(super) generation: u64,
    pub(super) ticket: Ticket,
}

#[derive(Debug)]
pub(super) struct Ledger {
    state: Mutex<State>,
    /// Told whenever something in flight is finished or forgotten.
    settled: Notify,
    generations: AtomicU64,
    happenings: mpsc::UnboundedSender<Happening>,
    stats: Arc<Stats>,
}

#[derive(Debug, Default)]
struct State {
    stamp: Stamp,
    starts: Arc<Starts>,
    open: HashMap<TopicPartition, Open>,
    /// When void partitions were looked at last.
    looked: Option<Instant>,
}

impl State {
    /// A partition, if this run through it is still under way.
    fn of(&mut self, partition: &TopicPartition, generation: u64) -> Option<&mut Open> {
        self.open
            .get_mut(partition)
            .filter(|open| open.generation == generation)
    }
}

impl Ledger {
    pub(super) fn new(stats: Arc<Stats>, happenings: mpsc::UnboundedSender<Happening>) -> Self {
        Self {
            state: Mutex::default(),
            settled: Notify::new(),
            generations: AtomicU64::new(1),
            happenings,
            stats,
        }
    }

    fn generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn open(&self, partition: &TopicPartition, opening: Opening) -> u64 {
        let generation = self.generation();
        let offset = opening.offset;
        let open = Open {
            generation,
            watermark: Watermark::new(offset),
            committed: offset,
            committed_stamp: opening.stamp,
            topic: opening.topic,
            void: if opening.void { Void::Yes } else { Void::No },
            failures: 0,
        };
        self.state.lock().open.insert(partition.clone(), open);
        self.stats.open(partition, offset);
        self.stats
            .partition(partition, |numbers| numbers.committed(offset));
        generation
    }

    pub(super) fn restamp(&self, stamp: Stamp, starts: &Starts) {
        let mut state = self.state.lock();
        if stamp < state.stamp {
            return;
        }
        state.stamp = stamp;
        if *state.starts != *starts {
            state.starts = Arc::new(starts.clone());
        }
        // Another revision may want it otherwise, and a transform that is deployed anew is told anew.
        for open in state.open.values_mut() {
            if open.void == Void::Told {
                open.void = Void::Yes;
            }
        }
        state.looked = None;
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.state.lock().stamp
    }

    pub(super) fn starts(&self) -> Arc<Starts> {
        Arc::clone(&self.state.lock().starts)
    }

    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    pub(super) fn say(&self, happening: Happening) {
        // Nobody listens any more once the transform has been let go.
        let _ = self.happenings.send(happening);
    }

    /// Counts a batch as in flight. `None`: the partition has been closed or has gone back since.
    pub(super) fn begin(
        &self,
        partition: &TopicPartition,
        generation: u64,
        next: i64,
        held: Held,
    ) -> Option<InFlight> {
        let mut state = self.state.lock();
        let open = state
            .of(partition, generation)
            .filter(|open| open.void == Void::No)?;
        let ticket = open.watermark.begin(next, held);
        Some(InFlight {
            partition: partition.clone(),
            generation,
            ticket,
        })
    }

    /// Nothing is to be read before `to`. `false`: the partition has been closed or has gone back since.
    pub(super) fn skip(&self, partition: &TopicPartition, generation: u64, to: i64) -> bool {
        let mut state = self.state.lock();
        let Some(open) = state.of(partition, generation) else {
            return false;
        };
        open.watermark.skip(to);
        self.stats.partition(partition, |numbers| {
            numbers.position(open.watermark.position())
        });
        true
    }

    /// Takes over nothing more of this run: what is in flight of it is going to go back.
    pub(super) fn outdate(&self, partition: &TopicPartition, generation: u64) {
        let mut state = self.state.lock();
        if let Some(open) = state.of(partition, generation) {
            open.generation = self.generation();
        }
    }

    /// All of a batch is written. Says nothing if the partition has gone on without it.
    pub(super) fn finish(&self, flight: &InFlight) {
        let passed = {
            let mut state = self.state.lock();
            let Some(open) = state.of(&flight.partition, flight.generation) else {
                return;
            };
            open.failures = 0;
            let passed = open.watermark.finish(flight.ticket);
            if !passed.is_empty() {
                self.stats.partition(&flight.partition, |numbers| {
                    numbers.position(open.watermark.position())
                });
            }
            passed
        };
        self.passed(&flight.partition, passed);
        self.settled.notify_waiters();
    }

    fn passed(&self, partition: &TopicPartition, passed: Vec<Held>) {
        let now = Instant::now();
        for held in passed {
            self.stats.finished(
                &held.tally,
                &held.counters,
                now.saturating_duration_since(held.taken),
            );
            self.stats
                .partition(partition, |numbers| numbers.timestamp(held.tally.timestamp));
            drop(held.permit);
        }
    }

    /// The run through a partition that is under way; none if it is not open.
    pub(super) fn generation_of(&self, partition: &TopicPartition) -> Option<u64> {
        let state = self.state.lock();
        state.open.get(partition).map(|open| open.generation)
    }

    /// The partitions that have batches in flight.
    pub(super) fn in_flight(&self) -> Vec<TopicPartition> {
        let state = self.state.lock();
        let busy = state
            .open
            .iter()
            .filter(|(_, open)| open.watermark.outstanding() > 0);
        busy.map(|(partition, _)| partition.clone()).collect()
    }

    /// What was in flight is not written: the partition goes back to where it is finished or, where more is known to be
    /// committed, there.
    pub(super) fn go_back(
        &self,
        partition: &TopicPartition,
        committed: Option<i64>,
        error: &DeliveryError,
    ) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        let forgotten = open.watermark.rewind();
        if let Some(committed) = committed {
            open.watermark.skip(committed);
            open.committed = open.committed.max(committed);
        }
        let happening = self.start_over(partition, open, error);
        drop(state);
        drop(forgotten);
        self.tell(happening);
    }

    fn start_over(
        &self,
        partition: &TopicPartition,
        open: &mut Open,
        error: &DeliveryError,
    ) -> Happening {
        open.generation = self.generation();
        open.failures = open.failures.saturating_add(1);
        Happening::GoBack {
            partition: partition.clone(),
            generation: open.generation,
            offset: open.watermark.position(),
            pause: pause_after(open.failures),
            reason: error.message.clone(),
        }
    }

    fn tell(&self, happening: Happening) {
        self.stats.went_back();
        self.say(happening);
        self.settled.notify_waiters();
    }

    /// Part of a batch could not be written: the partition goes back to where it is finished.
    pub(super) fn fail(&self, flight: &InFlight, error: &DeliveryError) {
        let mut state = self.state.lock();
        let Some(open) = state.of(&flight.partition, flight.generation) else {
            return;
        };
        let happening = self.start_over(&flight.partition, open, error);
        let forgotten = open.watermark.rewind();
        drop(state);
        drop(forgotten);
        self.tell(happening);
    }

    /// Batches in flight for these partitions.
    pub(super) fn outstanding(&self, partitions: &[TopicPartition]) -> usize {
        let state = self.state.lock();
        partitions
            .iter()
            .filter_map(|partition| state.open.get(partition))
            .map(|open| open.watermark.outstanding())
            .sum()
    }

    /// Waits until nothing is in flight for these partitions.
    pub(super) async fn settle(&self, partitions: &[TopicPartition]) {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.outstanding(partitions) == 0 {
                return;
            }
            settled.await;
        }
    }

    /// Forgets partitions; says where each one stood, how many of its batches were in flight, and what is to be committed.
    pub(super) fn close(&self, partitions: &[TopicPartition]) -> Vec<Ended> {
        let mut state = self.state.lock();
        let stamp = state.stamp;
        let mut ended = Vec::new();
        for partition in partitions {
            let Some(open) = state.open.remove(partition) else {
                continue;
            };
            ended.push(Ended {
                partition: partition.clone(),
                commit: open.commit(stamp),
                committed: open.committed,
                abandoned: open.watermark.outstanding(),
            });
        }
        drop(state);
        for partition in partitions {
            self.stats.forget(partition);
        }
        self.settled.notify_waiters();
        ended
    }

    pub(super) fn positions(&self) -> Vec<(TopicPartition, i64)> {
        let state = self.state.lock();
        state
            .open
            .iter()
            .map(|(partition, open)| (partition.clone(), open.watermark.position()))
            .collect()
    }
}

/// A partition that was forgotten.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) partition: TopicPartition,
    pub(super) commit: Option<Committed>,
    pub(super) committed: i64,
    pub(super) abandoned: usize,
}

/// Doubles from the first to the longest, then takes between half and all of that: partitions that failed together shall
/// not come back together.
fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST_PAUSE);
    doubled.mul_f64(rand::random_range(0.5..=1.0))
}

//! What a delivery knows of its partitions: watermarks, generations, what is committed, and of which topic.
//!
//! Everything that decides whether an offset may move is here, behind one lock that is taken a few times a batch. Flights
//! report from the producer's threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::layout::Tally;
use super::{Committed, DeliveryError, Happening, Mark, Stamp, Starts, TopicId};
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

/// An open partition, and of which topic its offsets are.
#[derive(Debug, Clone)]
pub(super) struct Of {
    pub(super) partition: TopicPartition,
    pub(super) topic: Option<TopicId>,
    pub(super) void: bool,
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

    /// Every open partition.
    pub(super) fn all(&self) -> Vec<Of> {
        let state = self.state.lock();
        let all = state.open.iter().map(|(partition, open)| Of {
            partition: partition.clone(),
            topic: open.topic.clone(),
            void: open.void != Void::No,
        });
        all.collect()
    }

    /// Whether void partitions are to be looked at again: now and then, while there are any.
    pub(super) fn is_void_again(&self, after: Duration) -> bool {
        let mut state = self.state.lock();
        let due = state.looked.is_none_or(|looked| looked.elapsed() >= after)
            && state.open.values().any(|open| open.void != Void::No);
        if due {
            state.looked = Some(Instant::now());
        }
        due
    }

    /// The topic that a partition's offsets are of has become known.
    pub(super) fn identify(&self, partition: &TopicPartition, topic: &TopicId) {
        if let Some(open) = self.state.lock().open.get_mut(partition) {
            open.topic.get_or_insert_with(|| Arc::clone(topic));
        }
    }

    /// The topic that a partition's offsets are of is not there: what is in flight is forgotten, and nothing more is taken
    /// over.
    pub(super) fn void(&self, partition: &TopicPartition) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        if open.void != Void::No {
            return;
        }
        open.void = Void::Yes;
        open.generation = self.generation();
        let forgotten = open.watermark.rewind();
        drop(state);
        drop(forgotten);
        self.settled.notify_waiters();
    }

    /// The same topic is there again: the partition goes on where it stood.
    pub(super) fn revive(&self, partition: &TopicPartition) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        open.void = Void::No;
        open.generation = self.generation();
        let moved = Happening::Moved {
            partition: partition.clone(),
            generation: open.generation,
            offset: open.watermark.position(),
            reason: "its topic is there again".to_owned(),
        };
        drop(state);
        self.say(moved);
    }

    /// The partition is read from this offset on, whatever was before, as one of this topic.
    pub(super) fn restart(
        &self,
        partition: &TopicPartition,
        offset: i64,
        topic: Option<TopicId>,
        reason: String,
    ) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        open.generation = self.generation();
        let forgotten = std::mem::replace(&mut open.watermark, Watermark::new(offset));
        open.committed = offset;
        open.topic = topic;
        open.void = Void::No;
        open.failures = 0;
        let moved = Happening::Moved {
            partition: partition.clone(),
            generation: open.generation,
            offset,
            reason,
        };
        drop(state);
        drop(forgotten);
        self.stats
            .partition(partition, |numbers| numbers.position(offset));
        self.settled.notify_waiters();
        self.say(moved);
    }

    /// There is nothing to read before `to` any more: what is in flight goes on.
    pub(super) fn pass_over(
        &self,
        partition: &TopicPartition,
        generation: u64,
        to: i64,
        reason: String,
    ) {
        self.skip(partition, generation, to);
        self.say(Happening::Moved {
            partition: partition.clone(),
            generation,
            offset: to,
            reason,
        });
    }

    /// The transform is to stop before this offset of a partition. A void one says so once.
    pub(super) fn stop(
        &self,
        partition: &TopicPartition,
        offset: Option<i64>,
        code: &'static str,
        reason: String,
    ) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        match open.void {
            Void::No => {}
            Void::Yes => open.void = Void::Told,
            Void::Told => return,
        }
        let lost = Happening::Lost {
            partition: partition.clone(),
            generation: open.generation,
            offset: offset.unwrap_or_else(|| open.watermark.position()),
            code,
            reason,
        };
        drop(state);
        self.say(lost);
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

    /// Nothing is to be read before `to`.
    pub(super) fn skip(&self, partition: &TopicPartition, generation: u64, to: i64) {
        let mut state = self.state.lock();
        let Some(open) = state.of(partition, generation) else {
            return;
        };
        open.watermark.skip(to);
        self.stats.partition(partition, |numbers| {
            numbers.position(open.watermark.position())
        });
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

    /// What a commit of everything that has begun would change.
    pub(super) fn begun(&self) -> Vec<(TopicPartition, Committed)> {
        let state = self.state.lock();
        let stamp = state.stamp;
        let changed = state.open.iter().filter_map(|(partition, open)| {
            let commit = open.commit_up_to(open.watermark.begun(), stamp)?;
            Some((partition.clone(), commit))
        });
        changed.collect()
    }

    /// Everything that has begun is written and committed so. Nothing may begin meanwhile.
    pub(super) fn finish_all(&self, commits: &[(TopicPartition, Committed)]) {
        for (partition, _) in commits {
            let passed = {
                let mut state = self.state.lock();
                let Some(open) = state.open.get_mut(partition) else {
                    continue;
                };
                open.failures = 0;
                let passed = open.watermark.finish_all();
                self.stats.partition(partition, |numbers| {
                    numbers.position(open.watermark.position())
                });
                passed
            };
            self.passed(partition, passed);
        }
        self.committed(commits.iter());
        self.settled.notify_waiters();
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

    /// What a commit would change.
    pub(super) fn uncommitted(&self) -> Vec<(TopicPartition, Committed)> {
        let state = self.state.lock();
        let stamp = state.stamp;
        let changed = state
            .open
            .iter()
            .filter_map(|(partition, open)| Some((partition.clone(), open.commit(stamp)?)));
        changed.collect()
    }

    /// These commits worked.
    pub(super) fn committed<'a>(
        &self,
        commits: impl Iterator<Item = &'a (TopicPartition, Committed)>,
    ) {
        let mut state = self.state.lock();
        for (partition, committed) in commits {
            if let Some(open) = state.open.get_mut(partition) {
                open.committed = open.committed.max(committed.offset);
                let mark = committed.metadata.parse::<Mark>().ok();
                open.committed_stamp = mark.map(|mark| mark.stamp);
                let offset = open.committed;
                self.stats
                    .partition(partition, |numbers| numbers.committed(offset));
            }
        }
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

impl Open {
    /// What is to be committed, if that changes anything.
    fn commit(&self, stamp: Stamp) -> Option<Committed> {
        self.commit_up_to(self.watermark.position(), stamp)
    }

    fn commit_up_to(&self, offset: i64, stamp: Stamp) -> Option<Committed> {
        let changed = offset > self.committed || self.committed_stamp != Some(stamp);
        let topic = self.topic.clone();
        (changed && self.void == Void::No).then(|| Committed {
            offset,
            metadata: Mark { stamp, topic }.to_string(),
        })
    }
}

/// Doubles from the first to the longest, then takes between half and all of that: partitions that failed together shall
/// not come back together.
fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST_PAUSE);
    doubled.mul_f64(rand::random_range(0.5..=1.0))
}

//! Whose turn it is: workers are shared fairly between transforms by the CPU time that they use.
//!
//! There are as many turns as workers. [`Account::run`] wraps a lane's work so that every slice of it, one poll, needs a turn;
//! turns go to the waiting lane whose transform has used the least. What a slice used is read from the thread's CPU clock
//! and charged to the transform, whether it was the guest or the host on its behalf. The engine makes a long guest call
//! yield every few milliseconds, which ends the slice; so nobody holds a turn for longer than that, and a transform
//! that spreads over many lanes gets no more than one with a single lane.
//!
//! Not everything can be interrupted: one instruction may fill all of a guest's memory, and the host itself takes a while over a
//! large answer. So a transform is on probation at first, and again after each such long slice: it gets its turns in a second line,
//! beside the first, off the runtime's workers. There it has the operating system to share the cores with the others, who wait
//! for none of its slices. Probation ends with a number of slices that were short, twice as many each time, so that a transform
//! whose slices are long now and then holds the others up ever less often.
//!
//! A transform that was idle starts just before the least-used of the busy ones: it goes next, but cannot save up more than
//! [`CREDIT`].
//!
//! Knows nothing of guests, Kafka or the runtime that polls it. A slice that blocks its thread holds its turn.

mod turn;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

pub use turn::Turns;

/// How far behind the others a transform may be and still be given it back. A lane is out of the line for a moment between two
/// batches; without credit, whoever takes its turn then would keep it. A few slices long, so that many transforms that
/// wake up together do not hold the others up.
pub const CREDIT: Duration = Duration::from_millis(20);

/// CPU time of a slice that is a long one: several times what the engine lets a guest have at once.
const LONG: Duration = Duration::from_millis(20);
/// Short slices that end the first probation. Each of them may run on another thread, which costs memory for a while: long
/// slices mostly show in a transform's first batch.
const PROBATION: u32 = 16;
/// The most that may be asked for.
const LONGEST_PROBATION: u32 = PROBATION << 16;

/// Shared by all transforms of a host.
#[derive(Debug, Clone)]
pub struct Schedule {
    lines: [Arc<Inner>; 2],
}

/// Which line: for transforms that have shown that their slices are short, and for those on probation.
const TRUSTED: usize = 0;
const ON_PROBATION: usize = 1;

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// CPU nanoseconds of the calling thread.
    clock: fn() -> u64,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// The use at which the last turn was given: nobody who has been waiting for long has used less.
    floor: u64,
    /// Who waits, least used first. A lane's key may have become too small when another lane of its transform was charged; it
    /// is put right when it comes up.
    line: BinaryHeap<Reverse<(u64, Place)>>,
    waiting: HashMap<Place, Waiting>,
    /// Lanes that have been woken with a turn and have not used it yet.
    granted: HashSet<Place>,
    places: u64,
}

/// A place in the line; places with equal use come in the order in which they were taken.
type Place = u64;

#[derive(Debug)]
struct Waiting {
    account: Arc<Charges>,
    waker: Waker,
}

/// What a transform has used.
#[derive(Debug)]
struct Charges {
    /// Nanoseconds, raised to the floor after idling: an order, not a measurement.
    rank: AtomicU64,
    used: AtomicU64,
    turns: AtomicU64,
    /// Short slices that are left of this probation.
    probation: AtomicU32,
    /// What the next one begins with.
    next_probation: AtomicU32,
}

impl Default for Charges {
    fn default() -> Self {
        Self {
            rank: AtomicU64::default(),
            used: AtomicU64::default(),
            turns: AtomicU64::default(),
            probation: AtomicU32::new(PROBATION),
            next_probation: AtomicU32::new(PROBATION * 2),
        }
    }
}

impl Schedule {
    /// As many turns as there are workers; at least one.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self::with_clock(workers, thread_cpu)
    }

    /// A schedule that charges by another clock, for tests: nanoseconds of CPU of the calling thread.
    #[must_use]
    pub fn with_clock(workers: usize, clock: fn() -> u64) -> Self {
        let line = || {
            let state = State {
                free: workers.max(1),
                floor: 0,
                line: BinaryHeap::new(),
                waiting: HashMap::new(),
                granted: HashSet::new(),
                places: 0,
            };
            Arc::new(Inner {
                state: Mutex::new(state),
                clock,
            })
        };
        Self {
            lines: [line(), line()],
        }
    }

    /// A new account: one for a transform, shared by its lanes.
    #[must_use]
    pub fn account(&self) -> Account {
        Account {
            lines: self.lines.clone(),
            charges: Arc::default(),
        }
    }
}

fn thread_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// A transform's account with the schedule.
#[derive(Debug, Clone)]
pub struct Account {
    lines: [Arc<Inner>; 2],
    charges: Arc<Charges>,
}

impl Account {
    /// Runs a future in turns. Its output comes with the last turn given back.
    pub fn run<F: Future>(&self, work: F) -> Turns<F> {
        Turns::new(self.clone(), work)
    }

    /// The same for a transform that has used so much already, as [`Account::used`] counts it.
    #[must_use]
    pub fn after(self, used: Duration) -> Self {
        let nanos = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        self.charges.used.store(nanos, Ordering::Relaxed);
        self
    }

    /// CPU time that this transform's slices have used.
    #[must_use]
    pub fn used(&self) -> Duration {
        Duration::from_nanos(self.charges.used.load(Ordering::Relaxed))
    }

    /// How many slices have run.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.charges.turns.load(Ordering::Relaxed)
    }
}

impl Charges {
    /// The line to wait in.
    fn line(&self) -> usize {
        if self.probation.load(Ordering::Relaxed) == 0 {
            TRUSTED
        } else {
            ON_PROBATION
        }
    }

    /// A slice has used this much.
    fn had(&self, used: u64) {
        if u128::from(used) > LONG.as_nanos() {
            // Two lanes at once may both begin the same one: it is only begun too early then.
            let this = self.next_probation.load(Ordering::Relaxed);
            let next = (this * 2).min(LONGEST_PROBATION);
            self.next_probation.store(next, Ordering::Relaxed);
            self.probation.store(this, Ordering::Relaxed);
        } else if self.probation.load(Ordering::Relaxed) > 0 {
            let less = |left: u32| Some(left.saturating_sub(1));
            let _ = self
                .probation
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }
}

impl Inner {
    /// Takes a place in the line, wherever it is.
    fn join(&self, charges: &Arc<Charges>, waker: &Waker) -> Place {
        let mut state = self.state.lock();
        let place = state.queue(charges, waker);
        let woken = state.give();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        place
    }

    /// Takes a turn if one is free and nobody waits; otherwise a place in the line.
    fn ask(&self, charges: &Arc<Charges>, waker: &Waker) -> Option<Place> {
        let mut state = self.state.lock();
        if state.free > 0 && state.waiting.is_empty() {
            let rank = state.admit(charges);
            state.free -= 1;
            state.floor = state.floor.max(rank);
            return None;
        }
        Some(state.queue(charges, waker))
    }

    /// Whether the turn has come for this place; otherwise it is this waker that will be told.
    fn come(&self, place: Place, waker: &Waker) -> bool {
        let mut state = self.state.lock();
        if state.granted.remove(&place) {
            return true;
        }
        if let Some(waiting) = state.waiting.get_mut(&place) {
            waiting.waker.clone_from(waker);
        }
        false
    }

    fn leave(&self, place: Place) {
        let mut state = self.state.lock();
        if state.granted.remove(&place) {
            state.free += 1;
        } else {
            state.waiting.remove(&place);
        }
        let woken = state.give();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Ends a slice. With `again` it gets back into the line before the turn is given away, so that a lane that only yielded is
    /// never passed over because it was not there for a moment.
    fn end(&self, charges: &Arc<Charges>, used: u64, again: Option<&Waker>) -> Option<Place> {
        let mut state = self.state.lock();
        charges.rank.fetch_add(used, Ordering::Relaxed);
        charges.used.fetch_add(used, Ordering::Relaxed);
        charges.turns.fetch_add(1, Ordering::Relaxed);
        state.free += 1;
        let place = again.map(|waker| state.queue(charges, waker));
        let woken = state.give();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        place
    }
}

impl State {
    /// Cuts what a transform has saved up.
    fn admit(&self, charges: &Charges) -> u64 {
        let least = self.floor.saturating_sub(CREDIT.as_nanos() as u64);
        charges.rank.fetch_max(least, Ordering::Relaxed).max(least)
    }

    fn queue(&mut self, charges: &Arc<Charges>, waker: &Waker) -> Place {
        let rank = self.admit(charges);
        self.places += 1;
        self.line.push(Reverse((rank, self.places)));
        self.waiting.insert(
            self.places,
            Waiting {
                account: Arc::clone(charges),
                waker: waker.clone(),
            },
        );
        self.places
    }

    /// Gives free turns to those who wait. Returns whom to wake, once the lock is released.
    fn give(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        while self.free > 0 {
            let Some(Reverse((key, place))) = self.line.pop() else {
                break;
            };
            let Some(waiting) = self.waiting.remove(&place) else {
                continue;
            };
            let rank = waiting.account.rank.load(Ordering::Relaxed);
            if rank > key {
                self.line.push(Reverse((rank, place)));
                self.waiting.insert(place, waiting);
                continue;
            }
            self.free -= 1;
            self.floor = self.floor.max(rank);
            self.granted.insert(place);
            woken.push(waiting.waker);
        }
        woken
    }
}

#[cfg(test)]
mod tests;

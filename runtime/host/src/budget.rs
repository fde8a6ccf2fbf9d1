//! One budget of bytes in flight for the whole host.
//!
//! A [`Permit`] counts a batch from the moment it is taken from its partition until everything before it *and* it itself
//! is acknowledged: a batch that is done but stands behind an unfinished one still counts, for it would have to be read
//! again. Lanes wait in the order in which they came, so a large batch is not overtaken forever by small ones.
//!
//! A transform that has nothing in flight is let in with one batch, whatever the others hold: one whose output cannot be
//! written may fill the budget for hours, and must not stop everybody else. So what is in flight exceeds the budget by
//! one batch for each transform at most.
//!
//! A batch that turns out larger than the whole budget is admitted alone among its transform's: it waits until none of them
//! is in flight. So one large record can neither deadlock the host nor let memory grow by more than itself.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Bytes are counted in units of this size, rounded up: a record costs memory beyond its own bytes, and a small batch must
/// not be free.
const UNIT: u64 = 1024;

/// Shared by all lanes of a host. Clones count as the same transform.
#[derive(Debug, Clone)]
pub struct Budget {
    inner: Arc<Inner>,
    transform: u64,
}

#[derive(Debug)]
struct Inner {
    units: u64,
    state: Mutex<State>,
}

/// Everything under one lock, since who may go in depends on all of it. It is taken a few times a batch.
#[derive(Debug, Default)]
struct State {
    /// Units in flight; past the budget while a batch is larger than its reservation, or was let in as its transform's
    /// only one.
    used: u64,
    /// Units of each transform that has any.
    held: HashMap<u64, u64>,
    /// In the order in which they came.
    line: VecDeque<Waiting>,
    transforms: u64,
}

#[derive(Debug)]
struct Waiting {
    transform: u64,
    units: u64,
    /// Closed when the lane has given up.
    enter: oneshot::Sender<Permit>,
}

impl Budget {
    /// A budget of this many bytes, at least one unit.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                units: units(bytes),
                state: Mutex::default(),
            }),
            transform: 0,
        }
    }

    /// The same budget for another transform.
    #[must_use]
    pub fn for_transform(&self) -> Self {
        let mut state = self.inner.state.lock();
        state.transforms += 1;
        Self {
            inner: Arc::clone(&self.inner),
            transform: state.transforms,
        }
    }

    /// Waits for room for `bytes`, or for the whole budget where that is less. First come, first served, save for a
    /// transform's only batch, which does not wait. Dropping the future gives up the place in the line.
    pub async fn reserve(&self, bytes: u64) -> Permit {
        let entered = {
            let mut state = self.inner.state.lock();
            if let Some(permit) = self.enter(&mut state, bytes) {
                return permit;
            }
            let (enter, entered) = oneshot::channel();
            state.line.push_back(Waiting {
                transform: self.transform,
                units: self.share(bytes),
                enter,
            });
            entered
        };
        match entered.await {
            Ok(permit) => permit,
            // Whoever stands in the line holds the budget, and so the line, alive.
            Err(_) => std::future::pending().await,
        }
    }

    /// Like [`Self::reserve`], but only if that need not wait.
    #[must_use]
    pub fn try_reserve(&self, bytes: u64) -> Option<Permit> {
        self.enter(&mut self.inner.state.lock(), bytes)
    }

    /// Bytes in flight, rounded up to units; past [`Self::total`] while a batch larger than its reservation, or one that
    /// was let in because its transform had none, is in flight.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.inner.state.lock().used * UNIT
    }

    /// The whole budget in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.inner.units * UNIT
    }

    /// What is set aside for a batch of unknown size.
    fn share(&self, bytes: u64) -> u64 {
        units(bytes).min(self.inner.units)
    }

    fn enter(&self, state: &mut State, bytes: u64) -> Option<Permit> {
        let units = self.share(bytes);
        let alone = !state.held.contains_key(&self.transform);
        state.line.retain(|waiting| !waiting.enter.is_closed());
        let room = state.line.is_empty() && state.used + units <= self.inner.units;
        (alone || room).then(|| self.permit(state, units))
    }

    fn permit(&self, state: &mut State, units: u64) -> Permit {
        state.used += units;
        *state.held.entry(self.transform).or_default() += units;
        Permit {
            budget: self.clone(),
            units,
        }
    }
}

fn units(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT).max(1)
}

/// A batch's share of the budget; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    budget: Budget,
    units: u64,
}

impl Permit {
    /// Changes the share to what the batch really holds. Never waits: the bytes are in memory already, so what was not
    /// reserved is owed, and later batches wait for it.
    pub fn resize(&mut self, bytes: u64) {
        let wanted = units(bytes);
        self.change(wanted);
    }

    /// Gives so many bytes of the share away, or all of it where that is less. Together they hold what they held.
    #[must_use]
    pub fn split(&mut self, bytes: u64) -> Permit {
        let given = units(bytes).min(self.units);
        self.units -= given;
        Permit {
            budget: self.budget.clone(),
            units: given,
        }
    }

    /// Bytes counted, rounded up to units.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.units * UNIT
    }

    fn change(&mut self, wanted: u64) {
        let budget = &self.budget;
        let mut state = budget.inner.state.lock();
        state.used = state.used + wanted - self.units;
        let held = state.held.entry(budget.transform).or_default();
        *held = *held + wanted - self.units;
        if *held == 0 {
            state.held.remove(&budget.transform);
        }
        let fewer = wanted < self.units;
        self.units = wanted;
        if fewer {
            let let_in = budget.inner.let_in(&mut state);
            // A lane that gave up just now sends its permit back, which takes the lock.
            drop(state);
            for (enter, permit) in let_in {
                drop(enter.send(permit));
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.change(0);
    }
}

impl Inner {
    /// Takes those out of the line that may go in: the first ones as long as there is room, and of each transform that
    /// has nothing in flight its first.
    fn let_in(self: &Arc<Self>, state: &mut State) -> Vec<(oneshot::Sender<Permit>, Permit)> {
        let mut let_in = Vec::new();
        let mut room = true;
        for waiting in std::mem::take(&mut state.line) {
            if waiting.enter.is_closed() {
                continue;
            }
            room &= state.used + waiting.units <= self.units;
            if room || !state.held.contains_key(&waiting.transform) {
                let budget = Budget {
                    inner: Arc::clone(self),
                    transform: waiting.transform,
                };
                let permit = budget.permit(state, waiting.units);
                let_in.push((waiting.enter, permit));
            } else {
                state.line.push_back(waiting);
            }
        }
        let_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const KIB: u64 = 1024;

    #[tokio::test]
    async fn waits_until_room_is_given_back() {
        let budget = Budget::new(10 * KIB);
        let first = budget.reserve(8 * KIB).await;
        let mut second = Box::pin(budget.reserve(4 * KIB));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(second.await.bytes(), 4 * KIB);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn small_batches_do_not_overtake_a_large_one() {
        let budget = Budget::new(10 * KIB);
        let first = budget.reserve(4 * KIB).await;
        let mut large = Box::pin(budget.reserve(10 * KIB));
        assert!(large.as_mut().now_or_never().is_none());
        let mut small = Box::pin(budget.reserve(KIB));
        assert!(
            small.as_mut().now_or_never().is_none(),
            "there is room, but the large one came first"
        );
        assert!(budget.try_reserve(KIB).is_none());
        drop(first);
        let large = large.await;
        assert!(small.as_mut().now_or_never().is_none());
        drop(large);
        small.await;
    }

    #[tokio::test]
    async fn a_batch_larger_than_the_budget_is_admitted_alone() {
        let budget = Budget::new(4 * KIB);
        let other = budget.reserve(KIB).await;
        let mut oversize = Box::pin(budget.reserve(100 * KIB));
        assert!(oversize.as_mut().now_or_never().is_none(), "not alone yet");
        drop(other);
        let mut oversize = oversize.await;
        oversize.resize(100 * KIB);
        assert_eq!(budget.used(), 100 * KIB);
        let mut next = Box::pin(budget.reserve(1));
        assert!(next.as_mut().now_or_never().is_none());
        drop(oversize);
        drop(next.await);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn a_transform_that_holds_everything_does_not_stop_the_others() {
        let stuck = Budget::new(4 * KIB);
        let held = stuck.reserve(4 * KIB).await;
        let mut more = Box::pin(stuck.reserve(KIB));
        assert!(more.as_mut().now_or_never().is_none());
        let other = stuck.for_transform();
        let mut first = other.try_reserve(2 * KIB).unwrap();
        for _ in 0..3 {
            assert_eq!(other.used(), 6 * KIB);
            let mut second = Box::pin(other.reserve(2 * KIB));
            assert!(second.as_mut().now_or_never().is_none(), "one at a time");
            drop(first);
            first = second.await;
        }
        drop(first);
        assert!(more.as_mut().now_or_never().is_none(), "nothing came free");
        drop(held);
        drop(more.await);
        assert_eq!(stuck.used(), 0);
    }

    #[tokio::test]
    async fn what_was_reserved_too_much_is_given_back_at_once() {
        let budget = Budget::new(4 * KIB);
        let mut permit = budget.reserve(4 * KIB).await;
        permit.resize(100);
        assert_eq!(budget.used(), KIB);
        assert!(budget.try_reserve(3 * KIB).is_some());
    }

    #[tokio::test]
    async fn a_debt_is_paid_before_anyone_is_let_in() {
        let budget = Budget::new(4 * KIB);
        let mut a = budget.reserve(2 * KIB).await;
        let b = budget.reserve(2 * KIB).await;
        a.resize(5 * KIB);
        assert_eq!(budget.used(), 7 * KIB);
        drop(b);
        assert!(
            budget.try_reserve(KIB).is_none(),
            "the two units went into the debt of three"
        );
        drop(a);
        assert_eq!(budget.used(), 0);
        assert!(budget.try_reserve(4 * KIB).is_some());
    }

    #[tokio::test]
    async fn giving_up_frees_the_place_in_the_line() {
        let budget = Budget::new(2 * KIB);
        let first = budget.reserve(KIB).await;
        let mut large = Box::pin(budget.reserve(2 * KIB));
        assert!(large.as_mut().now_or_never().is_none());
        drop(large);
        assert!(budget.reserve(KIB).now_or_never().is_some());
        drop(first);
    }
}

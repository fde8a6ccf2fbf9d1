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

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

/// Bytes are counted in units of this size, rounded up: a record costs memory beyond its own bytes, and a small batch must
/// not be free.
const UNIT: u64 = 1024;

/// Shared by all lanes of a host. Clones count as the same transform.
#[derive(Debug, Clone)]
pub struct Budget {
    inner: Arc<Inner>,
    /// Units that this transform holds.
    held: Arc<Held>,
}

/// What one transform holds.
#[derive(Debug, Default)]
struct Held {
    units: AtomicU64,
    /// It holds nothing any more.
    none_left: Notify,
}

#[derive(Debug)]
struct Inner {
    units: u32,
    free: Semaphore,
    /// Units by which batches turned out larger than what was reserved for them; paid back before anyone is let in.
    debt: Mutex<u64>,
}

impl Budget {
    /// A budget of this many bytes, at least one unit.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX >> 3)
            .clamp(1, u32::MAX >> 3);
        Self {
            inner: Arc::new(Inner {
                units,
                free: Semaphore::new(units as usize),
                debt: Mutex::new(0),
            }),
            held: Arc::default(),
        }
    }

    /// The same budget for another transform.
    #[must_use]
    pub fn for_transform(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            held: Arc::default(),
        }
    }

    /// A permit if nothing of this transform is in flight.
    fn first(&self, units: u64) -> Option<Permit> {
        self.held
            .units
            .compare_exchange(0, units, Relaxed, Relaxed)
            .ok()?;
        self.inner.owe(units);
        Some(Permit {
            budget: self.clone(),
            units,
        })
    }

    fn permit(&self, units: u64) -> Permit {
        self.held.units.fetch_add(units, Relaxed);
        Permit {
            budget: self.clone(),
            units,
        }
    }

    /// Waits for room for `bytes`, or for the whole budget where that is less. First come, first served, save for a
    /// transform's first batch, which does not wait. Dropping the future gives up the place in the line.
    pub async fn reserve(&self, bytes: u64) -> Permit {
        let units = units(bytes).min(u64::from(self.inner.units)) as u32;
        let mut room = pin!(self.inner.free.acquire_many(units));
        loop {
            // Listening comes before looking, so that nothing is missed in between.
            let none_left = self.held.none_left.notified();
            if let Some(first) = self.first(u64::from(units)) {
                return first;
            }
            tokio::select! {
                room = &mut room => {
                    // The semaphore lives as long as the budget and is never closed.
                    if let Ok(room) = room {
                        room.forget();
                    }
                    return self.permit(u64::from(units));
                }
                () = none_left => {}
            }
        }
    }

    /// Like [`Self::reserve`], but only if that need not wait.
    #[must_use]
    pub fn try_reserve(&self, bytes: u64) -> Option<Permit> {
        let units = units(bytes).min(u64::from(self.inner.units)) as u32;
        if let Some(first) = self.first(u64::from(units)) {
            return Some(first);
        }
        self.inner.free.try_acquire_many(units).ok()?.forget();
        Some(self.permit(u64::from(units)))
    }

    /// Bytes in flight or set aside for the first in the line, rounded up to units; past [`Self::total`] while a batch
    /// larger than its reservation, or one that was let in because its transform had none, is in flight.
    #[must_use]
    pub fn used(&self) -> u64 {
        let debt = *self.inner.debt.lock();
        (u64::from(self.inner.units) - self.inner.free.available_permits() as u64 + debt) * UNIT
    }

    /// The whole budget in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::from(self.inner.units) * UNIT
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
    /// reserved becomes a debt that later batches wait for.
    pub fn resize(&mut self, bytes: u64) {
        let wanted = units(bytes);
        if wanted < self.units {
            self.budget
                .held
                .units
                .fetch_sub(self.units - wanted, Relaxed);
            self.budget.inner.give_back(self.units - wanted);
        } else {
            self.budget
                .held
                .units
                .fetch_add(wanted - self.units, Relaxed);
            self.budget.inner.owe(wanted - self.units);
        }
        self.units = wanted;
    }

    /// Bytes counted, rounded up to units.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.units * UNIT
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let held = &self.budget.held;
        if held.units.fetch_sub(self.units, Relaxed) == self.units {
            held.none_left.notify_waiters();
        }
        self.budget.inner.give_back(self.units);
    }
}

impl Inner {
    fn give_back(&self, units: u64) {
        let mut debt = self.debt.lock();
        let paid = units.min(*debt);
        *debt -= paid;
        self.free.add_permits((units - paid) as usize);
    }

    fn owe(&self, units: u64) {
        // The lock is held throughout, so that nothing given back in between is counted twice.
        let mut debt = self.debt.lock();
        let taken =
            self.free
                .forget_permits(usize::try_from(units).unwrap_or(usize::MAX)) as u64;
        *debt += units - taken;
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

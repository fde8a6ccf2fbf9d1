//! The future that asks for a turn before each poll and gives it back afterwards.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use super::{Account, Place};

/// Work that runs in turns; see [`Account::run`].
///
/// Dropping it gives up its place or its turn. A panic of the work passes through, after the turn was given back.
#[derive(Debug)]
pub struct Turns<F> {
    // Boxed, so that the wrapper needs no pin projection: one allocation a batch.
    work: Pin<Box<F>>,
    account: Account,
    place: Option<Place>,
    bell: Arc<Bell>,
    ring: Waker,
}

/// Stands between the work and its task's waker, to know whether the work woke itself during a slice: then it only yielded.
#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.lock().wake_by_ref();
    }
}

impl<F: Future> Turns<F> {
    pub(super) fn new(account: Account, work: F) -> Self {
        let bell = Arc::new(Bell {
            rung: AtomicBool::new(false),
            task: Mutex::new(Waker::noop().clone()),
        });
        let ring = Waker::from(Arc::clone(&bell));
        Self {
            work: Box::pin(work),
            account,
            place: None,
            bell,
            ring,
        }
    }
}

impl<F: Future> Future for Turns<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let schedule = &this.account.schedule;
        match this.place {
            None => {
                if let Some(place) = schedule.ask(&this.account.charges, context.waker()) {
                    this.place = Some(place);
                    return Poll::Pending;
                }
            }
            Some(place) if schedule.come(place, context.waker()) => this.place = None,
            Some(_) => return Poll::Pending,
        }
        this.bell.task.lock().clone_from(context.waker());
        this.bell.rung.store(false, Ordering::Release);
        let slice = Slice {
            account: &this.account,
            began: (schedule.clock)(),
        };
        let polled = this
            .work
            .as_mut()
            .poll(&mut Context::from_waker(&this.ring));
        let yielded = polled.is_pending() && this.bell.rung.load(Ordering::Acquire);
        this.place = slice.end(yielded.then_some(context.waker()));
        polled
    }
}

impl<F> Drop for Turns<F> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.account.schedule.leave(place);
        }
    }
}

/// Charges what was used, also when the work panics.
struct Slice<'a> {
    account: &'a Account,
    began: u64,
}

impl Slice<'_> {
    fn end(self, again: Option<&Waker>) -> Option<Place> {
        let place = self.charge(again);
        std::mem::forget(self);
        place
    }

    fn charge(&self, again: Option<&Waker>) -> Option<Place> {
        let used = (self.account.schedule.clock)().saturating_sub(self.began);
        self.account
            .schedule
            .end(&self.account.charges, used, again)
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        self.charge(None);
    }
}

//! The future that asks for a turn before each poll and gives it back afterwards.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{Account, ON_PROBATION, Place};

/// Work that runs in turns; see [`Account::run`].
///
/// Dropping it gives up its place or its turn. A panic of the work passes through, after the turn was given back.
#[derive(Debug)]
pub struct Turns<F> {
    // Boxed, so that the wrapper needs no pin projection: one allocation a batch.
    work: Pin<Box<F>>,
    account: Account,
    /// In which line, and where.
    place: Option<(usize, Place)>,
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
        let lines = &this.account.lines;
        let line = match this.place {
            None => {
                let line = this.account.charges.line();
                if let Some(place) = lines[line].ask(&this.account.charges, context.waker()) {
                    this.place = Some((line, place));
                    return Poll::Pending;
                }
                line
            }
            Some((line, place)) if lines[line].come(place, context.waker()) => {
                this.place = None;
                line
            }
            Some(_) => return Poll::Pending,
        };
        this.bell.task.lock().clone_from(context.waker());
        this.bell.rung.store(false, Ordering::Release);
        let slice = Slice {
            account: &this.account,
            line,
            began: (lines[line].clock)(),
        };
        let (work, ring) = (&mut this.work, &this.ring);
        let mut poll = || work.as_mut().poll(&mut Context::from_waker(ring));
        let polled = if line == ON_PROBATION {
            off_worker(poll)
        } else {
            poll()
        };
        let yielded = polled.is_pending() && this.bell.rung.load(Ordering::Acquire);
        this.place = slice.end(yielded.then_some(context.waker()));
        polled
    }
}

/// Another thread takes the worker's place meanwhile, where there are workers.
fn off_worker<T>(slice: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(slice),
        _ => slice(),
    }
}

impl<F> Drop for Turns<F> {
    fn drop(&mut self) {
        if let Some((line, place)) = self.place {
            self.account.lines[line].leave(place);
        }
    }
}

/// Charges what was used, also when the work panics.
struct Slice<'a> {
    account: &'a Account,
    line: usize,
    began: u64,
}

impl Slice<'_> {
    fn end(self, again: Option<&Waker>) -> Option<(usize, Place)> {
        let place = self.charge(again);
        std::mem::forget(self);
        place
    }

    fn charge(&self, again: Option<&Waker>) -> Option<(usize, Place)> {
        let Account { lines, charges } = self.account;
        let this = &lines[self.line];
        let used = (this.clock)().saturating_sub(self.began);
        charges.had(used);
        let next = charges.line();
        if next == self.line {
            let place = this.end(charges, used, again);
            return place.map(|place| (next, place));
        }
        this.end(charges, used, None);
        again.map(|waker| (next, lines[next].join(charges, waker)))
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        self.charge(None);
    }
}

//! The future that asks for a turn before each poll and gives it back afterwards.

use std::pin::Pin;
use std::task::{Context, Poll};

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
}

impl<F: Future> Turns<F> {
    pub(super) fn new(account: Account, work: F) -> Self {
        Self { work: Box::pin(work), account, place: None }
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
        let _slice = Slice { account: &this.account, began: (schedule.clock)() };
        this.work.as_mut().poll(context)
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

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        let used = (self.account.schedule.clock)().saturating_sub(self.began);
        self.account.schedule.end(&self.account.charges, used);
    }
}

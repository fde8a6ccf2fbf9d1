//! Guests whose memory is looked at after each of their calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::BoxFuture;
use millstream_engine::{Batch, Failure, Plan};

use crate::guests::{AnyGuest, Guests};

/// Others' guests, weighed.
pub(super) struct Weighed {
    guests: Arc<dyn Guests>,
    scales: Arc<Scales>,
}

#[derive(Default)]
struct Scales {
    made: AtomicU64,
    most: AtomicU64,
}

impl Weighed {
    pub(super) fn new(guests: Arc<dyn Guests>) -> Self {
        Self {
            guests,
            scales: Arc::default(),
        }
    }

    /// The most bytes that one of them had so far.
    pub(super) fn memory(&self) -> u64 {
        self.scales.most.load(Relaxed)
    }

    /// How many there were.
    pub(super) fn made(&self) -> u64 {
        self.scales.made.load(Relaxed)
    }
}

impl Guests for Weighed {
    fn create(&self) -> BoxFuture<'_, Result<Box<dyn AnyGuest>, Failure>> {
        let made = self.guests.create();
        Box::pin(async move {
            let guest = made.await?;
            let scales = Arc::clone(&self.scales);
            scales.made.fetch_add(1, Relaxed);
            Ok(Box::new(One { guest, scales }) as Box<dyn AnyGuest>)
        })
    }
}

struct One {
    guest: Box<dyn AnyGuest>,
    scales: Arc<Scales>,
}

impl AnyGuest for One {
    fn apply<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Result<Plan, Failure>> {
        self.guest.apply(batch)
    }

    fn memory(&self) -> u64 {
        self.guest.memory()
    }

    /// A lane asks after each call, and a future of one's own around the call would be an allocation of its own in what is
    /// measured.
    fn wants_replacing(&self) -> bool {
        self.scales.most.fetch_max(self.guest.memory(), Relaxed);
        self.guest.wants_replacing()
    }

    fn cpu(&self) -> Duration {
        self.guest.cpu()
    }
}

//! Measures a call: CPU time of the threads that polled it, slice by slice, and time on the clock.
//!
//! CPU time is what is limited: a machine that stalls, or other lanes that take their turn, must not blame good records.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};

use crate::{Failure, Limits};

/// Shared by the future that is polled and the epoch callback inside of it, which run on one thread at a time.
pub(crate) struct Meter {
    cpu_limit: Duration,
    wall_limit: Duration,
    started: Mutex<Instant>,
    /// Nanoseconds of the slices before the current one.
    used: AtomicU64,
    /// The thread's CPU time when the current slice began.
    slice: AtomicU64,
}

/// Why a call is being stopped.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TimeUp(pub(crate) Failure);

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Meter {
        Meter {
            cpu_limit: limits.batch_time,
            wall_limit: limits.wall_time,
            started: Mutex::new(Instant::now()),
            used: AtomicU64::new(0),
            slice: AtomicU64::new(0),
        }
    }

    /// CPU time of the last call, or of the current one up to its last pause.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed))
    }

    /// A batch begins, which perhaps calls nothing: what the call before it took is not this one's.
    pub(crate) fn reset(&self) {
        self.used.store(0, Relaxed);
    }

    /// Called from within a slice, every tick.
    pub(crate) fn check(&self) -> Result<(), TimeUp> {
        let slice = thread_cpu().saturating_sub(self.slice.load(Relaxed));
        let cpu = Duration::from_nanos(self.used.load(Relaxed) + slice);
        if cpu > self.cpu_limit {
            return Err(TimeUp(Failure::cpu_limit(self.cpu_limit, cpu)));
        }
        let wall = self.started.lock().elapsed();
        if wall > self.wall_limit {
            return Err(TimeUp(Failure::wall_limit(self.wall_limit, wall)));
        }
        Ok(())
    }

    /// Runs one call to its end. A panic inside of it ends here: the caller's thread and other guests go on.
    pub(crate) async fn run<F: Future>(&self, call: F) -> Result<F::Output, Panicked> {
        *self.started.lock() = Instant::now();
        self.used.store(0, Relaxed);
        let mut call = pin!(call);
        std::future::poll_fn(|cx| {
            let begin = thread_cpu();
            self.slice.store(begin, Relaxed);
            // The call is dropped and its store never used again once it has panicked.
            let polled = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
            self.used
                .fetch_add(thread_cpu().saturating_sub(begin), Relaxed);
            match polled {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
                Err(payload) => Poll::Ready(Err(Panicked::new(&*payload))),
            }
        })
        .await
    }
}

/// The host panicked within a call.
#[derive(Debug)]
pub(crate) struct Panicked(pub(crate) String);

impl Panicked {
    fn new(payload: &(dyn std::any::Any + Send)) -> Panicked {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Panicked(text.unwrap_or("no message").to_owned())
    }
}

fn thread_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

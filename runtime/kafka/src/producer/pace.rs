//! When records go out that wait for company.
//!
//! librdkafka sends a batch once it is full, or its first record is older than `linger.ms`. An idempotent producer has one
//! request on its way for each partition, and while records that are older than that wait behind it, librdkafka's thread
//! asks over and over whether they may go, without a pause: a busy host spent a tenth of its CPU and more on that. Where
//! brokers are what all waits for, records get as old as what may wait takes to be written. So its own limit is long, and what
//! is to go earlier than its batch is full is flushed by the poll thread:
//! - `linger` after the last flush, or [`SETTLE`] after the first record where that is later, if by then whoever sends has
//!   nothing more for the moment;
//! - once whoever sends has sent nothing for `linger` (a guest takes its time, or no more may be on its way);
//! - [`FILL`] after the first record in any case: one partition may have much to come and another little.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::consumer::millis;

/// How long a record may wait for company while more and more come.
const FILL: Duration = Duration::from_millis(50);

/// What is sent together is handed over in this time, mostly.
const SETTLE: Duration = Duration::from_millis(1);

/// librdkafka's own limit. It counts only where a flush has come to nothing, again and again.
const LAST: Duration = Duration::from_secs(2);

/// How long librdkafka is told to flush: its threads have to wake up and see that. What one of them has not seen is flushed
/// once more.
pub(super) const FLUSH_MS: i32 = 1;

/// How often the poll thread looks around without being woken.
const POLL: Duration = Duration::from_secs(1);

/// What librdkafka is given as `linger.ms` where it is to be this.
pub(super) fn own_limit(linger: Duration) -> Duration {
    if linger.is_zero() {
        return linger;
    }
    LAST.max(linger)
}

/// What senders tell the poll thread.
#[derive(Debug)]
pub(super) struct Pace {
    linger: Duration,
    /// Something was sent since the poll thread looked.
    sent: AtomicBool,
    /// A sender has nothing more for the moment.
    idle: AtomicBool,
}

impl Pace {
    /// `linger`: zero if librdkafka is to see to it alone.
    pub(super) fn new(linger: Duration) -> Pace {
        Pace {
            linger,
            sent: AtomicBool::new(false),
            idle: AtomicBool::new(false),
        }
    }

    /// A record is in librdkafka's hands. Says whether the poll thread is to be woken.
    pub(super) fn sent(&self) -> bool {
        !self.linger.is_zero()
            && !self.sent.load(Ordering::Relaxed)
            && !self.sent.swap(true, Ordering::AcqRel)
    }

    /// Nothing more comes for the moment.
    pub(super) fn idle(&self) {
        self.idle.store(true, Ordering::Release);
    }
}

/// What the poll thread does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Serve reports for up to so many milliseconds.
    Poll(i32),
    /// Have everything sent that waits.
    Flush,
}

/// The poll thread's side.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    pace: &'a Pace,
    wait: Wait,
    flushed: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Wait {
    /// Nothing was sent.
    Rest,
    /// Something was.
    Company {
        /// The first, as far as is known.
        first: Instant,
        /// When that was looked at last.
        looked: Instant,
    },
    /// It was flushed, and may not have been seen: at this time, once more.
    Flushed { at: Instant, again: Duration },
}

impl<'a> Watch<'a> {
    pub(super) fn new(pace: &'a Pace) -> Watch<'a> {
        Watch {
            pace,
            wait: Wait::Rest,
            flushed: None,
        }
    }

    /// `unsettled` says whether anything sent has no report yet.
    pub(super) fn next(&mut self, now: Instant, unsettled: impl FnOnce() -> bool) -> Next {
        let linger = self.pace.linger;
        let (first, looked) = match self.wait {
            Wait::Company { first, looked } => (first, looked),
            _ if self.pace.sent.load(Ordering::Acquire) => {
                let settled = now.checked_sub(linger.saturating_sub(SETTLE));
                let looked = settled.max(self.flushed).unwrap_or(now);
                self.wait = Wait::Company { first: now, looked };
                return poll(looked + linger - now);
            }
            Wait::Flushed { at, again } if unsettled() => {
                let left = at.saturating_duration_since(now);
                if !left.is_zero() {
                    return poll(left);
                }
                return self.flush(now, (again * 2).min(POLL));
            }
            Wait::Rest | Wait::Flushed { .. } => {
                self.wait = Wait::Rest;
                return poll(POLL);
            }
        };
        // librdkafka counts in milliseconds: rather a little early than as much late.
        let left = (looked + linger).saturating_duration_since(now);
        if left.as_millis() > 0 {
            return poll(left);
        }
        // What is sent from here on is told again.
        let more = self.pace.sent.swap(false, Ordering::AcqRel);
        let idle = self.pace.idle.swap(false, Ordering::AcqRel);
        if more && !idle && now < first + FILL {
            self.wait = Wait::Company { first, looked: now };
            return poll(linger);
        }
        self.flush(now, linger)
    }

    fn flush(&mut self, now: Instant, again: Duration) -> Next {
        self.wait = Wait::Flushed {
            at: now + again,
            again,
        };
        self.flushed = Some(now);
        Next::Flush
    }
}

/// Never for less than a millisecond: librdkafka would not wait at all.
fn poll(wait: Duration) -> Next {
    Next::Poll(millis(wait).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    /// A poll thread's time, in milliseconds from its start.
    struct Clock<'a>(Watch<'a>, Instant);

    impl Clock<'_> {
        fn new(pace: &Pace) -> Clock<'_> {
            Clock(Watch::new(pace), Instant::now())
        }

        fn at(&mut self, millis: u64, unsettled: bool) -> Next {
            let now = self.1 + Duration::from_millis(millis);
            self.0.next(now, || unsettled)
        }
    }

    /// The first records are sent, their sender has no more, and a millisecond in they are flushed.
    fn flushed(pace: &Pace) -> Clock<'_> {
        let mut clock = Clock::new(pace);
        pace.sent();
        pace.idle();
        clock.at(0, true);
        assert_eq!(clock.at(1, true), Next::Flush);
        clock
    }

    #[test]
    fn nothing_is_flushed_where_nothing_was_sent() {
        let pace = Pace::new(LINGER);
        pace.idle();
        assert_eq!(Clock::new(&pace).at(0, false), Next::Poll(1000));
    }

    #[test]
    fn librdkafka_sees_to_it_alone_where_nothing_is_to_wait() {
        let pace = Pace::new(Duration::ZERO);
        assert!(!pace.sent());
        assert_eq!(own_limit(Duration::ZERO), Duration::ZERO);
        assert_eq!(Clock::new(&pace).at(0, true), Next::Poll(1000));
    }

    #[test]
    fn the_poll_thread_is_woken_by_the_first_record_only() {
        let pace = Pace::new(LINGER);
        assert!(pace.sent());
        assert!(!pace.sent());
    }

    #[test]
    fn records_of_a_sender_that_has_no_more_go_as_soon_as_they_are_all_there() {
        let pace = Pace::new(LINGER);
        let mut clock = Clock::new(&pace);
        pace.sent();
        assert_eq!(clock.at(0, true), Next::Poll(1));
        pace.idle();
        assert_eq!(clock.at(1, true), Next::Flush);
        assert_eq!(clock.at(2, false), Next::Poll(1000));
    }

    #[test]
    fn two_flushes_are_linger_apart() {
        let pace = Pace::new(LINGER);
        let mut clock = Clock::new(&pace);
        let flushes = (0..100).filter(|&millis| {
            pace.sent();
            pace.idle();
            clock.at(millis, true) == Next::Flush
        });
        let expected: Vec<u64> = (1..100).step_by(5).collect();
        assert_eq!(flushes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn records_of_a_sender_that_falls_silent_go_after_linger() {
        let pace = Pace::new(LINGER);
        let mut clock = Clock::new(&pace);
        pace.sent();
        assert_eq!(clock.at(0, true), Next::Poll(1));
        for millis in [1, 6, 11] {
            assert_eq!(clock.at(millis, true), Next::Poll(5));
            assert!(pace.sent());
        }
        assert_eq!(clock.at(13, true), Next::Poll(3));
        assert_eq!(clock.at(16, true), Next::Poll(5));
        assert_eq!(clock.at(21, true), Next::Flush);
    }

    #[test]
    fn records_of_a_sender_that_goes_on_and_on_are_flushed_now_and_then() {
        let pace = Pace::new(LINGER);
        let mut clock = Clock::new(&pace);
        let flushes = (0..1000).filter(|&millis| {
            pace.sent();
            clock.at(millis, true) == Next::Flush
        });
        let flushes: Vec<u64> = flushes.collect();
        let apart = flushes.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(
            apart.clone().all(|apart| (50..60).contains(&apart)),
            "{flushes:?}"
        );
        assert!(apart.count() > 15, "{flushes:?}");
    }

    #[test]
    fn a_flush_that_was_not_seen_is_repeated_ever_later() {
        let pace = Pace::new(LINGER);
        let mut clock = flushed(&pace);
        assert_eq!(clock.at(2, true), Next::Poll(4));
        assert_eq!(clock.at(6, true), Next::Flush);
        assert_eq!(clock.at(6, true), Next::Poll(10));
        assert_eq!(clock.at(16, true), Next::Flush);
        assert_eq!(clock.at(16, true), Next::Poll(20));
        assert_eq!(clock.at(30, false), Next::Poll(1000));
        assert_eq!(clock.at(60, true), Next::Poll(1000));
    }

    #[test]
    fn a_record_sent_during_a_flush_is_flushed_too() {
        let pace = Pace::new(LINGER);
        let mut clock = flushed(&pace);
        assert!(pace.sent());
        pace.idle();
        assert_eq!(clock.at(2, true), Next::Poll(4));
        assert_eq!(clock.at(6, true), Next::Flush);
    }
}

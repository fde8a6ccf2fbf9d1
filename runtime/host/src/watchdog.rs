//! Notices lanes that have work and do not get on with it.
//!
//! Any poll of a Kafka client counts as life to its group, so the group cannot see a stuck lane; this can. Each lane has a
//! [`Pulse`]: it says what it is doing, and a queue's readiness says that there is something to do. A lane whose pulse stands still
//! for longer than the limit is stuck: there is one line in the log, and [`Watchdog::stuck`] names it until it goes on.
//!
//! It changes nothing about the lane. Broker and budget waits are named as such, for whoever judges health.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::source::TopicPartition;

/// Past the limit on a call's wall time (30 s), so that a call is ended before its lane counts as stuck.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(60);

/// What a lane with work is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Records are waiting for it.
    Waking,
    /// It waits for its share of the byte budget.
    Budget,
    /// It asks the source for another place to read from.
    Seek,
    /// It creates an instance, calls the guest, or waits for its turn to.
    Guest,
    /// It hands records over, or waits for room to.
    Delivery,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waking => "has not noticed its records",
            Self::Budget => "waits for its share of the byte budget",
            Self::Seek => "waits for the broker to read from another offset",
            Self::Guest => "is in a guest call",
            Self::Delivery => "waits for room to write records",
        })
    }
}

/// One lane's sign of life.
#[derive(Debug, Default)]
pub struct Pulse {
    state: Mutex<PulseState>,
}

#[derive(Debug, Default)]
struct PulseState {
    /// `None`: nothing to do.
    busy: Option<(Instant, Phase)>,
    partition: Option<TopicPartition>,
    reported: bool,
}

impl Pulse {
    /// The lane does this now: progress.
    pub(crate) fn phase(&self, phase: Phase) {
        let mut state = self.state.lock();
        state.busy = Some((Instant::now(), phase));
        state.reported = false;
    }

    /// The lane waits for this, still or from now on.
    pub(crate) fn waits(&self, phase: Phase) {
        let mut state = self.state.lock();
        if state.busy.is_none_or(|(_, before)| before != phase) {
            state.busy = Some((Instant::now(), phase));
            state.reported = false;
        }
    }

    /// The lane works on this partition now.
    pub(crate) fn partition(&self, partition: &TopicPartition) {
        self.state.lock().partition = Some(partition.clone());
    }

    /// There is something to do. Says nothing about progress.
    pub(crate) fn wanted(&self) {
        self.state
            .lock()
            .busy
            .get_or_insert_with(|| (Instant::now(), Phase::Waking));
    }

    /// There is nothing to do.
    pub(crate) fn rest(&self) {
        let mut state = self.state.lock();
        state.busy = None;
        state.reported = false;
    }
}

/// A lane that does not get on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Its transform.
    pub transform: Arc<str>,
    /// Which of the transform's lanes.
    pub lane: usize,
    /// What it worked on last.
    pub partition: Option<TopicPartition>,
    /// What it is doing.
    pub phase: Phase,
    /// For how long.
    pub since: Duration,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lane {} of {} {} for {} s",
            self.lane,
            self.transform,
            self.phase,
            self.since.as_secs()
        )?;
        self.partition
            .iter()
            .try_for_each(|partition| write!(f, " (last at {partition})"))
    }
}

/// Watches all lanes of a host.
#[derive(Debug, Clone)]
pub struct Watchdog {
    inner: Arc<Inner>,
}

/// The transform, the lane's number, and its pulse for as long as the lane lives.
type Watched = (Arc<str>, usize, Weak<Pulse>);

#[derive(Debug)]
struct Inner {
    limit: Duration,
    lanes: Mutex<Vec<Watched>>,
}

impl Watchdog {
    /// One that calls a lane stuck after this long.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            inner: Arc::new(Inner {
                limit,
                lanes: Mutex::default(),
            }),
        }
    }

    /// A new lane's pulse; it is watched as long as the lane holds it.
    #[must_use]
    pub fn pulse(&self, transform: &Arc<str>, lane: usize) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::default());
        let mut lanes = self.inner.lanes.lock();
        lanes.retain(|(_, _, pulse)| pulse.strong_count() > 0);
        lanes.push((Arc::clone(transform), lane, Arc::downgrade(&pulse)));
        pulse
    }

    /// Lanes that are stuck now.
    #[must_use]
    pub fn stuck(&self) -> Vec<Stuck> {
        self.look().into_iter().map(|(stuck, _)| stuck).collect()
    }

    /// Looks once and writes a line for each lane that has become stuck since it last went on. Gives how many lines.
    pub fn check(&self) -> usize {
        let mut lines = 0;
        for (stuck, pulse) in self.look() {
            let reported = std::mem::replace(&mut pulse.state.lock().reported, true);
            if !reported {
                tracing::warn!(transform = &*stuck.transform, "{stuck}");
                lines += 1;
            }
        }
        lines
    }

    /// Checks from time to time, for ever: to be spawned on the runtime that the lanes do not run on.
    pub async fn watch(self) {
        let mut every =
            tokio::time::interval((self.inner.limit / 4).max(Duration::from_millis(10)));
        loop {
            every.tick().await;
            self.check();
        }
    }

    fn look(&self) -> Vec<(Stuck, Arc<Pulse>)> {
        let now = Instant::now();
        let lanes: Vec<_> = self.inner.lanes.lock().clone();
        let mut stuck = Vec::new();
        for (transform, lane, pulse) in lanes {
            let Some(pulse) = pulse.upgrade() else {
                continue;
            };
            let found = {
                let state = pulse.state.lock();
                state.busy.map(|(since, phase)| {
                    (
                        now.saturating_duration_since(since),
                        phase,
                        state.partition.clone(),
                    )
                })
            };
            match found {
                Some((since, phase, partition)) if since >= self.inner.limit => {
                    stuck.push((
                        Stuck {
                            transform,
                            lane,
                            partition,
                            phase,
                            since,
                        },
                        pulse,
                    ));
                }
                _ => {}
            }
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_lane_that_stands_still_is_named_once_in_the_log_and_until_it_goes_on() {
        let watchdog = Watchdog::new(LIMIT);
        let pulse = watchdog.pulse(&Arc::from("route"), 1);
        pulse.phase(Phase::Guest);
        tokio::time::advance(LIMIT / 2).await;
        assert_eq!(watchdog.stuck(), []);
        tokio::time::advance(LIMIT / 2).await;
        assert_eq!(watchdog.stuck()[0].phase, Phase::Guest);
        assert_eq!((watchdog.check(), watchdog.check()), (1, 0));
        pulse.phase(Phase::Delivery);
        assert_eq!(watchdog.stuck(), []);
        tokio::time::advance(LIMIT).await;
        assert_eq!(watchdog.check(), 1, "stuck again is news");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_that_looks_around_while_it_waits_is_stuck_all_the_same() {
        let watchdog = Watchdog::new(LIMIT);
        let pulse = watchdog.pulse(&Arc::from("route"), 0);
        pulse.phase(Phase::Delivery);
        for _ in 0..2 {
            pulse.waits(Phase::Budget);
            assert_eq!(watchdog.stuck(), []);
            tokio::time::advance(LIMIT / 2).await;
        }
        assert_eq!(watchdog.stuck()[0].phase, Phase::Budget);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_with_nothing_to_do_is_not_stuck() {
        let watchdog = Watchdog::new(LIMIT);
        let pulse = watchdog.pulse(&Arc::from("route"), 0);
        pulse.phase(Phase::Guest);
        pulse.rest();
        tokio::time::advance(LIMIT * 10).await;
        assert_eq!(watchdog.stuck(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_that_does_not_notice_its_records_is_stuck() {
        let watchdog = Watchdog::new(LIMIT);
        let pulse = watchdog.pulse(&Arc::from("route"), 0);
        pulse.wanted();
        tokio::time::advance(LIMIT / 2).await;
        pulse.wanted();
        tokio::time::advance(LIMIT / 2).await;
        assert_eq!(watchdog.stuck()[0].phase, Phase::Waking);
        drop(pulse);
        assert_eq!(watchdog.stuck(), [], "it ended");
    }
}

//! The failure policy: what becomes of rows whose guest call failed.
//!
//! A batch whose call fails is called once more, in a fresh instance: what leaked or went astray in the old one is nobody's
//! fault. If that fails too, an [`Incident`] searches for the rows to blame. A part that fails is halved, each part is called in an
//! instance of its own, and a row that fails alone is to blame. What passes is delivered part by part, so the order holds and
//! nothing is called twice; `k` bad rows among `n` cost no more than `2 + 2 k log2 n` calls that fail or pass. A search may
//! use so much CPU time and no more: past that the transform stops.
//!
//! If every part passes that failed as a whole, nobody is to blame: the partition gets smaller batches for a while. If too large a
//! share of rows is to blame, it is the module's fault and not the records': [`Blame`] stops the transform then.
//!
//! `transient` failures and the host's own are waited for, with growing pauses; a transient one past its time counts as
//! permanent. Knows nothing of lanes, which carry out what is said here.

use std::time::Duration;

use millstream_engine::Failure;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// What becomes of rows that cannot be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// They become dead letters.
    #[default]
    DeadLetter,
    /// They are counted and forgotten.
    Drop,
    /// The first one stops the transform.
    Stop,
}

/// What becomes of a partition whose next records are gone: retention was faster, or its topic was created anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LostOffsets {
    /// The transform stops and says what is lost.
    #[default]
    Stop,
    /// What is lost is counted, and the partition is read on from the earliest record that it has.
    Earliest,
}

/// How a revision wants failed calls handled.
#[derive(Debug, Clone, PartialEq)]
pub struct FailurePolicy {
    /// How long a `transient` failure is tried again before it counts as permanent.
    pub retry_for: Duration,
    /// The share of rows to blame, in percent, above which the transform stops.
    pub stop_above: u8,
    /// CPU time that one search may use.
    pub search_cpu: Duration,
}

impl FailurePolicy {
    /// Failing calls at their limit that a search may use up. One row among 1,000 that loops for ever takes 12 of them.
    const SEARCH_CALLS: u32 = 40;

    /// The CPU time of a search where one call has `batch_time`.
    #[must_use]
    pub fn search_cpu(batch_time: Duration) -> Duration {
        batch_time.saturating_mul(Self::SEARCH_CALLS)
    }
}

impl Default for FailurePolicy {
    fn default() -> Self {
        Self {
            retry_for: Duration::from_secs(5 * 60),
            stop_above: 50,
            search_cpu: Self::search_cpu(Duration::from_secs(1)),
        }
    }
}

/// What to do about a failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same rows after a pause. Counts against nobody.
    Pause(Duration),
    /// The same rows at once, in a fresh instance.
    Again,
    /// Each half for itself.
    Halve,
    /// This one row cannot be processed.
    Blame,
    /// The transform stops before these rows.
    Stop {
        /// A stable name of the reason.
        code: &'static str,
        /// What happened and what to do, for people.
        message: String,
    },
}

/// Long enough for another lane to give its instance back.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What has become of one batch since its first call failed.
#[derive(Debug)]
pub struct Incident {
    stage: Stage,
    /// CPU time of its failed calls.
    cpu: Duration,
    blamed: usize,
    /// The fewest rows that passed together.
    passed: usize,
    waiting: Option<Waiting>,
    /// `transient` has been waited for long enough.
    out_of_patience: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is the whole batch's first call.
    First,
    /// It is called once more.
    Again,
    /// It failed twice.
    Search,
}

/// Failures in a row that are waited for.
#[derive(Debug)]
pub struct Waiting {
    /// Since when.
    pub since: Instant,
    /// How many there were.
    pub attempts: u32,
}

impl Incident {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stage: Stage::First,
            cpu: Duration::ZERO,
            blamed: 0,
            passed: usize::MAX,
            waiting: None,
            out_of_patience: false,
        }
    }

    /// What is waited for at the moment, if anything.
    #[must_use]
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// Whether the next call has to be in an instance that has not been called yet.
    #[must_use]
    pub fn wants_fresh(&self) -> bool {
        self.stage != Stage::First
    }

    /// A call with so many rows failed; it used so much CPU time.
    pub fn failed(
        &mut self,
        failure: &Failure,
        rows: usize,
        cpu: Duration,
        now: Instant,
        policy: &FailurePolicy,
    ) -> Verdict {
        let transient = matches!(failure, Failure::Transient(_)) && !self.out_of_patience;
        if transient || !failure.is_guests_fault() {
            let waiting = self.waiting.get_or_insert(Waiting {
                since: now,
                attempts: 0,
            });
            if !transient || now.duration_since(waiting.since) < policy.retry_for {
                waiting.attempts += 1;
                return Verdict::Pause(pause(waiting.attempts));
            }
            self.out_of_patience = true;
        }
        self.waiting = None;
        self.cpu += cpu;
        if self.stage == Stage::First {
            self.stage = Stage::Again;
            return Verdict::Again;
        }
        self.stage = Stage::Search;
        if rows == 1 {
            self.blamed += 1;
            return Verdict::Blame;
        }
        if self.cpu > policy.search_cpu {
            return Verdict::Stop {
                code: "search-limit",
                message: format!(
                    "{failure}. The search for the records to blame has used {:.1?} of CPU time, more than the {:?} it may. Deploy a \
                     module that does not fail on these records",
                    self.cpu, policy.search_cpu
                ),
            };
        }
        Verdict::Halve
    }

    /// A call with so many rows passed.
    pub fn passed(&mut self, rows: usize) {
        self.waiting = None;
        self.passed = self.passed.min(rows);
    }

    /// Nothing of the batch is left. Says how large batches may be from now on, if they are to be smaller: they failed in
    /// company only.
    #[must_use]
    pub fn ended(&self) -> Option<usize> {
        (self.stage == Stage::Search && self.blamed == 0).then_some(self.passed)
    }
}

impl Default for Incident {
    fn default() -> Self {
        Self::new()
    }
}

/// Doubles, up to half a minute, and differs by a quarter, so that partitions that failed together do not come back together.
fn pause(attempt: u32) -> Duration {
    let steady = PAUSE
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(LONGEST_PAUSE);
    steady.mul_f64(rand::random_range(0.75..=1.25))
}

/// The share of a revision's latest rows that made its guest fail, on this host.
#[derive(Debug, Default)]
pub struct Blame {
    rows: u64,
    blamed: u64,
}

impl Blame {
    /// Rows that are looked back at, about.
    const WINDOW: u64 = 1_000;
    /// With fewer, a share says nothing.
    const FEWEST: u64 = 100;

    /// So many rows passed.
    pub fn passed(&mut self, rows: usize) {
        self.add(rows as u64, 0);
    }

    /// One row is to blame. Says the share in percent if it is above `most`.
    pub fn blamed(&mut self, most: u8) -> Option<u64> {
        self.add(1, 1);
        let share = self.blamed * 100 / self.rows;
        (self.rows >= Self::FEWEST && share > u64::from(most)).then_some(share)
    }

    fn add(&mut self, rows: u64, blamed: u64) {
        self.rows += rows;
        self.blamed += blamed;
        // Older rows count less and less.
        while self.rows > 2 * Self::WINDOW {
            self.rows /= 2;
            self.blamed /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trap() -> Failure {
        Failure::Trap {
            message: "unreachable".to_owned(),
            backtrace: String::new(),
        }
    }

    /// Searches `rows` rows of which `bad` fail; says who is blamed and how many calls it took.
    fn search(rows: usize, bad: &[usize]) -> (Vec<usize>, usize) {
        let (mut incident, mut calls, mut blamed) = (Incident::new(), 0, Vec::new());
        let mut held = Vec::new();
        held.push(0..rows);
        while let Some(part) = held.pop() {
            calls += 1;
            if !bad.iter().any(|row| part.contains(row)) {
                incident.passed(part.len());
                continue;
            }
            let (now, policy) = (Instant::now(), FailurePolicy::default());
            match incident.failed(&trap(), part.len(), Duration::ZERO, now, &policy) {
                Verdict::Again => held.push(part),
                Verdict::Halve => {
                    let middle = part.start + part.len() / 2;
                    held.extend([middle..part.end, part.start..middle]);
                }
                Verdict::Blame => blamed.push(part.start),
                other => panic!("{other:?}"),
            }
        }
        (blamed, calls)
    }

    #[test]
    fn every_bad_row_is_found_in_order_with_a_bounded_number_of_calls() {
        for (rows, bad) in [
            (1, vec![0]),
            (1000, vec![0]),
            (1000, vec![999]),
            (1000, vec![3, 4, 500]),
            (1000, (0..1000).collect()),
            (777, (0..777).step_by(50).collect()),
        ] {
            let (blamed, calls) = search(rows, &bad);
            assert_eq!(blamed, bad);
            let depth = (rows as f64).log2().ceil() as usize;
            let most = 2 + 2 * (bad.len() * depth).min(rows);
            assert!(calls <= most, "{calls} calls for {} of {rows}", bad.len());
        }
    }

    #[test]
    fn a_fault_of_the_host_is_never_charged_to_rows_however_long_it_lasts() {
        let full = Failure::Host("the pool is full".to_owned());
        let (mut incident, mut now) = (Incident::new(), Instant::now());
        for _ in 0..1000 {
            now += LONGEST_PAUSE;
            let verdict = incident.failed(&full, 1, Duration::ZERO, now, &FailurePolicy::default());
            assert!(matches!(verdict, Verdict::Pause(pause) if pause <= LONGEST_PAUSE * 5 / 4));
        }
    }

    #[test]
    fn what_is_transient_is_waited_for_with_growing_pauses_until_its_time_is_over() {
        let (policy, failure) = (
            FailurePolicy::default(),
            Failure::Transient("later".to_owned()),
        );
        let (mut incident, mut now) = (Incident::new(), Instant::now());
        let mut last = Duration::ZERO;
        let start = now;
        while let Verdict::Pause(pause) =
            incident.failed(&failure, 1000, Duration::ZERO, now, &policy)
        {
            assert!(
                pause > last || last >= LONGEST_PAUSE * 3 / 4,
                "{last:?}, {pause:?}"
            );
            (last, now) = (pause, now + pause);
        }
        assert!(
            now - start >= policy.retry_for && now - start < policy.retry_for + LONGEST_PAUSE * 2
        );
        // From now on it is as good as permanent: no part waits again.
        let verdict = incident.failed(&failure, 1000, Duration::ZERO, now, &policy);
        assert_eq!(verdict, Verdict::Halve);
    }

    #[test]
    fn a_search_ends_when_it_has_used_its_cpu_time() {
        let (policy, mut incident) = (FailurePolicy::default(), Incident::new());
        let limit = Failure::Limit {
            what: "CPU time",
            limit: "1s".to_owned(),
            used: "1s".to_owned(),
        };
        let mut calls = 0;
        let verdict = loop {
            calls += 1;
            let verdict = incident.failed(
                &limit,
                1000,
                Duration::from_secs(1),
                Instant::now(),
                &policy,
            );
            if let Verdict::Stop { .. } = verdict {
                break verdict;
            }
        };
        assert_eq!(calls, 41);
        assert!(matches!(
            verdict,
            Verdict::Stop {
                code: "search-limit",
                ..
            }
        ));
    }

    #[test]
    fn a_search_has_a_limit_however_long_one_call_may_take() {
        assert_eq!(FailurePolicy::search_cpu(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn a_share_is_of_the_latest_rows() {
        let mut blame = Blame::default();
        let mut few = (0..99).map(|_| blame.blamed(50));
        assert!(few.all(|share| share.is_none()), "too few to say");
        assert_eq!(blame.blamed(50), Some(100));
        blame.passed(100);
        assert_eq!(blame.blamed(50), None, "101 of 201");
        blame.passed(1_000_000);
        let until = (0..5_000).position(|_| blame.blamed(50).is_some());
        assert!(
            until.is_some_and(|rows| (1_000..=2_000).contains(&rows)),
            "{until:?}"
        );
    }
}

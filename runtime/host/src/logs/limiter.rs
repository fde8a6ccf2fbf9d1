//! How much a transform may say in a second.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lines a second that are kept, over a while; a burst may have twice as many.
pub(super) const LINES_A_SECOND: u32 = 100;

/// Bytes a second that are kept, over a while; a burst may have [`BURST_BYTES`]. A hundred lines may have 800 KiB, which would
/// be 70 GB a day in the host's own log.
pub(super) const BYTES_A_SECOND: u32 = 128 << 10;

/// Two buckets that fill by the clock.
#[derive(Debug)]
pub(super) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: f64,
    left_bytes: f64,
    at: Instant,
    suppressed: u64,
    /// When lines that were not kept were last spoken of: a flood must not be answered with another.
    noted: Option<Instant>,
}

/// How often it is said that lines were not kept.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is kept; so many before it were not.
    Keep {
        suppressed: u64,
    },
    Suppress,
}

const BURST: f64 = 2.0 * LINES_A_SECOND as f64;
const BURST_BYTES: f64 = 8.0 * BYTES_A_SECOND as f64;

impl Limiter {
    pub(super) fn new() -> Self {
        Limiter {
            state: Mutex::new(State {
                left: BURST,
                left_bytes: BURST_BYTES,
                at: Instant::now(),
                suppressed: 0,
                noted: None,
            }),
        }
    }

    /// A line of so many bytes.
    pub(super) fn line(&self, bytes: usize) -> Verdict {
        let mut state = self.state.lock();
        let now = Instant::now();
        let passed = now.saturating_duration_since(state.at).as_secs_f64();
        state.at = now;
        let filled =
            |left: f64, a_second, burst: f64| (left + passed * f64::from(a_second)).min(burst);
        state.left = filled(state.left, LINES_A_SECOND, BURST);
        state.left_bytes = filled(state.left_bytes, BYTES_A_SECOND, BURST_BYTES);
        if state.left < 1.0 || state.left_bytes < bytes as f64 {
            state.suppressed += 1;
            return Verdict::Suppress;
        }
        state.left -= 1.0;
        state.left_bytes -= bytes as f64;
        let note = state.suppressed > 0
            && state
                .noted
                .is_none_or(|noted| now.saturating_duration_since(noted) >= NOTE_EVERY);
        if !note {
            return Verdict::Keep { suppressed: 0 };
        }
        state.noted = Some(now);
        Verdict::Keep {
            suppressed: std::mem::take(&mut state.suppressed),
        }
    }

    /// Lines that somebody else has not kept.
    pub(super) fn suppressed(&self, lines: u64) {
        self.state.lock().suppressed += lines;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_and_counted_and_ends_by_itself() {
        let limiter = Limiter::new();
        let kept = (0..1000)
            .filter(|_| matches!(limiter.line(1), Verdict::Keep { .. }))
            .count();
        assert_eq!(kept, 200);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(limiter.line(1), Verdict::Keep { suppressed: 800 });
        assert_eq!(limiter.line(1), Verdict::Keep { suppressed: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn long_lines_are_fewer() {
        let limiter = Limiter::new();
        let kept = |limiter: &Limiter, bytes| {
            let verdicts = (0..150).map(|_| limiter.line(bytes));
            verdicts
                .filter(|verdict| matches!(verdict, Verdict::Keep { .. }))
                .count()
        };
        assert_eq!(kept(&limiter, 8 << 10), 128);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(kept(&limiter, 8 << 10), 16);
        // A short one still gets through where a long one does not.
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(limiter.line(8 << 10), Verdict::Suppress);
        assert!(matches!(limiter.line(100), Verdict::Keep { .. }));
    }
}

//! How much a transform may say in a second.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lines a second that are kept, over a while; a burst may have twice as many.
pub(super) const LINES_A_SECOND: u32 = 100;

/// A bucket that fills by the clock.
#[derive(Debug)]
pub(super) struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: f64,
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

impl Limiter {
    pub(super) fn new() -> Self {
        Limiter {
            state: Mutex::new(State {
                left: BURST,
                at: Instant::now(),
                suppressed: 0,
                noted: None,
            }),
        }
    }

    pub(super) fn line(&self) -> Verdict {
        let mut state = self.state.lock();
        let now = Instant::now();
        let passed: Duration = now.saturating_duration_since(state.at);
        state.at = now;
        state.left = (state.left + passed.as_secs_f64() * f64::from(LINES_A_SECOND)).min(BURST);
        if state.left < 1.0 {
            state.suppressed += 1;
            return Verdict::Suppress;
        }
        state.left -= 1.0;
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
            .filter(|_| matches!(limiter.line(), Verdict::Keep { .. }))
            .count();
        assert_eq!(kept, 200);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(limiter.line(), Verdict::Keep { suppressed: 800 });
        assert_eq!(limiter.line(), Verdict::Keep { suppressed: 0 });
    }
}

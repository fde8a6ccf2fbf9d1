//! The failure policy: what becomes of a batch whose guest call failed.
//!
//! One function decides, [`verdict`]. It knows nothing of lanes; they carry out what it says. Verdicts to come have their place
//! here: a second try in a fresh instance and bisecting down to the rows to blame (trap, limit, malformed,
//! permanent), growing pauses for one partition (transient), and stopping when most rows trap. Until they exist, every failure
//! of a guest stops its transform, which loses nothing.

use std::time::Duration;

use millstream_engine::Failure;

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The same batch again after a pause. Counts against nobody.
    Again(Duration),
    /// The transform stops, before this batch.
    Stop,
}

/// Long enough for another lane to give its instance back.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Decides. `attempt` counts this batch's failures in a row, from 1.
#[must_use]
pub fn verdict(failure: &Failure, attempt: u32) -> Verdict {
    if failure.is_guests_fault() {
        return Verdict::Stop;
    }
    Verdict::Again(
        PAUSE
            .saturating_mul(1 << attempt.saturating_sub(1).min(8))
            .min(LONGEST_PAUSE),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_host_is_never_charged_to_rows() {
        let full = Failure::Host("the pool is full".to_owned());
        assert_eq!(verdict(&full, 1), Verdict::Again(PAUSE));
        assert_eq!(verdict(&full, 1000), Verdict::Again(LONGEST_PAUSE));
    }

    #[test]
    fn a_failure_of_the_guest_stops_the_transform() {
        let trap = Failure::Trap {
            message: "unreachable".to_owned(),
            backtrace: String::new(),
        };
        for failure in [
            trap,
            Failure::Transient("later".to_owned()),
            Failure::Permanent("never".to_owned()),
        ] {
            assert_eq!(verdict(&failure, 1), Verdict::Stop);
        }
    }
}

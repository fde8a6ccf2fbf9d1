//! Waiting for conditions: tests never sleep for a fixed time and hope.

use std::time::{Duration, Instant};

/// How long a test waits for something that normally takes a second or two. Generous: two busy cores, a cold JVM.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `probe` until it answers something, and returns that. Panics, with `what`, when `limit` is over.
#[track_caller]
pub fn wait_until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(
            began.elapsed() < limit,
            "waited {limit:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

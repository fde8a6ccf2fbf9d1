//! Takes what a guest says and counts, for one revision.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use millstream_engine::{LogLine, Observer};

use super::{
    Line, LogSink,
    limiter::{BYTES_A_SECOND, LINES_A_SECOND, Limiter, Verdict},
    now,
};
use crate::stats::Stats;

/// Says things in a transform's log; shared by its revisions, so that a new revision does not start with a full allowance.
#[derive(Debug)]
pub struct Voice {
    transform: Arc<str>,
    host: String,
    sink: LogSink,
    limiter: Limiter,
    stats: Arc<Stats>,
}

impl Voice {
    pub fn new(transform: Arc<str>, host: String, sink: LogSink, stats: Arc<Stats>) -> Arc<Self> {
        Arc::new(Voice {
            transform,
            host,
            sink,
            limiter: Limiter::new(),
            stats,
        })
    }

    /// A line of the host's own.
    pub fn host_says(&self, revision: u64, level: &str, message: String) {
        self.send(revision, level, "host", message);
    }

    fn guest_says(&self, revision: u64, level: &str, source: &str, message: String) {
        match self.limiter.line(message.len()) {
            Verdict::Suppress => self.stats.suppressed(1),
            Verdict::Keep { suppressed } => {
                if suppressed > 0 {
                    let note = format!(
                        "{suppressed} lines were not kept: a transform may write {LINES_A_SECOND} lines and {} KiB a second",
                        BYTES_A_SECOND >> 10
                    );
                    self.host_says(revision, "warn", note);
                }
                self.send(revision, level, source, message);
            }
        }
    }

    fn send(&self, revision: u64, level: &str, source: &str, message: String) {
        // Quoted: what a guest says must not pass for lines of the host's own.
        tracing::info!(target: "guest", transform = &*self.transform, revision, level, source, "{message:?}");
        let line = Line {
            transform: Arc::clone(&self.transform),
            at: now(),
            level: level.to_owned(),
            source: source.to_owned(),
            host: self.host.clone(),
            revision,
            message,
        };
        if !self.sink.send(line) {
            self.stats.suppressed(1);
        }
    }
}

/// One revision's guests, as the engine sees their listener.
#[derive(Debug)]
pub struct GuestObserver {
    pub voice: Arc<Voice>,
    pub revision: u64,
    /// In the order of the module's description.
    pub counters: Vec<Arc<AtomicU64>>,
}

impl Observer for GuestObserver {
    fn log(&self, line: LogLine) {
        self.voice.guest_says(
            self.revision,
            line.level.as_str(),
            line.source.as_str(),
            line.message,
        );
    }

    fn count(&self, counter: usize, by: u64) {
        if let Some(counter) = self.counters.get(counter) {
            counter.fetch_add(by, Relaxed);
        }
    }

    fn suppressed(&self, lines: u64) {
        self.voice.stats.suppressed(lines);
        self.voice.limiter.suppressed(lines);
    }
}

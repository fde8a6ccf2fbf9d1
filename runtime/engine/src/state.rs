//! What the host keeps for one instance: its limits, and what it said and counted during the current call.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::budget::{Budget, Share};
use crate::meter::Meter;
use crate::observer::{Level, LogLine, LogSource, Observer};
use crate::tables::View;
use crate::{EngineConfig, Limits};

/// Resource handles that an instance may hold: they live in the host's memory, outside of the guest's limit.
pub(crate) const MAX_HANDLES: u32 = 1000;

/// A guest broke a rule of an import: becomes a trap with this text.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostTrap(pub(crate) String);

/// Called with each line within `log.write`, on the guest's own stack.
pub type LogProbe = Arc<dyn Fn(&str) + Send + Sync>;

/// The data of an instance's store.
pub(crate) struct State {
    pub(crate) share: Share,
    pub(crate) meter: Arc<Meter>,
    pub(crate) counters: Counters,
    pub(crate) said: Said,
    pub(crate) probe: Option<LogProbe>,
    /// What the call at hand sees of the tables; `None` outside of `apply`, and where none are declared.
    pub(crate) view: Option<View>,
    clock: Clock,
    handles: u32,
}

impl State {
    pub(crate) fn new(config: &EngineConfig, budget: Arc<Budget>, limits: &Limits) -> State {
        State {
            share: Share::new(budget, limits),
            meter: Arc::new(Meter::new(limits)),
            counters: Counters::default(),
            said: Said::new(limits),
            probe: config.log_probe.clone(),
            view: None,
            clock: Clock::new(),
            handles: 0,
        }
    }

    pub(crate) fn begin_call(&mut self) {
        self.share.begin_call();
        self.clock.advance();
    }

    /// Gives the observer what the call said, and what it counted if its answer was accepted.
    pub(crate) fn end_call(&mut self, observer: &dyn Observer, accepted: bool) {
        self.view = None;
        self.said.hand_over(observer, accepted);
        self.counters.hand_over(observer, accepted);
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Called before a handle is given to the guest.
    pub(crate) fn add_handle(&mut self) -> Result<(), HostTrap> {
        if self.handles == MAX_HANDLES {
            return Err(HostTrap(format!(
                "more than {MAX_HANDLES} handles of WASI resources were not dropped"
            )));
        }
        self.handles += 1;
        Ok(())
    }

    pub(crate) fn drop_handle(&mut self) {
        self.handles = self.handles.saturating_sub(1);
    }
}

/// The guest's clocks. They stand still within a call, so that a batch can be replayed, and are coarse.
pub(crate) struct Clock {
    origin: Instant,
    monotonic: u64,
    wall: u64,
}

impl Clock {
    /// Nanoseconds that the clocks move in.
    pub(crate) const RESOLUTION: u64 = 1_000_000;

    fn new() -> Clock {
        let mut clock = Clock {
            origin: Instant::now(),
            monotonic: 0,
            wall: 0,
        };
        clock.advance();
        clock
    }

    fn advance(&mut self) {
        let coarse = |nanos: u128| nanos as u64 / Self::RESOLUTION * Self::RESOLUTION;
        // From 1 on: some runtimes take a monotonic time of 0 for a broken clock.
        self.monotonic = coarse(self.origin.elapsed().as_nanos()) + Self::RESOLUTION;
        self.wall = coarse(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos(),
        );
    }

    /// Nanoseconds from some point before the instance was made.
    pub(crate) fn monotonic(&self) -> u64 {
        self.monotonic
    }

    /// Nanoseconds since 1970-01-01T00:00Z.
    pub(crate) fn wall(&self) -> u64 {
        self.wall
    }
}

/// The module's own counters during a call.
#[derive(Default)]
pub(crate) struct Counters(Vec<u64>);

impl Counters {
    /// Until this is called, there are none to add to.
    pub(crate) fn declare(&mut self, count: usize) {
        self.0 = vec![0; count];
    }

    pub(crate) fn add(&mut self, counter: u32, by: u64) -> Result<(), HostTrap> {
        let declared = self.0.len();
        let Some(sum) = self.0.get_mut(counter as usize) else {
            return Err(HostTrap(format!(
                "metrics.add: there is no counter {counter}, {declared} are declared"
            )));
        };
        *sum = sum.saturating_add(by);
        Ok(())
    }

    fn hand_over(&mut self, observer: &dyn Observer, accepted: bool) {
        for (counter, sum) in self.0.iter_mut().enumerate().filter(|(_, sum)| **sum > 0) {
            if accepted {
                observer.count(counter, *sum);
            }
            *sum = 0;
        }
    }
}

/// Lines that a call wrote.
pub(crate) struct Said {
    line_bytes: usize,
    max_lines: usize,
    lines: Vec<LogLine>,
    suppressed: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Said {
    fn new(limits: &Limits) -> Said {
        Said {
            line_bytes: limits.log_line_bytes,
            max_lines: limits.log_lines,
            lines: Vec::new(),
            suppressed: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// Bytes that are kept of a line.
    pub(crate) fn line_bytes(&self) -> usize {
        self.line_bytes
    }

    pub(crate) fn write(&mut self, level: Level, source: LogSource, message: &str) {
        if self.lines.len() == self.max_lines {
            self.suppressed += 1;
            return;
        }
        let message = message[..message.floor_char_boundary(self.line_bytes)].to_owned();
        self.lines.push(LogLine {
            level,
            message,
            source,
            accepted: false,
        });
    }

    /// Bytes of standard output or error; whole lines become log lines.
    pub(crate) fn write_stream(&mut self, source: LogSource, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            let line_bytes = self.line_bytes;
            let pending = self.pending(source);
            // One byte more than is shown, so that `write` sees that there is something to cut.
            let room = (line_bytes + 1).saturating_sub(pending.len());
            let (text, ended) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            pending.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.end_line(source);
            }
        }
    }

    fn pending(&mut self, source: LogSource) -> &mut Vec<u8> {
        if source == LogSource::Stderr {
            &mut self.stderr
        } else {
            &mut self.stdout
        }
    }

    fn end_line(&mut self, source: LogSource) {
        let line = std::mem::take(self.pending(source));
        let level = if source == LogSource::Stderr {
            Level::Warn
        } else {
            Level::Info
        };
        self.write(level, source, &String::from_utf8_lossy(&line));
    }

    fn hand_over(&mut self, observer: &dyn Observer, accepted: bool) {
        for source in [LogSource::Stdout, LogSource::Stderr] {
            if !self.pending(source).is_empty() {
                self.end_line(source);
            }
        }
        for line in self.lines.drain(..) {
            observer.log(LogLine { accepted, ..line });
        }
        match std::mem::take(&mut self.suppressed) {
            0 => {}
            lines => observer.suppressed(lines),
        }
    }
}

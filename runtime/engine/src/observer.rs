//! Where a guest's own words and numbers go. The engine gathers both during a call and hands them over after it.

/// How urgent a guest says a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For the guest's author.
    Debug,
    /// Worth keeping.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The name as in the contract: `debug`, `info`, `warn`, `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// How a line left the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogSource {
    /// Through the contract's `log.write`.
    Guest,
    /// Standard output; its level is `info`.
    Stdout,
    /// Standard error; its level is `warn`.
    Stderr,
}

impl LogSource {
    /// `guest`, `stdout` or `stderr`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogSource::Guest => "guest",
            LogSource::Stdout => "stdout",
            LogSource::Stderr => "stderr",
        }
    }
}

/// One line. Untrusted text: it may hold control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The guest's word for how urgent it is.
    pub level: Level,
    /// At most `Limits::log_line_bytes` long, cut at a character.
    pub message: String,
    /// How it left the guest.
    pub source: LogSource,
    /// Whether the answer of the call that wrote it was accepted.
    pub accepted: bool,
}

/// Takes what guests say. Called on the thread that polled the call, after the call: it must not block.
pub trait Observer: Send + Sync {
    /// A line, in the order of writing.
    fn log(&self, line: LogLine);
    /// `by` was added to the counter at this index of `Description::counters`. Only of calls whose answer was accepted.
    fn count(&self, counter: usize, by: u64);
    /// A call wrote this many lines more than `Limits::log_lines`.
    fn suppressed(&self, lines: u64);
}

/// Throws everything away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl Observer for Deaf {
    fn log(&self, _line: LogLine) {}
    fn count(&self, _counter: usize, _by: u64) {}
    fn suppressed(&self, _lines: u64) {}
}

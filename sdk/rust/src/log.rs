//! Lines for the transform's log: [`debug!`](crate::debug), [`info!`](crate::info), [`warn!`](crate::warn),
//! [`error!`](crate::error), written like `println!`. What a component prints becomes a log line as well. The host limits
//! lines, per line, per call and per second.
//!
//! Outside of a component the lines are printed; [`testing`](crate::testing) keeps them with the outcome.

use std::cell::RefCell;
use std::fmt;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a bug.
    Debug,
    /// For whoever wants to know.
    Info,
    /// Somebody should look at this some time.
    Warn,
    /// Somebody should look at this.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        })
    }
}

thread_local! {
    static CAPTURED: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

/// Runs `run` and keeps the lines that it logs.
pub(crate) fn capture<T>(run: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
    CAPTURED.set(Some(Vec::new()));
    let result = run();
    (result, CAPTURED.take().unwrap_or_default())
}

/// The host keeps 8 KiB of a line, and traps at a message of more than 1 MiB.
const LONGEST: usize = 64 * 1024;

/// Writes a line, cut at 64 KiB. The macros are shorter.
pub fn write(level: Level, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(message) => send(level, cut(message)),
        None => send(level, cut(&message.to_string())),
    }
}

fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(LONGEST)]
}

fn send(level: Level, message: &str) {
    if cfg!(target_family = "wasm") {
        use crate::bindings::millstream::transform::log;
        let level = match level {
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::write(level, message);
        return;
    }
    CAPTURED.with_borrow_mut(|captured| match captured {
        Some(lines) => lines.push((level, message.to_owned())),
        None => eprintln!("{level}: {message}"),
    });
}

/// Logs a line for whoever looks for a bug.
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Debug, ::std::format_args!($($message)+)) };
}
/// Logs a line for whoever wants to know.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Info, ::std::format_args!($($message)+)) };
}
/// Logs a line that somebody should look at some time.
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Warn, ::std::format_args!($($message)+)) };
}
/// Logs a line that somebody should look at.
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Error, ::std::format_args!($($message)+)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let umlauts = "ä".repeat(100_000);
        let ((), lines) = capture(|| {
            crate::info!("{umlauts}");
            crate::info!("a{umlauts}");
        });
        let lengths: Vec<usize> = lines.iter().map(|(_, line)| line.len()).collect();
        assert_eq!(lengths, [65_536, 65_535]);
    }
}

//! What a person sees: lines, colours, tables, numbers, complaints.
//!
//! Promises that a closed pipe ends the program quietly, that colour appears only on a terminal without `NO_COLOR`, and that
//! text which came out of a guest or a record can be shown without it steering the terminal ([`escape()`]). Knows nothing of
//! hosts or topics.

use std::fmt;
use std::io::{self, IsTerminal, Write};

mod complaint;
mod escape;
pub(crate) mod numbers;
pub(crate) mod panic;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod table;

pub(crate) use complaint::{Complaint, USAGE, report};
pub(crate) use escape::{escape, escape_bytes, escape_json};

/// Writes a line to standard output. A reader that has gone away ends the program without a word.
pub(crate) fn line(text: impl fmt::Display) {
    give_up_if_closed(writeln!(io::stdout().lock(), "{text}"));
}

/// Writes a line to standard error, where notes and warnings go, so that output can be piped.
pub(crate) fn note(text: impl fmt::Display) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: impl fmt::Display) {
    let style = style::stderr();
    note(format_args!("{} {text}", style.yellow("warning:")));
}

/// Writes a value as indented JSON, control characters escaped.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(escape_json(&serde_json::to_string_pretty(value)?));
    Ok(())
}

/// Whether a person looks at standard output.
pub(crate) fn on_a_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Ends the program when standard output was closed at the other end (`… | head`), as other tools do; says so when it
/// cannot be written for another reason (a full disk).
pub(crate) fn give_up_if_closed(result: io::Result<()>) {
    let Err(error) = result else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    note(format_args!("error: standard output: {error}"));
    std::process::exit(1);
}

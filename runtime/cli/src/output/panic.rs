//! What a person sees when the program itself has a bug: a sentence, where it happened, what to do. No backtrace unless asked.

use std::panic::PanicHookInfo;

use super::{escape, note};

/// Puts the polite message in place of Rust's own. A panic caused by a closed pipe ends the program quietly.
pub(crate) fn install() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let message = message(info);
        if is_closed_pipe(&message) {
            std::process::exit(0);
        }
        let place = info
            .location()
            .map(|place| format!(" ({}:{})", place.file(), place.line()))
            .unwrap_or_default();
        note(format_args!(
            "error: millstream: a bug in Millstream itself: {}{place}",
            escape(&message)
        ));
        note(
            "help: please report it with what you were doing; RUST_BACKTRACE=1 shows where it comes from",
        );
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
            default(info);
        }
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    info.payload_as_str().unwrap_or("no message").to_owned()
}

/// `println!` panics when the reader of a pipe has gone.
fn is_closed_pipe(message: &str) -> bool {
    message.starts_with("failed printing to std") && message.contains("Broken pipe")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_told_from_other_panics() {
        assert!(is_closed_pipe(
            "failed printing to stdout: Broken pipe (os error 32)"
        ));
        assert!(!is_closed_pipe("index out of bounds"));
        assert!(!is_closed_pipe(
            "failed printing to stdout: No space left on device (os error 28)"
        ));
    }
}

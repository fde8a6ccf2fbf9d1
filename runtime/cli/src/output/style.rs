//! Colour, where it is wanted.

use std::fmt::{self, Display};
use std::io::IsTerminal;

/// Colours for one stream, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    on: bool,
}

/// Colours for standard output.
pub(crate) fn stdout() -> Style {
    Style {
        on: wanted(std::io::stdout().is_terminal()),
    }
}

/// Colours for standard error.
pub(crate) fn stderr() -> Style {
    Style {
        on: wanted(std::io::stderr().is_terminal()),
    }
}

/// Only on a terminal, not on a dumb one, and not with `NO_COLOR` set to anything (<https://no-color.org>).
fn wanted(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Text with a colour around it, or not.
pub(crate) struct Painted<T> {
    text: T,
    code: Option<&'static str>,
}

impl Style {
    fn paint<T: Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted {
            text,
            code: self.on.then_some(code),
        }
    }
    pub(crate) fn bold<T: Display>(self, text: T) -> Painted<T> {
        self.paint("1", text)
    }
    pub(crate) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.paint("2", text)
    }
    pub(crate) fn red<T: Display>(self, text: T) -> Painted<T> {
        self.paint("1;31", text)
    }
    pub(crate) fn green<T: Display>(self, text: T) -> Painted<T> {
        self.paint("32", text)
    }
    pub(crate) fn yellow<T: Display>(self, text: T) -> Painted<T> {
        self.paint("33", text)
    }
    pub(crate) fn cyan<T: Display>(self, text: T) -> Painted<T> {
        self.paint("36", text)
    }
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_coloured_off_a_terminal() {
        assert_eq!(Style { on: wanted(false) }.red("x").to_string(), "x");
        assert_eq!(
            Style { on: true }.red("x").to_string(),
            "\u{1b}[1;31mx\u{1b}[0m"
        );
    }
}

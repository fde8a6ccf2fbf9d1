//! An error for people: which thing, what is wrong with it, what to do.

use std::fmt;

use super::style;

/// The exit code of a wrong command line (`EX_USAGE`).
pub(crate) const USAGE: u8 = 64;
/// The exit code of everything else that went wrong.
pub(crate) const FAILED: u8 = 1;

/// What `main` prints as `error: <thing>: <reason>` and `help: <remedy>`.
#[derive(Debug)]
pub(crate) struct Complaint(Box<Parts>);

/// Apart, so that a result with a complaint stays small.
#[derive(Debug)]
struct Parts {
    thing: String,
    reason: String,
    details: Vec<String>,
    help: Option<String>,
    code: Option<String>,
    exit: u8,
}

impl Complaint {
    pub(crate) fn new(thing: impl Into<String>, reason: impl Into<String>) -> Complaint {
        Complaint(Box::new(Parts {
            thing: thing.into(),
            reason: reason.into(),
            details: Vec::new(),
            help: None,
            code: None,
            exit: FAILED,
        }))
    }

    /// What to do about it, as one or more lines.
    #[must_use]
    pub(crate) fn help(mut self, remedy: impl Into<String>) -> Complaint {
        self.0.help = Some(remedy.into());
        self
    }

    /// One more thing that is wrong; printed indented below the reason.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Complaint {
        self.0.details.push(detail.into());
        self
    }

    /// Says what is wrong in other words: `words` gets `thing: reason`, and each detail.
    #[must_use]
    pub(crate) fn reworded(mut self, words: impl Fn(&str) -> String) -> Complaint {
        if !self.0.thing.is_empty() {
            self.0.reason = words(&format!("{}: {}", self.0.thing, self.0.reason));
            self.0.thing.clear();
        }
        self.0.details = self.0.details.iter().map(|detail| words(detail)).collect();
        self
    }

    /// Marks it as a mistake on the command line: exit code 64.
    #[must_use]
    pub(crate) fn usage(mut self) -> Complaint {
        self.0.exit = USAGE;
        self
    }

    /// Notes the host's code for it, for callers that act on one.
    #[must_use]
    pub(crate) fn code(mut self, code: &str) -> Complaint {
        self.0.code = Some(code.to_owned());
        self
    }

    /// The host's code for this error, if it came from a host.
    pub(crate) fn code_of(error: &anyhow::Error) -> Option<&str> {
        error.downcast_ref::<Complaint>()?.0.code.as_deref()
    }

    pub(crate) fn exit(&self) -> u8 {
        self.0.exit
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.thing.is_empty() {
            write!(f, "{}", self.0.reason)?;
        } else {
            write!(f, "{}: {}", self.0.thing, self.0.reason)?;
        }
        for detail in &self.0.details {
            write!(f, "\n  {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaint {}

/// Prints an error to standard error and says which exit code it deserves.
///
/// A [`Complaint`] anywhere in the chain gives the remedy; what was wrapped around it is context and is printed before it.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let style = style::stderr();
    let complaint = error.downcast_ref::<Complaint>();
    super::note(format_args!("{} {error:#}", style.red("error:")));
    if let Some(help) = complaint.and_then(|complaint| complaint.0.help.as_deref()) {
        let mut lines = help.lines();
        super::note(format_args!(
            "{} {}",
            style.cyan("help:"),
            lines.next().unwrap_or_default()
        ));
        for line in lines {
            super::note(format_args!("      {line}"));
        }
    }
    complaint.map_or(FAILED, Complaint::exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_thing_then_the_reason_then_the_details() {
        let complaint = Complaint::new("route.wasm", "cannot be deployed")
            .detail("outputs.likes: has no topic");
        assert_eq!(
            complaint.to_string(),
            "route.wasm: cannot be deployed\n  outputs.likes: has no topic"
        );
        assert_eq!(complaint.exit(), FAILED);
    }

    #[test]
    fn a_usage_mistake_exits_with_64_even_under_context() {
        let error =
            anyhow::Error::from(Complaint::new("--to", "has no topic").usage()).context("deploy");
        assert_eq!(report(&error), 64);
    }
}

//! The jobs: what is done to each event, and what has to come out.

use clap::ValueEnum;

/// What is done to each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Job {
    /// To one output, unchanged
    Copy,
    /// To one of three outputs by a JSON field; a quarter is dropped
    Route,
    /// To one output, with one member set
    Change,
    /// To one output, with the row of a table that the key has
    Join,
}

impl Job {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Job::Copy => "copy",
            Job::Route => "route",
            Job::Change => "change",
            Job::Join => "join",
        }
    }

    pub(crate) fn outputs(self) -> &'static [&'static str] {
        match self {
            Job::Copy => &["copy"],
            Job::Route => &["swipes", "messages", "profiles"],
            Job::Change => &["changed"],
            Job::Join => &["joined"],
        }
    }

    /// The table that it looks into.
    pub(crate) fn table(self) -> Option<&'static str> {
        (self == Job::Join).then_some("users")
    }

    /// The component that does it.
    pub(crate) fn guest(self) -> String {
        format!("bench-{}", self.name())
    }
}

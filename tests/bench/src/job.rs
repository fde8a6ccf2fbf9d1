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
}

impl Job {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Job::Copy => "copy",
            Job::Route => "route",
            Job::Change => "change",
        }
    }

    pub(crate) fn outputs(self) -> &'static [&'static str] {
        match self {
            Job::Copy => &["copy"],
            Job::Route => &["swipes", "messages", "profiles"],
            Job::Change => &["changed"],
        }
    }

    /// The component that does it.
    pub(crate) fn guest(self) -> String {
        format!("bench-{}", self.name())
    }
}

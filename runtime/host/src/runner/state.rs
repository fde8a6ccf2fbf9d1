//! What a running transform says about itself.

use std::fmt;

use crate::delivery::Stamp;
use crate::lane::Failed;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// Looking its topics up.
    Starting {
        /// What is in the way, if anything: it is tried again.
        problem: Option<String>,
    },
    /// In its group; works on whatever it is assigned.
    Running {
        /// With this revision. A newer one that was handed over still looks its topics up.
        revision: u64,
        /// What is going wrong at the moment, if anything: it is tried again.
        problem: Option<String>,
    },
    /// A newer revision has worked on some of its partitions: they wait until this host has it. Others go on.
    Waiting {
        /// The newest of those.
        newer: Stamp,
    },
    /// Halted before a batch.
    Failed(Failed),
    /// Finishing what is in flight.
    Stopping,
    /// Has left its group.
    Stopped,
}

impl RunState {
    /// Whether it is in its group and has not failed.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. } | Self::Waiting { .. })
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { problem: None } => write!(f, "starting"),
            Self::Starting {
                problem: Some(problem),
            } => write!(f, "starting: {problem}"),
            Self::Running { problem: None, .. } => write!(f, "running"),
            Self::Running {
                problem: Some(problem),
                ..
            } => write!(f, "running: {problem}"),
            Self::Waiting { newer } => write!(f, "waiting for revision {}", newer.revision),
            Self::Failed(failed) => write!(f, "failed: {failed}"),
            Self::Stopping => write!(f, "stopping"),
            Self::Stopped => write!(f, "stopped"),
        }
    }
}

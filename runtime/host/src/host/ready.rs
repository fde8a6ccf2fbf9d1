//! Whether the host can be asked to do something, told truthfully.

use std::sync::atomic::Ordering::Relaxed;

use super::Host;

/// Why it cannot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    #[error("{0}")]
    Brokers(String),
    #[error("this host has not read all deployments yet: try again in a moment")]
    CatchingUp,
    #[error("this host is stopping")]
    Stopping,
}

impl Host {
    /// # Errors
    /// The first thing that is in the way.
    pub fn ready(&self) -> Result<(), NotReady> {
        if self.inner.draining.load(Relaxed) {
            return Err(NotReady::Stopping);
        }
        self.inner
            .brokers
            .lock()
            .clone()
            .map_err(NotReady::Brokers)?;
        self.caught_up()
    }

    /// Whether it knows what is deployed, be brokers there or not.
    ///
    /// # Errors
    /// Why it does not.
    pub fn caught_up(&self) -> Result<(), NotReady> {
        if self.inner.caught_up.load(Relaxed) {
            return Ok(());
        }
        self.inner
            .brokers
            .lock()
            .clone()
            .map_err(NotReady::Brokers)?;
        Err(NotReady::CatchingUp)
    }
}

//! The seam between the revision log and what keeps it.

use std::future::Future;

pub use millstream_kafka::log::LogRecord;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Somebody else has claimed the log since. Nothing was written.
    #[error("another host claimed the log of deployments")]
    Fenced,
    /// The broker could not be reached or refused. Whether something was written is not known.
    #[error("{0}")]
    Broker(String),
}

/// A log with one writer at a time.
pub trait RevisionLog: Send + Sync {
    /// The right to write one record, until somebody else claims the log.
    type Claim: Send;

    /// Claims the log. All earlier claims are void from here on, and what they had begun is undone or done.
    fn claim(&self) -> impl Future<Output = Result<Self::Claim, LogError>> + Send;

    /// Every committed record from `offset` to the end, and the offset to go on from.
    fn read_to_end(
        &self,
        offset: i64,
    ) -> impl Future<Output = Result<(Vec<LogRecord>, i64), LogError>> + Send;

    /// Writes one record and gives the claim back.
    fn write(
        &self,
        claim: Self::Claim,
        key: Vec<u8>,
        value: Vec<u8>,
    ) -> impl Future<Output = Result<(), LogError>> + Send;
}

//! Transactions: records of a producer and offsets of a group, all of them or none.
//!
//! A producer with a [`ProducerOptions::transactional_id`](super::ProducerOptions) has to be initialised once, which fences
//! whoever held the id before and decides what they left open. From then on everything it sends belongs to the transaction that
//! was begun last. Nothing here blocks an async worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Producer;
use crate::consumer::{Commit, Member, blocking, millis};
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::Client;
use crate::ffi::list::List;
use crate::ffi::transaction::{self, Outcome, Remedy};

/// One blocking call; what goes on where it was is called again until its time is over.
const ONE_CALL: Duration = Duration::from_secs(5);

/// A transaction was not committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// It was aborted: nothing of it will ever be seen. Another one can be begun.
    #[error("{0}; the transaction was aborted")]
    Aborted(KafkaError),
    /// The producer is of no use any more: its id was taken over, or what became of the transaction is not known. A new
    /// producer of that id knows once it is initialised, and then the group's committed offsets tell.
    #[error("{0}; the producer is of no use any more")]
    Over(KafkaError),
}

impl TransactionError {
    /// Why.
    pub fn cause(&self) -> &KafkaError {
        match self {
            TransactionError::Aborted(error) | TransactionError::Over(error) => error,
        }
    }
}

impl Producer {
    /// Takes the transactional id over. Waits for brokers that are away, at most so long.
    pub async fn init_transactions(&self, within: Duration) -> Result<(), KafkaError> {
        let client = Arc::clone(&self.shared().client);
        blocking("take over the transactional id", move || {
            again(within, |timeout| transaction::init(&client, timeout)).map_err(|(error, _)| error)
        })
        .await
    }

    /// What is sent from now on belongs together. Does not wait.
    pub fn begin_transaction(&self) -> Result<(), KafkaError> {
        transaction::begin(&self.shared().client).map_err(|(error, _)| error)
    }

    /// Makes all that was sent visible to readers of committed records, and moves the group's offsets, at once. A broker
    /// refuses the offsets of a member that it has given up. Waits for brokers that are away, at most so long. If it fails
    /// the transaction is aborted, as far as that is possible.
    pub async fn commit_transaction(
        &self,
        offsets: &[Commit],
        member: Member,
        within: Duration,
    ) -> Result<(), TransactionError> {
        let mut list = List::new();
        for commit in offsets {
            list.add(&commit.partition, commit.offset, &commit.metadata);
        }
        let client = Arc::clone(&self.shared().client);
        off(move || {
            let deadline = Instant::now() + within;
            let left = || deadline.saturating_duration_since(Instant::now());
            let committed = member
                .group
                .map_err(|error| (error, Remedy::Abort))
                .and_then(|group| {
                    again(left(), |timeout| {
                        transaction::send_offsets(&client, &list, &group, timeout)
                    })
                })
                .and_then(|()| again(left(), |timeout| transaction::commit(&client, timeout)));
            committed.map_err(|refused| give_up(&client, refused, within))
        })
        .await
    }

    /// Throws away what was sent since the transaction was begun.
    pub async fn abort_transaction(&self, within: Duration) -> Result<(), TransactionError> {
        let client = Arc::clone(&self.shared().client);
        off(move || {
            again(within, |timeout| transaction::abort(&client, timeout))
                .map_err(|(error, _)| TransactionError::Over(error))
        })
        .await
    }
}

/// Repeats a call for as long as it may still work.
fn again(within: Duration, mut call: impl FnMut(i32) -> Outcome) -> Outcome {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match call(millis(left.min(ONE_CALL))) {
            Err((_, Remedy::Retry)) if Instant::now() < deadline => {
                // Most retriable refusals come after a wait of their own; some come at once.
                std::thread::sleep(Duration::from_millis(50));
            }
            outcome => return outcome,
        }
    }
}

fn give_up(
    client: &Client,
    (error, remedy): (KafkaError, Remedy),
    within: Duration,
) -> TransactionError {
    if remedy != Remedy::Abort {
        return TransactionError::Over(error);
    }
    match again(within, |timeout| transaction::abort(client, timeout)) {
        Ok(()) => TransactionError::Aborted(error),
        // Why it had to be aborted is what people can do something about.
        Err((worse, _)) => TransactionError::Over(error.and(&worse)),
    }
}

async fn off(
    call: impl FnOnce() -> Result<(), TransactionError> + Send + 'static,
) -> Result<(), TransactionError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|error| {
            let error = KafkaError::new(
                "end a transaction",
                ErrorCode::Interrupted,
                error.to_string(),
            );
            Err(TransactionError::Over(error))
        })
}

//! Transactions of a producer, with the offsets of a consumer's group in them. All but `begin` block.

use std::ptr::NonNull;

use rdkafka::bindings as rd;

use super::client::{Client, error_of};
use super::list::List;
use crate::error::{ErrorCode, KafkaError};

/// What is left to do after a call that did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The same call again: it goes on where it was.
    Retry,
    /// Nothing but aborting the transaction.
    Abort,
    /// Nothing: the call was refused, or the producer is of no use any more (see [`KafkaError::is_fatal`]).
    None,
}

pub(crate) type Outcome = Result<(), (KafkaError, Remedy)>;

/// Who a group's member is at the moment, so that a broker can refuse offsets of one that it has given up.
#[derive(Debug)]
pub(crate) struct GroupMetadata {
    metadata: NonNull<rd::rd_kafka_consumer_group_metadata_t>,
}

// SAFETY: a plain allocation without ties to a thread or client.
unsafe impl Send for GroupMetadata {}
// SAFETY: never changed once made.
unsafe impl Sync for GroupMetadata {}

impl GroupMetadata {
    /// Of this consumer, now.
    pub(crate) fn of(consumer: &Client) -> Result<GroupMetadata, KafkaError> {
        // SAFETY: the client lives; what is returned is ours, or null.
        let metadata = unsafe { rd::rd_kafka_consumer_group_metadata(consumer.ptr()) };
        let metadata = NonNull::new(metadata).ok_or_else(|| {
            KafkaError::new("name the group's member", ErrorCode::UnknownGroup, "")
        })?;
        Ok(GroupMetadata { metadata })
    }
}

impl Drop for GroupMetadata {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { rd::rd_kafka_consumer_group_metadata_destroy(self.metadata.as_ptr()) }
    }
}

fn outcome(error: *mut rd::rd_kafka_error_t, action: &str) -> Outcome {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: not null, so a live error object; it is freed by `error_of` below, after this.
    let remedy = unsafe {
        if rd::rd_kafka_error_is_fatal(error) != 0 {
            Remedy::None
        } else if rd::rd_kafka_error_txn_requires_abort(error) != 0 {
            Remedy::Abort
        } else if rd::rd_kafka_error_is_retriable(error) != 0 {
            Remedy::Retry
        } else {
            Remedy::None
        }
    };
    match error_of(error, action) {
        Some(error) => Err((error, remedy)),
        None => Ok(()),
    }
}

/// Takes the transactional id over and waits until what its last holder left open is decided.
pub(crate) fn init(producer: &Client, timeout_ms: i32) -> Outcome {
    // SAFETY: the client lives.
    let error = unsafe { rd::rd_kafka_init_transactions(producer.ptr(), timeout_ms) };
    outcome(error, "take over the transactional id")
}

pub(crate) fn begin(producer: &Client) -> Outcome {
    // SAFETY: the client lives.
    let error = unsafe { rd::rd_kafka_begin_transaction(producer.ptr()) };
    outcome(error, "begin a transaction")
}

/// Adds offsets to the open transaction.
pub(crate) fn send_offsets(
    producer: &Client,
    offsets: &List,
    group: &GroupMetadata,
    timeout_ms: i32,
) -> Outcome {
    // SAFETY: all three live during the call, which copies list and metadata.
    let error = unsafe {
        rd::rd_kafka_send_offsets_to_transaction(
            producer.ptr(),
            offsets.ptr(),
            group.metadata.as_ptr(),
            timeout_ms,
        )
    };
    outcome(error, "add offsets to a transaction")
}

/// Writes what is waiting, then commits. The producer's reports have to be served meanwhile, elsewhere.
pub(crate) fn commit(producer: &Client, timeout_ms: i32) -> Outcome {
    // SAFETY: the client lives.
    let error = unsafe { rd::rd_kafka_commit_transaction(producer.ptr(), timeout_ms) };
    outcome(error, "commit a transaction")
}

/// Throws away what is waiting, then aborts. The producer's reports have to be served meanwhile, elsewhere.
pub(crate) fn abort(producer: &Client, timeout_ms: i32) -> Outcome {
    // SAFETY: the client lives.
    let error = unsafe { rd::rd_kafka_abort_transaction(producer.ptr(), timeout_ms) };
    outcome(error, "abort a transaction")
}

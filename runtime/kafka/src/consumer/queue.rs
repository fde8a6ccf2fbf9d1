//! One partition's queue.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::fetched::Fetched;
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::consume;
use crate::ffi::message::Message;
use crate::ffi::queue::Queue;
use crate::topic_partition::TopicPartition;

/// librdkafka hands out by count, not by size: what a `take` may not return waits in the stash, so it is bounded.
const CHUNK: usize = 1000;

/// What was fetched of one partition and not taken yet. Clones are the same queue.
#[derive(Debug, Clone)]
pub struct PartitionQueue {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    partition: TopicPartition,
    // Before the queue: messages must go before the client that the queue keeps.
    stash: Mutex<VecDeque<Message>>,
    queue: Queue,
}

impl Inner {
    pub(super) fn new(partition: TopicPartition, queue: Queue) -> Inner {
        Inner {
            partition,
            stash: Mutex::default(),
            queue,
        }
    }

    /// Forgets what was handed out by librdkafka and not taken; what it still holds of old positions it drops itself.
    pub(super) fn clear(&self) {
        self.stash.lock().clear();
    }
}

/// What [`PartitionQueue::take`] found.
#[derive(Debug)]
pub struct Taken {
    /// Records in order; may be empty.
    pub batch: Fetched,
    /// The end of the partition was reached after these records, at this offset (which may lie past the last record:
    /// transaction markers and compaction leave gaps). Safe to commit once the records are dealt with.
    pub eof: Option<i64>,
    /// What went wrong after these records.
    pub error: Option<PartitionError>,
}

/// Something is wrong with one partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct PartitionError {
    /// What to do about it.
    pub kind: PartitionErrorKind,
    /// The broker's or librdkafka's words.
    pub error: KafkaError,
}

/// Which kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionErrorKind {
    /// The position lies outside of what the broker keeps. Fetching has stopped until a [`super::Consumer::seek`].
    OffsetOutOfRange,
    /// The topic or partition is gone.
    UnknownPartition,
    /// This user may not read it.
    Unauthorized,
    /// librdkafka tries again by itself.
    Other,
}

impl PartitionQueue {
    /// Whose queue it is.
    pub fn partition(&self) -> &TopicPartition {
        &self.inner.partition
    }

    /// `ready` is called whenever the queue becomes non-empty, and once now if it is. It runs on librdkafka's threads
    /// under the queue's lock: wake somebody and return; never call Kafka or drop a queue in it. It does not fire while
    /// something is left over: take until [`PartitionQueue::len`] is 0. Replaces an earlier one.
    pub fn set_ready(&self, ready: Box<dyn Fn() + Send + Sync>) {
        let ready: Arc<dyn Fn() + Send + Sync> = ready.into();
        let wake = Arc::clone(&ready);
        self.inner.queue.set_wake(Box::new(move || wake()));
        if !self.is_empty() {
            ready();
        }
    }

    /// Entries waiting: records, and now and then an end or an error.
    pub fn len(&self) -> usize {
        self.inner.stash.lock().len() + self.inner.queue.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes up to `max_records` records of up to `max_bytes` of keys and values together, but at least one record if
    /// there is one, however large. Never blocks. Ends early at an error; an end of the partition is told only if no
    /// record came after it.
    pub fn take(&self, max_records: usize, max_bytes: usize) -> Taken {
        let mut stash = self.inner.stash.lock();
        let mut records = Vec::new();
        let mut bytes = 0;
        let (mut eof, mut error) = (None, None);
        'fill: while records.len() < max_records {
            if stash.is_empty()
                && consume::take(
                    &self.inner.queue,
                    CHUNK.min(max_records - records.len()),
                    &mut *stash,
                ) == 0
            {
                break;
            }
            if records.capacity() == 0 {
                records.reserve(stash.len().min(max_records));
            }
            while let Some(message) = stash.front() {
                if message.is_record() {
                    let size = message.bytes();
                    if records.len() >= max_records
                        || (!records.is_empty() && bytes + size > max_bytes)
                    {
                        break 'fill;
                    }
                    bytes += size;
                    eof = None;
                    records.extend(stash.pop_front());
                    continue;
                }
                let Some(message) = stash.pop_front() else {
                    break;
                };
                if message.code() == ErrorCode::PartitionEOF {
                    eof = Some(message.offset());
                } else {
                    error = Some(self.error(&message));
                    break 'fill;
                }
            }
        }
        drop(stash);
        Taken {
            batch: Fetched::new(records, bytes, Arc::clone(self.inner.queue.client())),
            eof,
            error,
        }
    }

    fn error(&self, message: &Message) -> PartitionError {
        let code = message.code();
        let reason = message
            .payload()
            .map(|reason| String::from_utf8_lossy(reason).into_owned())
            .unwrap_or_default();
        let kind = match code {
            ErrorCode::AutoOffsetReset | ErrorCode::OffsetOutOfRange => {
                PartitionErrorKind::OffsetOutOfRange
            }
            ErrorCode::UnknownTopic
            | ErrorCode::UnknownPartition
            | ErrorCode::UnknownTopicOrPartition => PartitionErrorKind::UnknownPartition,
            ErrorCode::TopicAuthorizationFailed => PartitionErrorKind::Unauthorized,
            _ => PartitionErrorKind::Other,
        };
        PartitionError {
            kind,
            error: KafkaError::new(format!("read {}", self.inner.partition), code, reason),
        }
    }
}

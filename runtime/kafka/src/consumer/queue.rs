//! One partition's queue.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::fetched::Fetched;
use super::pump::{Ripe, Tap};
use super::stash::{Room, Stash};
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::message::Message;
use crate::ffi::queue::Queue;
use crate::topic_partition::TopicPartition;

/// What was fetched of one partition and not taken yet. Clones are the same queue.
#[derive(Clone)]
pub struct PartitionQueue {
    pub(super) inner: Arc<Inner>,
}

impl std::fmt::Debug for PartitionQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartitionQueue")
            .field("partition", &self.inner.partition)
            .finish_non_exhaustive()
    }
}

type Ready = Arc<dyn Fn() + Send + Sync>;

/// Those of a consumer that are in use. Each takes itself out when it ends.
pub(super) type Queues = Mutex<HashMap<TopicPartition, Weak<Inner>>>;

pub(super) struct Inner {
    partition: TopicPartition,
    // Before the queue: messages must go before the client that the queue keeps.
    stash: Mutex<Stash>,
    bell: Arc<Bell>,
    tap: Arc<Tap>,
    ready: Mutex<Option<Ready>>,
    all: Arc<Queues>,
    queue: Queue,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // In this order: the next one for the partition begins when this one is gone from the list, and has the same queue below.
        self.queue.silence();
        self.all.lock().remove(&self.partition);
    }
}

/// Tells the pump.
struct Bell {
    /// It knows.
    rung: AtomicBool,
    pump: Ripe,
    queue: Weak<Inner>,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Without a pump the runtime is ending.
            let _ = self.pump.send(self.queue.clone());
        }
    }
}

impl Inner {
    pub(super) fn new(
        partition: TopicPartition,
        queue: Queue,
        room: Arc<Room>,
        tap: Arc<Tap>,
        pump: Ripe,
        all: Arc<Queues>,
    ) -> Arc<Inner> {
        let inner = Arc::new_cyclic(|own| Inner {
            partition,
            stash: Mutex::new(Stash::new(room)),
            bell: Arc::new(Bell {
                rung: AtomicBool::new(false),
                pump,
                queue: Weak::clone(own),
            }),
            tap,
            ready: Mutex::default(),
            all,
            queue,
        });
        let bell = Arc::clone(&inner.bell);
        inner.queue.set_wake(Box::new(move || bell.ring()));
        inner
    }

    /// Moves what has come into the stash while there is room, and says that it is there.
    pub(super) fn stock(&self) {
        // First: what comes from here on is news.
        self.bell.rung.store(false, Ordering::Release);
        // The lock is let go in between: a lane that wants to take must not wait for all of it.
        while self.stash.lock().stock(&self.queue) {}
        self.account(&mut self.stash.lock());
        let ready = self.ready.lock().clone();
        if let Some(ready) = ready {
            ready();
        }
    }

    /// Says what is left in librdkafka's queue, or was taken out of it beyond what there is room for.
    fn account(&self, stash: &mut Stash) {
        let mut entries = self.queue.len();
        if entries == 1 && self.tap.intake().is_many() {
            stash.look(&self.queue);
            entries = self.queue.len();
        }
        if stash.has_moved() || entries > 0 {
            let left = entries * stash.mean() + stash.beyond();
            self.tap.intake().changed(&self.partition, left);
        }
    }

    fn ring_if_due(&self) {
        if self.tap.intake().is_due() {
            self.bell.ring();
        }
    }

    /// Forgets what was taken, and takes nothing while what is returned lives.
    pub(super) fn hold(self: &Arc<Self>) -> Held {
        self.stash.lock().hold();
        Held(Arc::clone(self))
    }

    /// Forgets what was handed out by librdkafka and not taken; what it still holds of old positions it drops itself.
    pub(super) fn clear(&self) {
        self.stash.lock().clear();
    }
}

/// A queue that is left alone, because its position is being moved: the pump would take records from before, or records from
/// after that are then thrown away with those from before. Going on is up to the drop, so that a seek can be given up.
pub(super) struct Held(Arc<Inner>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.stash.lock().release();
        // What came meanwhile has told the pump already.
        self.0.stock();
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
    /// librdkafka asks again by itself, for the same records, and tells it every time.
    Passing,
    /// What was fetched cannot be made sense of; librdkafka would go on behind it.
    Other,
}

impl PartitionQueue {
    /// Whose queue it is.
    pub fn partition(&self) -> &TopicPartition {
        &self.inner.partition
    }

    /// `ready` is called whenever something has come, and once now if there is something. It fires without cause now and then,
    /// and need not fire while something is left over: take until [`PartitionQueue::len`] is 0. Replaces an earlier one.
    pub fn set_ready(&self, ready: Box<dyn Fn() + Send + Sync>) {
        let ready: Ready = ready.into();
        *self.inner.ready.lock() = Some(Arc::clone(&ready));
        self.inner.tap.intake().wanted(&self.inner.partition);
        self.inner.ring_if_due();
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
        stash.fill(&self.inner.queue, max_records, max_bytes);
        records.reserve(stash.len().min(max_records));
        while let Some(message) = stash.front() {
            if message.is_record() {
                let size = message.bytes();
                if records.len() >= max_records || (!records.is_empty() && bytes + size > max_bytes)
                {
                    break;
                }
                bytes += size;
                eof = None;
                records.extend(stash.pop_front());
                continue;
            }
            let Some(message) = stash.pop_front() else {
                break;
            };
            if message.is_end() {
                eof = Some(message.offset());
            } else {
                error = Some(self.error(&message));
                break;
            }
        }
        // What had no room before may have some now, and nobody else is told.
        while stash.stock(&self.inner.queue) {}
        self.inner.tap.intake().wanted(&self.inner.partition);
        self.inner.account(&mut stash);
        drop(stash);
        self.inner.ring_if_due();
        Taken {
            batch: Fetched::new(records, bytes, Arc::clone(self.inner.queue.client())),
            eof,
            error,
        }
    }

    /// Nothing will be taken for a while: where memory is short, what was fetched is given up for others, and fetched again once
    /// something is taken.
    pub fn set_aside(&self) {
        self.inner.tap.intake().set_aside(&self.inner.partition);
        self.inner.ring_if_due();
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
            ErrorCode::MessageSizeTooLarge | ErrorCode::UnsupportedCompressionType => {
                PartitionErrorKind::Other
            }
            // Whatever else a broker refuses a fetch for; librdkafka's own codes, below these, are about what came.
            code if code as i32 >= ErrorCode::Unknown as i32 => PartitionErrorKind::Passing,
            _ => PartitionErrorKind::Other,
        };
        PartitionError {
            kind,
            error: KafkaError::new(format!("read {}", self.inner.partition), code, reason),
        }
    }
}

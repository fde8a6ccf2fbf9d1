//! The seam through which records come in.
//!
//! A [`Source`] is one membership in a consumer group: it says which partitions this host has, and gives a [`Queue`] for each
//! of them, from which a lane takes batches. What it hands out are slices of what was fetched: [`Rows`] lends, nothing
//! is copied. Offsets are not its business, they belong to the delivery; it is told where to begin and where to go back to.
//!
//! The contract of an implementation:
//! - a partition is this host's from [`Event::Assigned`] until [`Source::release`] is called for it, or until [`Event::Lost`]
//!   says that it has been somebody else's for a while;
//! - after [`Event::Revoked`] the group waits for [`Source::release`], so it has to come in bounded time;
//! - batches of a partition come in offset order, without overlap, and after [`Source::seek`] returned only from there on;
//! - [`Source::next_event`] is awaited all the time and may be dropped at any await without losing an event.
//!
//! Knows nothing of guests and of what becomes of records.

mod kafka;
mod letters;

use std::ops::Range;
use std::sync::Arc;

use millstream_engine::Header;
pub use millstream_kafka::TopicPartition;

pub use kafka::KafkaSource;
pub use letters::{LetterQueue, LetterRows, LetterSource, Selection};

/// Records of one partition, in offset order, where they were fetched into.
pub trait Rows: Send + Sync + 'static {
    /// How many there are.
    fn len(&self) -> usize;
    /// Bytes of their keys, values and headers.
    fn bytes(&self) -> usize;
    /// `None` is a null key.
    fn key(&self, row: usize) -> Option<&[u8]>;
    /// `None` is a null value.
    fn value(&self, row: usize) -> Option<&[u8]>;
    /// Appends the headers of a row, in their order. Only called where they are read or forwarded: parsing them costs.
    fn headers<'a>(&'a self, row: usize, into: &mut Vec<Header<'a>>);
    /// Milliseconds since 1970-01-01T00:00Z; -1 where the record carries none.
    fn timestamp(&self, row: usize) -> i64;
    /// Its place in the partition.
    fn offset(&self, row: usize) -> i64;
    /// The offset after the last row: where the next batch begins or, where offsets are missing, before that.
    fn next_offset(&self) -> i64;

    /// From the first row's place to there; there is a row.
    fn offsets(&self) -> Range<i64> {
        self.offset(0)..self.next_offset()
    }

    /// Where the rows first came from, if that is not the partition that they are read from: what guests and dead letters are
    /// told. All of them from the same.
    fn origin(&self) -> Option<&TopicPartition> {
        None
    }

    /// The row's place there.
    fn original_offset(&self, row: usize) -> i64 {
        self.offset(row)
    }

    /// Calls that it was part of before it was read this time.
    fn attempts(&self, _row: usize) -> u32 {
        0
    }

    /// Keeps the first `at` rows and gives the rest away, without copying.
    #[must_use]
    fn split_off(&mut self, at: usize) -> Self
    where
        Self: Sized;

    /// A row as it was fetched, from sources that keep it: librdkafka does not.
    fn raw(&self, _row: usize) -> Option<Raw<'_>> {
        None
    }

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A record as it lies in the record batch that was fetched (Kafka's format 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    /// All of it, after its length.
    pub record: &'a [u8],
    /// Its headers, after their count.
    pub headers: &'a [u8],
}

/// What was taken from a queue.
#[derive(Debug)]
pub struct Taken<R> {
    /// May be empty.
    pub rows: R,
    /// The end of the partition was reached here: the offset from which records will come that do not exist yet. Markers and
    /// compacted records make it larger than the last offset + 1.
    pub end: Option<i64>,
    /// Fetching this partition does not go on by itself.
    pub broken: Option<Broken>,
    /// Fetching it went wrong and goes on by itself, with nothing left out. For the status.
    pub trouble: Option<String>,
}

/// Why a partition cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// What comes next is not there: retention was faster, or the topic was deleted, or created anew.
    Lost {
        /// What the broker or its client says.
        message: String,
    },
    /// Anything else that does not pass by itself.
    Other {
        /// A stable name of the kind.
        code: String,
        /// What the broker or its client says.
        message: String,
    },
}

/// Fetched records of one partition that wait for their lane.
pub trait Queue: Send + 'static {
    /// What [`Queue::take`] hands out.
    type Rows: Rows;

    /// Has this called, from any thread, whenever the queue becomes non-empty. It may be called without cause, and is called
    /// at once if there is something in it.
    fn on_ready(&mut self, ready: Box<dyn Fn() + Send + Sync>);

    /// How many records wait, roughly.
    fn len(&self) -> usize;

    /// Whether none does.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes up to so many records and so many bytes, but at least one record if there is any: a larger record goes alone.
    /// Never blocks.
    fn take(&mut self, records: usize, bytes: usize) -> Taken<Self::Rows>;

    /// Nothing will be taken for a while: what waits need not be kept in memory until then, and nothing more need come.
    fn set_aside(&mut self) {}
}

/// What happens to this host's share of the topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// These partitions are this host's from now on. Fetching begins with [`Source::begin`].
    Assigned(Vec<TopicPartition>),
    /// The group wants these back: finish what is in flight, commit, then [`Source::release`].
    Revoked(Vec<TopicPartition>),
    /// These have gone to somebody else already: drop everything, commit nothing, then [`Source::release`].
    Lost(Vec<TopicPartition>),
    /// Something is wrong; it is worked on. For the log and the status.
    Trouble {
        /// A stable name of the kind.
        code: String,
        /// What is wrong, for people.
        message: String,
    },
    /// This membership is over and does not come back: a new source is needed.
    Failed {
        /// A stable name of the kind.
        code: String,
        /// What is wrong, for people.
        message: String,
    },
}

/// A source call that did not work.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct SourceError {
    /// A stable name of the kind.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

/// One membership in a consumer group.
pub trait Source: Send + Sync + 'static {
    /// What batches are made of.
    type Rows: Rows;
    /// A partition's fetched records.
    type Queue: Queue<Rows = Self::Rows>;

    /// Names the topics to read. Calling it again changes the subscription without leaving the group.
    ///
    /// # Errors
    /// If the names are refused; the broker is not asked.
    fn subscribe(&self, topics: &[Arc<str>]) -> Result<(), SourceError>;

    /// Waits for the next event.
    fn next_event(&self) -> impl Future<Output = Event> + Send;

    /// Begins to fetch assigned partitions, each at its offset. The queues come in the same order.
    ///
    /// # Errors
    /// If a partition is no longer assigned; then none has begun.
    fn begin(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<Self::Queue>, SourceError>;

    /// Fetches this partition from another offset on. What was fetched before does not come any more.
    ///
    /// # Errors
    /// If the partition is not fetched, or the client refuses.
    fn seek(
        &self,
        partition: &TopicPartition,
        offset: i64,
    ) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Stops fetching for now; the partitions stay this host's.
    fn pause(&self, partitions: &[TopicPartition]);

    /// Goes on fetching.
    fn resume(&self, partitions: &[TopicPartition]);

    /// Lets go of revoked, lost or never begun partitions.
    fn release(&self, partitions: &[TopicPartition]);

    /// The last stable offset of each partition, in the same order: what lag is counted to.
    ///
    /// # Errors
    /// If the broker cannot be asked.
    fn ends(
        &self,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<Vec<i64>, SourceError>> + Send;

    /// Leaves the group.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

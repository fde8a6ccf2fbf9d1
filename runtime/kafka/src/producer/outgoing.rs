//! What a record to be sent consists of, and how large it will be.

use std::ops::Range;

use crate::error::KafkaError;

use super::Topic;

/// Where the key comes from. librdkafka copies it.
#[derive(Debug, Clone)]
pub enum Key<'a> {
    /// No key.
    Null,
    /// The row's, null included.
    Row(usize),
    /// These bytes; none are an empty key, which is not null.
    Bytes(&'a [u8]),
}

/// Where the value comes from.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A tombstone.
    Null,
    /// The row's, null included; not copied.
    Row(usize),
    /// A range of the flight's patched bytes; not copied.
    Patched(Range<usize>),
    /// These bytes, copied. Best where few rows of a large batch are kept: the rest can be freed.
    Copy(&'a [u8]),
}

/// Names and values in order; names may repeat, values may be null or empty.
pub type HeaderList<'a> = &'a [(&'a str, Option<&'a [u8]>)];

/// What a record's headers start with.
#[derive(Debug, Clone)]
pub enum BaseHeaders<'a> {
    /// Nothing.
    None,
    /// The row's, copied.
    Row(usize),
    /// The row's, moved: cheaper than a copy at their last use. Asking for the row's headers once more parses them once
    /// more. Copied after all if headers are added.
    TakeRow(usize),
    /// These.
    List(HeaderList<'a>),
}

/// One record to send.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// A topic of the same producer.
    pub topic: &'a Topic,
    /// Explicit: librdkafka's partitioner never runs. See [`crate::partitioner`].
    pub partition: i32,
    /// The key.
    pub key: Key<'a>,
    /// The value.
    pub value: Value<'a>,
    /// The headers.
    pub headers: BaseHeaders<'a>,
    /// More headers, after those.
    pub added: HeaderList<'a>,
    /// Milliseconds since 1970, or -1: none, which readers see as -1. 0 is written as 1: to librdkafka 0 means "now".
    pub timestamp: i64,
}

/// Why a record was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too much waits already: [`super::Producer::ready`], then again.
    #[error("too many records wait for their acknowledgement")]
    QueueFull,
    /// It is larger than the largest limit that the producer was made for.
    #[error(
        "the record's key and value are {size} bytes, its headers not counted; {limit} bytes is the limit for a record"
    )]
    TooLarge {
        /// Key and value, in bytes.
        size: usize,
        /// The producer's limit.
        limit: usize,
    },
    /// The topic has fewer partitions.
    #[error("{topic} has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// A row or a range of patched bytes that the flight does not have.
    #[error("the flight has no such row or bytes")]
    NoSuchRow,
    /// The producer must be replaced.
    #[error("{0}")]
    Fatal(KafkaError),
    /// Anything else.
    #[error("{0}")]
    Other(KafkaError),
}

/// A record batch's own fields, as librdkafka counts them against a limit (with room for its idempotence).
const BATCH_OVERHEAD: usize = 61;

/// Lengths and deltas of one record, at their longest: librdkafka's `RD_KAFKAP_MESSAGE_V2_MAX_OVERHEAD`.
const RECORD_OVERHEAD: usize = 36;

/// A header's two lengths at their longest.
const HEADER_OVERHEAD: usize = 10;

/// The most bytes that a record alone in its batch can take before compression: what a broker compares with
/// `max.message.bytes`. Lengths are in bytes, `None` is null; headers are pairs of a name's and a value's length.
pub fn record_size(
    key: Option<usize>,
    value: Option<usize>,
    headers: impl IntoIterator<Item = (usize, Option<usize>)>,
) -> usize {
    let headers = headers
        .into_iter()
        .map(|(name, value)| HEADER_OVERHEAD + name + value.unwrap_or(0));
    headers.fold(
        BATCH_OVERHEAD + RECORD_OVERHEAD + key.unwrap_or(0) + value.unwrap_or(0),
        usize::saturating_add,
    )
}

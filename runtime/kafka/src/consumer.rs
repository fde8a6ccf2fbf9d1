//! Records in.
use std::sync::Arc;
use crate::{error::KafkaError, settings::Settings, TopicPartition};
use std::time::Duration;
#[derive(Debug, Clone)]
pub struct ConsumerOptions { pub group: String, pub client_id: String, pub fetch_memory: u64, pub expected_partitions: usize, pub session_timeout: Duration, pub max_poll_interval: Duration }
impl ConsumerOptions { pub fn new(group: impl Into<String>) -> Self { unimplemented!("{}", group.into()) } }
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsumerEvent { Assign(Vec<TopicPartition>), Revoke(Vec<TopicPartition>), Lost(Vec<TopicPartition>), Error(KafkaError) }
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed { pub offset: i64, pub metadata: String }
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit { pub partition: TopicPartition, /** the next offset to read */ pub offset: i64, pub metadata: String }
/** What a reader of committed records can see: `start..end`. */
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent { pub start: i64, pub end: i64 }
#[derive(Clone, Debug)]
pub struct Consumer { x: Arc<()> }
impl Consumer {
    pub fn new(settings: &Settings, options: &ConsumerOptions) -> Result<Consumer, KafkaError> { unimplemented!("{settings:?}{options:?}") }
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), KafkaError> { unimplemented!("{topics:?}{:?}", self.x) }
    /// Cancel-safe. Must keep being awaited (at least every 30 s or so): it feeds max.poll.interval.
    pub async fn next_event(&self) -> ConsumerEvent { unimplemented!() }
    /// Take it before `assign`.
    pub fn queue(&self, partition: &TopicPartition) -> Result<PartitionQueue, KafkaError> { unimplemented!("{partition}") }
    /// Answers (a part of) an Assign event. The group is told once all of the event's partitions were given.
    pub fn assign(&self, partitions: &[(TopicPartition, i64)]) -> Result<(), KafkaError> { unimplemented!("{partitions:?}") }
    /// Answers (a part of) a Revoke or Lost event, in the same way.
    pub fn unassign(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> { unimplemented!("{partitions:?}") }
    /// When it returns, `take` gives only records from `offset` on.
    pub async fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), KafkaError> { unimplemented!("{partition}{offset}") }
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> { unimplemented!("{partitions:?}") }
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> { unimplemented!("{partitions:?}") }
    pub async fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Option<Committed>)>, KafkaError> { unimplemented!("{partitions:?}") }
    pub async fn commit(&self, commits: &[Commit]) -> Result<Vec<(TopicPartition, Result<(), KafkaError>)>, KafkaError> { unimplemented!("{commits:?}") }
    pub async fn extents(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Result<Extent, KafkaError>)>, KafkaError> { unimplemented!("{partitions:?}") }
    /// Leaves the group. Revocations that it causes come as events from `next_event` no more: let go first.
    pub async fn close(&self) -> Result<(), KafkaError> { unimplemented!() }
}
#[derive(Debug)]
pub struct PartitionQueue { x: Arc<()> }
impl PartitionQueue {
    pub fn partition(&self) -> &TopicPartition { unimplemented!() }
    /// Called by librdkafka's threads when the queue becomes non-empty (and at once if it is): must be short and must not call Kafka.
    /// It does not fire while records are left over: take until `len()` is 0.
    pub fn set_ready(&self, ready: Box<dyn Fn() + Send + Sync>) { let _ = (ready, &self.x); unimplemented!() }
    pub fn len(&self) -> usize { unimplemented!() }
    pub fn is_empty(&self) -> bool { self.len() == 0 }
    /// Never blocks. At least one record if there is one, however large.
    pub fn take(&self, max_records: usize, max_bytes: usize) -> Taken { unimplemented!("{max_records}{max_bytes}") }
}
#[derive(Debug)]
pub struct Taken { pub batch: Fetched, /** the partition's end was reached: the offset there */ pub eof: Option<i64>, pub error: Option<PartitionError> }
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct PartitionError { /** OffsetOutOfRange: fetching stopped, seek to go on */ pub kind: PartitionErrorKind, pub error: KafkaError }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionErrorKind { OffsetOutOfRange, UnknownPartition, Unauthorized, Other }
#[derive(Debug)]
pub struct Fetched { x: Arc<()> }
impl Fetched {
    pub fn len(&self) -> usize { let _ = &self.x; unimplemented!() }
    pub fn is_empty(&self) -> bool { self.len() == 0 }
    /// Keys and values, in bytes.
    pub fn bytes(&self) -> usize { unimplemented!() }
    pub fn key(&self, row: usize) -> Option<&[u8]> { unimplemented!("{row}") }
    pub fn value(&self, row: usize) -> Option<&[u8]> { unimplemented!("{row}") }
    pub fn offset(&self, row: usize) -> i64 { unimplemented!("{row}") }
    /// Milliseconds since 1970, -1 if the record has none.
    pub fn timestamp(&self, row: usize) -> i64 { unimplemented!("{row}") }
    /// Parsed at the first call.
    pub fn headers(&self, row: usize) -> Headers<'_> { unimplemented!("{row}") }
    pub fn first_offset(&self) -> Option<i64> { unimplemented!() }
    pub fn next_offset(&self) -> Option<i64> { unimplemented!() }
}
/// Iterates (name, value). Names that are not UTF-8 become lossy? No: `name` is bytes checked to be UTF-8, else the replacement of it.
#[derive(Debug, Clone)]
pub struct Headers<'a> { x: std::marker::PhantomData<&'a ()> }
impl<'a> Headers<'a> { pub fn len(&self) -> usize { let _ = self.x; unimplemented!() } pub fn is_empty(&self) -> bool { self.len() == 0 } }
impl<'a> Iterator for Headers<'a> { type Item = (&'a str, Option<&'a [u8]>); fn next(&mut self) -> Option<Self::Item> { unimplemented!() } }

//! Records out.
use std::{ops::Range, sync::Arc, time::Duration};
use crate::{consumer::Fetched, error::KafkaError, settings::Settings};
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    pub client_id: String, pub compression: Compression, pub linger: Duration,
    /** the smallest max.message.bytes of the topics it writes to, bytes: batches stay below it */ pub smallest_limit: usize,
    /** the largest */ pub largest_limit: usize,
    /** values that may wait, bytes */ pub queue_bytes: u64, pub queue_records: u32,
}
impl Default for ProducerOptions { fn default() -> Self { unimplemented!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression { #[default] None, Gzip, Snappy, Lz4, Zstd }
#[derive(Debug, Clone)]
pub struct Producer { x: Arc<()> }
/// A topic to write to: a handle of one producer.
#[derive(Debug, Clone)]
pub struct Topic { x: Arc<()> }
impl Topic { pub fn name(&self) -> &str { let _ = &self.x; unimplemented!() } /** The last count seen. */ pub fn partitions(&self) -> Option<i32> { unimplemented!() } }
/// Rows that a flight's values may come from.
pub trait Rows: Send + Sync { fn value(&self, row: usize) -> Option<&[u8]>; fn key(&self, row: usize) -> Option<&[u8]>; }
/// One batch on its way out. Dropping it seals it.
#[derive(Debug)]
pub struct Flight { x: Arc<()> }
impl Flight {
    pub fn new(rows: Fetched, patched: Vec<u8>, done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static) -> Flight { let _ = (rows, patched, done); unimplemented!() }
    /// For records whose bytes are copied, or rows of another kind.
    pub fn of(rows: Box<dyn Rows>, patched: Vec<u8>, done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static) -> Flight { let _ = (rows, patched, done); unimplemented!() }
    /// All values are `Value::Copy` or `Patched`.
    pub fn detached(patched: Vec<u8>, done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static) -> Flight { let _ = (patched, done); unimplemented!() }
    /// The rows, if they were fetched.
    pub fn rows(&self) -> Option<&Fetched> { let _ = &self.x; unimplemented!() }
    /// No more sends; `done` runs once all are settled (at once if nothing was sent).
    pub fn seal(self) { }
}
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{topic}/{partition}: {error}")]
pub struct DeliveryError { pub topic: String, pub partition: i32, pub error: KafkaError }
#[derive(Debug, Clone)]
pub enum Key<'a> { Null, /** the row's key, null if it has none */ Row(usize), Bytes(&'a [u8]) }
#[derive(Debug, Clone)]
pub enum Value<'a> { Null, /** not copied */ Row(usize), /** not copied: a range of the flight's patched bytes */ Patched(Range<usize>), Copy(&'a [u8]) }
pub type HeaderList<'a> = &'a [(&'a str, Option<&'a [u8]>)];
#[derive(Debug, Clone)]
pub enum BaseHeaders<'a> { None, /** the row's, cloned */ Row(usize), /** the row's, moved: its last use; the row has none afterwards */ TakeRow(usize), List(HeaderList<'a>) }
#[derive(Debug, Clone)]
pub struct Outgoing<'a> { pub topic: &'a Topic, pub partition: i32, pub key: Key<'a>, pub value: Value<'a>, pub headers: BaseHeaders<'a>, /** after the base */ pub added: HeaderList<'a>, /** ms since 1970; -1: none, the producer's clock is used; 0 is written as 0..=1 */ pub timestamp: i64 }
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError { #[error("the queue is full")] QueueFull, #[error("too large")] TooLarge { size: usize, limit: usize }, #[error("no such partition")] UnknownPartition { topic: String, partition: i32 }, #[error("no row")] NoSuchRow { row: usize }, #[error("{0}")] Fatal(KafkaError), #[error("{0}")] Other(KafkaError) }
impl Producer {
    pub fn new(settings: &Settings, options: &ProducerOptions) -> Result<Producer, KafkaError> { unimplemented!("{settings:?}{options:?}") }
    pub fn topic(&self, name: &str) -> Result<Topic, KafkaError> { unimplemented!("{name}{:?}", self.x) }
    /// Asks the brokers (cached for 30 s) and remembers the count in the handle.
    pub async fn partitions(&self, topic: &Topic) -> Result<i32, KafkaError> { unimplemented!("{topic:?}") }
    /// Never blocks. After an error nothing was sent.
    pub fn send(&self, flight: &mut Flight, record: Outgoing<'_>) -> Result<(), SendError> { unimplemented!("{flight:?}{record:?}") }
    /// After `QueueFull`: waits until there is room.
    pub async fn ready(&self) { unimplemented!() }
    pub async fn flush(&self, timeout: Duration) -> Result<(), KafkaError> { unimplemented!("{timeout:?}") }
    /// Settles every flight (those not delivered within `timeout` fail) and lets go.
    pub async fn close(&self, timeout: Duration) { unimplemented!("{timeout:?}") }
    /// A reason to build another producer.
    pub fn fatal(&self) -> Option<KafkaError> { unimplemented!() }
    pub fn waiting(&self) -> usize { unimplemented!() }
}
/// Bytes that a record takes in a batch at most, headers (each: name bytes, value bytes) included: compare with max.message.bytes.
pub fn record_size(key: Option<usize>, value: Option<usize>, headers: impl IntoIterator<Item = (usize, Option<usize>)>) -> usize { let _ = (key, value, headers.into_iter().count()); unimplemented!() }

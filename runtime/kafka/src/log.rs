//! The control log.
use crate::{error::KafkaError, settings::Settings};
use std::time::Duration;
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord { pub offset: i64, pub key: Option<Vec<u8>>, pub value: Option<Vec<u8>>, pub timestamp: i64 }
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent { Record(LogRecord), /** the end was reached (again): the offset there */ CaughtUp(i64) }
/// Tails one partition from an offset (0: from its beginning), committed records only.
#[derive(Debug)]
pub struct LogReader { x: () }
impl LogReader {
    pub fn new(settings: &Settings, topic: &str, partition: i32, from: i64) -> Result<LogReader, KafkaError> { unimplemented!("{settings:?}{topic}{partition}{from}") }
    /// Cancel-safe. Waits for brokers that are away (logged).
    pub async fn next(&mut self) -> Result<LogEvent, KafkaError> { let _ = self.x; unimplemented!() }
}
/// Committed records with offsets in `from..to` (i64::MAX: to the end as it is now).
pub async fn read_range(settings: &Settings, topic: &str, partition: i32, from: i64, to: i64, timeout: Duration) -> Result<Vec<LogRecord>, KafkaError> { unimplemented!("{settings:?}{topic}{partition}{from}{to}{timeout:?}") }
/// Writes under a transactional id. Every method runs off the async workers.
#[derive(Debug)]
pub struct TransactionalWriter { x: () }
impl TransactionalWriter {
    /// Fences whoever holds the id.
    pub async fn init(settings: &Settings, transactional_id: &str, timeout: Duration) -> Result<TransactionalWriter, KafkaError> { unimplemented!("{settings:?}{transactional_id}{timeout:?}") }
    /// In a transaction that the first write begins.
    pub async fn write(&mut self, topic: &str, partition: i32, key: &[u8], value: Option<&[u8]>) -> Result<(), KafkaError> { let _ = self.x; unimplemented!("{topic}{partition}{key:?}{value:?}") }
    pub async fn commit(&mut self) -> Result<(), KafkaError> { unimplemented!() }
    pub async fn abort(&mut self) -> Result<(), KafkaError> { unimplemented!() }
}
/// Plain acknowledged writes (modules' chunks, logs, status; everything on the embedded broker).
#[derive(Debug, Clone)]
pub struct LogWriter { x: () }
impl LogWriter {
    pub fn new(settings: &Settings) -> Result<LogWriter, KafkaError> { unimplemented!("{settings:?}") }
    /// The record's offset once acknowledged. Fails after `timeout`.
    pub async fn append(&self, topic: &str, partition: i32, key: &[u8], value: Option<&[u8]>) -> Result<i64, KafkaError> { let _ = self.x; unimplemented!("{topic}{partition}{key:?}{value:?}") }
}

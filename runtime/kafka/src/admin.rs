//! Administration.
use std::{collections::BTreeMap, sync::Arc, time::{Duration, SystemTime}};
use crate::{consumer::Extent, embedded::EmbeddedBroker, error::KafkaError, settings::Settings, TopicPartition};
#[derive(Debug, Clone)]
pub struct Admin { x: Arc<()> }
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig { pub max_message_bytes: usize, pub cleanup_policy: String, pub others: BTreeMap<String, String> }
impl TopicConfig { pub fn is_compacted(&self) -> bool { self.cleanup_policy.contains("compact") } pub fn deletes(&self) -> bool { self.cleanup_policy.contains("delete") } }
/// Where to start reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start { Earliest, Latest, Time(SystemTime), /** the last N records of each partition */ Last(u64) }
impl Admin {
    pub fn new(settings: &Settings) -> Result<Admin, KafkaError> { unimplemented!("{settings:?}") }
    pub fn embedded(settings: &Settings, broker: EmbeddedBroker) -> Result<Admin, KafkaError> { let _ = (settings, broker); unimplemented!() }
    pub fn is_embedded(&self) -> bool { let _ = &self.x; unimplemented!() }
    /// Waits, with a log line every few seconds; wrong credentials are an error at once.
    pub async fn wait_for_brokers(&self) -> Result<(), KafkaError> { unimplemented!() }
    /// Every topic and its count of partitions.
    pub async fn topics(&self) -> Result<BTreeMap<String, i32>, KafkaError> { unimplemented!() }
    /// None if there is no such topic.
    pub async fn partitions(&self, topic: &str) -> Result<Option<i32>, KafkaError> { unimplemented!("{topic}") }
    /// False if it was there. Replication is the broker's default (-1).
    pub async fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) -> Result<bool, KafkaError> { unimplemented!("{name}{partitions}{config:?}") }
    pub async fn topic_config(&self, topic: &str) -> Result<TopicConfig, KafkaError> { unimplemented!("{topic}") }
    pub async fn extents(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Result<Extent, KafkaError>)>, KafkaError> { unimplemented!("{partitions:?}") }
    pub async fn start_offsets(&self, partitions: &[TopicPartition], start: Start) -> Result<Vec<(TopicPartition, Result<i64, KafkaError>)>, KafkaError> { unimplemented!("{partitions:?}{start:?}") }
    /// The group must be empty. A group that does not exist is fine.
    pub async fn delete_group_offsets(&self, group: &str, partitions: &[TopicPartition]) -> Result<(), KafkaError> { unimplemented!("{group}{partitions:?}") }
    /// None where the broker cannot say (embedded).
    pub async fn group_members(&self, group: &str) -> Result<Option<usize>, KafkaError> { unimplemented!("{group}") }
    pub fn timeout(&self) -> Duration { unimplemented!() }
}

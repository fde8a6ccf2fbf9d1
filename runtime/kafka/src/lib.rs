//! Millstream's Kafka: the hot path in and out, the control log, administration, and a broker inside the process.
//!
//! Knows nothing of Wasm, transforms or deployments. `unsafe` lives in `ffi` alone.

pub mod admin;
pub mod consumer;
pub mod embedded;
pub mod error;
mod ffi;
pub mod log;
pub mod partitioner;
pub mod producer;
pub mod settings;
pub mod topic_partition;

pub use error::{ErrorCode, KafkaError};
pub use settings::{Settings, SettingsError};
pub use topic_partition::TopicPartition;

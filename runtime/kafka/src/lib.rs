//! Millstream's Kafka: the hot path in and out, the control log, administration, and a broker inside the process.
//!
//! Knows nothing of Wasm, transforms or deployments. `unsafe` lives in `ffi` alone.

pub mod admin;
pub mod consumer;
pub mod embedded;
pub mod error;
mod ffi;
pub mod follower;
pub mod log;
pub mod partitioner;
pub mod producer;
pub mod settings;
pub mod topic_partition;

pub use error::{ErrorCode, KafkaError};

/// Has to come before the first Kafka client of a process. Clients and brokers of this crate see to it themselves; a
/// program that also makes clients with `rdkafka` calls it in the beginning.
///
/// Left to itself, OpenSSL frees all it has when `main` ends, while threads of librdkafka and of a runtime may just be
/// ending and free their share of the same: a double free in one of a hundred processes under load. Initialised here, it
/// leaves its memory to the end of the process.
pub fn init() {
    openssl_sys::init();
}
pub use settings::{Settings, SettingsError};
pub use topic_partition::TopicPartition;

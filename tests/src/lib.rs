//! What the end-to-end tests stand on: a real Apache Kafka, the real `millstream` binary, and plain Kafka clients that
//! know nothing of Millstream.
//!
//! Everything started here is stopped and removed again: when the value is dropped, when the test panics, and when the
//! test's process is killed (see [`reaper`]). Tests share one broker and never a topic, a group or an installation: take
//! names from [`names::fresh`].

// A helper that cannot go on ends its test, and says where.
#![allow(clippy::unwrap_used)]

pub mod api;
pub mod chaos;
pub mod client;
pub mod guests;
pub mod host;
pub mod hostile;
pub mod kafka;
pub mod lineage;
pub mod names;
pub mod noise;
pub mod reaper;
pub mod record;
pub mod scene;
pub mod small_disk;
pub mod swipes;
pub mod wait;

pub use client::{Producer, Reader, read_all};
pub use guests::guest;
pub use host::{Finished, Host, HostOptions, millstream};
pub use kafka::{Kafka, KafkaOptions};
pub use names::{free_port, fresh};
pub use noise::noise;
pub use record::Record;
pub use scene::{DELIVERIES, Scene};
pub use wait::{PATIENCE, wait_until};

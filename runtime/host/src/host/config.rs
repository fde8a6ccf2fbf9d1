//! What a host is given, and why it could not start.

use std::{path::PathBuf, sync::Arc};

use millstream_engine::{EngineConfig, EngineError};
use millstream_kafka::{embedded::EmbeddedBroker, error::KafkaError, settings::Settings};

use crate::{
    check::HostLimits, control_topics::ControlTopicsError, guests::Guests, names, tables::DiskPlace,
};

#[derive(Clone)]
pub struct HostConfig {
    pub settings: Settings,
    /// Set in development mode: the broker in this process.
    pub embedded: Option<EmbeddedBroker>,
    /// Where modules are kept in development mode.
    pub modules_folder: Option<PathBuf>,
    pub prefix: String,
    pub host_id: String,
    pub engine: EngineConfig,
    /// Threads that run guests.
    pub workers: usize,
    /// Bytes of input in flight, all transforms together.
    pub in_flight: u64,
    /// Bytes of all tables together.
    pub table_memory: u64,
    /// Where tables go that are larger than their memory. `None`: nowhere.
    pub table_disk: Option<DiskPlace>,
    /// Code compiled in that takes the place of every module's instances: what a benchmark compares the sandbox with. Modules
    /// are checked and describe themselves all the same. `None`: modules run.
    pub native_guests: Option<Arc<dyn Guests>>,
}

impl HostConfig {
    pub(super) fn check(&self) -> Result<(), StartError> {
        names::check_prefix(&self.prefix).map_err(|why| StartError::Name {
            flag: "--prefix",
            why,
        })?;
        names::check_host_id(&self.host_id).map_err(|why| StartError::Name {
            flag: "--host-id",
            why,
        })
    }

    pub(super) fn limits(&self) -> HostLimits {
        HostLimits {
            memory: self.engine.guest_memory,
            table_memory: self.table_memory,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{flag}: {why}")]
    Name { flag: &'static str, why: String },
    #[error("{0}")]
    Engine(#[from] EngineError),
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    ControlTopics(#[from] ControlTopicsError),
    #[error("--table-dir {}: {error}", .folder.display())]
    Tables {
        folder: PathBuf,
        error: std::io::Error,
    },
    #[error("cannot start worker threads: {0}")]
    Threads(String),
}

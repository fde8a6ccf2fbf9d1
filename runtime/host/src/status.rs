//! What hosts and their transforms are doing, told through a compacted topic.
//!
//! A host writes the state of a transform when it changes, and itself every so often: whoever has not been heard of for a
//! while does not count as a host. Nothing is decided by it; it only lets `list` and `describe` speak of other hosts.

mod board;

use std::{sync::Arc, time::Duration};

use millstream_kafka::{
    log::{LogEvent, LogReader, LogWriter},
    settings::Settings,
};
use serde::{Deserialize, Serialize};

pub use board::StatusBoard;

/// How often changes are written.
pub const WRITE_EVERY: Duration = Duration::from_secs(3);
/// How often a host says that it is there, changes or not.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// For how long a host counts after it was heard of.
pub const EXPIRES_AFTER: Duration = Duration::from_secs(50);
/// After so long what it said is deleted: hosts have another id each time they start, and compaction keeps every key.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What a host says of one of its transforms, under the key `transform/host`; of itself under `/host`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// A state's name; empty for the host itself.
    pub state: String,
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub at: i64,
}

pub(crate) fn key(transform: &str, host: &str) -> String {
    format!("{transform}/{host}")
}

/// Tails the topic onto the board, for ever.
pub async fn read(settings: Settings, topic: String, board: Arc<StatusBoard>) {
    let (mut from, mut live) = (0, false);
    loop {
        match LogReader::new(&settings, &topic, 0, from) {
            Ok(mut reader) => loop {
                match reader.next().await {
                    Ok(LogEvent::CaughtUp(_)) => live = true,
                    Ok(LogEvent::Record(record)) => {
                        from = record.offset + 1;
                        // Clocks of hosts and brokers may differ, and jump: what is heard as it is said needs none.
                        let age = if live {
                            Duration::ZERO
                        } else {
                            age(record.timestamp)
                        };
                        board.take(record.key.as_deref(), record.value.as_deref(), age);
                    }
                    Err(error) => {
                        tracing::debug!("reading the status of hosts: {error}");
                        break;
                    }
                }
            },
            Err(error) => tracing::warn!("cannot read the status of hosts: {error}"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

fn age(timestamp: i64) -> Duration {
    let age = crate::logs::now().saturating_sub(timestamp);
    Duration::from_millis(age.max(0).unsigned_abs())
}

/// Writes one record. Nobody depends on it, so a failure is only told.
pub(crate) async fn say(writer: &LogWriter, topic: &str, key: &str, said: Option<&Said>) -> bool {
    let value = said.and_then(|said| serde_json::to_vec(said).ok());
    let written = writer
        .append(topic, 0, key.as_bytes(), value.as_deref())
        .await;
    if let Err(error) = &written {
        tracing::debug!("writing the status: {error}");
    }
    written.is_ok()
}

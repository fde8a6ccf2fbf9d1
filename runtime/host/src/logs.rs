//! What guests say: limited, written to the log of the process and to the logs topic, and read back from there.
//!
//! Every host tails the topic and keeps the newest lines of each transform in memory, so that `logs` shows the lines of all
//! hosts without reading the topic again. A line may be lost when brokers are away or a guest says too much; it is counted
//! then. Nothing that a guest says can hold up its batch.

mod book;
mod limiter;
mod observer;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use millstream_kafka::{
    log::{LogEvent, LogReader, LogWriter},
    settings::Settings,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use book::LogBook;
pub use observer::{GuestObserver, Voice};

/// A line of a transform's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The transform.
    #[serde(skip)]
    pub transform: Arc<str>,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub at: i64,
    /// debug | info | warn | error
    pub level: String,
    /// guest | stdout | stderr | host
    pub source: String,
    pub host: String,
    pub revision: u64,
    /// Untrusted: may hold control characters.
    pub message: String,
}

impl Line {
    /// Reads a record of the topic. `None`: it is no line.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Line> {
        let transform = std::str::from_utf8(key?).ok()?;
        let line: Line = serde_json::from_slice(value?).ok()?;
        Some(Line {
            transform: Arc::from(transform),
            ..line
        })
    }

    /// Bytes of all its text: what another program wrote may be long anywhere.
    fn bytes(&self) -> usize {
        self.level.len() + self.source.len() + self.host.len() + self.message.len()
    }
}

/// Lines that wait for the broker. Past that they are lost.
const WAITING: usize = 4096;
/// Lines that are on their way to the broker at once.
const IN_FLIGHT: usize = 256;
/// How far back a host that starts reads: enough for `logs --tail`, not the whole week.
const READ_BACK: i64 = 20_000;

/// Where lines go in.
#[derive(Clone, Debug)]
pub struct LogSink(mpsc::Sender<Line>);

impl LogSink {
    /// Hands a line over. `false`: it is lost, because too many wait.
    pub fn send(&self, line: Line) -> bool {
        self.0.try_send(line).is_ok()
    }

    /// A sink and the end that lines come out of.
    pub fn channel() -> (LogSink, mpsc::Receiver<Line>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (LogSink(sender), receiver)
    }
}

/// Writes lines to the topic until every sink is gone.
pub async fn write(writer: LogWriter, topic: String, mut lines: mpsc::Receiver<Line>) {
    let mut in_flight = FuturesUnordered::new();
    let mut lost = 0_u64;
    loop {
        tokio::select! {
            line = lines.recv(), if in_flight.len() < IN_FLIGHT => {
                let Some(line) = line else { break };
                let (writer, topic) = (&writer, topic.as_str());
                in_flight.push(async move {
                    let Ok(value) = serde_json::to_vec(&line) else { return true };
                    writer.append(topic, 0, line.transform.as_bytes(), Some(&value)).await.is_ok()
                });
            }
            Some(written) = in_flight.next() => {
                if !written {
                    lost += 1;
                    if lost.is_power_of_two() {
                        tracing::warn!(lost, "lines of transforms' logs could not be written to Kafka");
                    }
                }
            }
        }
    }
    while in_flight.next().await.is_some() {}
}

/// Tails the topic into the book, for ever.
pub async fn read(settings: Settings, topic: String, end: i64, book: Arc<LogBook>) {
    let mut from = (end - READ_BACK).max(0);
    loop {
        match LogReader::new(&settings, &topic, 0, from) {
            Ok(mut reader) => loop {
                match reader.next().await {
                    Ok(LogEvent::CaughtUp(_)) => {}
                    Ok(LogEvent::Record(record)) => {
                        from = record.offset + 1;
                        if let Some(line) =
                            Line::decode(record.key.as_deref(), record.value.as_deref())
                        {
                            book.add(line);
                        }
                    }
                    Err(error) => {
                        tracing::debug!("reading transforms' logs: {error}");
                        break;
                    }
                }
            },
            Err(error) => tracing::warn!("cannot read transforms' logs: {error}"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

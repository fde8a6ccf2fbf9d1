//! Kafka partitions as logs: read from the beginning and followed, written plainly or in fenced transactions.
//!
//! For control topics: small, few, and correctness before speed, so the safe API serves. Readers see committed records only.
//! Nothing here blocks an async worker, and clients are closed on threads of their own.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError as Native;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::Offset;

use crate::admin::off_the_workers;
use crate::consumer::Headers;
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::message::HeadersRef;
use crate::settings::Settings;

mod polled;
mod writer;

pub use writer::{LogWriter, TransactionalWriter};

/// One record, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Where it stands.
    pub offset: i64,
    /// `None` is null.
    pub key: Option<Vec<u8>>,
    /// `None` is null: on a compacted topic, a deletion.
    pub value: Option<Vec<u8>>,
    /// In order; `None` is null. A name that is not UTF-8 reads as U+FFFD.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970, -1 if there is none.
    pub timestamp: i64,
}

/// What [`LogReader::next`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvent {
    /// The next record.
    Record(LogRecord),
    /// The end is reached (again, after each record that was added later). The offset after the last record read.
    CaughtUp(i64),
}

/// Follows one partition.
pub struct LogReader {
    /// `None` only while dropping.
    consumer: Option<StreamConsumer>,
    name: String,
    next: i64,
}

impl LogReader {
    /// From the offset given, or from the oldest one kept if that is newer.
    pub fn new(
        settings: &Settings,
        topic: &str,
        partition: i32,
        from: i64,
    ) -> Result<LogReader, KafkaError> {
        let name = format!("{topic}/{partition}");
        let action = format!("read {name}");
        let failed = |error: &Native| KafkaError::from_rdkafka(&*action, error);
        let mut config = settings.following("millstream-log");
        config.set("auto.offset.reset", "earliest");
        config.set("queued.max.messages.kbytes", "4096");
        // From the leader: a replica that is nearer may tell an earlier end, and what is decided has to have seen everything.
        config.remove("client.rack");
        let consumer: StreamConsumer = config.create().map_err(|error| failed(&error))?;
        let assigned = {
            // Gone before the consumer: a list that outlives it hangs its end.
            let mut list = TopicPartitionList::new();
            let from = if from <= 0 {
                Offset::Beginning
            } else {
                Offset::Offset(from)
            };
            list.add_partition_offset(topic, partition, from)
                .and_then(|()| consumer.assign(&list))
        };
        if let Err(error) = assigned {
            off_the_workers(consumer);
            return Err(failed(&error));
        }
        Ok(LogReader {
            consumer: Some(consumer),
            name,
            next: from.max(0),
        })
    }

    /// The next record, or that there is none now. Cancel-safe. Brokers that are away are waited for; an error is one
    /// that waiting does not mend.
    pub async fn next(&mut self) -> Result<LogEvent, KafkaError> {
        let action = || format!("read {}", self.name);
        let Some(consumer) = &self.consumer else {
            return Err(KafkaError::new(
                action(),
                ErrorCode::State,
                "the reader was closed",
            ));
        };
        loop {
            match consumer.recv().await {
                Ok(mut message) => {
                    self.next = message.offset() + 1;
                    return Ok(LogEvent::Record(LogRecord {
                        offset: message.offset(),
                        key: message.key().map(<[u8]>::to_vec),
                        value: message.payload().map(<[u8]>::to_vec),
                        headers: headers(&mut message),
                        timestamp: message.timestamp().to_millis().unwrap_or(-1),
                    }));
                }
                Err(Native::PartitionEOF(_)) => return Ok(LogEvent::CaughtUp(self.next)),
                Err(error) => {
                    let error = KafkaError::from_rdkafka(action(), &error);
                    if error.ends_reading() {
                        return Err(error);
                    }
                    tracing::debug!(%error, "a log reader goes on");
                }
            }
        }
    }
}

/// The headers of a message, in order, whatever their names are: one that is not UTF-8 reads as U+FFFD. rust-rdkafka's
/// own `headers` panics at such a name, which anyone who may write to the topic can give a record.
pub fn headers(message: &mut BorrowedMessage<'_>) -> Vec<(String, Option<Vec<u8>>)> {
    Headers::of(HeadersRef::of(message))
        .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
        .collect()
}

impl Drop for LogReader {
    fn drop(&mut self) {
        if let Some(consumer) = self.consumer.take() {
            off_the_workers(consumer);
        }
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader")
            .field("partition", &self.name)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// Committed records at offsets `from..to`, as far as there are any now (`i64::MAX`: to the end). An error if `timeout`
/// passes first.
pub async fn read_range(
    settings: &Settings,
    topic: &str,
    partition: i32,
    from: i64,
    to: i64,
    timeout: Duration,
) -> Result<Vec<LogRecord>, KafkaError> {
    let mut records = Vec::new();
    let each = |record| records.push(record);
    for_each_in_range(settings, topic, partition, from, to, timeout, each).await?;
    Ok(records)
}

/// The same, without keeping any of them.
pub async fn for_each_in_range(
    settings: &Settings,
    topic: &str,
    partition: i32,
    from: i64,
    to: i64,
    timeout: Duration,
    mut each: impl FnMut(LogRecord),
) -> Result<(), KafkaError> {
    let mut reader = LogReader::new(settings, topic, partition, from)?;
    let read = async {
        if from >= to {
            return Ok(());
        }
        loop {
            match reader.next().await? {
                LogEvent::Record(record) if record.offset >= to => break,
                LogEvent::Record(record) => {
                    let last = record.offset + 1 >= to;
                    each(record);
                    if last {
                        break;
                    }
                }
                LogEvent::CaughtUp(_) => break,
            }
        }
        Ok(())
    };
    tokio::time::timeout(timeout, read)
        .await
        .unwrap_or_else(|_| {
            let reason = format!("no end after {timeout:?}");
            Err(KafkaError::new(
                format!("read {topic}/{partition}"),
                ErrorCode::OperationTimedOut,
                reason,
            ))
        })
}

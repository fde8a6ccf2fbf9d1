//! Records out: acknowledged by all in-sync replicas, in order, none twice within a producer's life.
//!
//! Promises: a [`Flight`] is told exactly once what became of its records, after every one of them is settled; the bytes
//! they point to live until then; waiting records are bounded in number and bytes, and `send` never blocks. There is no
//! time limit on a delivery: brokers that are away are waited for.
//!
//! Does not know where records come from, nor what to do about a failure. After a fatal error a producer is of no use and
//! must be replaced.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use crate::consumer::{blocking, millis};
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::{Client, Kind};
use crate::ffi::message::OwnedHeaders;
use crate::ffi::metadata::{self, Which};
use crate::ffi::produce::{self, Headers, Payload, Record, RecordKey, Refused, TopicHandle};
use crate::ffi::queue::Queue;
use crate::settings::Settings;

mod flight;
mod options;
mod outgoing;
mod pace;
mod refused;
mod transaction;

pub use flight::{DeliveryError, Flight, Rows};
pub(crate) use options::in_transactions;
pub use options::{Compression, ProducerOptions};
pub use outgoing::{BaseHeaders, HeaderList, Key, Outgoing, SendError, Value, record_size};
use pace::{FLUSH_MS, Next, Pace, Watch};
pub(crate) use refused::{MOST, is_about_the_record};
pub use refused::{RefusedRecord, fingerprint};
pub use transaction::TransactionError;

/// How long a topic's count of partitions is believed.
const METADATA_LASTS: Duration = Duration::from_secs(30);

/// Sends records. Clones are the same producer; when the last one goes, everything unacknowledged fails.
#[derive(Debug, Clone)]
pub struct Producer {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    topics: Mutex<HashMap<String, Topic>>,
    main: Queue,
    pace: Pace,
    /// Reports came in.
    progress: Notify,
    stop: AtomicBool,
    /// False once no more may be sent.
    open: RwLock<bool>,
    stopped: AtomicBool,
    largest: usize,
    queue_records: usize,
    timeout: Duration,
    client: Arc<Client>,
}

/// A topic to write to, of one producer.
#[derive(Debug, Clone)]
pub struct Topic {
    inner: Arc<TopicInner>,
}

#[derive(Debug)]
struct TopicInner {
    name: String,
    partitions: AtomicI32,
    asked: Mutex<Option<Instant>>,
    handle: TopicHandle,
}

impl Topic {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The count last seen by [`Producer::partitions`].
    pub fn partitions(&self) -> Option<i32> {
        Some(self.inner.partitions.load(Ordering::Relaxed)).filter(|count| *count > 0)
    }
}

impl Producer {
    /// Starts the producer and its poll thread. Fails on bad properties only.
    pub fn new(settings: &Settings, options: &ProducerOptions) -> Result<Producer, KafkaError> {
        const ACTION: &str = "make a Kafka producer";
        let client = Client::new(Kind::Producer, &options.config(settings), 0, true, ACTION)?;
        let out_of = |what: &str| {
            KafkaError::new(ACTION, ErrorCode::CriticalSystemResource, what.to_owned())
        };
        let shared = Arc::new(Shared {
            topics: Mutex::default(),
            main: Queue::main(&client).ok_or_else(|| out_of("no queue"))?,
            pace: Pace::new(options.linger(settings)),
            progress: Notify::new(),
            stop: AtomicBool::new(false),
            open: RwLock::new(true),
            stopped: AtomicBool::new(false),
            largest: options.largest_limit,
            queue_records: options.queue_records as usize,
            timeout: settings.request_timeout(),
            client,
        });
        let polled = Arc::clone(&shared);
        thread::Builder::new()
            .name("kafka-reports".into())
            .spawn(move || polled.poll())
            .map_err(|error| out_of(&format!("no thread: {error}")))?;
        Ok(Producer {
            handle: Arc::new(Handle { shared }),
        })
    }

    /// A handle for a topic, made once a name. The topic need not exist yet.
    pub fn topic(&self, name: &str) -> Result<Topic, KafkaError> {
        let mut topics = self.shared().topics.lock();
        if let Some(topic) = topics.get(name) {
            return Ok(topic.clone());
        }
        let handle = TopicHandle::new(&self.shared().client, name)?;
        let inner = TopicInner {
            name: name.to_owned(),
            partitions: AtomicI32::new(0),
            asked: Mutex::default(),
            handle,
        };
        let topic = Topic {
            inner: Arc::new(inner),
        };
        topics.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }

    /// How many partitions a topic has; asks the brokers if the last answer is older than 30 s.
    pub async fn partitions(&self, topic: &Topic) -> Result<i32, KafkaError> {
        let fresh = topic
            .inner
            .asked
            .lock()
            .is_some_and(|asked| asked.elapsed() < METADATA_LASTS);
        if let (true, Some(count)) = (fresh, topic.partitions()) {
            return Ok(count);
        }
        let (client, timeout, asked) = (
            Arc::clone(&self.shared().client),
            millis(self.shared().timeout),
            topic.clone(),
        );
        let action = format!("count the partitions of {:?}", topic.name());
        let found = blocking(&action, move || {
            metadata::fetch(&client, Which::One(&asked.inner.handle), timeout)
        })
        .await?;
        let found = found.into_iter().find(|found| found.name == topic.name());
        match found {
            Some(found) if found.code == ErrorCode::NoError && found.partitions > 0 => {
                topic
                    .inner
                    .partitions
                    .store(found.partitions, Ordering::Relaxed);
                *topic.inner.asked.lock() = Some(Instant::now());
                Ok(found.partitions)
            }
            Some(found) => Err(KafkaError::new(action, found.code, "")),
            None => Err(KafkaError::new(
                action,
                ErrorCode::UnknownTopicOrPartition,
                "",
            )),
        }
    }

    /// Hands one record over; never blocks. After an error nothing was sent of it, and the flight is as before.
    pub fn send(&self, flight: &mut Flight, record: Outgoing<'_>) -> Result<(), SendError> {
        let shared = self.shared();
        // Held while sending: the poll thread must not leave with a record behind it.
        let open = shared.open.read();
        if !*open {
            return Err(SendError::Other(KafkaError::new(
                "produce",
                ErrorCode::State,
                "the producer was closed",
            )));
        }
        // Headers that are built anew are owned by the record; those of a row are copied, or moved at their last use.
        let headers = match record.headers {
            BaseHeaders::TakeRow(row) if record.added.is_empty() => Headers::Take(row),
            BaseHeaders::Row(row) | BaseHeaders::TakeRow(row) => {
                with_added(flight.copied_headers(row)?, record.added)
            }
            BaseHeaders::None => with_added(None, record.added),
            BaseHeaders::List(list) => with_added(with_list(None, list), record.added),
        };
        let (named_key, named_value) = (record.key.clone(), record.value.clone());
        let key = match record.key {
            Key::Null => RecordKey::Null,
            Key::Row(row) => RecordKey::Row(row),
            Key::Bytes(bytes) => RecordKey::Bytes(bytes),
        };
        let payload = match record.value {
            Value::Null => Payload::Null,
            Value::Row(row) => Payload::Row(row),
            Value::Patched(range) => Payload::Patched(range),
            Value::Copy(bytes) => Payload::Copy(bytes),
        };
        // librdkafka takes 0 for "now"; the first millisecond of 1970 is the closest it can write.
        let timestamp = if record.timestamp == 0 {
            1
        } else {
            record.timestamp
        };
        let topic = &record.topic.inner.handle;
        let made = Record {
            topic,
            partition: record.partition,
            key,
            payload,
            headers,
            timestamp,
        };
        let error = match produce::produce(&shared.client, &mut flight.sender, made) {
            Ok(()) => {
                if shared.pace.sent() {
                    shared.main.interrupt();
                }
                return Ok(());
            }
            Err(Refused::NotThere) => return Err(SendError::NoSuchRow),
            Err(Refused::Kafka(error)) => error,
        };
        Err(match error.code() {
            ErrorCode::QueueFull => SendError::QueueFull,
            ErrorCode::MessageSizeTooLarge => SendError::TooLarge {
                size: flight.size_of(&named_key, &named_value)?,
                limit: shared.largest,
            },
            ErrorCode::UnknownPartition => SendError::UnknownPartition {
                topic: record.topic.name().to_owned(),
                partition: record.partition,
            },
            _ => match self.fatal() {
                Some(fatal) => SendError::Fatal(fatal),
                None => SendError::Other(error),
            },
        })
    }

    /// Nothing more is sent for the moment: what waits for company waits for the producer's `linger` at most.
    pub fn idle(&self) {
        self.shared().pace.idle();
    }

    /// After [`SendError::QueueFull`]: waits until reports have made room. Then try again.
    pub async fn ready(&self) {
        let shared = self.shared();
        let progress = shared.progress.notified();
        tokio::pin!(progress);
        progress.as_mut().enable();
        if shared.client.waiting() * 2 < shared.queue_records {
            // The bytes were the limit, or it has cleared already; either way the next reports are near.
            let _ = tokio::time::timeout(Duration::from_millis(5), progress).await;
        } else {
            let _ = tokio::time::timeout(Duration::from_secs(1), progress).await;
        }
    }

    /// Waits until everything sent so far is settled, but no longer than `timeout`.
    pub async fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        let deadline = Instant::now() + timeout;
        loop {
            let progress = self.shared().progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            match self.waiting() {
                0 => return Ok(()),
                left if Instant::now() >= deadline => {
                    let reason = format!("{left} records are not acknowledged after {timeout:?}");
                    return Err(KafkaError::new(
                        "flush",
                        ErrorCode::OperationTimedOut,
                        reason,
                    ));
                }
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let _ = tokio::time::timeout(left.min(Duration::from_millis(100)), progress).await;
        }
    }

    /// Waits for what is under way, but no longer than `timeout`; fails the rest; ends the poll thread. Afterwards every
    /// flight that was sealed is done.
    pub async fn close(&self, timeout: Duration) {
        let _ = self.flush(timeout).await;
        self.handle.stop();
        while !self.shared().stopped.load(Ordering::Acquire) {
            let progress = self.shared().progress.notified();
            let _ = tokio::time::timeout(Duration::from_millis(10), progress).await;
        }
    }

    /// Why this producer has to be replaced, if it has to.
    pub fn fatal(&self) -> Option<KafkaError> {
        self.shared().client.fatal("produce")
    }

    /// Records that are not settled.
    pub fn waiting(&self) -> usize {
        self.shared().client.waiting()
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl Handle {
    fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.main.interrupt();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// The poll thread: delivery reports run here, and nowhere else.
    fn poll(&self) {
        let mut watch = Watch::new(&self.pace);
        while !self.stop.load(Ordering::Acquire) {
            let served = match watch.next(Instant::now(), || self.client.waiting() > 0) {
                Next::Poll(timeout_ms) => produce::poll(&self.client, timeout_ms) > 0,
                Next::Flush => {
                    produce::flush(&self.client, FLUSH_MS);
                    true
                }
            };
            if served {
                self.progress.notify_waiters();
            }
        }
        *self.open.write() = false;
        while self.client.waiting() > 0 {
            produce::purge(&self.client);
            produce::poll(&self.client, 50);
        }
        self.topics.lock().clear();
        self.stopped.store(true, Ordering::Release);
        self.progress.notify_waiters();
    }
}

fn with_list(headers: Option<OwnedHeaders>, list: HeaderList<'_>) -> Option<OwnedHeaders> {
    if list.is_empty() {
        return headers;
    }
    let mut headers = headers.unwrap_or_else(|| OwnedHeaders::new(list.len()));
    for (name, value) in list {
        headers.push(name, *value);
    }
    Some(headers)
}

fn with_added(headers: Option<OwnedHeaders>, added: HeaderList<'_>) -> Headers {
    with_list(headers, added).map_or(Headers::None, Headers::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::EmbeddedBroker;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_fatal_error_is_told_by_the_producer_by_send_and_by_flights() {
        let broker = EmbeddedBroker::start(None).await.unwrap();
        broker.create_topic("out", 1).unwrap();
        let producer = Producer::new(
            &Settings::embedded(&broker, &[]).unwrap(),
            &ProducerOptions::default(),
        )
        .unwrap();
        let topic = producer.topic("out").unwrap();
        let record = || Outgoing {
            topic: &topic,
            partition: 0,
            key: Key::Null,
            value: Value::Copy(b"a secret"),
            headers: BaseHeaders::None,
            added: &[],
            timestamp: -1,
        };
        broker.set_up(false).unwrap();
        assert_eq!(producer.fatal(), None);
        let (send, landed) = tokio::sync::oneshot::channel();
        let mut flight = Flight::detached(Vec::new(), move |result| drop(send.send(result)));
        producer.send(&mut flight, record()).unwrap();
        flight.seal();
        produce::fail_for_test(&producer.shared().client, "made up");
        assert!(
            producer
                .fatal()
                .is_some_and(|error| error.is_fatal() && error.message().contains("made up"))
        );
        let mut next = Flight::detached(Vec::new(), |_| {});
        assert!(matches!(
            producer.send(&mut next, record()),
            Err(SendError::Fatal(_))
        ));
        let told = tokio::time::timeout(Duration::from_secs(30), landed)
            .await
            .unwrap()
            .unwrap()
            .unwrap_err();
        assert!(!told.error.message().contains("secret"), "{told:?}");
    }
}

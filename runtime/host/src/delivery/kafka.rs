//! Writing to Kafka, and a consumer group's offsets.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::{Commit, Consumer, Fetched};
use millstream_kafka::producer::{self, BaseHeaders, Flight};
use millstream_kafka::{ErrorCode, KafkaError};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use super::pool::{Bound, Slot};
use super::{
    Base, Committed, DeliveryError, Done, Key, Offsets, Outgoing, Outlet, ProducerPool,
    RECORD_TOO_LARGE, SendError, Value,
};
use crate::source::TopicPartition;

/// How often counts of partitions and limits of sizes are looked at again.
const REFRESH: Duration = Duration::from_secs(30);
/// Before a broker that is away is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Outputs of one transform.
#[derive(Debug)]
pub struct KafkaOutlet {
    pool: ProducerPool,
    admin: Admin,
    topics: Arc<Mutex<Vec<Weak<Target>>>>,
    /// Something has changed: look again before the time.
    refresh: Arc<Notify>,
}

/// A topic that is written to.
pub type KafkaTopic = Arc<Target>;

/// See [`KafkaTopic`].
#[derive(Debug)]
pub struct Target {
    name: String,
    limit: AtomicU64,
    partitions: AtomicI32,
    slot: Arc<Slot>,
    bound: RwLock<Bound>,
}

impl KafkaOutlet {
    /// Must be called within a runtime: what it knows of topics is kept up to date there.
    #[must_use]
    pub fn new(pool: ProducerPool, admin: Admin) -> Self {
        let outlet = Self {
            pool,
            admin,
            topics: Arc::default(),
            refresh: Arc::default(),
        };
        tokio::spawn(keep_fresh(
            Arc::downgrade(&outlet.topics),
            outlet.admin.clone(),
            Arc::clone(&outlet.refresh),
        ));
        outlet
    }

    async fn look_up(&self, name: &str) -> Result<KafkaTopic, KafkaError> {
        let limit = self.admin.topic_config(name).await?.max_message_bytes;
        let slot = self.pool.slot(limit)?;
        let bound = slot.bind(name)?;
        let partitions = bound.producer.partitions(&bound.topic).await?;
        Ok(Arc::new(Target {
            name: name.to_owned(),
            limit: AtomicU64::new(limit as u64),
            partitions: AtomicI32::new(partitions),
            slot,
            bound: RwLock::new(bound),
        }))
    }
}

async fn keep_fresh(topics: Weak<Mutex<Vec<Weak<Target>>>>, admin: Admin, refresh: Arc<Notify>) {
    loop {
        // An early look comes after a failure, which may come again at once.
        tokio::time::sleep(AGAIN).await;
        let _ = tokio::time::timeout(REFRESH, refresh.notified()).await;
        let Some(topics) = topics.upgrade() else {
            return;
        };
        let known: Vec<_> = {
            let mut topics = topics.lock();
            topics.retain(|topic| topic.strong_count() > 0);
            topics.iter().filter_map(Weak::upgrade).collect()
        };
        drop(topics);
        for topic in known {
            match admin.topic_config(&topic.name).await {
                Ok(config) => topic
                    .limit
                    .store(config.max_message_bytes as u64, Ordering::Relaxed),
                Err(error) => {
                    tracing::debug!(%error, "the limit of a topic could not be looked at again")
                }
            }
            let bound = topic.bound.read().clone();
            match bound.producer.partitions(&bound.topic).await {
                Ok(partitions) => topic.partitions.store(partitions, Ordering::Relaxed),
                Err(error) => {
                    tracing::debug!(%error, "the partitions of a topic could not be counted again")
                }
            }
        }
    }
}

impl Target {
    /// Leaves a producer that is of no use any more.
    fn rebind(&self) -> Result<(), KafkaError> {
        let mut bound = self.bound.write();
        if bound.producer.fatal().is_some() {
            self.slot.replace(&bound)?;
        }
        if !self.slot.is_current(&bound) {
            *bound = self.slot.bind(&self.name)?;
        }
        Ok(())
    }
}

/// A flight, and the topic that its last record went to: a run of records takes the topic's lock once.
#[derive(Debug)]
pub struct KafkaFlight {
    flight: Flight,
    last: Option<(KafkaTopic, Bound)>,
}

impl KafkaFlight {
    /// The producer to send to, and the flight to send.
    fn to(&mut self, topic: &KafkaTopic) -> (&Bound, &mut Flight) {
        let last = match self.last.take() {
            Some(last) if Arc::ptr_eq(&last.0, topic) => last,
            _ => (Arc::clone(topic), topic.bound.read().clone()),
        };
        (&self.last.insert(last).1, &mut self.flight)
    }
}

impl Outlet for KafkaOutlet {
    type Rows = Fetched;
    type Topic = KafkaTopic;
    type Flight = KafkaFlight;

    async fn topic(&self, name: &str) -> Result<KafkaTopic, DeliveryError> {
        loop {
            match self.look_up(name).await {
                Ok(topic) => {
                    self.topics.lock().push(Arc::downgrade(&topic));
                    return Ok(topic);
                }
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, topic = name, "waiting for the broker");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn partitions(&self, topic: &KafkaTopic) -> i32 {
        // Once a batch, so that a producer that has failed is not met again by every record.
        if !topic.slot.is_current(&topic.bound.read())
            && let Err(error) = topic.rebind()
        {
            tracing::warn!(%error, "a producer could not be built anew");
        }
        topic.partitions.load(Ordering::Relaxed)
    }

    fn max_message_bytes(&self, topic: &KafkaTopic) -> u64 {
        // A topic's limit may rise past what its producer takes, until the transform is looked up again.
        topic
            .limit
            .load(Ordering::Relaxed)
            .min(topic.slot.limit() as u64)
    }

    fn begin(&self, rows: Option<Fetched>, patched: Vec<u8>, done: Done) -> KafkaFlight {
        let done =
            |result: Result<(), producer::DeliveryError>| done(result.map_err(DeliveryError::from));
        let flight = match rows {
            Some(rows) => Flight::new(rows, patched, done),
            None => Flight::detached(patched, done),
        };
        KafkaFlight { flight, last: None }
    }

    fn rows<'a>(&self, flight: &'a KafkaFlight) -> Option<&'a Fetched> {
        flight.flight.rows()
    }

    fn send(
        &self,
        flight: &mut KafkaFlight,
        record: &Outgoing<'_, KafkaTopic>,
    ) -> Result<(), SendError> {
        let (bound, flight) = flight.to(record.topic);
        let outgoing = producer::Outgoing {
            topic: &bound.topic,
            partition: record.partition,
            key: match record.key {
                Key::Null => producer::Key::Null,
                Key::Row(row) => producer::Key::Row(row),
                Key::Bytes(bytes) => producer::Key::Bytes(bytes),
            },
            value: match &record.value {
                Value::Null => producer::Value::Null,
                Value::Row(row) => producer::Value::Row(*row),
                Value::Patched(range) => producer::Value::Patched(range.clone()),
            },
            headers: match record.headers.base {
                Base::None => BaseHeaders::None,
                Base::Row(row) => BaseHeaders::Row(row),
                Base::LastOfRow(row) => BaseHeaders::TakeRow(row),
            },
            added: record.headers.list,
            timestamp: record.timestamp,
        };
        let refused = match bound.producer.send(flight, outgoing) {
            Ok(()) => return Ok(()),
            Err(producer::SendError::QueueFull) => return Err(SendError::Full),
            Err(refused) => refused,
        };
        if bound.producer.fatal().is_some()
            && let Err(error) = record.topic.rebind()
        {
            return Err(SendError::Refused(error.into()));
        }
        let code = match &refused {
            producer::SendError::TooLarge { .. } => RECORD_TOO_LARGE,
            producer::SendError::UnknownPartition { .. } => "unknown-partition",
            producer::SendError::Fatal(_) => "fatal",
            _ => "refused",
        };
        let message = format!("{}/{}: {refused}", record.topic.name, record.partition);
        Err(SendError::Refused(DeliveryError {
            code: code.to_owned(),
            message,
        }))
    }

    async fn ready(&self, topic: &KafkaTopic) {
        let producer = topic.bound.read().producer.clone();
        producer.ready().await;
    }

    fn seal(&self, flight: KafkaFlight) {
        flight.flight.seal();
    }

    fn recover(&self, _reason: &DeliveryError) {
        self.refresh.notify_one();
        // Runs on a producer's thread: whether a producer is of use is asked here, it is replaced at the next batch.
        for topic in self.topics.lock().iter().filter_map(Weak::upgrade) {
            // A writer is replacing it already if the lock is taken.
            if let Some(bound) = topic.bound.try_read()
                && bound.producer.fatal().is_some()
            {
                topic.slot.retire(&bound);
            }
        }
    }
}

/// A group's offsets, through the consumer that is its member.
#[derive(Debug, Clone)]
pub struct KafkaOffsets {
    consumer: Consumer,
}

impl KafkaOffsets {
    /// The offsets of this consumer's group.
    #[must_use]
    pub fn new(consumer: Consumer) -> Self {
        Self { consumer }
    }
}

impl Offsets for KafkaOffsets {
    async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, DeliveryError> {
        let found = self.consumer.committed(partitions).await?;
        let one = |partition: &TopicPartition| {
            let (_, committed) = found.iter().find(|(other, _)| other == partition)?;
            let committed = committed.as_ref()?;
            Some(Committed {
                offset: committed.offset,
                metadata: committed.metadata.clone(),
            })
        };
        Ok(partitions.iter().map(one).collect())
    }

    async fn commit(
        &self,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let found = self.consumer.commit(&asked_of(commits)).await?;
        let one = |partition: &TopicPartition| {
            let found = found.iter().find(|(other, _)| other == partition);
            found.map_or(Ok(()), |(_, result)| {
                result.clone().map_err(DeliveryError::from)
            })
        };
        Ok(commits
            .iter()
            .map(|(partition, _)| one(partition))
            .collect())
    }

    async fn beginnings(&self, partitions: &[TopicPartition]) -> Result<Vec<i64>, DeliveryError> {
        let found = self.consumer.extents(partitions).await?;
        let mut beginnings = Vec::new();
        for partition in partitions {
            let extent = found
                .iter()
                .find(|(other, _)| other == partition)
                .map(|(_, extent)| extent.clone());
            match extent {
                Some(extent) => beginnings.push(extent?.start),
                None => {
                    let message = format!("the broker did not say where {partition} begins");
                    return Err(DeliveryError {
                        code: "no-answer".to_owned(),
                        message,
                    });
                }
            }
        }
        Ok(beginnings)
    }
}

/// Commits as the client takes them.
pub(super) fn asked_of(commits: &[(TopicPartition, Committed)]) -> Vec<Commit> {
    let one = |(partition, committed): &(TopicPartition, Committed)| Commit {
        partition: partition.clone(),
        offset: committed.offset,
        metadata: committed.metadata.clone(),
    };
    commits.iter().map(one).collect()
}

/// A stable name for Kafka's code, as in `topic-authorization-failed`.
pub(crate) fn code_of(error: &KafkaError) -> String {
    if error.code() == ErrorCode::MessageSizeTooLarge {
        return RECORD_TOO_LARGE.to_owned();
    }
    let mut code = String::new();
    let mut lower = false;
    for letter in format!("{:?}", error.code()).chars() {
        if letter.is_ascii_uppercase() && lower {
            code.push('-');
        }
        lower = letter.is_ascii_lowercase();
        code.push(letter.to_ascii_lowercase());
    }
    code
}

impl From<KafkaError> for DeliveryError {
    fn from(error: KafkaError) -> Self {
        Self {
            code: code_of(&error),
            message: error.to_string(),
        }
    }
}

impl From<producer::DeliveryError> for DeliveryError {
    fn from(error: producer::DeliveryError) -> Self {
        Self {
            code: code_of(&error.error),
            message: error.to_string(),
        }
    }
}

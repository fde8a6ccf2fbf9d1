//! Writing to Kafka, and a consumer group's offsets.

mod offsets;
mod topic;

use std::sync::{Arc, Weak};

use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::Fetched;
use millstream_kafka::producer::{self, BaseHeaders, Flight};
use millstream_kafka::{ErrorCode, KafkaError};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::pool::Bound;
use super::{
    Base, DeliveryError, Done, Key, Outgoing, Outlet, PURGED, ProducerPool, RECORD_TOO_LARGE,
    SendError, Value,
};

pub use offsets::KafkaOffsets;
pub(super) use offsets::asked_of;
use topic::{AGAIN, Topics, keep_fresh};
pub use topic::{KafkaTopic, Target};

/// Outputs of one transform.
#[derive(Debug)]
pub struct KafkaOutlet {
    pool: ProducerPool,
    admin: Admin,
    topics: Topics,
    /// Something has changed: look again before the time.
    refresh: Arc<Notify>,
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
            outlet.pool.clone(),
            outlet.admin.clone(),
            Arc::clone(&outlet.refresh),
        ));
        outlet
    }
}

/// A flight, and the topics that it holds.
#[derive(Debug)]
pub struct KafkaFlight {
    flight: Flight,
    /// The topic of the last record first.
    ways: Vec<(KafkaTopic, Result<Bound, KafkaError>)>,
    used: Arc<Used>,
}

/// The topics that a flight holds, until it is done.
#[derive(Debug, Default)]
struct Used(Mutex<Vec<KafkaTopic>>);

impl Drop for Used {
    fn drop(&mut self) {
        for topic in self.0.get_mut().drain(..) {
            topic.give_back();
        }
    }
}

impl KafkaFlight {
    fn hold(&mut self, topic: &KafkaTopic) {
        // Taken before it is looked at: the way cannot change from then on.
        topic.take();
        self.used.0.lock().push(Arc::clone(topic));
        self.ways.push((Arc::clone(topic), topic.bound()));
    }

    /// The producer to send to, and the flight to send.
    fn to(&mut self, topic: &KafkaTopic) -> (Result<&Bound, &KafkaError>, &mut Flight) {
        let held = self.ways.iter().position(|way| Arc::ptr_eq(&way.0, topic));
        let at = held.unwrap_or_else(|| {
            self.hold(topic);
            self.ways.len() - 1
        });
        self.ways.swap(0, at);
        (self.ways[0].1.as_ref(), &mut self.flight)
    }
}

impl Outlet for KafkaOutlet {
    type Rows = Fetched;
    type Topic = KafkaTopic;
    type Flight = KafkaFlight;

    async fn topic(&self, name: &str) -> Result<KafkaTopic, DeliveryError> {
        loop {
            match Target::look_up(&self.pool, &self.admin, name).await {
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
        if self.pool.is_transactional() {
            topic.go_on_after_a_transaction();
        }
        topic.partitions()
    }

    fn max_message_bytes(&self, topic: &KafkaTopic) -> u64 {
        topic.max_message_bytes()
    }

    fn begin(&self, rows: Option<Fetched>, patched: Vec<u8>, done: Done) -> KafkaFlight {
        let used = Arc::<Used>::default();
        let flying = Arc::clone(&used);
        let done = move |result: Result<(), producer::DeliveryError>| {
            done(result.map_err(DeliveryError::from));
            // Only now: what follows must not overtake what has failed.
            drop(flying);
        };
        let flight = match rows {
            Some(rows) => Flight::new(rows, patched, done),
            None => Flight::detached(patched, done),
        };
        KafkaFlight {
            flight,
            ways: Vec::new(),
            used,
        }
    }

    fn hold(&self, flight: &mut KafkaFlight, topic: &KafkaTopic) {
        flight.hold(topic);
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
        let bound = bound.map_err(|error| SendError::Refused(error.clone().into()))?;
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
        if bound.producer.fatal().is_some() {
            record.topic.retire(bound);
        }
        let code = match &refused {
            producer::SendError::TooLarge { .. } => RECORD_TOO_LARGE,
            producer::SendError::UnknownPartition { .. } => "unknown-partition",
            producer::SendError::Fatal(_) => "fatal",
            _ => "refused",
        };
        let message = format!("{}/{}: {refused}", record.topic.name(), record.partition);
        Err(SendError::Refused(DeliveryError::new(code, message)))
    }

    fn idle(&self) {
        self.pool.idle();
    }

    async fn ready(&self, topic: &KafkaTopic) {
        if let Ok(bound) = topic.bound() {
            bound.producer.ready().await;
        }
    }

    async fn prepare(&self, topic: &KafkaTopic) {
        topic.move_on().await;
    }

    fn seal(&self, flight: KafkaFlight) {
        flight.flight.seal();
    }

    fn recover(&self, _reason: &DeliveryError) {
        self.refresh.notify_one();
        // Runs on a producer's thread: whether a producer is of use is asked here, it is replaced at the next batch.
        for topic in self.topics.lock().iter().filter_map(Weak::upgrade) {
            topic.retire_if_it_has_failed();
        }
    }
}

/// A stable name for Kafka's code, as in `topic-authorization-failed`.
pub(crate) fn code_of(error: &KafkaError) -> String {
    match error.code() {
        ErrorCode::MessageSizeTooLarge => return RECORD_TOO_LARGE.to_owned(),
        ErrorCode::PurgeQueue | ErrorCode::PurgeInflight => return PURGED.to_owned(),
        _ => {}
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
        Self::new(code_of(&error), error.to_string())
    }
}

impl From<producer::DeliveryError> for DeliveryError {
    fn from(error: producer::DeliveryError) -> Self {
        Self {
            code: code_of(&error.error),
            message: error.to_string(),
            refused: error.refused,
        }
    }
}

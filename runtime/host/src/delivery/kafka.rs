//! Writing to Kafka, and a consumer group's offsets.

mod offsets;

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::Fetched;
use millstream_kafka::producer::{self, BaseHeaders, Flight};
use millstream_kafka::{ErrorCode, KafkaError};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use super::pool::{Bound, Slot};
use super::{
    Base, DeliveryError, Done, Key, Outgoing, Outlet, ProducerPool, RECORD_TOO_LARGE, SendError,
    Value,
};

pub use offsets::KafkaOffsets;
pub(super) use offsets::asked_of;

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
    way: RwLock<Way>,
    /// Flights that have records for it.
    flights: AtomicUsize,
    /// Told when there are none.
    idle: Notify,
    /// It is to be written to through this one: its batches would be too large for the topic otherwise.
    next: Mutex<Option<Arc<Slot>>>,
    moves: AtomicBool,
}

/// How records get to a topic.
#[derive(Debug, Clone)]
struct Way {
    slot: Arc<Slot>,
    bound: Bound,
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

    async fn look_up(&self, name: &str) -> Result<KafkaTopic, KafkaError> {
        let limit = self.admin.topic_config(name).await?.max_message_bytes;
        let slot = self.pool.slot(limit)?;
        let bound = slot.bind(name)?;
        let partitions = bound.producer.partitions(&bound.topic).await?;
        Ok(Arc::new(Target {
            name: name.to_owned(),
            limit: AtomicU64::new(limit as u64),
            partitions: AtomicI32::new(partitions),
            way: RwLock::new(Way { slot, bound }),
            flights: AtomicUsize::new(0),
            idle: Notify::new(),
            next: Mutex::default(),
            moves: AtomicBool::new(false),
        }))
    }
}

async fn keep_fresh(
    topics: Weak<Mutex<Vec<Weak<Target>>>>,
    pool: ProducerPool,
    admin: Admin,
    refresh: Arc<Notify>,
) {
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
                Ok(config) => topic.limited(config.max_message_bytes, &pool),
                Err(error) => {
                    tracing::debug!(%error, "the limit of a topic could not be looked at again")
                }
            }
            let bound = topic.way.read().bound.clone();
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
    fn rebind(&self, way: &mut Way) -> Result<(), KafkaError> {
        if way.bound.producer.fatal().is_some() {
            way.slot.replace(&way.bound)?;
        }
        if !way.slot.is_current(&way.bound) {
            way.bound = way.slot.bind(&self.name)?;
        }
        Ok(())
    }

    /// The topic takes records of up to so many bytes from now on.
    fn limited(&self, limit: usize, pool: &ProducerPool) {
        self.limit.store(limit as u64, Ordering::Relaxed);
        if limit >= self.way.read().slot.limit() {
            return;
        }
        // A producer's batches are as large as the limit that it was made for, and brokers refuse a whole batch.
        match pool.slot(limit) {
            // A transaction's end replaces the producer.
            Ok(slot) if Arc::ptr_eq(&slot, &self.way.read().slot) => {}
            Ok(slot) => {
                *self.next.lock() = Some(slot);
                self.moves.store(true, Ordering::Release);
            }
            Err(error) => tracing::warn!(%error, "a producer for a smaller limit cannot be made"),
        }
    }

    fn is_stale(&self) -> bool {
        let way = self.way.read();
        !way.slot.is_current(&way.bound)
    }

    /// Goes over to another producer, if that is due, once nothing is in flight: what goes through two of them can overtake. That
    /// holds for one that has failed as well: its flights take their partitions back before anything else goes out.
    async fn move_on(&self) {
        while self.moves.load(Ordering::Acquire) || self.is_stale() {
            let mut idle = std::pin::pin!(self.idle.notified());
            idle.as_mut().enable();
            match self.try_to_move() {
                Ok(true) => {}
                Ok(false) => idle.await,
                Err(error) => {
                    tracing::warn!(%error, topic = self.name, "a producer could not be built anew");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Says whether nothing was in the way.
    fn try_to_move(&self) -> Result<bool, KafkaError> {
        let mut way = self.way.write();
        // Whoever takes the topic counts first, and looks at the way then.
        if self.flights.load(Ordering::Acquire) > 0 {
            return Ok(false);
        }
        self.rebind(&mut way)?;
        // What is found out meanwhile says so again.
        self.moves.store(false, Ordering::Release);
        let next = self.next.lock().take();
        if let Some(slot) = next {
            let bound = slot.bind(&self.name)?;
            *way = Way { slot, bound };
        }
        Ok(true)
    }
}

/// A flight, and the topics that it holds.
#[derive(Debug)]
pub struct KafkaFlight {
    flight: Flight,
    /// The topic of the last record first.
    ways: Vec<(KafkaTopic, Bound)>,
    used: Arc<Used>,
}

/// The topics that a flight holds, until it is done.
#[derive(Debug, Default)]
struct Used(Mutex<Vec<KafkaTopic>>);

impl Drop for Used {
    fn drop(&mut self) {
        for topic in self.0.get_mut().drain(..) {
            if topic.flights.fetch_sub(1, Ordering::AcqRel) == 1 {
                topic.idle.notify_waiters();
            }
        }
    }
}

impl KafkaFlight {
    fn hold(&mut self, topic: &KafkaTopic) {
        // Counted before it is looked at: the way cannot change from then on.
        topic.flights.fetch_add(1, Ordering::AcqRel);
        self.used.0.lock().push(Arc::clone(topic));
        let bound = topic.way.read().bound.clone();
        self.ways.push((Arc::clone(topic), bound));
    }

    /// The producer to send to, and the flight to send.
    fn to(&mut self, topic: &KafkaTopic) -> (&Bound, &mut Flight) {
        let held = self.ways.iter().position(|way| Arc::ptr_eq(&way.0, topic));
        let at = held.unwrap_or_else(|| {
            self.hold(topic);
            self.ways.len() - 1
        });
        self.ways.swap(0, at);
        (&self.ways[0].1, &mut self.flight)
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
        // The end of a transaction replaces the producer, with nothing in flight.
        if self.pool.is_transactional()
            && topic.is_stale()
            && let Err(error) = topic.rebind(&mut topic.way.write())
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
            .min(topic.way.read().slot.limit() as u64)
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
            record.topic.way.read().slot.retire(bound);
        }
        let code = match &refused {
            producer::SendError::TooLarge { .. } => RECORD_TOO_LARGE,
            producer::SendError::UnknownPartition { .. } => "unknown-partition",
            producer::SendError::Fatal(_) => "fatal",
            _ => "refused",
        };
        let message = format!("{}/{}: {refused}", record.topic.name, record.partition);
        Err(SendError::Refused(DeliveryError::new(code, message)))
    }

    async fn ready(&self, topic: &KafkaTopic) {
        let producer = topic.way.read().bound.producer.clone();
        producer.ready().await;
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
            // A writer is replacing it already if the lock is taken.
            if let Some(way) = topic.way.try_read()
                && way.bound.producer.fatal().is_some()
            {
                way.slot.retire(&way.bound);
            }
        }
    }
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

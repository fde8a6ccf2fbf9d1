//! A topic that a transform writes to: what is known of it, and the producer that its records go to.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use millstream_kafka::KafkaError;
use millstream_kafka::admin::Admin;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::delivery::ProducerPool;
use crate::delivery::pool::{Bound, Slot};

/// How often counts of partitions and limits of sizes are looked at again.
const REFRESH: Duration = Duration::from_secs(30);
/// Before a broker that is away is asked again.
pub(super) const AGAIN: Duration = Duration::from_secs(1);
/// A producer that was not used for so long is let go. Making one takes some milliseconds, and a few answers of brokers.
const RESTS_AFTER: Duration = Duration::from_secs(5 * 60);

pub(super) type Topics = Arc<Mutex<Vec<Weak<Target>>>>;

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
    /// When one began last.
    used: Mutex<Instant>,
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
    /// None before there is something for it.
    bound: Option<Bound>,
}

impl Way {
    fn is_stale(&self) -> bool {
        let bound = self.bound.as_ref();
        bound.is_some_and(|bound| !self.slot.is_current(bound))
    }

    fn has_failed(&self) -> Option<&Bound> {
        let bound = self.bound.as_ref();
        bound.filter(|bound| bound.producer.fatal().is_some())
    }

    /// Leaves a producer that is of no use any more.
    fn leave(&mut self) {
        if let Some(failed) = self.has_failed() {
            self.slot.replace(failed);
        }
        if self.is_stale() {
            self.bound = None;
        }
    }
}

/// Looks at topics again every so often, until they are gone.
pub(super) async fn keep_fresh(
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
        if !pool.is_transactional() {
            let_rest(&known);
        }
        for topic in known {
            match admin.topic_config(&topic.name).await {
                Ok(config) => topic.limited(config.max_message_bytes, &pool),
                Err(error) => {
                    tracing::debug!(%error, "the limit of a topic could not be looked at again")
                }
            }
            let bound = topic.way.read().bound.clone();
            let counted = match bound {
                // So that it knows as well, above all of a topic that was created anew.
                Some(bound) => bound.producer.partitions(&bound.topic).await,
                None => admin.partitions_of(&topic.name).await,
            };
            match counted {
                Ok(partitions) => topic.partitions.store(partitions, Ordering::Relaxed),
                Err(error) => {
                    tracing::debug!(%error, "the partitions of a topic could not be counted again")
                }
            }
        }
    }
}

/// Lets producers go whose topics nobody has written to for a while.
fn let_rest(topics: &[KafkaTopic]) {
    for topic in topics.iter().filter(|topic| topic.rests()) {
        let slot = Arc::clone(&topic.way.read().slot);
        let shares = |other: &&KafkaTopic| Arc::ptr_eq(&other.way.read().slot, &slot);
        if topics.iter().filter(shares).all(|other| other.rests()) {
            topic.unbind();
        }
    }
}

impl Target {
    pub(super) async fn look_up(
        pool: &ProducerPool,
        admin: &Admin,
        name: &str,
    ) -> Result<KafkaTopic, KafkaError> {
        let limit = admin.topic_config(name).await?.max_message_bytes;
        Ok(Arc::new(Self {
            name: name.to_owned(),
            limit: AtomicU64::new(limit as u64),
            partitions: AtomicI32::new(admin.partitions_of(name).await?),
            way: RwLock::new(Way {
                slot: pool.slot(limit),
                bound: None,
            }),
            flights: AtomicUsize::new(0),
            used: Mutex::new(Instant::now()),
            idle: Notify::new(),
            next: Mutex::default(),
            moves: AtomicBool::new(false),
        }))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn partitions(&self) -> i32 {
        self.partitions.load(Ordering::Relaxed)
    }

    /// The topic's limit may rise past what its producer takes, until the transform is looked up again.
    pub(super) fn max_message_bytes(&self) -> u64 {
        let limit = self.limit.load(Ordering::Relaxed);
        limit.min(self.way.read().slot.limit() as u64)
    }

    /// A flight has records for it, until it is given back.
    pub(super) fn take(&self) {
        self.flights.fetch_add(1, Ordering::AcqRel);
        *self.used.lock() = Instant::now();
    }

    pub(super) fn give_back(&self) {
        if self.flights.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }

    /// This producer has failed.
    pub(super) fn retire(&self, bound: &Bound) {
        self.way.read().slot.retire(bound);
    }

    /// Never waits: it may be called on a producer's thread.
    pub(super) fn retire_if_it_has_failed(&self) {
        // A writer is replacing it already if the lock is taken.
        if let Some(way) = self.way.try_read()
            && let Some(failed) = way.has_failed()
        {
            way.slot.retire(failed);
        }
    }

    /// The end of a transaction replaces the producer, with nothing in flight.
    pub(super) fn go_on_after_a_transaction(&self) {
        if self.is_stale() {
            self.way.write().leave();
        }
    }

    /// The topic takes records of up to so many bytes from now on.
    fn limited(&self, limit: usize, pool: &ProducerPool) {
        self.limit.store(limit as u64, Ordering::Relaxed);
        if limit >= self.way.read().slot.limit() {
            return;
        }
        // A producer's batches are as large as the limit that it was made for, and brokers refuse a whole batch.
        let slot = pool.slot(limit);
        // A transaction's end replaces the producer.
        if !Arc::ptr_eq(&slot, &self.way.read().slot) {
            *self.next.lock() = Some(slot);
            self.moves.store(true, Ordering::Release);
        }
    }

    fn is_stale(&self) -> bool {
        self.way.read().is_stale()
    }

    /// What its records go to, which is made if there is none.
    pub(super) fn bound(&self) -> Result<Bound, KafkaError> {
        if let Some(bound) = &self.way.read().bound {
            return Ok(bound.clone());
        }
        let mut way = self.way.write();
        let bound = match way.bound.take() {
            Some(bound) => bound,
            None => way.slot.bind(&self.name)?,
        };
        Ok(way.bound.insert(bound).clone())
    }

    fn rests(&self) -> bool {
        self.flights.load(Ordering::Acquire) == 0 && self.used.lock().elapsed() >= RESTS_AFTER
    }

    fn unbind(&self) {
        let mut way = self.way.write();
        // Whoever takes the topic counts first, and looks at the way then.
        if self.flights.load(Ordering::Acquire) == 0 && way.bound.take().is_some() {
            way.slot.rest();
        }
    }

    /// Goes over to another producer, if that is due, once nothing is in flight: what goes through two of them can overtake. That
    /// holds for one that has failed as well: its flights take their partitions back before anything else goes out.
    pub(super) async fn move_on(&self) {
        while self.moves.load(Ordering::Acquire) || self.is_stale() {
            let mut idle = std::pin::pin!(self.idle.notified());
            idle.as_mut().enable();
            if !self.try_to_move() {
                idle.await;
            }
        }
    }

    /// Says whether nothing was in the way.
    fn try_to_move(&self) -> bool {
        let mut way = self.way.write();
        // Whoever takes the topic counts first, and looks at the way then.
        if self.flights.load(Ordering::Acquire) > 0 {
            return false;
        }
        way.leave();
        // What is found out meanwhile says so again.
        self.moves.store(false, Ordering::Release);
        let next = self.next.lock().take();
        if let Some(slot) = next {
            *way = Way { slot, bound: None };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use millstream_kafka::Settings;
    use millstream_kafka::embedded::EmbeddedBroker;
    use millstream_kafka::producer::{BaseHeaders, Flight, Key, Outgoing, ProducerOptions, Value};

    use super::*;

    impl Target {
        fn has_producer(&self) -> bool {
            self.way.read().bound.is_some()
        }

        async fn write(&self) {
            let (sender, done) = tokio::sync::oneshot::channel();
            let mut flight = Flight::detached(Vec::new(), |result| {
                let _ = sender.send(result);
            });
            self.take();
            let bound = self.bound().unwrap();
            let record = Outgoing {
                topic: &bound.topic,
                partition: 0,
                key: Key::Null,
                value: Value::Copy(b"v"),
                headers: BaseHeaders::None,
                added: &[],
                timestamp: 1,
            };
            bound.producer.send(&mut flight, record).unwrap();
            flight.seal();
            done.await.unwrap().unwrap();
            self.give_back();
        }
    }

    #[tokio::test]
    async fn a_topic_has_a_producer_while_it_is_written_to() {
        let broker = EmbeddedBroker::start(None).await.unwrap();
        let settings = Settings::embedded(&broker, &[]).unwrap();
        let admin = Admin::embedded(&settings, broker.clone()).unwrap();
        let pool = ProducerPool::new(settings, ProducerOptions::default());
        let mut topics = Vec::new();
        for name in ["one", "other"] {
            broker.create_topic(name, 1).unwrap();
            topics.push(Target::look_up(&pool, &admin, name).await.unwrap());
        }
        let [one, other] = &topics[..] else {
            unreachable!()
        };
        one.write().await;
        assert!(one.has_producer() && !other.has_producer());
        let_rest(&topics);
        assert!(one.has_producer(), "it was used just now");
        let first = one.bound().unwrap();

        tokio::time::pause();
        tokio::time::advance(RESTS_AFTER).await;
        other.take();
        let_rest(&topics);
        assert!(one.has_producer(), "the other one may need it");
        other.give_back();
        tokio::time::advance(RESTS_AFTER).await;
        let_rest(&topics);
        assert!(!one.has_producer());
        tokio::time::resume();

        assert!(!one.way.read().slot.is_current(&first));
        one.write().await;
        other.write().await;
        assert!(!one.is_stale() && !other.is_stale());
    }
}

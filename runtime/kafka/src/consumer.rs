//! Records in: one member of one consumer group.
//!
//! Promises: rebalances are cooperative and arrive as events, answered when the caller is ready; every partition has a
//! queue of its own, taken from without blocking; only committed records are seen; nothing is committed unless asked;
//! positions are always explicit, and one that retention cut off is an error, never a silent jump. Everything fetched
//! may outlive the consumer's handle.
//!
//! Does not know what becomes of the records, nor when to commit.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rdkafka::bindings as rd;
use tokio::sync::Notify;

use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::{Client, Kind};
use crate::ffi::consume;
use crate::ffi::list::List;
use crate::ffi::queue::{Event, Queue};
use crate::ffi::transaction::GroupMetadata;
use crate::settings::Settings;
use crate::topic_partition::TopicPartition;

mod fetched;
mod intake;
mod offsets;
mod options;
mod pump;
mod queue;
mod rebalance;
mod stash;

pub use crate::ffi::topics::TopicIdentity;
pub use fetched::{Fetched, Headers};
pub use offsets::{Commit, Committed, Extent, PerPartition};
pub(crate) use offsets::{extents, identities};
pub use options::ConsumerOptions;
pub use queue::{PartitionError, PartitionErrorKind, PartitionQueue, Taken};
use rebalance::{Answer, Rebalance};

/// What the group or the brokers want the member to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsumerEvent {
    /// These are the member's from now on: answer with [`Consumer::assign`].
    Assign(Vec<TopicPartition>),
    /// Someone else is to have these: finish, commit, answer with [`Consumer::unassign`].
    Revoke(Vec<TopicPartition>),
    /// Someone else may have these already: do not commit, answer with [`Consumer::unassign`].
    Lost(Vec<TopicPartition>),
    /// Something is wrong; librdkafka goes on by itself unless the error is fatal.
    Error(KafkaError),
}

/// A member of a group. Clones are the same member; the last one dropped leaves the group, on a thread of its own.
#[derive(Debug, Clone)]
pub struct Consumer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    events: Queue,
    arrived: Arc<Notify>,
    rebalance: Mutex<Rebalance>,
    queues: Arc<queue::Queues>,
    room: Arc<stash::Room>,
    tap: Arc<pump::Tap>,
    pump: pump::Ripe,
    closed: AtomicBool,
    timeout: Duration,
    embedded: bool,
    client: Arc<Client>,
}

/// `max.poll.interval.ms` is counted from the last poll of any kind.
const POLL_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

impl Consumer {
    /// Fails on bad properties only; brokers that are away show up as [`ConsumerEvent::Error`]. Must be called within a runtime:
    /// fetched records are seen to there.
    pub fn new(settings: &Settings, options: &ConsumerOptions) -> Result<Consumer, KafkaError> {
        let config = options.config(settings);
        let wanted = rd::RD_KAFKA_EVENT_REBALANCE
            | rd::RD_KAFKA_EVENT_ERROR
            | rd::RD_KAFKA_EVENT_OFFSET_COMMIT;
        let client = Client::new(
            Kind::Consumer,
            &config,
            wanted,
            false,
            "make a Kafka consumer",
        )?;
        let no_queue = || {
            KafkaError::new(
                "make a Kafka consumer",
                ErrorCode::CriticalSystemResource,
                "no event queue",
            )
        };
        let events = consume::events(&client).ok_or_else(no_queue)?;
        let arrived = Arc::new(Notify::new());
        events.notify(&arrived);
        let tap = pump::Tap::new(Arc::clone(&client), options.intake());
        let inner = Inner {
            events,
            arrived,
            rebalance: Mutex::default(),
            queues: Arc::default(),
            room: stash::Room::new(options.stash_memory()),
            pump: pump::start(Arc::clone(&tap)),
            tap,
            closed: AtomicBool::new(false),
            timeout: settings.request_timeout(),
            embedded: settings.is_embedded(),
            client,
        };
        Ok(Consumer {
            inner: Arc::new(inner),
        })
    }

    /// Joins the group for these topics; replaces an earlier list. A topic that starts with `^` would be a pattern: such
    /// names do not exist in Kafka.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), KafkaError> {
        consume::subscribe(&self.inner.client, topics)
    }

    /// Waits for the next event. Cancel-safe. It must keep being awaited: the group throws out a member that is silent
    /// for longer than `max_poll_interval`. After [`Consumer::close`] it waits for ever.
    pub async fn next_event(&self) -> ConsumerEvent {
        loop {
            if !self.inner.closed.load(Ordering::Acquire) {
                while let Some(event) = self.inner.events.poll(0) {
                    if let Some(event) = self.understand(&event) {
                        return event;
                    }
                }
            }
            // Woken or not: looking is what feeds max.poll.interval.
            let _ = tokio::time::timeout(POLL_AT_LEAST_EVERY, self.inner.arrived.notified()).await;
        }
    }

    fn understand(&self, event: &Event) -> Option<ConsumerEvent> {
        match event.kind() {
            rd::RD_KAFKA_EVENT_REBALANCE => {
                let partitions = event.partitions().partitions();
                let assigning = event.raw_code() == ErrorCode::AssignPartitions as i32;
                let lost = !assigning && consume::assignment_lost(&self.inner.client);
                let mut rebalance = self.inner.rebalance.lock();
                let mut answer = if assigning {
                    rebalance.assigning(&partitions)
                } else {
                    rebalance.revoking(&partitions)
                };
                if self.inner.closed.load(Ordering::Acquire) {
                    answer = answer.or_else(|| rebalance.give_up());
                }
                if let Some(answer) = answer {
                    // Nothing to decide, yet the group waits for an answer.
                    if let Err(error) = self.inner.answer(answer) {
                        return Some(ConsumerEvent::Error(error));
                    }
                    return None;
                }
                Some(match (assigning, lost) {
                    (true, _) => ConsumerEvent::Assign(partitions),
                    (false, true) => ConsumerEvent::Lost(partitions),
                    (false, false) => ConsumerEvent::Revoke(partitions),
                })
            }
            rd::RD_KAFKA_EVENT_ERROR => {
                let error = event.check("go on reading").err()?;
                let fatal = self.inner.client.fatal("go on reading");
                Some(ConsumerEvent::Error(fatal.unwrap_or(error)))
            }
            _ => None,
        }
    }

    /// The queue of a partition. Best taken before the partition is assigned, so that nothing is missed.
    pub fn queue(&self, partition: &TopicPartition) -> Result<PartitionQueue, KafkaError> {
        self.inner.queue(partition)
    }

    /// Answers an [`ConsumerEvent::Assign`], with the offset to start each partition at. May be called for some of its
    /// partitions at a time: fetching starts, and the group goes on, once all of them were given. Partitions that were
    /// taken away meanwhile are ignored. Talks to librdkafka's own thread for some microseconds.
    pub fn assign(&self, partitions: &[(TopicPartition, i64)]) -> Result<(), KafkaError> {
        let mut rebalance = self.inner.rebalance.lock();
        rebalance
            .assign(partitions)
            .map_or(Ok(()), |answer| self.inner.answer(answer))
    }

    /// Answers a [`ConsumerEvent::Revoke`] or [`ConsumerEvent::Lost`], some partitions at a time if need be, as
    /// [`Consumer::assign`] does. Those given stop at once (their queues are emptied).
    pub fn unassign(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> {
        let mut rebalance = self.inner.rebalance.lock();
        match rebalance.unassign(partitions) {
            Some(answer) => self.inner.answer(answer),
            None => {
                let held = rebalance.held_of(partitions);
                let result = self.pause(&held);
                self.inner.clear(&held);
                result
            }
        }
    }

    /// Moves a partition's position. Its queue gives nothing meanwhile, and records from `offset` on once this returns.
    pub async fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), KafkaError> {
        let _held = self.inner.known_queue(partition).map(|queue| queue.hold());
        let mut list = List::new();
        list.add(partition, offset, "");
        let (client, timeout) = (Arc::clone(&self.inner.client), millis(self.inner.timeout));
        match blocking("seek", move || consume::seek(&client, &list, timeout)).await {
            // Fetching has stopped, as it does at a position that the broker does not keep.
            Err(error) if error.code() == ErrorCode::State => {
                self.restart(partition, offset, error)?
            }
            result => result?,
        }
        Ok(())
    }

    /// Lets go of a partition and takes it again, among ourselves: the group is not told.
    fn restart(
        &self,
        partition: &TopicPartition,
        offset: i64,
        otherwise: KafkaError,
    ) -> Result<(), KafkaError> {
        let rebalance = self.inner.rebalance.lock();
        if !rebalance.is_settled(partition) {
            return Err(otherwise);
        }
        let mut list = List::new();
        list.add(partition, offset, "");
        consume::incremental_unassign(&self.inner.client, &list)?;
        consume::incremental_assign(&self.inner.client, &list)
    }

    /// Stops fetching. What was fetched and not taken is thrown away by librdkafka and fetched again after
    /// [`Consumer::resume`], so not taking from a queue, which is bounded, is often the better pause. `take` may still
    /// give a few records that were on their way.
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> {
        if partitions.is_empty() {
            return Ok(());
        }
        let result = self.inner.tap.pause(partitions);
        self.inner.look_again();
        result
    }

    /// Fetches again.
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> {
        if partitions.is_empty() {
            return Ok(());
        }
        self.inner.tap.resume(partitions)
    }

    /// Who this is in its group at the moment. Changes with every rebalance, once what was revoked or lost is let go.
    pub fn member(&self) -> Member {
        Member {
            group: GroupMetadata::of(&self.inner.client),
        }
    }

    /// Leaves the group, off the async workers. Partitions that are still assigned go back without an event: let go of
    /// them first, if their commits matter.
    pub async fn close(&self) -> Result<(), KafkaError> {
        if !self.inner.begin_to_close() {
            return Ok(());
        }
        let client = Arc::clone(&self.inner.client);
        blocking("leave the group", move || consume::close(&client)).await
    }
}

/// See [`Consumer::member`].
#[derive(Debug)]
pub struct Member {
    pub(crate) group: Result<GroupMetadata, KafkaError>,
}

impl Inner {
    fn answer(&self, answer: Answer) -> Result<(), KafkaError> {
        match answer {
            Answer::Assign(partitions) => {
                let mut list = List::new();
                for (partition, offset) in &partitions {
                    // A partition whose queue nobody took would send its records into the event queue.
                    self.queue(partition)?.inner.clear();
                    list.add(partition, *offset, "");
                }
                let _turn = self.tap.turn();
                // One that was paused when it was let go is so still.
                consume::resume(&self.client, &list)?;
                self.tap
                    .intake()
                    .add(partitions.iter().map(|(partition, _)| partition));
                consume::incremental_assign(&self.client, &list)
            }
            Answer::Unassign(partitions) => {
                let _turn = self.tap.turn();
                let result = consume::incremental_unassign(&self.client, &list_of(&partitions));
                self.tap.intake().remove(&partitions);
                self.clear(&partitions);
                self.look_again();
                result
            }
        }
    }

    fn clear(&self, partitions: &[TopicPartition]) {
        let known = partitions
            .iter()
            .filter_map(|partition| self.known_queue(partition));
        known.for_each(|queue| queue.clear());
    }

    /// There may be room for partitions that wait for it. Those say nothing themselves: they are paused.
    fn look_again(&self) {
        // Without a pump the runtime is ending.
        let _ = self.pump.send(Weak::new());
    }

    fn known_queue(&self, partition: &TopicPartition) -> Option<Arc<queue::Inner>> {
        self.queues.lock().get(partition)?.upgrade()
    }

    fn queue(&self, partition: &TopicPartition) -> Result<PartitionQueue, KafkaError> {
        let mut queues = self.queues.lock();
        while let Some(known) = queues.get(partition) {
            if let Some(inner) = known.upgrade() {
                return Ok(PartitionQueue { inner });
            }
            // The last who had it is just dropping it.
            MutexGuard::unlocked_fair(&mut queues, std::thread::yield_now);
        }
        let queue = consume::partition_queue(&self.client, partition).ok_or_else(|| {
            KafkaError::new(
                format!("read {partition}"),
                ErrorCode::UnknownPartition,
                "not a partition",
            )
        })?;
        let inner = queue::Inner::new(
            partition.clone(),
            queue,
            Arc::clone(&self.room),
            Arc::clone(&self.tap),
            self.pump.clone(),
            Arc::clone(&self.queues),
        );
        queues.insert(partition.clone(), Arc::downgrade(&inner));
        Ok(PartitionQueue { inner })
    }

    /// False if that has been done. Answers what nobody has: librdkafka would wait without end for the answer to a loss.
    fn begin_to_close(&self) -> bool {
        // Under the lock, so that whoever has just got an event sees either this or its own answer missing.
        let mut rebalance = self.rebalance.lock();
        if self.closed.swap(true, Ordering::AcqRel) {
            return false;
        }
        let answered = rebalance.give_up().map(|answer| self.answer(answer));
        if let Some(Err(error)) = answered {
            tracing::debug!(%error, "a rebalance that nobody answered could not be answered");
        }
        true
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.begin_to_close() {
            return;
        }
        // Records that are still held keep the client alive, but the group must not wait for them.
        let client = Arc::clone(&self.client);
        let spawned = std::thread::Builder::new()
            .name("kafka-leave".into())
            .spawn(move || {
                if let Err(error) = consume::close(&client) {
                    tracing::debug!(%error, "a Kafka consumer did not leave its group cleanly");
                }
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "cannot start a thread to leave a consumer group: it will notice by itself");
        }
    }
}

fn list_of(partitions: &[TopicPartition]) -> List {
    let mut list = List::new();
    for partition in partitions {
        list.add(partition, -1001, "");
    }
    list
}

pub(crate) fn millis(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

/// Runs a blocking call of librdkafka off the async workers.
pub(crate) async fn blocking<T: Send + 'static>(
    action: &str,
    call: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(call)
        .await
        .unwrap_or_else(|error| {
            Err(KafkaError::new(
                action,
                ErrorCode::Interrupted,
                error.to_string(),
            ))
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsString;

    use super::*;
    use crate::embedded::EmbeddedBroker;
    use crate::ffi::produce;

    /// The main threads of all clients in this process.
    fn clients() -> BTreeSet<OsString> {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let is_client = |task: &std::fs::DirEntry| {
            let name = std::fs::read_to_string(task.path().join("comm"));
            name.is_ok_and(|name| name.trim() == "rdk:main")
        };
        tasks
            .filter(is_client)
            .map(|task| task.file_name())
            .collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_queue_that_nobody_has_any_more_is_forgotten_and_can_be_had_anew() {
        let broker = EmbeddedBroker::start(None).await.unwrap();
        broker.create_topic("in", 1).unwrap();
        let settings = Settings::embedded(&broker, &[]).unwrap();
        let consumer = Consumer::new(&settings, &ConsumerOptions::new("group")).unwrap();
        let partition = TopicPartition::new("in", 0);
        for _ in 0..1_000 {
            let queue = consumer.queue(&partition).unwrap();
            let same = consumer.queue(&partition).unwrap();
            assert!(Arc::ptr_eq(&queue.inner, &same.inner));
            drop(queue);
            let dropping = std::thread::spawn(move || drop(same));
            let next = consumer.queue(&partition).unwrap();
            dropping.join().unwrap();
            assert_eq!(consumer.inner.queues.lock().len(), 1);
            drop(next);
            assert!(consumer.inner.queues.lock().is_empty());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_consumer_that_failed_for_good_leaves_no_thread_behind() {
        let broker = EmbeddedBroker::start(None).await.unwrap();
        broker.create_topic("in", 2).unwrap();
        let settings = Settings::embedded(&broker, &[]).unwrap();
        let others = clients();
        let consumer = Consumer::new(&settings, &ConsumerOptions::new("group")).unwrap();
        consumer.subscribe(&["in"]).unwrap();
        let ConsumerEvent::Assign(assigned) = consumer.next_event().await else {
            panic!("no assignment")
        };
        let positions = assigned.into_iter().map(|partition| (partition, 0));
        consumer.assign(&positions.collect::<Vec<_>>()).unwrap();
        produce::fail_for_test(&consumer.inner.client, "made up");
        assert!(consumer.close().await.is_err());
        let ours: BTreeSet<OsString> = clients().difference(&others).cloned().collect();
        assert!(!ours.is_empty());
        drop(consumer);
        let gone = tokio::time::timeout(Duration::from_secs(60), async {
            while !ours.is_disjoint(&clients()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        gone.await.expect("a client still has its threads");
    }
}

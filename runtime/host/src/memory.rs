//! A broker in memory: topics, a group's offsets, a source and an outlet that can be told to misbehave.
//!
//! For tests and benchmarks of everything above the two seams. [`Memory::cork`] holds acknowledgements back,
//! [`Memory::fail_next`] fails flights, [`Memory::capacity`] makes the outlet run full, and a [`MemorySource`] is assigned,
//! revoked and robbed of partitions by hand. It keeps everything for ever.

mod flown;
mod outlet;
mod source;
mod transactions;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::delivery::{AtLeastOnce, Committed, DeliveryError, Identity, Offsets};
use crate::source::TopicPartition;
use crate::stats::Stats;

use flown::Flown;
pub use outlet::{MemoryFlight, MemoryTopic};
pub use source::{MemoryQueue, MemoryRows, MemorySource};
pub use transactions::{Ending, MemoryTransactions};

/// A header's name and value.
pub type MemoryHeader = (String, Option<Bytes>);

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Its place in the partition; given by [`Memory::append`].
    pub offset: i64,
    /// `None` is a null key.
    pub key: Option<Bytes>,
    /// `None` is a null value.
    pub value: Option<Bytes>,
    /// In order; names may repeat.
    pub headers: Vec<MemoryHeader>,
    /// Milliseconds since 1970-01-01T00:00Z; -1 for none.
    pub timestamp: i64,
}

impl Record {
    /// A record without headers.
    #[must_use]
    pub fn new(key: &str, value: &str) -> Self {
        let bytes = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
        Self {
            key: bytes(key),
            value: bytes(value),
            ..Self::default()
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let length = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + length(value))
            .sum();
        length(&self.key) + length(&self.value) + headers
    }
}

/// The broker. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Looked at for every record, so they lie beside the lock.
    capacity: AtomicUsize,
    in_flight: AtomicUsize,
    /// Told when flights are acknowledged.
    room: Notify,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            capacity: AtomicUsize::new(usize::MAX),
            in_flight: AtomicUsize::new(0),
            room: Notify::new(),
        }
    }
}

#[derive(Default)]
struct State {
    topics: BTreeMap<String, Topic>,
    commits: BTreeMap<TopicPartition, Committed>,
    /// Every commit ever made, in order.
    commit_log: Vec<(TopicPartition, Committed)>,
    commits_fail: bool,
    corked: bool,
    until_idle: bool,
    held: Vec<Flown>,
    fail_next: usize,
    transaction: transactions::State,
    listeners: BTreeMap<TopicPartition, Vec<Arc<dyn Fn() + Send + Sync>>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("commits", &self.commits)
            .field("corked", &self.corked)
            .finish_non_exhaustive()
    }
}

/// See [`Memory::refuse`].
pub type Refuses = fn(&Record) -> Option<&'static str>;

#[derive(Debug)]
struct Topic {
    /// Each with a lock of its own: lanes read different ones at once.
    partitions: Vec<Arc<Mutex<Log>>>,
    max_message_bytes: u64,
    /// Written records are counted, not kept: for benchmarks.
    counted: bool,
    /// Says why a record is not taken.
    refuses: Option<Refuses>,
    /// How often there was one of this name, once that is counted; it is the topic's id then.
    recreated: u64,
}

#[derive(Debug, Default)]
struct Log {
    first: i64,
    records: Vec<Arc<Record>>,
    next: i64,
    count: u64,
}

impl Memory {
    /// A broker without topics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a topic, or adds partitions to it.
    pub fn topic(&self, name: &str, partitions: usize) {
        let mut state = self.inner.state.lock();
        let topic = state
            .topics
            .entry(name.to_owned())
            .or_insert_with(|| Topic {
                partitions: Vec::new(),
                max_message_bytes: 1_048_588,
                counted: false,
                refuses: None,
                recreated: 0,
            });
        topic
            .partitions
            .resize_with(partitions.max(topic.partitions.len()), Arc::default);
    }

    /// Sets a topic's limit.
    pub fn max_message_bytes(&self, name: &str, bytes: u64) {
        if let Some(topic) = self.inner.state.lock().topics.get_mut(name) {
            topic.max_message_bytes = bytes;
        }
    }

    /// A topic takes no flight with a record for which there is a reason.
    pub fn refuse(&self, name: &str, refuses: Refuses) {
        if let Some(topic) = self.inner.state.lock().topics.get_mut(name) {
            topic.refuses = Some(refuses);
        }
    }

    /// What is written to a topic is counted and thrown away by whoever looks it up from now on.
    pub fn count_only(&self, name: &str) {
        if let Some(topic) = self.inner.state.lock().topics.get_mut(name) {
            topic.counted = true;
        }
    }

    /// Appends records to a partition that exists.
    pub fn append(&self, topic: &str, partition: i32, records: impl IntoIterator<Item = Record>) {
        let state = self.inner.state.lock();
        if let Some(log) = state.log(topic, partition) {
            log.lock().append(records);
        }
        let listeners = state.listeners(&TopicPartition::new(topic, partition));
        drop(state);
        listeners.iter().for_each(|listener| listener());
    }

    /// Leaves offsets out, as compaction and transaction markers do.
    pub fn gap(&self, topic: &str, partition: i32, offsets: i64) {
        let state = self.inner.state.lock();
        if let Some(log) = state.log(topic, partition) {
            log.lock().next += offsets;
        }
        let listeners = state.listeners(&TopicPartition::new(topic, partition));
        drop(state);
        listeners.iter().for_each(|listener| listener());
    }

    /// Deletes what is older than `offset`, as retention does.
    pub fn truncate(&self, topic: &str, partition: i32, offset: i64) {
        if let Some(log) = self.inner.state.lock().log(topic, partition) {
            let mut log = log.lock();
            log.records.retain(|record| record.offset >= offset);
            log.first = offset;
            log.next = log.next.max(offset);
        }
    }

    /// Deletes a topic and creates it again, empty: from the first call on it has an id.
    pub fn recreate(&self, name: &str) {
        if let Some(topic) = self.inner.state.lock().topics.get_mut(name) {
            topic.recreated += 1;
            for log in &topic.partitions {
                *log.lock() = Log::default();
            }
        }
    }

    /// All records of a partition.
    #[must_use]
    pub fn records(&self, topic: &str, partition: i32) -> Vec<Record> {
        let state = self.inner.state.lock();
        state.log(topic, partition).map_or_else(Vec::new, |log| {
            let log = log.lock();
            let records = log.records.iter();
            records.map(|record| Record::clone(record)).collect()
        })
    }

    /// All values of a topic, partition by partition, as text.
    #[must_use]
    pub fn values(&self, topic: &str) -> Vec<String> {
        let partitions = self
            .inner
            .state
            .lock()
            .topics
            .get(topic)
            .map_or(0, |topic| topic.partitions.len());
        let records = (0..partitions).flat_map(|partition| self.records(topic, partition as i32));
        records
            .map(|record| String::from_utf8_lossy(&record.value.unwrap_or_default()).into_owned())
            .collect()
    }

    /// How many records were written to a topic, kept or not.
    #[must_use]
    pub fn count(&self, topic: &str) -> u64 {
        let state = self.inner.state.lock();
        state.topics.get(topic).map_or(0, |topic| {
            topic.partitions.iter().map(|log| log.lock().count).sum()
        })
    }

    /// What is committed for a partition.
    #[must_use]
    pub fn committed(&self, partition: &TopicPartition) -> Option<Committed> {
        self.inner.state.lock().commits.get(partition).cloned()
    }

    /// Every commit so far, in order.
    #[must_use]
    pub fn commit_log(&self) -> Vec<(TopicPartition, Committed)> {
        self.inner.state.lock().commit_log.clone()
    }

    /// Commits as somebody else.
    pub fn set_committed(&self, partition: &TopicPartition, committed: Committed) {
        self.inner
            .state
            .lock()
            .commits
            .insert(partition.clone(), committed);
    }

    /// Whether commits fail from now on.
    pub fn commits_fail(&self, fail: bool) {
        self.inner.state.lock().commits_fail = fail;
    }

    /// A delivery onto this broker.
    #[must_use]
    pub fn delivery(&self, stats: Arc<Stats>) -> AtLeastOnce<Memory, Memory> {
        AtLeastOnce::new(Arc::new(self.clone()), self.clone(), stats)
    }
}

impl Log {
    fn append(&mut self, records: impl IntoIterator<Item = Record>) {
        for mut record in records {
            record.offset = self.next;
            self.next += 1;
            self.count += 1;
            self.records.push(Arc::new(record));
        }
    }
}

impl State {
    fn log(&self, topic: &str, partition: i32) -> Option<&Arc<Mutex<Log>>> {
        let partition = usize::try_from(partition).ok()?;
        self.topics.get(topic)?.partitions.get(partition)
    }

    fn commit(&mut self, commits: &[(TopicPartition, Committed)]) {
        for (partition, committed) in commits {
            self.commits.insert(partition.clone(), committed.clone());
            self.commit_log.push((partition.clone(), committed.clone()));
        }
    }

    fn listeners(&self, partition: &TopicPartition) -> Vec<Arc<dyn Fn() + Send + Sync>> {
        self.listeners.get(partition).cloned().unwrap_or_default()
    }
}

impl Offsets for Memory {
    async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, DeliveryError> {
        let state = self.inner.state.lock();
        Ok(partitions
            .iter()
            .map(|partition| state.commits.get(partition).cloned())
            .collect())
    }

    async fn commit(
        &self,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let mut state = self.inner.state.lock();
        if state.commits_fail {
            return Err(DeliveryError::new(
                "told-to-fail",
                "commits fail because the test said so",
            ));
        }
        state.commit(commits);
        Ok(commits.iter().map(|_| Ok(())).collect())
    }

    async fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Range<i64>>, DeliveryError> {
        let state = self.inner.state.lock();
        let extent = |partition: &TopicPartition| {
            let log = state.log(partition.topic(), partition.partition());
            log.map(|log| log.lock())
                .map_or(0..0, |log| log.first..log.next)
        };
        Ok(partitions.iter().map(extent).collect())
    }

    async fn identities(&self, topics: &[Arc<str>]) -> Result<Vec<Identity>, DeliveryError> {
        let state = self.inner.state.lock();
        let identity = |topic: &Arc<str>| match state.topics.get(&**topic) {
            None => Identity::Missing,
            Some(topic) => match topic.recreated {
                0 => Identity::Unknown,
                times => Identity::Is(times.to_string().into()),
            },
        };
        Ok(topics.iter().map(identity).collect())
    }
}

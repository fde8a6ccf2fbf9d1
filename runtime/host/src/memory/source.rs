//! Reading from the broker in memory, as a member of a group that the test plays.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_engine::Header;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Log, Memory, Record};
use crate::source::{Broken, Event, Queue, Rows, Source, SourceError, Taken, TopicPartition};

/// Records that were taken.
#[derive(Debug, Clone, Default)]
pub struct MemoryRows {
    records: Vec<Arc<Record>>,
    bytes: usize,
}

impl MemoryRows {
    /// Rows that no broker has stored.
    #[must_use]
    pub fn new(records: Vec<Record>) -> Self {
        let bytes = records.iter().map(Record::bytes).sum();
        Self {
            records: records.into_iter().map(Arc::new).collect(),
            bytes,
        }
    }

    pub(super) fn record(&self, row: usize) -> &Record {
        &self.records[row]
    }
}

impl Rows for MemoryRows {
    fn len(&self) -> usize {
        self.records.len()
    }
    fn bytes(&self) -> usize {
        self.bytes
    }
    fn key(&self, row: usize) -> Option<&[u8]> {
        self.records[row].key.as_deref()
    }
    fn value(&self, row: usize) -> Option<&[u8]> {
        self.records[row].value.as_deref()
    }
    fn headers<'a>(&'a self, row: usize, into: &mut Vec<Header<'a>>) {
        let headers = self.records[row].headers.iter();
        into.extend(headers.map(|(name, value)| Header {
            name,
            value: value.as_deref(),
        }));
    }
    fn timestamp(&self, row: usize) -> i64 {
        self.records[row].timestamp
    }
    fn offset(&self, row: usize) -> i64 {
        self.records[row].offset
    }
    fn next_offset(&self) -> i64 {
        self.records.last().map_or(0, |record| record.offset + 1)
    }
    fn split_off(&mut self, at: usize) -> Self {
        let records = self.records.split_off(at);
        let bytes = records.iter().map(|record| record.bytes()).sum();
        self.bytes -= bytes;
        Self { records, bytes }
    }
}

/// One membership. Clones are the same one: keep one to play the group with.
#[derive(Debug, Clone)]
pub struct MemorySource {
    memory: Memory,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    events: mpsc::UnboundedSender<Event>,
    receiver: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    topics: Vec<Arc<str>>,
    cursors: BTreeMap<TopicPartition, Arc<Mutex<Cursor>>>,
    released: Vec<TopicPartition>,
    seeks: Vec<(TopicPartition, i64)>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Cursor {
    position: i64,
    paused: bool,
    end_told: Option<i64>,
}

impl MemorySource {
    /// A membership without partitions.
    #[must_use]
    pub fn new(memory: &Memory) -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let receiver = tokio::sync::Mutex::new(receiver);
        Self {
            memory: memory.clone(),
            inner: Arc::new(Inner {
                events,
                receiver,
                state: Mutex::default(),
            }),
        }
    }

    /// Plays an event to the runner.
    pub fn play(&self, event: Event) {
        // Without a runner nobody listens.
        let _ = self.inner.events.send(event);
    }

    /// Partitions that were let go so far, in order.
    #[must_use]
    pub fn released(&self) -> Vec<TopicPartition> {
        self.inner.state.lock().released.clone()
    }

    /// Partitions that are being fetched.
    #[must_use]
    pub fn fetching(&self) -> Vec<TopicPartition> {
        let state = self.inner.state.lock();
        state
            .cursors
            .iter()
            .filter(|(_, cursor)| !cursor.lock().paused)
            .map(|(partition, _)| partition.clone())
            .collect()
    }

    /// Every seek so far, in order.
    #[must_use]
    pub fn seeks(&self) -> Vec<(TopicPartition, i64)> {
        self.inner.state.lock().seeks.clone()
    }

    /// The topics subscribed to.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<str>> {
        self.inner.state.lock().topics.clone()
    }

    /// Whether the group was left.
    #[must_use]
    pub fn closed(&self) -> bool {
        self.inner.state.lock().closed
    }

    fn pausing(&self, partitions: &[TopicPartition], paused: bool) {
        let state = self.inner.state.lock();
        for partition in partitions {
            if let Some(cursor) = state.cursors.get(partition) {
                cursor.lock().paused = paused;
            }
        }
        drop(state);
        if !paused {
            partitions
                .iter()
                .for_each(|partition| self.notify(partition));
        }
    }

    fn notify(&self, partition: &TopicPartition) {
        let listeners = self.memory.inner.state.lock().listeners(partition);
        listeners.iter().for_each(|listener| listener());
    }
}

impl Source for MemorySource {
    type Rows = MemoryRows;
    type Queue = MemoryQueue;

    fn subscribe(&self, topics: &[Arc<str>]) -> Result<(), SourceError> {
        self.inner.state.lock().topics = topics.to_vec();
        Ok(())
    }

    async fn next_event(&self) -> Event {
        match self.inner.receiver.lock().await.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    fn begin(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<MemoryQueue>, SourceError> {
        let mut state = self.inner.state.lock();
        let queues = at.iter().map(|(partition, offset)| {
            let cursor = Arc::new(Mutex::new(Cursor {
                position: *offset,
                ..Cursor::default()
            }));
            state.cursors.insert(partition.clone(), Arc::clone(&cursor));
            MemoryQueue {
                memory: self.memory.clone(),
                partition: partition.clone(),
                cursor,
            }
        });
        Ok(queues.collect())
    }

    async fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        {
            let mut state = self.inner.state.lock();
            state.seeks.push((partition.clone(), offset));
            let Some(cursor) = state.cursors.get(partition) else {
                let message = format!("{partition} is not fetched");
                return Err(SourceError {
                    code: "not-fetched".to_owned(),
                    message,
                });
            };
            let mut cursor = cursor.lock();
            cursor.position = offset;
            cursor.end_told = None;
        }
        self.notify(partition);
        Ok(())
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        self.pausing(partitions, true);
    }

    fn resume(&self, partitions: &[TopicPartition]) {
        self.pausing(partitions, false);
    }

    fn release(&self, partitions: &[TopicPartition]) {
        let mut state = self.inner.state.lock();
        for partition in partitions {
            state.cursors.remove(partition);
            state.released.push(partition.clone());
        }
    }

    async fn ends(&self, partitions: &[TopicPartition]) -> Result<Vec<i64>, SourceError> {
        let state = self.memory.inner.state.lock();
        let end = |partition: &TopicPartition| {
            let log = state.log(partition.topic(), partition.partition());
            log.map_or(0, |log| log.lock().next)
        };
        Ok(partitions.iter().map(end).collect())
    }

    async fn close(&self) {
        self.inner.state.lock().closed = true;
    }
}

/// A partition's records from the cursor on.
#[derive(Debug)]
pub struct MemoryQueue {
    memory: Memory,
    partition: TopicPartition,
    cursor: Arc<Mutex<Cursor>>,
}

impl MemoryQueue {
    fn log(&self) -> Option<Arc<Mutex<Log>>> {
        let state = self.memory.inner.state.lock();
        let log = state.log(self.partition.topic(), self.partition.partition());
        log.cloned()
    }
}

impl Queue for MemoryQueue {
    type Rows = MemoryRows;

    fn on_ready(&mut self, ready: Box<dyn Fn() + Send + Sync>) {
        let ready: Arc<dyn Fn() + Send + Sync> = Arc::from(ready);
        self.memory
            .inner
            .state
            .lock()
            .listeners
            .insert(self.partition.clone(), vec![Arc::clone(&ready)]);
        ready();
    }

    fn len(&self) -> usize {
        let cursor = self.cursor.lock();
        if cursor.paused {
            return 0;
        }
        let Some(log) = self.log() else {
            return 0;
        };
        let log = log.lock();
        let waiting = log.records.len()
            - log
                .records
                .partition_point(|record| record.offset < cursor.position);
        // The news of the end counts, as it does with Kafka.
        waiting + usize::from(cursor.end_told != Some(log.next))
    }

    fn take(&mut self, records: usize, bytes: usize) -> Taken<MemoryRows> {
        let mut cursor = self.cursor.lock();
        let mut taken = Taken {
            rows: MemoryRows::default(),
            end: None,
            broken: None,
            trouble: None,
        };
        if cursor.paused {
            return taken;
        }
        let Some(log) = self.log() else {
            return taken;
        };
        let log = log.lock();
        if cursor.position < log.first {
            let message = format!("the first offset is {}", log.first);
            taken.broken = Some(Broken::Lost { message });
            return taken;
        }
        let from = log
            .records
            .partition_point(|record| record.offset < cursor.position);
        for record in log.records[from..].iter().take(records) {
            let size = record.bytes();
            if !taken.rows.records.is_empty() && taken.rows.bytes + size > bytes {
                break;
            }
            taken.rows.records.push(Arc::clone(record));
            taken.rows.bytes += size;
            cursor.position = record.offset + 1;
        }
        if from + taken.rows.records.len() == log.records.len() && cursor.end_told != Some(log.next)
        {
            cursor.position = log.next;
            cursor.end_told = Some(log.next);
            taken.end = Some(log.next);
        }
        taken
    }
}

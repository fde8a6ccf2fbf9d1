//! Dead letters as the records that they once were: a source over their topic.
//!
//! A batch holds letters of one partition of one source topic, in the order of their offsets there, because that is what a guest
//! is told of a batch; progress is counted in the topic of letters. The host's headers are taken off. What was not chosen is
//! passed over, and so is a letter whose value was cut: what is left of it is not what came in.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use millstream_engine::Header;
use parking_lot::Mutex;

use super::{Broken, Event, Queue, Rows, Source, SourceError, Taken, TopicPartition};
use crate::delivery::{HEADER_PREFIX, Told};

/// Which letters are read.
pub trait Selection: Send + Sync + 'static {
    /// None from this offset on.
    fn end(&self, partition: i32) -> i64;

    /// Whether this one is: its place, the transform that wrote it, its code.
    fn takes(&self, partition: i32, offset: i64, transform: &str, code: &str) -> bool;
}

/// A letter that was chosen.
#[derive(Debug, Clone, Copy)]
struct Picked {
    row: usize,
    original: i64,
    attempts: u32,
    timestamp: Option<i64>,
    /// Of key, value and all headers.
    bytes: usize,
}

/// Chosen letters of one origin.
#[derive(Debug)]
pub struct LetterRows<R> {
    /// `None`: there are no rows.
    letters: Option<Arc<R>>,
    picked: Vec<Picked>,
    origin: Option<TopicPartition>,
    next: i64,
}

impl<R> LetterRows<R> {
    fn none() -> Self {
        Self {
            letters: None,
            picked: Vec::new(),
            origin: None,
            next: 0,
        }
    }
}

impl<R: Rows> LetterRows<R> {
    fn at(&self, row: usize) -> (&R, usize) {
        let letters = self.letters.as_ref().expect("a row");
        (letters, self.picked[row].row)
    }
}

impl<R: Rows> Rows for LetterRows<R> {
    fn len(&self) -> usize {
        self.picked.len()
    }

    fn bytes(&self) -> usize {
        self.picked.iter().map(|picked| picked.bytes).sum()
    }

    fn key(&self, row: usize) -> Option<&[u8]> {
        let (letters, at) = self.at(row);
        letters.key(at)
    }

    fn value(&self, row: usize) -> Option<&[u8]> {
        let (letters, at) = self.at(row);
        letters.value(at)
    }

    fn headers<'a>(&'a self, row: usize, into: &mut Vec<Header<'a>>) {
        let (letters, at) = self.at(row);
        let mut all = Vec::new();
        letters.headers(at, &mut all);
        into.extend(
            all.into_iter()
                .filter(|header| !header.name.starts_with(HEADER_PREFIX)),
        );
    }

    fn timestamp(&self, row: usize) -> i64 {
        let (letters, at) = self.at(row);
        self.picked[row]
            .timestamp
            .unwrap_or_else(|| letters.timestamp(at))
    }

    fn offset(&self, row: usize) -> i64 {
        let (letters, at) = self.at(row);
        letters.offset(at)
    }

    fn next_offset(&self) -> i64 {
        self.next
    }

    fn origin(&self) -> Option<&TopicPartition> {
        self.origin.as_ref()
    }

    fn original_offset(&self, row: usize) -> i64 {
        self.picked[row].original
    }

    fn attempts(&self, row: usize) -> u32 {
        self.picked[row].attempts
    }

    fn split_off(&mut self, at: usize) -> Self {
        let picked = self.picked.split_off(at);
        let rest = Self {
            letters: self.letters.clone(),
            picked,
            origin: self.origin.clone(),
            next: self.next,
        };
        if !rest.is_empty() {
            self.next = rest.offset(0);
        }
        rest
    }
}

/// What was fetched of one partition and is not handed out yet.
struct Waiting<R> {
    runs: VecDeque<LetterRows<R>>,
    /// Where the partition is once they are.
    then: Option<i64>,
    broken: Option<Broken>,
    /// The partition goes to another offset: nothing is handed out meanwhile.
    seeking: bool,
    ready: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl<R> Default for Waiting<R> {
    fn default() -> Self {
        Self {
            runs: VecDeque::new(),
            then: None,
            broken: None,
            seeking: false,
            ready: None,
        }
    }
}

type Shared<R> = Arc<Mutex<Waiting<R>>>;

/// One partition's chosen letters.
pub struct LetterQueue<Q: Queue> {
    queue: Q,
    partition: i32,
    selection: Arc<dyn Selection>,
    waiting: Shared<Q::Rows>,
}

impl<Q: Queue> LetterQueue<Q> {
    /// Sorts what was fetched into runs of one origin each.
    fn sort(&self, taken: Taken<Q::Rows>, waiting: &mut Waiting<Q::Rows>) {
        let letters = taken.rows;
        waiting.broken = taken.broken;
        waiting.then = taken
            .end
            .or_else(|| (!letters.is_empty()).then(|| letters.next_offset()));
        let letters = Arc::new(letters);
        let mut headers = Vec::new();
        for row in 0..letters.len() {
            headers.clear();
            letters.headers(row, &mut headers);
            let offset = letters.offset(row);
            let Some(told) = Told::by(&headers) else {
                continue;
            };
            let chosen = offset < self.selection.end(self.partition)
                && !told.cut
                && self
                    .selection
                    .takes(self.partition, offset, told.transform, told.code);
            if !chosen {
                continue;
            }
            let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
            let own = headers
                .iter()
                .map(|header| header.name.len() + length(header.value));
            let picked = Picked {
                row,
                original: told.offset,
                attempts: told.attempts,
                timestamp: told.timestamp,
                bytes: length(letters.key(row)) + length(letters.value(row)) + own.sum::<usize>(),
            };
            let follows = |run: &&mut LetterRows<Q::Rows>| {
                let same = run.origin.as_ref().is_some_and(|origin| {
                    origin.topic() == told.topic && origin.partition() == told.partition
                });
                same && run
                    .picked
                    .last()
                    .is_some_and(|last| last.original < told.offset)
            };
            match waiting.runs.back_mut().filter(follows) {
                Some(run) => {
                    run.picked.push(picked);
                    run.next = offset + 1;
                }
                None => waiting.runs.push_back(LetterRows {
                    letters: Some(Arc::clone(&letters)),
                    picked: vec![picked],
                    origin: Some(TopicPartition::new(told.topic, told.partition)),
                    next: offset + 1,
                }),
            }
        }
    }
}

impl<Q: Queue> Queue for LetterQueue<Q> {
    type Rows = LetterRows<Q::Rows>;

    fn on_ready(&mut self, ready: Box<dyn Fn() + Send + Sync>) {
        let ready: Arc<dyn Fn() + Send + Sync> = Arc::from(ready);
        self.waiting.lock().ready = Some(Arc::clone(&ready));
        self.queue.on_ready(Box::new(move || ready()));
    }

    fn len(&self) -> usize {
        let waiting = self.waiting.lock();
        let rows: usize = waiting.runs.iter().map(Rows::len).sum();
        rows + usize::from(waiting.broken.is_some()) + self.queue.len()
    }

    fn set_aside(&mut self) {
        self.queue.set_aside();
    }

    fn take(&mut self, records: usize, bytes: usize) -> Taken<Self::Rows> {
        let shared = Arc::clone(&self.waiting);
        let mut waiting = shared.lock();
        let mut taken = Taken {
            rows: LetterRows::none(),
            end: None,
            broken: None,
            trouble: None,
        };
        if waiting.seeking {
            return taken;
        }
        if waiting.runs.is_empty() && waiting.broken.is_none() {
            let mut fetched = self.queue.take(records, bytes);
            taken.trouble = fetched.trouble.take();
            self.sort(fetched, &mut waiting);
        }
        if let Some(run) = waiting.runs.pop_front() {
            taken.rows = run;
        }
        if waiting.runs.is_empty() {
            taken.end = waiting.then.take();
            // What is wrong stops the partition, so what came before it goes first.
            if taken.rows.is_empty() {
                taken.broken = waiting.broken.take();
            }
        }
        taken
    }
}

/// See the module.
pub struct LetterSource<S: Source> {
    source: S,
    selection: Arc<dyn Selection>,
    waiting: Mutex<HashMap<TopicPartition, Shared<S::Rows>>>,
}

impl<S: Source> LetterSource<S> {
    /// The chosen letters of the topics that `source` reads.
    #[must_use]
    pub fn new(source: S, selection: Arc<dyn Selection>) -> Self {
        Self {
            source,
            selection,
            waiting: Mutex::default(),
        }
    }
}

impl<S: Source> Source for LetterSource<S> {
    type Rows = LetterRows<S::Rows>;
    type Queue = LetterQueue<S::Queue>;

    fn subscribe(&self, topics: &[Arc<str>]) -> Result<(), SourceError> {
        self.source.subscribe(topics)
    }

    async fn next_event(&self) -> Event {
        self.source.next_event().await
    }

    fn begin(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<Self::Queue>, SourceError> {
        let queues = self.source.begin(at)?;
        let mut all = self.waiting.lock();
        let queues = std::iter::zip(at, queues).map(|((partition, _), queue)| {
            let waiting = Shared::default();
            all.insert(partition.clone(), Arc::clone(&waiting));
            LetterQueue {
                queue,
                partition: partition.partition(),
                selection: Arc::clone(&self.selection),
                waiting,
            }
        });
        Ok(queues.collect())
    }

    async fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        let waiting = self.waiting.lock().get(partition).cloned();
        let Some(waiting) = waiting else {
            return self.source.seek(partition, offset).await;
        };
        waiting.lock().seeking = true;
        let sought = self.source.seek(partition, offset).await;
        let ready = {
            let mut waiting = waiting.lock();
            let ready = waiting.ready.take();
            *waiting = Waiting {
                ready: ready.clone(),
                ..Waiting::default()
            };
            ready
        };
        // What came meanwhile may have said so already.
        if let Some(ready) = ready {
            ready();
        }
        sought
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        self.source.pause(partitions);
    }

    fn resume(&self, partitions: &[TopicPartition]) {
        self.source.resume(partitions);
    }

    fn release(&self, partitions: &[TopicPartition]) {
        let mut all = self.waiting.lock();
        for partition in partitions {
            all.remove(partition);
        }
        drop(all);
        self.source.release(partitions);
    }

    async fn ends(&self, partitions: &[TopicPartition]) -> Result<Vec<i64>, SourceError> {
        self.source.ends(partitions).await
    }

    async fn close(&self) {
        self.source.close().await;
    }
}

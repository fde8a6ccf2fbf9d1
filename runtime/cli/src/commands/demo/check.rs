//! Reads every topic of the demo while it fills, and holds each record against what has to be there.
//!
//! Per key the records have to come in their order, with key, value, headers and timestamp as computed; a rejected one also
//! with the right account of where it comes from. Offsets have to begin at 0 and have no gap, and the log must still begin
//! there: the embedded broker drops the oldest records of a full partition without a word.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::expect::{self, fingerprint};
use crate::output::{escape, escape_bytes};

mod letter;

/// How often the beginnings of the logs are looked at.
const WATCH: Duration = Duration::from_secs(1);
/// A partition whose beginning is gone cannot be read to its end: after so long without a record the rest is given up.
const SILENCE: Duration = Duration::from_secs(3);
/// How many things that are wrong are told in full.
const TOLD: usize = 10;

/// A transform's dead letters have to name it.
#[derive(Clone, Debug)]
pub(super) struct Author {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) revision: u64,
    pub(super) digest: String,
}

/// What was found in a topic.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) records: u64,
    /// Values' bytes.
    pub(super) bytes: u64,
    /// How many were rejected, by code.
    pub(super) codes: HashMap<String, u64>,
}

/// The result.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) topics: HashMap<&'static str, Found>,
    /// The first things that are wrong, in words.
    pub(super) wrong: Vec<String>,
    /// How many things are wrong.
    pub(super) errors: u64,
}

/// What the thread shares with who waits for it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) records: AtomicU64,
    pub(super) errors: AtomicU64,
    /// Set: read to the end that the topics have now, then stop.
    pub(super) stop: AtomicBool,
}

/// The expectations for one topic, and how far they are met.
struct Expectation {
    topic: &'static str,
    left: HashMap<Vec<u8>, (Vec<u64>, usize)>,
    author: Option<Author>,
    found: Found,
}

pub(super) struct Checker {
    consumer: BaseConsumer,
    partitions: i32,
    expectations: HashMap<&'static str, Expectation>,
    /// What each partition held, by offset: fingerprints of key, value and headers.
    seen: HashMap<(&'static str, i32), Vec<u64>>,
    letters: Vec<letter::Origin>,
    verdict: Verdict,
    shared: Arc<Shared>,
}

impl Checker {
    /// A checker for topics of `partitions` partitions each; `authors` are those of the topics for rejected records.
    pub(super) fn new(
        brokers: &str,
        partitions: i32,
        expected: HashMap<&'static str, expect::Topic>,
        mut authors: HashMap<&'static str, Author>,
        shared: Arc<Shared>,
    ) -> anyhow::Result<Checker> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("client.id", "demo-checker")
            .set("group.id", "demo-checker")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "20")
            .set("queued.max.messages.kbytes", "16384")
            .create()?;
        let mut assignment = TopicPartitionList::new();
        for topic in expect::TOPICS {
            for partition in 0..partitions {
                assignment.add_partition_offset(topic, partition, Offset::Offset(0))?;
            }
        }
        consumer.assign(&assignment)?;
        let expectations = expected.into_iter().map(|(topic, expected)| {
            let left = expected
                .by_key
                .into_iter()
                .map(|(key, prints)| (key, (prints, 0)))
                .collect();
            (
                topic,
                Expectation {
                    topic,
                    left,
                    author: authors.remove(topic),
                    found: Found::default(),
                },
            )
        });
        Ok(Checker {
            consumer,
            partitions,
            expectations: expectations.collect(),
            seen: HashMap::new(),
            letters: Vec::new(),
            verdict: Verdict::default(),
            shared,
        })
    }

    /// Checks until it is told to stop. Blocks.
    pub(super) fn run(mut self) -> anyhow::Result<Verdict> {
        let mut watched = Instant::now();
        let mut heard = Instant::now();
        loop {
            // Read before the poll: what came before the request to stop is still taken.
            let stopping = self.shared.stop.load(Ordering::Acquire);
            match self.consumer.poll(Duration::from_millis(20)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let consequence = examine(&message, &mut self.expectations, &mut self.seen);
                    if let Some(letter) = consequence.letter {
                        self.letters.push(letter);
                    }
                    drop(message);
                    self.shared.records.fetch_add(1, Ordering::Relaxed);
                    for wrong in consequence.wrong {
                        self.wrong(wrong);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => self.wrong(format!("reading back: {error}")),
                None if stopping && self.at_the_end()? => break,
                None if stopping && heard.elapsed() > SILENCE => {
                    self.wrong("the topics hold more than can be read".to_owned());
                    break;
                }
                None => {}
            }
            if watched.elapsed() > WATCH {
                self.watch_the_beginnings()?;
                watched = Instant::now();
            }
        }
        self.watch_the_beginnings()?;
        self.settle();
        Ok(self.verdict)
    }

    fn wrong(&mut self, what: String) {
        self.verdict.errors += 1;
        self.shared.errors.fetch_add(1, Ordering::Relaxed);
        if self.verdict.wrong.len() < TOLD {
            self.verdict.wrong.push(what);
        }
    }

    fn read(&self, topic: &'static str, partition: i32) -> i64 {
        self.seen
            .get(&(topic, partition))
            .map_or(0, |seen| seen.len() as i64)
    }

    /// Whether everything that the topics hold was read.
    fn at_the_end(&self) -> anyhow::Result<bool> {
        let ends = self.offsets(Offset::End)?;
        Ok(ends
            .into_iter()
            .all(|(topic, partition, next)| self.read(topic, partition) >= next))
    }

    /// The first or the next offset of every partition, in one request: one for each takes seconds.
    fn offsets(&self, which: Offset) -> anyhow::Result<Vec<(&'static str, i32, i64)>> {
        let mut asked = TopicPartitionList::new();
        for (topic, partition) in self.all() {
            asked.add_partition_offset(topic, partition, which)?;
        }
        let answered = self
            .consumer
            .offsets_for_times(asked, Duration::from_secs(10))?;
        let offset = |(topic, partition)| {
            let found = answered
                .find_partition(topic, partition)
                .map(|found| found.offset());
            match found {
                Some(Offset::Offset(offset)) => Ok((topic, partition, offset)),
                other => Err(anyhow::anyhow!(
                    "{topic}-{partition}: the broker does not say where it begins and ends: {other:?}"
                )),
            }
        };
        self.all().map(offset).collect()
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, i32)> + use<> {
        let partitions = self.partitions;
        expect::TOPICS
            .into_iter()
            .flat_map(move |topic| (0..partitions).map(move |partition| (topic, partition)))
    }

    fn watch_the_beginnings(&mut self) -> anyhow::Result<()> {
        for (topic, partition, first) in self.offsets(Offset::Beginning)? {
            if first > 0 {
                self.wrong(format!("{topic}-{partition}: the embedded broker dropped its first {first} records, for want of room"));
            }
        }
        Ok(())
    }

    /// At the end: what never came, and whether dead letters name the records that they are of.
    fn settle(&mut self) {
        let mut missing = Vec::new();
        for expectation in self.expectations.values() {
            let topic = expectation.topic;
            for (key, (prints, next)) in &expectation.left {
                if *next < prints.len() {
                    missing.push(format!(
                        "{topic}: {} of key {} are missing",
                        prints.len() - next,
                        escape_bytes(key)
                    ));
                }
            }
            self.verdict.topics.insert(topic, expectation.found.clone());
        }
        for letter in std::mem::take(&mut self.letters) {
            let original = usize::try_from(letter.offset)
                .ok()
                .and_then(|at| self.seen.get(&(letter.topic, letter.partition))?.get(at));
            if original != Some(&letter.print) {
                missing.push(format!(
                    "{}: it is not the record at offset {} of {}-{}, as it says",
                    letter.place, letter.offset, letter.topic, letter.partition
                ));
            }
        }
        for wrong in missing {
            self.wrong(wrong);
        }
    }
}

/// What one record gave rise to.
#[derive(Default)]
struct Consequence {
    letter: Option<letter::Origin>,
    wrong: Vec<String>,
}

fn examine(
    message: &BorrowedMessage<'_>,
    expectations: &mut HashMap<&'static str, Expectation>,
    seen: &mut HashMap<(&'static str, i32), Vec<u64>>,
) -> Consequence {
    let mut consequence = Consequence::default();
    let place = format!(
        "{}-{} at offset {}",
        escape(message.topic()),
        message.partition(),
        message.offset()
    );
    let Some(expectation) = expectations.get_mut(message.topic()) else {
        consequence.wrong.push(format!(
            "{place}: a record of a topic that nobody asked for"
        ));
        return consequence;
    };
    let headers: Vec<(&str, &[u8])> = message
        .headers()
        .map(|headers| {
            headers
                .iter()
                .map(|header| (header.key, header.value.unwrap_or(b"(null)")))
                .collect()
        })
        .unwrap_or_default();
    let plain = || {
        headers
            .iter()
            .copied()
            .filter(|(name, _)| !name.starts_with(letter::PREFIX))
    };
    let (key, value, timestamp) = (
        message.key(),
        message.payload(),
        message.timestamp().to_millis(),
    );
    let print = fingerprint(key, value, timestamp, plain(), None);

    let log = seen
        .entry((expectation.topic, message.partition()))
        .or_default();
    if message.offset() != log.len() as i64 {
        consequence
            .wrong
            .push(format!("{place}: expected offset {}", log.len()));
    }
    log.push(print);
    expectation.found.records += 1;
    expectation.found.bytes += message.payload_len() as u64;

    let print = match &expectation.author {
        None => print,
        Some(author) => match letter::read(&headers, author) {
            Ok(account) => {
                *expectation
                    .found
                    .codes
                    .entry(account.code.to_owned())
                    .or_default() += 1;
                let (topic, partition, offset) = (author.source, account.partition, account.offset);
                consequence.letter = Some(letter::Origin {
                    place: place.clone(),
                    topic,
                    partition,
                    offset,
                    print,
                });
                fingerprint(
                    key,
                    value,
                    timestamp,
                    plain(),
                    Some((account.code, account.reason)),
                )
            }
            Err(reason) => {
                consequence.wrong.push(format!("{place}: {reason}"));
                return consequence;
            }
        },
    };
    if let Err(reason) = expectation.meet(key, print) {
        let value = value.map_or("(null)".into(), escape_bytes);
        let value: String = value.chars().take(120).collect();
        consequence
            .wrong
            .push(format!("{place}: {reason}: {value}"));
    }
    consequence
}

impl Expectation {
    /// Takes the next record of a key.
    fn meet(&mut self, key: Option<&[u8]>, print: u64) -> Result<(), String> {
        let Some((prints, next)) = key.and_then(|key| self.left.get_mut(key)) else {
            return Err("a record of a key that has none here".to_owned());
        };
        if prints.get(*next) == Some(&print) {
            *next += 1;
            return Ok(());
        }
        match prints.iter().position(|expected| *expected == print) {
            Some(at) if at < *next => Err("a record that was there already".to_owned()),
            Some(at) => {
                let skipped = at - *next;
                *next = at + 1;
                Err(format!("{skipped} records of its key are missing before it, or come too late"))
            }
            None => Err("a record that should not be: key, value, headers, timestamp, code or reason is wrong".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;

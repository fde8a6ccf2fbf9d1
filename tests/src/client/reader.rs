//! Reading records: committed ones only, every partition from its beginning.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use crate::record::Record;
use crate::wait::PATIENCE;

/// Follows a topic, and keeps what it read. Partitions that appear later are not noticed.
pub struct Reader {
    consumer: BaseConsumer,
    topic: String,
    partitions: HashSet<i32>,
    at_end: HashSet<i32>,
    /// In the order in which they arrived; per partition that is offset order.
    pub records: Vec<Record>,
}

impl Reader {
    pub fn new(brokers: &str, topic: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", "reader-that-commits-nothing")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "50")
            .set("queued.max.messages.kbytes", "16384")
            .create()
            .expect("a consumer");
        let metadata = consumer
            .fetch_metadata(Some(topic), PATIENCE)
            .expect("metadata");
        let partitions: HashSet<i32> = metadata.topics()[0]
            .partitions()
            .iter()
            .map(|partition| partition.id())
            .collect();
        assert!(!partitions.is_empty(), "there is no topic {topic}");
        let mut list = TopicPartitionList::new();
        for partition in &partitions {
            list.add_partition_offset(topic, *partition, Offset::Beginning)
                .expect("an offset");
        }
        consumer.assign(&list).expect("assign");
        Self {
            consumer,
            topic: topic.to_owned(),
            partitions,
            at_end: HashSet::new(),
            records: Vec::new(),
        }
    }

    /// Hands the next records to `each`, for at most `limit`; true when every partition is read to its present end.
    fn step(&mut self, limit: Duration, mut each: impl FnMut(&BorrowedMessage<'_>)) -> bool {
        match self.consumer.poll(limit) {
            Some(Ok(message)) => {
                self.at_end.remove(&message.partition());
                each(&message);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.at_end.insert(partition);
            }
            Some(Err(error)) => panic!("reading {}: {error}", self.topic),
            None => {}
        }
        self.at_end.len() == self.partitions.len()
    }

    /// Reads on until `enough` says so of everything read, and returns that.
    #[track_caller]
    pub fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut enough: impl FnMut(&[Record]) -> bool,
    ) -> &[Record] {
        let began = Instant::now();
        let mut seen = usize::MAX;
        loop {
            if self.records.len() != seen {
                seen = self.records.len();
                if enough(&self.records) {
                    return &self.records;
                }
            }
            assert!(
                began.elapsed() < limit,
                "waited {limit:?} in vain until {what}; {} has {seen} records, the last: {:?}",
                self.topic,
                self.records.last().map(Record::text)
            );
            let mut more = Vec::new();
            self.step(Duration::from_millis(100), |message| {
                more.push(Record::of(message))
            });
            self.records.append(&mut more);
        }
    }

    /// Reads on until there are `count` records.
    #[track_caller]
    pub fn expect(&mut self, count: usize) -> &[Record] {
        let topic = self.topic.clone();
        self.until(
            &format!("{topic} holds {count} records"),
            PATIENCE,
            |records| records.len() >= count,
        )
    }

    /// Reads to the present end of all partitions.
    pub fn to_end(mut self) -> Vec<Record> {
        let mut records = std::mem::take(&mut self.records);
        self.scan_on(|message| records.push(Record::of(message)));
        records
    }

    fn scan_on(&mut self, mut each: impl FnMut(&BorrowedMessage<'_>)) {
        let mut quiet = Instant::now();
        while !self.step(Duration::from_millis(100), |message| {
            quiet = Instant::now();
            each(message);
        }) {
            assert!(
                quiet.elapsed() < PATIENCE,
                "reading {} got stuck",
                self.topic
            );
        }
    }
}

/// Everything that a topic holds now.
pub fn read_all(brokers: &str, topic: &str) -> Vec<Record> {
    Reader::new(brokers, topic).to_end()
}

/// Shows everything that a topic holds now to `each`, without keeping it.
pub fn scan(brokers: &str, topic: &str, each: impl FnMut(&BorrowedMessage<'_>)) {
    Reader::new(brokers, topic).scan_on(each);
}

/// How many records a topic holds now.
pub fn count(brokers: &str, topic: &str) -> usize {
    let mut count = 0;
    scan(brokers, topic, |_| count += 1);
    count
}

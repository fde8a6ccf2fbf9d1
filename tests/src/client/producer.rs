//! Writing records.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientConfig, ClientContext};

use crate::record::Record;

const LIMIT: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Failures(AtomicU64);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes records in order, many at a time; [`Producer::flush`] returns when all are acknowledged.
pub struct Producer(ThreadedProducer<Failures>);

impl Producer {
    pub fn new(brokers: &str) -> Self {
        Self::with(brokers, &[])
    }

    /// One that writes in transactions, under an id that fences its predecessors.
    pub fn transactional(brokers: &str, id: &str) -> Self {
        let producer = Self::with(brokers, &[("transactional.id", id)]);
        producer
            .0
            .init_transactions(LIMIT)
            .expect("init transactions");
        producer
    }

    /// One with properties of its own on top.
    pub fn with(brokers: &str, properties: &[(&str, &str)]) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .set("batch.size", "262144")
            .set("compression.type", "lz4")
            .set("queue.buffering.max.messages", "500000");
        for (name, value) in properties {
            config.set(*name, *value);
        }
        Self(
            config
                .create_with_context(Failures::default())
                .expect("a producer"),
        )
    }

    /// Queues a record; waits while the queue is full.
    pub fn send(&self, topic: &str, record: &Record) {
        let mut message = BaseRecord::<[u8], [u8]>::to(topic);
        message.partition = record.partition;
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.timestamp = record.timestamp;
        if !record.headers.is_empty() {
            let headers = OwnedHeaders::new_with_capacity(record.headers.len());
            message.headers = Some(
                record
                    .headers
                    .iter()
                    .fold(headers, |headers, (key, value)| {
                        headers.insert(Header {
                            key,
                            value: value.as_deref(),
                        })
                    }),
            );
        }
        loop {
            match self.0.send(message) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    message = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err((error, _)) => panic!("write to {topic}: {error}"),
            }
        }
    }

    /// Waits until everything sent is acknowledged.
    pub fn flush(&self) {
        self.0.flush(LIMIT).expect("flush");
        assert_eq!(
            self.0.context().0.load(Ordering::Relaxed),
            0,
            "records were not acknowledged"
        );
    }

    /// Sends all of them and waits until they are acknowledged.
    pub fn send_all<'r>(&self, topic: &str, records: impl IntoIterator<Item = &'r Record>) {
        for record in records {
            self.send(topic, record);
        }
        self.flush();
    }

    pub fn begin(&self) {
        self.0.begin_transaction().expect("begin a transaction");
    }

    pub fn commit(&self) {
        self.0
            .commit_transaction(LIMIT)
            .expect("commit the transaction");
    }

    /// Aborts, after the records have reached the broker: librdkafka would throw away what still waits.
    pub fn abort(&self) {
        self.flush();
        self.0
            .abort_transaction(LIMIT)
            .expect("abort the transaction");
    }
}

//! Writes the events to the first topic, and before them the table of profiles, as any Kafka client would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::event::{self, Event, USERS, user};
use super::expect::{EVENTS, PROFILES};
use super::profile::Profile;
use crate::output::Complaint;

/// How far the feed is.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    pub(super) records: AtomicU64,
    failed: AtomicU64,
}

struct Count(Arc<Acknowledged>);

impl ClientContext for Count {}

impl ProducerContext for Count {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let counter = if result.is_ok() {
            &self.0.records
        } else {
            &self.0.failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes `events` events and returns once all are acknowledged. Blocks.
///
/// # Errors
/// The broker took less than all of them.
pub(super) fn feed(
    brokers: &str,
    events: u64,
    acknowledged: Arc<Acknowledged>,
) -> anyhow::Result<()> {
    let producer = producer(brokers, &acknowledged)?;
    for event in (0..events).map(event::event) {
        send(&producer, record(&event))?;
    }
    finish(&producer, &acknowledged)
}

/// Writes the table of profiles and returns once all of it is acknowledged: how many rows it has. Blocks.
///
/// # Errors
/// The broker took less than all of them.
pub(super) fn feed_profiles(brokers: &str) -> anyhow::Result<u64> {
    let acknowledged = Arc::new(Acknowledged::default());
    let producer = producer(brokers, &acknowledged)?;
    for number in 0..USERS {
        let Some(value) = Profile::of(number).value() else {
            continue;
        };
        let key = user(number);
        let row = BaseRecord::<[u8], [u8]>::to(PROFILES).key(key.as_bytes());
        send(&producer, row.payload(value.as_bytes()))?;
    }
    finish(&producer, &acknowledged)?;
    Ok(acknowledged.records.load(Ordering::Relaxed))
}

fn producer(
    brokers: &str,
    acknowledged: &Arc<Acknowledged>,
) -> anyhow::Result<BaseProducer<Count>> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("client.id", "demo-generator")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "20")
        .set("queue.buffering.max.messages", "50000")
        .create_with_context(Count(Arc::clone(acknowledged)))?)
}

fn finish(producer: &BaseProducer<Count>, acknowledged: &Acknowledged) -> anyhow::Result<()> {
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(50));
    }
    match acknowledged.failed.load(Ordering::Relaxed) {
        0 => Ok(()),
        lost => Err(Complaint::new(
            "demo",
            format!("the embedded broker refused {lost} records"),
        )
        .into()),
    }
}

fn record(event: &Event) -> BaseRecord<'_, [u8], [u8]> {
    let mut record = BaseRecord::<[u8], [u8]>::to(EVENTS)
        .key(event.key.as_bytes())
        .timestamp(event.at);
    if let Some(value) = &event.value {
        record = record.payload(value);
    }
    if let Some(trace) = &event.trace {
        record = record.headers(OwnedHeaders::new().insert(Header {
            key: "trace",
            value: Some(trace),
        }));
    }
    record
}

fn send(
    producer: &BaseProducer<Count>,
    mut record: BaseRecord<'_, [u8], [u8]>,
) -> anyhow::Result<()> {
    loop {
        match producer.send(record) {
            Ok(()) => {
                producer.poll(Duration::ZERO);
                return Ok(());
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(10));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

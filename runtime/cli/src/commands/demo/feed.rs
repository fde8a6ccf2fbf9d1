//! Writes the events to the first topic, as any Kafka client would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::event::{self, Event};
use super::expect::EVENTS;
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
    let producer: BaseProducer<Count> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("client.id", "demo-generator")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "20")
        .set("queue.buffering.max.messages", "50000")
        .create_with_context(Count(Arc::clone(&acknowledged)))?;
    for event in (0..events).map(event::event) {
        send(&producer, &event)?;
    }
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(50));
    }
    match acknowledged.failed.load(Ordering::Relaxed) {
        0 => Ok(()),
        lost => Err(Complaint::new(
            "demo",
            format!("the embedded broker refused {lost} of the {events} events"),
        )
        .into()),
    }
}

fn send(producer: &BaseProducer<Count>, event: &Event) -> anyhow::Result<()> {
    loop {
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
        match producer.send(record) {
            Ok(()) => {
                producer.poll(Duration::ZERO);
                return Ok(());
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(Duration::from_millis(10));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

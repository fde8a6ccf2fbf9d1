//! The real broker of a run, and the topic that every round reads.

use anyhow::Context as _;
use millstream_tests::{Kafka, KafkaOptions, Producer};

use crate::{events, measure};

/// Started for the run, warmed, and filled.
pub(crate) struct Stage {
    pub(crate) kafka: Kafka,
    pub(crate) source: String,
}

impl Stage {
    /// Starts a broker and fills the topic. The filling also warms the broker's produce path.
    pub(crate) fn set(events: usize, partitions: i32) -> Self {
        eprintln!(
            "starting Apache Kafka and writing {events} events of about 463 bytes to {partitions} partitions"
        );
        let kafka = Kafka::start(&KafkaOptions {
            // Rounds leave their outputs behind; what is deleted should be gone soon.
            properties: vec![("log.segment.delete.delay.ms".to_owned(), "1000".to_owned())],
            ..KafkaOptions::default()
        });
        let source = kafka.topic("bench-events", partitions);
        // Codecs are not what is compared.
        let producer = Producer::with(kafka.brokers(), &[("compression.type", "none")]);
        for event in events::events(events) {
            producer.send(&source, &event);
        }
        producer.flush();
        Self { kafka, source }
    }

    /// CPU time that the broker has used so far.
    pub(crate) fn cpu_ns(&self) -> anyhow::Result<u64> {
        let process = self
            .kafka
            .process()
            .context("the broker is not ours to measure")?;
        let usage = measure::of(&process.to_string())?;
        Ok(usage.user_ns + usage.system_ns)
    }
}

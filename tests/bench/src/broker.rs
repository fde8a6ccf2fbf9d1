//! The real broker of a run, and the topic that every round reads.

use anyhow::Context as _;
use millstream_kafka::producer::Compression;
use millstream_tests::{Kafka, KafkaOptions, Producer};

use crate::{Options, events, measure};

/// Started for the run, warmed, and filled.
pub(crate) struct Stage {
    pub(crate) kafka: Kafka,
    pub(crate) source: String,
    /// How many the topic holds.
    pub(crate) events: usize,
    codec: Compression,
    hot: bool,
    /// The topic of the table, once a job needs one.
    table: Option<String>,
}

impl Stage {
    /// Starts a broker and fills the topic. The filling also warms the broker's produce path.
    pub(crate) fn set(events: usize, options: &Options) -> Self {
        eprintln!("starting Apache Kafka");
        let kafka = Kafka::start(&KafkaOptions {
            // Rounds leave their outputs behind; what is deleted should be gone soon.
            properties: vec![("log.segment.delete.delay.ms".to_owned(), "1000".to_owned())],
            ..KafkaOptions::default()
        });
        let source = kafka.topic("bench-events", options.partitions);
        let mut stage = Self {
            kafka,
            source,
            events: 0,
            codec: options.codec,
            hot: options.hot,
            table: None,
        };
        stage.fill(events);
        stage
    }

    /// Brings the topic to so many events. One that holds more stays as it is.
    pub(crate) fn fill(&mut self, events: usize) {
        let more = events.saturating_sub(self.events);
        eprintln!("writing {more} events of about 463 bytes");
        let codec = self.codec.to_string();
        let producer = Producer::with(self.kafka.brokers(), &[("compression.type", &codec)]);
        for mut event in events::events(events).skip(self.events) {
            event.partition = self.hot.then_some(0);
            producer.send(&self.source, &event);
        }
        producer.flush();
        self.events += more;
    }

    /// The topic of a table of so many rows.
    pub(crate) fn table(&mut self, rows: usize, partitions: i32) -> String {
        let kafka = &self.kafka;
        let fill = || {
            eprintln!("writing a table of {rows} rows of about 200 bytes");
            let topic =
                kafka.topic_with("bench-users", partitions, &[("cleanup.policy", "compact")]);
            let producer = Producer::new(kafka.brokers());
            for user in events::users(rows) {
                producer.send(&topic, &user);
            }
            producer.flush();
            topic
        };
        self.table.get_or_insert_with(fill).clone()
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

//! How a consumer is set up.

use std::time::Duration;

use rdkafka::config::ClientConfig;

use super::intake::{FEW, Limits};
use crate::settings::Settings;

/// In bytes; unless a topic allows more.
const LARGEST_BATCH: u64 = 1 << 20;

/// A consumer's own settings; everything else comes from [`Settings`].
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// The consumer group.
    pub group: String,
    /// Shown in brokers' logs.
    pub client_id: String,
    /// Fetched and not taken, over all partitions, in bytes, roughly: half to three quarters wait in librdkafka's queues (a record batch
    /// for each of up to 16 partitions, whatever that takes), a quarter in stashes.
    pub fetch_memory: u64,
    /// Up to 16 are fetched ahead each by itself, more of them in turns.
    pub expected_partitions: usize,
    /// How long the group waits for a sign of life, unless the settings say (`session.timeout.ms`).
    pub session_timeout: Duration,
    /// How long it waits for [`super::Consumer::next_event`] to be awaited.
    pub max_poll_interval: Duration,
}

impl ConsumerOptions {
    /// Bytes for what is taken out of librdkafka's queues ahead of time.
    pub(super) fn stash_memory(&self) -> usize {
        usize::try_from(self.fetch_memory / 4).unwrap_or(usize::MAX)
    }

    /// For what waits in librdkafka's queues, where partitions are more than a few.
    pub(super) fn intake(&self) -> Limits {
        let memory = usize::try_from(self.fetch_memory).unwrap_or(usize::MAX);
        Limits {
            high: memory / 4 * 3,
            low: memory / 4,
        }
    }

    /// 16 MiB for 16 partitions, Kafka's usual time-outs.
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            client_id: "millstream".into(),
            fetch_memory: 16 << 20,
            expected_partitions: 16,
            session_timeout: Duration::from_secs(45),
            max_poll_interval: Duration::from_secs(300),
        }
    }

    pub(crate) fn config(&self, settings: &Settings) -> ClientConfig {
        let mut config = settings.config(&self.client_id);
        let partitions = self.expected_partitions.max(1) as u64;
        // Brokers send whole record batches. One that is larger than a partition is asked for comes only if it is the first in an answer,
        // and then alone: a topic of many partitions would be read a batch at a time.
        let (kilobytes, fetch, answer) = if self.expected_partitions <= FEW {
            let kilobytes = (self.fetch_memory / 2 / partitions / 1024).clamp(1024, 4096);
            let fetch = (kilobytes * 1024 / 2).min(LARGEST_BATCH);
            (kilobytes, fetch, self.fetch_memory / 4)
        } else {
            // A partition is left alone while anything of it waits: there are others, and what all hold together is counted. An
            // answer stays in memory until the last record of its partitions is done with, so it is no larger than it must be to
            // make up for naming all of them.
            let answer = (partitions * 4096).min(self.fetch_memory / 4);
            (1, LARGEST_BATCH, answer)
        };
        let mut set = |name: &str, value: String| {
            config.set(name, value);
        };
        set("group.id", self.group.clone());
        set("enable.auto.commit", "false".into());
        set("enable.auto.offset.store", "false".into());
        set("auto.offset.reset", "error".into());
        set("isolation.level", "read_committed".into());
        set("enable.partition.eof", "true".into());
        set("queued.max.messages.kbytes", kilobytes.to_string());
        set("fetch.message.max.bytes", fetch.to_string());
        // One response over all partitions; librdkafka wants at least its message.max.bytes.
        set(
            "fetch.max.bytes",
            answer.clamp(1 << 20, 50 << 20).to_string(),
        );
        set(
            "max.poll.interval.ms",
            self.max_poll_interval.as_millis().to_string(),
        );
        if settings
            .given("group.protocol")
            .is_some_and(|protocol| protocol.eq_ignore_ascii_case("consumer"))
        {
            // Assignor and session time-out are the broker's business then.
        } else {
            set("partition.assignment.strategy", "cooperative-sticky".into());
            // The embedded broker lets every rebalance but a group's first last almost as long as this.
            let session = if settings.is_embedded() {
                Duration::from_secs(3)
            } else {
                self.session_timeout
            };
            let session = session.as_millis().to_string();
            settings.set_unless_given(&mut config, "session.timeout.ms", &session);
            let given = config.get("session.timeout.ms");
            let session = given.and_then(|given| given.parse().ok()).unwrap_or(45_000);
            let heartbeat = (session / 10).clamp(100, 3000).to_string();
            settings.set_unless_given(&mut config, "heartbeat.interval.ms", &heartbeat);
        }
        // That is also how long it takes to notice that a topic has grown, or is there again.
        settings.set_unless_given(&mut config, "topic.metadata.refresh.interval.ms", "30000");
        // A full queue is looked at again after this time; at librdkafka's 1 s a small queue would run dry.
        settings.set_unless_given(&mut config, "fetch.queue.backoff.ms", "5");
        // What an idle transform costs is mostly this: a fetch that comes back empty. With one under way at a time and broker, a
        // busy partition whose queue was full waits as long; the stash keeps that from happening. The embedded broker waits
        // that long even if records come meanwhile.
        let wait = if settings.is_embedded() { "10" } else { "200" };
        settings.set_unless_given(&mut config, "fetch.wait.max.ms", wait);
        config
    }
}

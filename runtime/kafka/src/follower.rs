//! A whole topic followed by one thread: every partition from where it was left, and the moments at which a partition's end
//! is reached.
//!
//! For topics that are large and read from their beginning, such as those of tables: records are lent, not copied. Readers
//! see committed records only. Blocks, so it belongs on a thread of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as Native;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::Offset;

use crate::error::KafkaError;
use crate::settings::Settings;

/// What [`Follower::next`] lends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed<'m> {
    /// The next record of one of the partitions.
    Record {
        /// Which one.
        partition: i32,
        /// Where it stands.
        offset: i64,
        /// `None` is null.
        key: Option<&'m [u8]>,
        /// `None` is null: on a compacted topic, a deletion.
        value: Option<&'m [u8]>,
    },
    /// All that a partition had when it was asked has been read (said again whenever more was read since).
    End {
        /// Which one.
        partition: i32,
    },
}

/// Follows partitions of one topic.
pub struct Follower {
    consumer: BaseConsumer,
    action: String,
}

impl Follower {
    /// From these offsets on, by partition; 0 is what is kept of the beginning.
    ///
    /// # Errors
    /// If no client can be made of the settings.
    pub fn new(
        settings: &Settings,
        topic: &str,
        from: &BTreeMap<i32, i64>,
    ) -> Result<Follower, KafkaError> {
        let action = format!("read {topic}");
        let failed = |error: &Native| KafkaError::from_rdkafka(&*action, error);
        let mut config = settings.following("millstream-follower");
        // Where records are gone that were to be read next, whoever keeps what came of them has to begin anew.
        config.set("auto.offset.reset", "error");
        config.set("queued.max.messages.kbytes", "16384");
        // A partition whose queue is full is read on as soon as there is room again, instead of after a second.
        config.set("fetch.queue.backoff.ms", "10");
        let consumer: BaseConsumer = config.create().map_err(|error| failed(&error))?;
        // Gone before the consumer: a list that outlives it hangs its end.
        let mut list = TopicPartitionList::new();
        for (partition, from) in from {
            let from = match from {
                ..=0 => Offset::Beginning,
                from => Offset::Offset(*from),
            };
            list.add_partition_offset(topic, *partition, from)
                .map_err(|error| failed(&error))?;
        }
        consumer.assign(&list).map_err(|error| failed(&error))?;
        drop(list);
        Ok(Follower { consumer, action })
    }

    /// Lends the next record or end to `read`. `None`: there was nothing within this time. Brokers that are away are waited
    /// for.
    ///
    /// # Errors
    /// One that waiting does not mend ([`KafkaError::ends_reading`]).
    pub fn next<T>(
        &mut self,
        within: Duration,
        read: impl FnOnce(Followed<'_>) -> T,
    ) -> Result<Option<T>, KafkaError> {
        match self.consumer.poll(within) {
            None => Ok(None),
            Some(Ok(message)) => Ok(Some(read(Followed::Record {
                partition: message.partition(),
                offset: message.offset(),
                key: message.key(),
                value: message.payload(),
            }))),
            Some(Err(Native::PartitionEOF(partition))) => {
                Ok(Some(read(Followed::End { partition })))
            }
            Some(Err(error)) => {
                let error = KafkaError::from_rdkafka(&*self.action, &error);
                if error.ends_reading() {
                    return Err(error);
                }
                tracing::debug!(%error, "a follower goes on");
                Ok(None)
            }
        }
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

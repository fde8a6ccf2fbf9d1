//! A source that is a member of a Kafka consumer group.

use std::sync::Arc;

use millstream_engine::Header;
use millstream_kafka::KafkaError;
use millstream_kafka::consumer::{
    Consumer, ConsumerEvent, Fetched, PartitionError, PartitionErrorKind, PartitionQueue,
};

use super::{Broken, Event, Queue, Rows, Source, SourceError, Taken, TopicPartition};
use crate::delivery::code_of;

/// See [`Source`]. The consumer is the delivery's too: it commits.
#[derive(Debug, Clone)]
pub struct KafkaSource {
    consumer: Consumer,
}

impl KafkaSource {
    /// A source from a consumer that has not subscribed to anything.
    #[must_use]
    pub fn new(consumer: Consumer) -> Self {
        Self { consumer }
    }
}

impl From<KafkaError> for SourceError {
    fn from(error: KafkaError) -> Self {
        Self {
            code: code_of(&error),
            message: error.to_string(),
        }
    }
}

impl Rows for Fetched {
    fn len(&self) -> usize {
        Fetched::len(self)
    }
    fn bytes(&self) -> usize {
        Fetched::bytes(self)
    }
    fn key(&self, row: usize) -> Option<&[u8]> {
        Fetched::key(self, row)
    }
    fn value(&self, row: usize) -> Option<&[u8]> {
        Fetched::value(self, row)
    }
    fn headers<'a>(&'a self, row: usize, into: &mut Vec<Header<'a>>) {
        into.extend(Fetched::headers(self, row).map(|(name, value)| Header { name, value }));
    }
    fn timestamp(&self, row: usize) -> i64 {
        Fetched::timestamp(self, row)
    }
    fn offset(&self, row: usize) -> i64 {
        Fetched::offset(self, row)
    }
    fn next_offset(&self) -> i64 {
        Fetched::next_offset(self).unwrap_or(0)
    }
    fn split_off(&mut self, at: usize) -> Self {
        Fetched::split_off(self, at)
    }
}

impl Queue for PartitionQueue {
    type Rows = Fetched;

    fn on_ready(&mut self, ready: Box<dyn Fn() + Send + Sync>) {
        self.set_ready(ready);
    }

    fn len(&self) -> usize {
        PartitionQueue::len(self)
    }

    fn set_aside(&mut self) {
        PartitionQueue::set_aside(self);
    }

    fn take(&mut self, records: usize, bytes: usize) -> Taken<Fetched> {
        let taken = PartitionQueue::take(self, records, bytes);
        let (mut broken, mut trouble) = (None, None);
        if let Some(PartitionError { kind, error }) = taken.error {
            match kind {
                PartitionErrorKind::Passing => trouble = Some(error.to_string()),
                PartitionErrorKind::OffsetOutOfRange | PartitionErrorKind::UnknownPartition => {
                    broken = Some(Broken::Lost {
                        message: error.message().to_owned(),
                    });
                }
                _ => {
                    broken = Some(Broken::Other {
                        code: code_of(&error),
                        message: error.to_string(),
                    });
                }
            }
        }
        Taken {
            rows: taken.batch,
            end: taken.eof,
            broken,
            trouble,
        }
    }
}

impl Source for KafkaSource {
    type Rows = Fetched;
    type Queue = PartitionQueue;

    fn subscribe(&self, topics: &[Arc<str>]) -> Result<(), SourceError> {
        let topics: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        Ok(self.consumer.subscribe(&topics)?)
    }

    async fn next_event(&self) -> Event {
        match self.consumer.next_event().await {
            ConsumerEvent::Assign(partitions) => Event::Assigned(partitions),
            ConsumerEvent::Revoke(partitions) => Event::Revoked(partitions),
            ConsumerEvent::Lost(partitions) => Event::Lost(partitions),
            ConsumerEvent::Error(error) if error.is_fatal() => Event::Failed {
                code: code_of(&error),
                message: error.to_string(),
            },
            ConsumerEvent::Error(error) => Event::Trouble {
                code: code_of(&error),
                message: error.to_string(),
            },
        }
    }

    fn begin(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<PartitionQueue>, SourceError> {
        // A queue that is asked for after its partition began would miss what came before.
        let queues: Result<Vec<_>, _> = at
            .iter()
            .map(|(partition, _)| self.consumer.queue(partition))
            .collect();
        let queues = queues?;
        if !at.is_empty() {
            self.consumer.assign(at)?;
        }
        Ok(queues)
    }

    async fn seek(&self, partition: &TopicPartition, offset: i64) -> Result<(), SourceError> {
        Ok(self.consumer.seek(partition, offset).await?)
    }

    fn pause(&self, partitions: &[TopicPartition]) {
        if let Err(error) = self.consumer.pause(partitions) {
            tracing::debug!(%error, "a partition that is going away was to be paused");
        }
    }

    fn resume(&self, partitions: &[TopicPartition]) {
        if let Err(error) = self.consumer.resume(partitions) {
            tracing::debug!(%error, "a partition that is going away was to be resumed");
        }
    }

    fn release(&self, partitions: &[TopicPartition]) {
        if let Err(error) = self.consumer.unassign(partitions) {
            tracing::debug!(%error, "partitions that have gone already were to be let go");
        }
    }

    async fn ends(&self, partitions: &[TopicPartition]) -> Result<Vec<i64>, SourceError> {
        let extents = self.consumer.extents(partitions).await?;
        let end = |partition: &TopicPartition| {
            let found = extents
                .iter()
                .find(|(other, _)| other == partition)
                .map(|(_, extent)| extent.clone());
            found
                .unwrap_or(Ok(millstream_kafka::consumer::Extent {
                    start: -1,
                    end: -1,
                }))
                .map(|extent| extent.end)
        };
        partitions
            .iter()
            .map(|partition| Ok(end(partition)?))
            .collect()
    }

    async fn close(&self) {
        if let Err(error) = self.consumer.close().await {
            tracing::warn!(%error, "the group was not left in order");
        }
    }
}

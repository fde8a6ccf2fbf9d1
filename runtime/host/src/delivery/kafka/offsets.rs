//! A consumer group's offsets.

use std::ops::Range;
use std::sync::Arc;

use millstream_kafka::consumer::{Commit, Consumer, TopicIdentity};

use crate::delivery::{Committed, DeliveryError, Identity, Offsets};
use crate::source::TopicPartition;

/// A group's offsets, through the consumer that is its member.
#[derive(Debug, Clone)]
pub struct KafkaOffsets {
    consumer: Consumer,
}

impl KafkaOffsets {
    /// The offsets of this consumer's group.
    #[must_use]
    pub fn new(consumer: Consumer) -> Self {
        Self { consumer }
    }
}

impl Offsets for KafkaOffsets {
    async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, DeliveryError> {
        let found = self.consumer.committed(partitions).await?;
        let one = |partition: &TopicPartition| {
            let (_, committed) = found.iter().find(|(other, _)| other == partition)?;
            let committed = committed.as_ref()?;
            Some(Committed {
                offset: committed.offset,
                metadata: committed.metadata.clone(),
            })
        };
        Ok(partitions.iter().map(one).collect())
    }

    async fn commit(
        &self,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let found = self.consumer.commit(&asked_of(commits)).await?;
        let one = |partition: &TopicPartition| {
            let found = found.iter().find(|(other, _)| other == partition);
            found.map_or(Ok(()), |(_, result)| {
                result.clone().map_err(DeliveryError::from)
            })
        };
        Ok(commits
            .iter()
            .map(|(partition, _)| one(partition))
            .collect())
    }

    async fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Range<i64>>, DeliveryError> {
        let found = self.consumer.extents(partitions).await?;
        let mut extents = Vec::new();
        for partition in partitions {
            let extent = found
                .iter()
                .find(|(other, _)| other == partition)
                .map(|(_, extent)| extent.clone());
            match extent {
                Some(extent) => {
                    let extent = extent?;
                    extents.push(extent.start..extent.end);
                }
                None => {
                    let message = format!("the broker did not say what {partition} holds");
                    return Err(DeliveryError::new("no-answer", message));
                }
            }
        }
        Ok(extents)
    }

    async fn identities(&self, topics: &[Arc<str>]) -> Result<Vec<Identity>, DeliveryError> {
        let names: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
        let found = self.consumer.identities(&names).await?;
        let identity = |found| match found {
            TopicIdentity::Is(id) => Identity::Is(id.into()),
            TopicIdentity::Missing => Identity::Missing,
            TopicIdentity::Unknown => Identity::Unknown,
        };
        Ok(found.into_iter().map(identity).collect())
    }
}

/// Commits as the client takes them.
pub(in crate::delivery) fn asked_of(commits: &[(TopicPartition, Committed)]) -> Vec<Commit> {
    let one = |(partition, committed): &(TopicPartition, Committed)| Commit {
        partition: partition.clone(),
        offset: committed.offset,
        metadata: committed.metadata.clone(),
    };
    commits.iter().map(one).collect()
}

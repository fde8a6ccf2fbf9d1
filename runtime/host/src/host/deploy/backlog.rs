//! How much a transform is about to read.

use std::{collections::HashMap, sync::Arc};

use millstream_kafka::{
    TopicPartition,
    consumer::{Committed, Consumer, ConsumerOptions},
    error::KafkaError,
};

use super::Backlog;
use crate::{
    delivery::Mark,
    deployments::record::{Deployment, Revision},
    host::Host,
    names,
};

impl Host {
    /// `fresh`: nobody can have committed anything yet.
    pub(super) async fn backlog(
        &self,
        revision: &Revision,
        deployment: &Deployment,
        fresh: bool,
    ) -> Result<Vec<Backlog>, KafkaError> {
        let mut all = Vec::new();
        for topic in &deployment.manifest.source.topics {
            let count = self.inner.admin.partitions(topic).await?.unwrap_or(0);
            let topic: Arc<str> = Arc::from(topic.as_str());
            all.extend(
                (0..count).map(|partition| TopicPartition::new(Arc::clone(&topic), partition)),
            );
        }
        let committed = if fresh {
            HashMap::new()
        } else {
            self.committed(revision, &all).await?
        };
        let mut by_topic: HashMap<Arc<str>, Backlog> = HashMap::new();
        for (at, extent) in self.inner.admin.extents(&all).await? {
            let topic = at.topic().to_string();
            let backlog = by_topic
                .entry(Arc::clone(at.shared_topic()))
                .or_insert(Backlog {
                    topic,
                    partitions: 0,
                    records: 0,
                });
            backlog.partitions += 1;
            let Ok(extent) = extent else { continue };
            let start = deployment
                .starts
                .get(at.topic())
                .and_then(|starts| starts.get(&at.partition()));
            let from = committed
                .get(&at)
                .or(start)
                .copied()
                .unwrap_or(extent.start)
                .max(extent.start);
            backlog.records += extent.end.saturating_sub(from).max(0).unsigned_abs();
        }
        let in_order = deployment.manifest.source.topics.iter();
        Ok(in_order
            .filter_map(|topic| by_topic.remove(topic.as_str()))
            .collect())
    }

    async fn committed(
        &self,
        revision: &Revision,
        partitions: &[TopicPartition],
    ) -> Result<HashMap<TopicPartition, i64>, KafkaError> {
        let group = names::group(self.prefix(), &revision.name);
        let found = self.group_offsets(&group, partitions).await?;
        let counts = |metadata: &str| match metadata.parse::<Mark>() {
            Ok(mark) => mark.stamp.reset >= revision.resets,
            Err(_) => true,
        };
        let of = |(at, committed): (TopicPartition, Committed)| {
            counts(&committed.metadata).then_some((at, committed.offset))
        };
        Ok(found.into_iter().filter_map(of).collect())
    }

    /// What a group has committed, where it has committed anything.
    pub(in crate::host) async fn group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Committed)>, KafkaError> {
        let options = ConsumerOptions::new(group);
        let consumer = Consumer::new(&self.inner.config.settings, &options)?;
        let found = consumer.committed(partitions).await;
        consumer.close().await?;
        let found = found?.into_iter();
        Ok(found
            .filter_map(|(at, committed)| Some((at, committed?)))
            .collect())
    }
}

//! Offsets: what a group has committed, what partitions hold, and of which topics.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Consumer, blocking, list_of, millis};
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::Client;
use crate::ffi::list::List;
use crate::ffi::queue::Reply;
use crate::ffi::topics::TopicIdentity;
use crate::ffi::{consume, offsets, topics};
use crate::topic_partition::TopicPartition;

/// What a group has committed for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: i64,
    /// Whatever was committed with it; empty if nothing.
    pub metadata: String,
}

/// What to commit for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The partition, which must be the member's.
    pub partition: TopicPartition,
    /// The next offset to read.
    pub offset: i64,
    /// Kept beside the offset; brokers take up to 4 KiB.
    pub metadata: String,
}

/// What a reader of committed records finds in a partition: offsets `start..end`, with gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The oldest offset kept.
    pub start: i64,
    /// One past the newest offset that can be read: the last stable offset.
    pub end: i64,
}

/// One answer a partition.
pub type PerPartition<T> = Vec<(TopicPartition, Result<T, KafkaError>)>;

impl Consumer {
    /// What the group has committed, `None` where it has nothing.
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Option<Committed>)>, KafkaError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let list = list_of(partitions);
        let (client, timeout) = (Arc::clone(&self.inner.client), millis(self.inner.timeout));
        let list = blocking("read committed offsets", move || {
            consume::committed(&client, &list, timeout).map(|()| list)
        })
        .await?;
        list.entries()
            .into_iter()
            .map(|entry| match entry.code {
                ErrorCode::NoError if entry.offset >= 0 => Ok((
                    entry.partition,
                    Some(Committed {
                        offset: entry.offset,
                        metadata: entry.metadata,
                    }),
                )),
                ErrorCode::NoError => Ok((entry.partition, None)),
                code => Err(KafkaError::new(
                    format!("read the committed offset of {}", entry.partition),
                    code,
                    "",
                )),
            })
            .collect()
    }

    /// Commits, and waits for the broker's word on every partition. `Err` as a whole: nothing is known to be committed.
    /// Refused by the broker (`IllegalGeneration`, `UnknownMemberId`) when the group went on without this member.
    pub async fn commit(&self, commits: &[Commit]) -> Result<PerPartition<()>, KafkaError> {
        const ACTION: &str = "commit offsets";
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let reply = Reply::new(&self.inner.client, ACTION)?;
        {
            let mut list = List::new();
            for commit in commits {
                list.add(&commit.partition, commit.offset, &commit.metadata);
            }
            consume::commit(&self.inner.client, &list, reply.queue())?;
        }
        let event = reply.event().await;
        let entries = event.partitions().entries();
        if entries.is_empty() || entries.iter().all(|entry| entry.code == ErrorCode::NoError) {
            event.check(ACTION)?;
        }
        let result = |entry: &crate::ffi::list::Entry| match entry.code {
            ErrorCode::NoError => Ok(()),
            code => Err(KafkaError::new(
                format!("commit an offset of {}", entry.partition),
                code,
                "",
            )),
        };
        Ok(entries
            .iter()
            .map(|entry| (entry.partition.clone(), result(entry)))
            .collect())
    }

    /// What the partitions hold now, as a reader of committed records sees it. Asks the brokers.
    pub async fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<PerPartition<Extent>, KafkaError> {
        extents(&self.inner.client, partitions, self.inner.timeout).await
    }

    /// Which topics stand behind these names now, in the same order. Asks the brokers.
    pub async fn identities(&self, names: &[&str]) -> Result<Vec<TopicIdentity>, KafkaError> {
        identities(
            &self.inner.client,
            names,
            self.inner.timeout,
            self.inner.embedded,
        )
        .await
    }
}

/// The embedded broker keeps a topic for as long as it lives: there is nothing to tell apart.
pub(crate) async fn identities(
    client: &Arc<Client>,
    names: &[&str],
    timeout: Duration,
    embedded: bool,
) -> Result<Vec<TopicIdentity>, KafkaError> {
    if embedded {
        return Ok(vec![TopicIdentity::Unknown; names.len()]);
    }
    let found: HashMap<_, _> = topics::identities(client, names, timeout)
        .await?
        .into_iter()
        .collect();
    let of = |name: &&str| found.get(*name).cloned();
    Ok(names
        .iter()
        .map(|name| of(name).unwrap_or(TopicIdentity::Unknown))
        .collect())
}

pub(crate) async fn extents(
    client: &Arc<Client>,
    partitions: &[TopicPartition],
    timeout: Duration,
) -> Result<PerPartition<Extent>, KafkaError> {
    let ask = |what| {
        partitions
            .iter()
            .map(|partition| (partition.clone(), what))
            .collect::<Vec<_>>()
    };
    let (earliest, latest) = (ask(offsets::EARLIEST), ask(offsets::LATEST));
    let (starts, ends) = tokio::try_join!(
        offsets::list(client, &earliest, timeout),
        offsets::list(client, &latest, timeout)
    )?;
    let ends: HashMap<_, _> = ends
        .into_iter()
        .map(|entry| (entry.partition.clone(), entry))
        .collect();
    let extent = |start: &crate::ffi::list::Entry| {
        let refused = |code, partition| {
            Err(KafkaError::new(
                format!("look up the offsets of {partition}"),
                code,
                "",
            ))
        };
        let Some(end) = ends.get(&start.partition) else {
            return refused(ErrorCode::UnknownPartition, &start.partition);
        };
        match (start.code, end.code) {
            (ErrorCode::NoError, ErrorCode::NoError) => Ok(Extent {
                start: start.offset,
                end: end.offset,
            }),
            (ErrorCode::NoError, code) | (code, _) => refused(code, &start.partition),
        }
    };
    Ok(starts
        .iter()
        .map(|start| (start.partition.clone(), extent(start)))
        .collect())
}

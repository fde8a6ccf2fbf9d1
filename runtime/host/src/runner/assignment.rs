//! Which partitions this host has of a transform, and how far each one has got on its way in or out.
//!
//! A rebalance is a walk through these states; an answer that comes late (an offset that was asked for before the partition
//! was revoked) finds the partition in another state and changes nothing.

use std::collections::BTreeMap;

use crate::delivery::Stamp;
use crate::source::TopicPartition;

/// A partition that the group was told about, and that no lane has.
pub(super) struct Fetched<Q> {
    pub(super) queue: Q,
    /// Where its records begin; `None` if it is paused.
    pub(super) from: Option<i64>,
}

/// Where a partition is.
pub(super) enum Stage<Q> {
    /// Its committed offset is being asked for. The number tells this time from earlier ones.
    Opening(u64),
    /// A newer revision has worked on it: it is fetched by nobody until that revision is here.
    Parked { stamp: Stamp, queue: Q },
    /// Being opened again, with a newer revision or to have its start kept.
    Reopening { number: u64, fetched: Fetched<Q> },
    /// A lane has it.
    Running,
    /// Its last batches are in flight.
    Closing,
    /// It could not be begun: the group has changed its mind, and says so next.
    Refused,
}

/// All partitions that the group has given and not got back.
pub(super) struct Assignment<Q> {
    stages: BTreeMap<TopicPartition, Stage<Q>>,
}

impl<Q> Assignment<Q> {
    pub(super) fn new() -> Self {
        Self {
            stages: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, partition: &TopicPartition, stage: Stage<Q>) {
        self.stages.insert(partition.clone(), stage);
    }

    pub(super) fn remove(&mut self, partition: &TopicPartition) -> Option<Stage<Q>> {
        self.stages.remove(partition)
    }

    /// Those of these partitions that this opening was for and that still wait for it.
    pub(super) fn is_opening(&self, partition: &TopicPartition, this: u64) -> bool {
        match self.stages.get(partition) {
            Some(Stage::Opening(number) | Stage::Reopening { number, .. }) => *number == this,
            _ => false,
        }
    }

    /// Whether the group has its answer about a partition that is being opened.
    pub(super) fn is_begun(&self, partition: &TopicPartition) -> bool {
        matches!(self.stages.get(partition), Some(Stage::Reopening { .. }))
    }

    /// Partitions in a stage.
    pub(super) fn which(&self, is: impl Fn(&Stage<Q>) -> bool) -> Vec<TopicPartition> {
        self.stages
            .iter()
            .filter(|(_, stage)| is(stage))
            .map(|(partition, _)| partition.clone())
            .collect()
    }

    /// The newest stamp that a partition waits for.
    pub(super) fn newest_parked(&self) -> Option<Stamp> {
        let parked = self.stages.values().filter_map(|stage| match stage {
            Stage::Parked { stamp, .. } => Some(*stamp),
            _ => None,
        });
        parked.max()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }
}

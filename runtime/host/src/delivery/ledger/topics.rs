//! Partitions whose topic is not, or may not be, the one that their offsets are of.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Ledger, Void};
use crate::delivery::{Happening, TopicId};
use crate::source::TopicPartition;
use crate::watermark::Watermark;

/// An open partition, and of which topic its offsets are.
#[derive(Debug, Clone)]
pub(in crate::delivery) struct Of {
    pub(in crate::delivery) partition: TopicPartition,
    pub(in crate::delivery) topic: Option<TopicId>,
    pub(in crate::delivery) void: bool,
}

impl Ledger {
    /// Every open partition.
    pub(in crate::delivery) fn all(&self) -> Vec<Of> {
        let state = self.state.lock();
        let all = state.open.iter().map(|(partition, open)| Of {
            partition: partition.clone(),
            topic: open.topic.clone(),
            void: open.void != Void::No,
        });
        all.collect()
    }

    /// Whether void partitions are to be looked at again: now and then, while there are any.
    pub(in crate::delivery) fn is_void_again(&self, after: Duration) -> bool {
        let mut state = self.state.lock();
        let due = state.looked.is_none_or(|looked| looked.elapsed() >= after)
            && state.open.values().any(|open| open.void != Void::No);
        if due {
            state.looked = Some(Instant::now());
        }
        due
    }

    /// The topic that a partition's offsets are of has become known.
    pub(in crate::delivery) fn identify(&self, partition: &TopicPartition, topic: &TopicId) {
        if let Some(open) = self.state.lock().open.get_mut(partition) {
            open.topic.get_or_insert_with(|| Arc::clone(topic));
        }
    }

    /// The topic that a partition's offsets are of is not there: what is in flight is forgotten, and nothing more is taken
    /// over.
    pub(in crate::delivery) fn void(&self, partition: &TopicPartition) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        if open.void != Void::No {
            return;
        }
        open.void = Void::Yes;
        open.generation = self.generation();
        let forgotten = open.watermark.rewind();
        drop(state);
        drop(forgotten);
        self.settled.notify_waiters();
    }

    /// The same topic is there again: the partition goes on where it stood.
    pub(in crate::delivery) fn revive(&self, partition: &TopicPartition) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        open.void = Void::No;
        open.generation = self.generation();
        let moved = Happening::Moved {
            partition: partition.clone(),
            generation: open.generation,
            offset: open.watermark.position(),
            reason: "its topic is there again".to_owned(),
        };
        drop(state);
        self.say(moved);
    }

    /// The partition is read from this offset on, whatever was before, as one of this topic.
    pub(in crate::delivery) fn restart(
        &self,
        partition: &TopicPartition,
        offset: i64,
        topic: Option<TopicId>,
        reason: String,
    ) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        open.generation = self.generation();
        let forgotten = std::mem::replace(&mut open.watermark, Watermark::new(offset));
        open.committed = offset;
        open.topic = topic;
        open.void = Void::No;
        open.failures = 0;
        let moved = Happening::Moved {
            partition: partition.clone(),
            generation: open.generation,
            offset,
            reason,
        };
        drop(state);
        drop(forgotten);
        self.stats
            .partition(partition, |numbers| numbers.position(offset));
        self.settled.notify_waiters();
        self.say(moved);
    }

    /// There is nothing to read before `to` any more: what is in flight goes on.
    pub(in crate::delivery) fn pass_over(
        &self,
        partition: &TopicPartition,
        generation: u64,
        to: i64,
        reason: String,
    ) {
        if !self.skip(partition, generation, to) {
            return;
        }
        self.say(Happening::Moved {
            partition: partition.clone(),
            generation,
            offset: to,
            reason,
        });
    }

    /// The transform is to stop before this offset of a partition. A void one says so once.
    pub(in crate::delivery) fn stop(
        &self,
        partition: &TopicPartition,
        offset: Option<i64>,
        code: &'static str,
        reason: String,
    ) {
        let mut state = self.state.lock();
        let Some(open) = state.open.get_mut(partition) else {
            return;
        };
        match open.void {
            Void::No => {}
            Void::Yes => open.void = Void::Told,
            Void::Told => return,
        }
        let lost = Happening::Lost {
            partition: partition.clone(),
            generation: open.generation,
            offset: offset.unwrap_or_else(|| open.watermark.position()),
            code,
            reason,
        };
        drop(state);
        self.say(lost);
    }
}

//! What is to be committed, and what has been.

use super::{Ledger, Open, Void};
use crate::delivery::{Committed, Mark, Stamp};
use crate::source::TopicPartition;

impl Ledger {
    /// What a commit of everything that has begun would change.
    pub(in crate::delivery) fn begun(&self) -> Vec<(TopicPartition, Committed)> {
        let state = self.state.lock();
        let stamp = state.stamp;
        let changed = state.open.iter().filter_map(|(partition, open)| {
            let commit = open.commit_up_to(open.watermark.begun(), stamp)?;
            Some((partition.clone(), commit))
        });
        changed.collect()
    }

    /// Everything that has begun is written and committed so. Nothing may begin meanwhile.
    pub(in crate::delivery) fn finish_all(&self, commits: &[(TopicPartition, Committed)]) {
        for (partition, _) in commits {
            let passed = {
                let mut state = self.state.lock();
                let Some(open) = state.open.get_mut(partition) else {
                    continue;
                };
                open.failures = 0;
                let passed = open.watermark.finish_all();
                self.stats.partition(partition, |numbers| {
                    numbers.position(open.watermark.position())
                });
                passed
            };
            self.passed(partition, passed);
        }
        self.committed(commits.iter());
        self.settled.notify_waiters();
    }

    /// What a commit would change.
    pub(in crate::delivery) fn uncommitted(&self) -> Vec<(TopicPartition, Committed)> {
        let state = self.state.lock();
        let stamp = state.stamp;
        let changed = state
            .open
            .iter()
            .filter_map(|(partition, open)| Some((partition.clone(), open.commit(stamp)?)));
        changed.collect()
    }

    /// These commits worked.
    pub(in crate::delivery) fn committed<'a>(
        &self,
        commits: impl Iterator<Item = &'a (TopicPartition, Committed)>,
    ) {
        let mut state = self.state.lock();
        for (partition, committed) in commits {
            if let Some(open) = state.open.get_mut(partition) {
                open.committed = open.committed.max(committed.offset);
                let mark = committed.metadata.parse::<Mark>().ok();
                open.committed_stamp = mark.map(|mark| mark.stamp);
                let offset = open.committed;
                self.stats
                    .partition(partition, |numbers| numbers.committed(offset));
            }
        }
    }
}

impl Open {
    /// What is to be committed, if that changes anything.
    pub(super) fn commit(&self, stamp: Stamp) -> Option<Committed> {
        self.commit_up_to(self.watermark.position(), stamp)
    }

    fn commit_up_to(&self, offset: i64, stamp: Stamp) -> Option<Committed> {
        let changed = offset > self.committed || self.committed_stamp != Some(stamp);
        let topic = self.topic.clone();
        (changed && self.void == Void::No).then(|| Committed {
            offset,
            metadata: Mark { stamp, topic }.to_string(),
        })
    }
}

//! Which rebalance is going on, and which of its partitions were answered. Pure bookkeeping.
//!
//! librdkafka takes one answer a rebalance. A caller may want to let go of partitions one by one, so answers are
//! collected here until they are complete.

use std::collections::{BTreeMap, BTreeSet};

use crate::topic_partition::TopicPartition;

/// What to tell librdkafka now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Assign(Vec<(TopicPartition, i64)>),
    Unassign(Vec<TopicPartition>),
}

#[derive(Debug, Default)]
pub(super) struct Rebalance {
    /// What librdkafka counts as ours.
    assigned: BTreeSet<TopicPartition>,
    /// To be taken over, with the offsets given so far.
    coming: BTreeMap<TopicPartition, Option<i64>>,
    /// To be let go, `true` where that was said.
    going: BTreeMap<TopicPartition, bool>,
}

impl Rebalance {
    /// `Some` if there is nothing for the caller to decide.
    pub(super) fn assigning(&mut self, partitions: &[TopicPartition]) -> Option<Answer> {
        self.coming = partitions
            .iter()
            .map(|partition| (partition.clone(), None))
            .collect();
        partitions.is_empty().then(|| Answer::Assign(Vec::new()))
    }

    /// `Some` if there is nothing for the caller to decide.
    pub(super) fn revoking(&mut self, partitions: &[TopicPartition]) -> Option<Answer> {
        // An assignment that was not answered in time is void: librdkafka never started those partitions.
        self.coming.clear();
        self.going = partitions
            .iter()
            .map(|partition| (partition.clone(), false))
            .collect();
        partitions.is_empty().then(|| Answer::Unassign(Vec::new()))
    }

    pub(super) fn assign(&mut self, partitions: &[(TopicPartition, i64)]) -> Option<Answer> {
        if self.coming.is_empty() {
            return None;
        }
        for (partition, offset) in partitions {
            if let Some(given) = self.coming.get_mut(partition) {
                *given = Some(*offset);
            }
        }
        let complete: Option<Vec<_>> = self
            .coming
            .iter()
            .map(|(partition, offset)| Some((partition.clone(), (*offset)?)))
            .collect();
        let complete = complete?;
        self.coming.clear();
        self.assigned
            .extend(complete.iter().map(|(partition, _)| partition.clone()));
        Some(Answer::Assign(complete))
    }

    pub(super) fn unassign(&mut self, partitions: &[TopicPartition]) -> Option<Answer> {
        if self.going.is_empty() {
            return None;
        }
        for partition in partitions {
            if let Some(said) = self.going.get_mut(partition) {
                *said = true;
            }
        }
        if !self.going.values().all(|said| *said) {
            return None;
        }
        // Some may never have been started; librdkafka refuses a list that names such.
        let gone = std::mem::take(&mut self.going)
            .into_keys()
            .filter(|partition| self.assigned.remove(partition))
            .collect();
        Some(Answer::Unassign(gone))
    }

    /// Answers what waits for an answer, without taking anything over.
    pub(super) fn give_up(&mut self) -> Option<Answer> {
        if !self.coming.is_empty() {
            self.coming.clear();
            return Some(Answer::Assign(Vec::new()));
        }
        let going: Vec<_> = self.going.keys().cloned().collect();
        self.unassign(&going)
    }

    /// Whether the partition is ours, and no rebalance waits for an answer: librdkafka would take any change for it.
    pub(super) fn is_settled(&self, partition: &TopicPartition) -> bool {
        self.coming.is_empty() && self.going.is_empty() && self.assigned.contains(partition)
    }

    /// Those of `partitions` that librdkafka counts as ours.
    pub(super) fn held_of(&self, partitions: &[TopicPartition]) -> Vec<TopicPartition> {
        partitions
            .iter()
            .filter(|partition| self.assigned.contains(partition))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("t", number)
    }

    fn assigned(numbers: &[i32]) -> Rebalance {
        let mut rebalance = Rebalance::default();
        let all: Vec<_> = numbers.iter().map(|n| partition(*n)).collect();
        rebalance.assigning(&all);
        let offsets: Vec<_> = all.into_iter().map(|partition| (partition, 0)).collect();
        rebalance.assign(&offsets).unwrap();
        rebalance
    }

    #[test]
    fn an_assignment_is_answered_once_every_partition_has_an_offset() {
        let mut rebalance = Rebalance::default();
        assert_eq!(rebalance.assigning(&[partition(0), partition(1)]), None);
        assert_eq!(rebalance.assign(&[(partition(1), 7)]), None);
        let answer = Answer::Assign(vec![(partition(0), 3), (partition(1), 7)]);
        assert_eq!(rebalance.assign(&[(partition(0), 3)]), Some(answer));
    }

    #[test]
    fn rebalances_without_partitions_are_answered_at_once() {
        let mut rebalance = assigned(&[0]);
        assert_eq!(rebalance.assigning(&[]), Some(Answer::Assign(vec![])));
        assert_eq!(rebalance.revoking(&[]), Some(Answer::Unassign(vec![])));
    }

    #[test]
    fn a_revocation_is_answered_once_all_were_let_go() {
        let mut rebalance = assigned(&[0, 1, 2]);
        assert_eq!(rebalance.revoking(&[partition(0), partition(2)]), None);
        assert_eq!(rebalance.unassign(&[partition(0)]), None);
        assert_eq!(
            rebalance.held_of(&[partition(0), partition(9)]),
            vec![partition(0)]
        );
        assert_eq!(
            rebalance.unassign(&[partition(2)]),
            Some(Answer::Unassign(vec![partition(0), partition(2)]))
        );
        assert_eq!(rebalance.unassign(&[partition(2)]), None);
    }

    #[test]
    fn what_nobody_answers_is_answered_without_taking_anything() {
        let mut rebalance = assigned(&[0]);
        assert_eq!(rebalance.give_up(), None);
        rebalance.assigning(&[partition(1), partition(2)]);
        rebalance.assign(&[(partition(1), 0)]);
        assert_eq!(rebalance.give_up(), Some(Answer::Assign(vec![])));
        rebalance.revoking(&[partition(0)]);
        let gone = Some(Answer::Unassign(vec![partition(0)]));
        assert_eq!(rebalance.give_up(), gone);
        assert_eq!(rebalance.give_up(), None);
    }

    #[test]
    fn what_was_lost_before_it_was_taken_over_is_not_given_back() {
        let mut rebalance = assigned(&[0]);
        rebalance.assigning(&[partition(1)]);
        rebalance.revoking(&[partition(0), partition(1)]);
        assert_eq!(
            rebalance.assign(&[(partition(1), 0)]),
            None,
            "taken over too late"
        );
        assert_eq!(
            rebalance.unassign(&[partition(0), partition(1)]),
            Some(Answer::Unassign(vec![partition(0)]))
        );
    }
}

//! Which partitions are fetched, so that what waits of all of them together is bounded. Pure bookkeeping.
//!
//! librdkafka bounds what is queued of each partition, and a broker sends a whole record batch at least, so with many partitions
//! the sum is a record batch for each. Once it is past [`Limits::high`], partitions of which next to nothing waits are paused, until most
//! of it was taken. Pausing costs little then: what librdkafka throws away with it is what is queued, and one answer on its way.
//! All at once, because librdkafka has one fetch under way with a broker, and one that names nobody with news lasts
//! `fetch.wait.max.ms`, with those that are resumed meanwhile waiting for the next.
//!
//! One that its lane leaves alone for a while is paused until it is wanted, so that it keeps nobody out.

use std::collections::{HashMap, HashSet};

use crate::topic_partition::TopicPartition;

/// So many may have a record batch each, whatever that takes: no partition is paused.
pub(super) const FEW: usize = 16;

/// In bytes: of a partition of which less waits, more is fetched (`queued.max.messages.kbytes` is 1 at least). All that waits may be
/// its end, which is an entry in its queue as a record is.
const ENOUGH: usize = 1024;

/// In bytes of what waits in librdkafka's queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// From here on partitions are paused.
    pub(super) high: usize,
    /// And here they are resumed.
    pub(super) low: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Gate {
    /// Fetched.
    #[default]
    Open,
    /// Paused until there is room.
    Waiting,
    /// Paused until its lane takes from it.
    Aside,
    /// Paused by whoever has the consumer.
    Parked,
}

#[derive(Debug, Default)]
struct Part {
    gate: Gate,
    left: usize,
}

#[derive(Debug)]
pub(super) struct Intake {
    limits: Limits,
    parts: HashMap<TopicPartition, Part>,
    /// Open, and more is fetched.
    hungry: HashSet<TopicPartition>,
    waiting: HashSet<TopicPartition>,
    /// Open still, and to be set aside.
    aside: Vec<TopicPartition>,
    left: usize,
}

/// What to tell librdkafka, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    pub(super) pause: Vec<TopicPartition>,
    pub(super) resume: Vec<TopicPartition>,
}

impl Intake {
    pub(super) fn new(limits: Limits) -> Intake {
        Intake {
            limits,
            parts: HashMap::new(),
            hungry: HashSet::new(),
            waiting: HashSet::new(),
            aside: Vec::new(),
            left: 0,
        }
    }

    /// These are fetched from now on.
    pub(super) fn add<'a>(&mut self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        for partition in partitions {
            self.parts.entry(partition.clone()).or_default();
            self.set(partition, Gate::Open, 0);
        }
    }

    /// These are not ours any more.
    pub(super) fn remove(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.set(partition, Gate::Parked, 0);
            self.parts.remove(partition);
        }
    }

    /// The owner of the consumer pauses these.
    pub(super) fn park(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.set(partition, Gate::Parked, 0);
        }
    }

    /// And has them fetched again.
    pub(super) fn unpark(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if self.gate(partition) == Some(Gate::Parked) {
                self.set(partition, Gate::Open, 0);
            }
        }
    }

    /// So many bytes are left in librdkafka's queue, roughly.
    pub(super) fn changed(&mut self, partition: &TopicPartition, left: usize) {
        // What is paused was thrown away.
        if self.gate(partition) == Some(Gate::Open) {
            self.set(partition, Gate::Open, left);
        }
    }

    /// Its lane takes from it.
    pub(super) fn wanted(&mut self, partition: &TopicPartition) {
        // Nobody would say so again.
        self.aside.retain(|aside| aside != partition);
        if self.gate(partition) == Some(Gate::Aside) {
            self.set(partition, Gate::Waiting, 0);
        }
    }

    /// Its lane leaves it alone for now.
    pub(super) fn set_aside(&mut self, partition: &TopicPartition) {
        match self.gate(partition) {
            Some(Gate::Open) if self.is_many() => self.aside.push(partition.clone()),
            Some(Gate::Waiting) => self.set(partition, Gate::Aside, 0),
            _ => {}
        }
    }

    /// Whether there is something to order.
    pub(super) fn is_due(&self) -> bool {
        let is_over = self.is_over() && !self.hungry.is_empty();
        is_over || !self.aside.is_empty() || (!self.waiting.is_empty() && self.has_room())
    }

    /// What is to be done, taken as done.
    pub(super) fn orders(&mut self) -> Orders {
        let mut orders = Orders::default();
        for partition in std::mem::take(&mut self.aside) {
            if self.gate(&partition) == Some(Gate::Open) {
                self.set(&partition, Gate::Aside, 0);
                orders.pause.push(partition);
            }
        }
        if self.is_over() {
            let hungry: Vec<_> = self.hungry.iter().cloned().collect();
            for partition in hungry {
                self.set(&partition, Gate::Waiting, 0);
                orders.pause.push(partition);
            }
        } else if self.has_room() {
            orders.resume = self.waiting.iter().cloned().collect();
            for partition in &orders.resume {
                self.set(partition, Gate::Open, 0);
            }
        }
        orders
    }

    /// Whether partitions are ever paused.
    pub(super) fn is_many(&self) -> bool {
        self.parts.len() > FEW
    }

    fn is_over(&self) -> bool {
        self.is_many() && self.left >= self.limits.high
    }

    fn has_room(&self) -> bool {
        !self.is_many() || self.left <= self.limits.low
    }

    fn gate(&self, partition: &TopicPartition) -> Option<Gate> {
        self.parts.get(partition).map(|part| part.gate)
    }

    /// The one place where a partition changes.
    fn set(&mut self, partition: &TopicPartition, gate: Gate, left: usize) {
        let Some(part) = self.parts.get_mut(partition) else {
            return;
        };
        self.left = self.left - part.left + left;
        *part = Part { gate, left };
        let put = |set: &mut HashSet<TopicPartition>, belongs: bool| {
            if !belongs {
                set.remove(partition);
            } else if !set.contains(partition) {
                set.insert(partition.clone());
            }
        };
        put(&mut self.hungry, gate == Gate::Open && left < ENOUGH);
        put(&mut self.waiting, gate == Gate::Waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        high: 30 * ENOUGH,
        low: 10 * ENOUGH,
    };

    fn at(number: usize) -> TopicPartition {
        TopicPartition::new("t", i32::try_from(number).unwrap())
    }

    fn of(partitions: usize) -> Intake {
        let mut intake = Intake::new(LIMITS);
        intake.add(&(0..partitions).map(at).collect::<Vec<_>>());
        intake
    }

    fn orders(intake: &mut Intake) -> (Vec<TopicPartition>, Vec<TopicPartition>) {
        let due = intake.is_due();
        let Orders {
            mut pause,
            mut resume,
        } = intake.orders();
        assert_eq!(due, !pause.is_empty() || !resume.is_empty());
        assert!(!intake.is_due());
        pause.sort();
        resume.sort();
        (pause, resume)
    }

    #[test]
    fn partitions_of_which_nothing_waits_are_paused_past_the_high_mark_and_resumed_at_the_low_one()
    {
        let mut intake = of(20);
        intake.changed(&at(0), 29 * ENOUGH);
        assert_eq!(orders(&mut intake), (vec![], vec![]));
        intake.changed(&at(1), ENOUGH);
        let others: Vec<_> = (2..20).map(at).collect();
        assert_eq!(orders(&mut intake), (others.clone(), vec![]));
        intake.changed(&at(0), 10 * ENOUGH);
        assert_eq!(orders(&mut intake), (vec![], vec![]), "11 are left");
        intake.changed(&at(1), 0);
        assert_eq!(orders(&mut intake), (vec![], others));
    }

    #[test]
    fn a_partition_of_which_no_more_than_its_end_waits_is_paused_as_well() {
        let mut intake = of(20);
        let others: Vec<_> = (1..20).map(at).collect();
        for other in &others {
            intake.changed(other, ENOUGH - 1);
        }
        intake.changed(&at(0), 30 * ENOUGH);
        assert_eq!(orders(&mut intake), (others, vec![]));
    }

    #[test]
    fn what_is_paused_has_nothing_left() {
        let mut intake = of(20);
        intake.changed(&at(0), 30 * ENOUGH);
        orders(&mut intake);
        intake.changed(&at(1), 100 * ENOUGH);
        intake.changed(&at(0), 0);
        assert_eq!(orders(&mut intake).1.len(), 19);
    }

    #[test]
    fn few_partitions_are_never_paused() {
        let mut intake = of(FEW);
        intake.changed(&at(0), 1_000 * ENOUGH);
        intake.set_aside(&at(1));
        assert_eq!(orders(&mut intake), (vec![], vec![]));
    }

    #[test]
    fn a_partition_that_is_set_aside_leaves_its_room_to_others_until_it_is_wanted() {
        let mut intake = of(18);
        intake.changed(&at(0), 30 * ENOUGH);
        let others: Vec<_> = (1..18).map(at).collect();
        assert_eq!(orders(&mut intake), (others.clone(), vec![]));
        intake.set_aside(&at(1));
        assert_eq!(orders(&mut intake), (vec![], vec![]), "paused already");
        intake.set_aside(&at(0));
        let (pause, resume) = orders(&mut intake);
        assert_eq!((pause, resume), (vec![at(0)], others[1..].to_vec()));
        intake.wanted(&at(0));
        intake.wanted(&at(1));
        intake.wanted(&at(2));
        assert_eq!(orders(&mut intake), (vec![], vec![at(0), at(1)]));
    }

    #[test]
    fn a_partition_that_is_wanted_before_it_was_paused_is_not_paused() {
        let mut intake = of(18);
        intake.set_aside(&at(0));
        intake.set_aside(&at(1));
        intake.wanted(&at(0));
        assert_eq!(orders(&mut intake), (vec![at(1)], vec![]));
    }

    #[test]
    fn a_partition_that_its_owner_paused_is_not_resumed_by_anybody_else() {
        let mut intake = of(18);
        intake.changed(&at(0), 30 * ENOUGH);
        orders(&mut intake);
        intake.park(&[at(0), at(1)]);
        intake.wanted(&at(1));
        intake.set_aside(&at(1));
        let others: Vec<_> = (2..18).map(at).collect();
        assert_eq!(orders(&mut intake), (vec![], others));
        intake.unpark(&[at(0), at(2)]);
        intake.changed(&at(0), 30 * ENOUGH);
        assert_eq!(orders(&mut intake).0.len(), 16);
    }

    #[test]
    fn with_the_partitions_that_go_goes_what_they_held() {
        let mut intake = of(40);
        intake.changed(&at(0), 30 * ENOUGH);
        intake.set_aside(&at(1));
        orders(&mut intake);
        intake.remove(&[at(0), at(1), at(2)]);
        let others: Vec<_> = (3..40).map(at).collect();
        assert_eq!(orders(&mut intake), (vec![], others));
        intake.changed(&at(3), 30 * ENOUGH);
        orders(&mut intake);
        let most: Vec<_> = (4..30).map(at).collect();
        intake.remove(&most);
        let rest: Vec<_> = (30..40).map(at).collect();
        assert_eq!(orders(&mut intake), (vec![], rest), "they are few now");
        intake.add(&[at(3)]);
        intake.add(&most);
        assert_eq!(orders(&mut intake), (vec![], vec![]));
    }
}

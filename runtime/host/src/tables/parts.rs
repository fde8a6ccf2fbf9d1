//! Tables of which a host has only what it needs: the partitions with the numbers of those of the source that it has.
//!
//! A record is joined with what the table has in the partition of the record's own number. That is where the row of its key is, if
//! the two topics have as many partitions and were written with the same partitioner. Partitions are read when the group gives
//! this host the source's, and let go with them; one that is looked into before it is read makes its batch wait.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use millstream_engine::TableError;
use parking_lot::Mutex;

use super::{Of, Part, Shelf, Table};
use crate::source::TopicPartition;

/// One such table of one transform.
pub struct Parts {
    shelf: Arc<Shelf>,
    topic: String,
    /// Bytes of memory that each partition may take.
    limit: u64,
    /// Partitions that the topic has, and each source.
    count: i32,
    held: Mutex<BTreeMap<i32, Arc<Table>>>,
}

impl Parts {
    pub fn new(shelf: &Arc<Shelf>, topic: &str, limit: u64, count: i32) -> Parts {
        Parts {
            shelf: Arc::clone(shelf),
            topic: topic.to_owned(),
            limit,
            count,
            held: Mutex::default(),
        }
    }

    /// The partition of this number, which is read from now on if it was not.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn table(&self, partition: i32) -> Result<Arc<Table>, TableError> {
        if !(0..self.count).contains(&partition) {
            return Err(TableError::Unavailable(format!(
                "the table of {:?} has {} partitions, and none for the source's partition {partition}: both need as many; add \
                 partitions to the table's topic and deploy the transform again",
                self.topic, self.count
            )));
        }
        let mut held = self.held.lock();
        let table = held
            .entry(partition)
            .or_insert_with(|| self.read(partition));
        Ok(Arc::clone(table))
    }

    /// From now on these partitions are needed, and no others.
    pub(super) fn own(&self, partitions: &BTreeSet<i32>) {
        let mut held = self.held.lock();
        held.retain(|partition, _| partitions.contains(partition));
        for partition in partitions.range(0..self.count) {
            held.entry(*partition)
                .or_insert_with(|| self.read(*partition));
        }
    }

    fn read(&self, partition: i32) -> Arc<Table> {
        let of = Of {
            topic: Arc::from(self.topic.as_str()),
            part: Some(Part {
                partition,
                count: self.count,
            }),
            key_field: None,
        };
        self.shelf.keep(of, self.limit)
    }
}

/// The numbers of a source's partitions; those of several sources with one number share a table's.
pub(super) fn numbers(partitions: &[TopicPartition]) -> BTreeSet<i32> {
    partitions.iter().map(TopicPartition::partition).collect()
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = self.held.lock();
        f.debug_struct("Parts")
            .field("topic", &self.topic)
            .field("held", &held.keys())
            .finish_non_exhaustive()
    }
}

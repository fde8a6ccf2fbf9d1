//! A table as people see it: one that the host has whole, or the partitions that it has of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use millstream_engine::TableError;

use super::{Phase, Report, Size, Table};

/// All of one topic that this host has for transforms that want it in the same way.
#[derive(Clone, Debug)]
pub struct Group {
    /// Never empty.
    parts: Vec<Arc<Table>>,
}

impl Group {
    pub(super) fn of(tables: Vec<Arc<Table>>) -> Vec<Group> {
        let mut groups: BTreeMap<_, Vec<Arc<Table>>> = BTreeMap::new();
        for table in tables {
            let of = table.of();
            let key = (of.topic.clone(), of.part.is_some(), of.key_field.clone());
            groups.entry(key).or_default().push(table);
        }
        let groups = groups.into_values();
        groups.map(|parts| Group { parts }).collect()
    }

    fn first(&self) -> &Arc<Table> {
        // There is one: see the field.
        &self.parts[0]
    }

    pub fn topic(&self) -> &str {
        self.first().topic()
    }

    /// Whether it is whole, or the partitions of the source's that this host has.
    pub fn is_whole(&self) -> bool {
        self.first().of().part.is_none()
    }

    /// As a manifest says it.
    pub fn scope(&self) -> &'static str {
        if self.is_whole() { "host" } else { "partition" }
    }

    /// Where the key of a row is in its value; `None`: it is the record's key.
    pub fn key_field(&self) -> Option<&str> {
        self.first().of().key_field.as_deref()
    }

    pub fn size(&self) -> Size {
        let sizes = self.parts.iter().map(|table| table.size());
        sizes.fold(Size::default(), |all, one| Size {
            rows: all.rows + one.rows,
            memory: all.memory + one.memory,
            disk: match (all.disk, one.disk) {
                (None, None) => None,
                (all, one) => Some(all.unwrap_or(0) + one.unwrap_or(0)),
            },
        })
    }

    /// Bytes of memory that it may take.
    pub fn limit(&self) -> u64 {
        self.parts.iter().map(|table| table.limit()).sum()
    }

    /// How far it is: as far as the partition that is behind.
    pub fn report(&self) -> Report {
        let reports = self.parts.iter().map(|table| table.report());
        let merged = reports.reduce(|mut all, one| {
            all.phase = match (all.phase, one.phase) {
                (Phase::Failed(why), _) | (_, Phase::Failed(why)) => Phase::Failed(why),
                (Phase::Reading, _) | (_, Phase::Reading) => Phase::Reading,
                (Phase::Ready, Phase::Ready) => Phase::Ready,
            };
            all.read += one.read;
            all.unread += one.unread;
            all.rate = sum(all.rate, one.rate, |a, b| a + b);
            all.left = sum(all.left, one.left, Duration::max);
            all.stale = all.stale.max(one.stale);
            all.places.extend(one.places);
            all.problem = all.problem.or(one.problem);
            all
        });
        merged.unwrap_or_else(|| self.first().report())
    }

    /// What this host has under this key.
    ///
    /// # Errors
    /// If it cannot be looked into now.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        for table in &self.parts {
            if let Some(row) = table.get(key)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

fn sum<T>(one: Option<T>, other: Option<T>, both: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

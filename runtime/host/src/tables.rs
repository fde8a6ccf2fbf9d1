//! Tables: what transforms look into, each the newest rows of a compacted topic.
//!
//! A host that runs a transform with tables holds all rows of each, whichever of the source's partitions it has, once for all
//! transforms that name the same topic. A transform starts when its tables have what their topics had when it was to start,
//! and then they follow. Every call sees one version of all its tables.

mod disk;
mod feed;
mod group;
pub mod index;
mod keeper;
pub(crate) mod key_field;
mod parts;
mod progress;
mod room;
mod rows;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use millstream_engine::{Snapshot, TableError, Tables, Values};
use millstream_kafka::{Settings, admin::Admin};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::{runtime::Handle, sync::Notify, task::AbortHandle};

use crate::source::TopicPartition;
use disk::Disk;
pub use disk::{DISK_TABLES, DiskPlace};
pub use group::Group;
use keeper::Keeper;
pub use parts::Parts;
use progress::Progress;
pub use progress::{Phase, Place, Report};
use room::Room;
pub use rows::Size;
use rows::{Rows, Seen};

/// What a table may take unless its manifest says otherwise.
pub const DEFAULT_MEMORY: u64 = 512 << 20;
/// What all tables of a host may take unless it is told otherwise.
pub const DEFAULT_ROOM: u64 = 2 << 30;

/// For lookups in tables on a disk there is a cache of this part of what tables in memory may take, beside it.
const CACHE_SHARE: u64 = 4;

/// What a table is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Of {
    topic: Arc<str>,
    /// One of its partitions; `None`: all.
    part: Option<Part>,
    /// A JSON Pointer to the key of a row in its value; `None`: it is the record's key.
    key_field: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    partition: i32,
    /// How many partitions the topic has to have, for a record to find its row in the partition of its own number.
    count: i32,
}

impl Of {
    /// For a folder, and for people: no topic has an `@` in its name.
    fn name(&self) -> String {
        let topic = &self.topic;
        match (self.part, &self.key_field) {
            (None, None) => topic.to_string(),
            (Some(part), _) => format!("{topic}@{}", part.partition),
            (None, Some(pointer)) => {
                // A pointer may be longer than a file's name, and have slashes in it.
                let hash = Sha256::digest(pointer.as_bytes());
                let short: String = hash
                    .iter()
                    .take(3)
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let topic: String = topic.chars().take(240).collect();
                format!("{topic}@of-{short}")
            }
        }
    }
}

/// What keeper, readers and lookups share.
struct Shared {
    of: Of,
    /// Bytes.
    limit: AtomicU64,
    /// The limit is another one now.
    raised: Notify,
    rows: ArcSwap<Rows>,
    progress: Progress,
}

/// One table of this host. It is kept for as long as anybody holds it.
pub struct Table {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

impl Table {
    pub fn topic(&self) -> &str {
        &self.shared.of.topic
    }

    fn of(&self) -> &Of {
        &self.shared.of
    }

    /// How far it is.
    pub fn report(&self) -> Report {
        self.shared.progress.report()
    }

    /// How much it has.
    pub fn size(&self) -> Size {
        self.shared.rows.load().size()
    }

    /// Bytes of memory that it may take.
    pub fn limit(&self) -> u64 {
        self.shared.limit.load(Relaxed)
    }

    /// What it has under this key.
    ///
    /// # Errors
    /// If it cannot be looked into now.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, TableError> {
        let mut row = None;
        self.now()?.look_up(&[Some(key)], |found| {
            row = found.map(<[u8]>::to_vec);
            Ok(())
        })?;
        Ok(row)
    }

    fn now(&self) -> Result<Seen, TableError> {
        if self.shared.progress.is_ready() {
            return Ok(self.shared.rows.load().now());
        }
        let report = self.report();
        let why = match &report.phase {
            Phase::Failed(why) => why.clone(),
            _ => format!("the table of {:?} is being read: {report}", self.topic()),
        };
        Err(TableError::Unavailable(why))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("of", &self.shared.of)
            .finish_non_exhaustive()
    }
}

type Key = (String, Option<i32>, Option<Arc<str>>);

/// All tables of a host, by topic.
pub struct Shelf {
    settings: Settings,
    admin: Admin,
    room: Arc<Room>,
    disk: Option<Arc<Disk>>,
    /// Where keepers run, whoever asks for a table.
    runtime: Handle,
    /// By topic, partition where it is one, and key field where there is one.
    tables: Mutex<BTreeMap<Key, Weak<Table>>>,
}

impl Shelf {
    /// `room` is the memory that all tables together may take, in bytes; larger ones go to `place`.
    ///
    /// # Errors
    /// If they cannot go there.
    pub fn new(
        settings: Settings,
        admin: Admin,
        room: u64,
        place: Option<&DiskPlace>,
    ) -> std::io::Result<Shelf> {
        let cache = usize::try_from(room / CACHE_SHARE).unwrap_or(usize::MAX);
        let disk = place.map(|place| Disk::new(place, cache)).transpose()?;
        Ok(Shelf {
            settings,
            admin,
            room: Room::new(room),
            disk,
            runtime: Handle::current(),
            tables: Mutex::default(),
        })
    }

    /// The table of a topic, which is read from now on if it was not. It may take as much as the most generous of those who
    /// want it allows.
    pub fn table(&self, topic: &str, key_field: Option<&str>, limit: u64) -> Arc<Table> {
        let of = Of {
            topic: Arc::from(topic),
            part: None,
            key_field: key_field.map(Arc::from),
        };
        self.keep(of, limit)
    }

    fn keep(&self, of: Of, limit: u64) -> Arc<Table> {
        let key = (
            of.topic.to_string(),
            of.part.map(|part| part.partition),
            of.key_field.clone(),
        );
        let mut tables = self.tables.lock();
        tables.retain(|_, table| table.strong_count() > 0);
        if let Some(table) = tables.get(&key).and_then(Weak::upgrade)
            && table.shared.of == of
        {
            if table.shared.limit.fetch_max(limit, Relaxed) < limit {
                table.shared.progress.may_be_larger();
                table.shared.raised.notify_one();
            }
            return table;
        }
        let shared = Arc::new(Shared {
            of,
            limit: AtomicU64::new(limit),
            raised: Notify::new(),
            rows: ArcSwap::default(),
            progress: Progress::new(),
        });
        let keeper = Keeper {
            shared: Arc::clone(&shared),
            settings: self.settings.clone(),
            admin: self.admin.clone(),
            room: Arc::clone(&self.room),
            disk: self.disk.clone(),
        };
        let keeper = self.runtime.spawn(keeper.keep()).abort_handle();
        let table = Arc::new(Table { shared, keeper });
        tables.insert(key, Arc::downgrade(&table));
        table
    }

    /// The number of partitions that all these topics have.
    ///
    /// # Errors
    /// They have not as many, or cannot be asked.
    pub async fn partitions_of_all(&self, topics: &[&str]) -> Result<i32, NotReady> {
        let mut counts = Vec::new();
        for topic in topics {
            let asked = self.admin.partitions(topic).await;
            let count = asked.map_err(|error| NotReady::Reading(error.to_string()))?;
            let missing = || NotReady::Failed(format!("the topic {topic:?} does not exist"));
            counts.push((*topic, count.ok_or_else(missing)?));
        }
        if let [(_, first), others @ ..] = counts.as_slice()
            && others.iter().all(|(_, count)| count == first)
        {
            return Ok(*first);
        }
        Err(NotReady::Failed(unlike(&counts)))
    }

    /// The table of a topic, if it is kept now: whole rather than in parts.
    pub fn find(&self, topic: &str) -> Option<Group> {
        // They come in this order: whole and by the records' keys, whole by a field, in parts.
        let mut groups = self.all().into_iter();
        groups.find(|group| group.topic() == topic)
    }

    /// Follows no topic any more, and puts what is to be on the disk there, if that does not take too long.
    pub async fn close(&self, within: Duration) {
        let tables: Vec<_> = std::mem::take(&mut *self.tables.lock())
            .into_values()
            .filter_map(|table| table.upgrade())
            .collect();
        tables.iter().for_each(|table| table.keeper.abort());
        if let Some(disk) = &self.disk
            && tokio::time::timeout(within, disk.idle()).await.is_err()
        {
            tracing::warn!("tables on the disk lack their last changes: the next start reads more");
        }
    }

    /// Every table that is kept now, by topic.
    pub fn all(&self) -> Vec<Group> {
        let tables = self.tables.lock();
        Group::of(tables.values().filter_map(Weak::upgrade).collect())
    }
}

/// What to say of topics whose partitions do not match.
pub(crate) fn unlike(counts: &[(&str, i32)]) -> String {
    let each: Vec<String> = counts
        .iter()
        .map(|(topic, count)| format!("\"{topic}\" has {count}"))
        .collect();
    format!(
        "a table with scope = \"partition\" needs as many partitions as the source has, but {}: give both as many (and write both with \
         the same partitioner), or leave scope out",
        each.join(" and ")
    )
}

/// Why a table cannot be looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// It is being read: how far that is.
    Reading(String),
    /// It will not get better by itself.
    Failed(String),
}

/// Waits until all of them can be looked into, but not for long.
///
/// # Errors
/// How far the first one is that cannot.
pub async fn ready<'t>(
    tables: impl IntoIterator<Item = &'t Kept>,
    within: Duration,
) -> Result<(), NotReady> {
    let deadline = tokio::time::Instant::now() + within;
    for kept in tables {
        // Which parts there will be is not known before the group says so.
        let Kept::Whole(table) = kept else {
            continue;
        };
        let mut phase = table.shared.progress.phase();
        let settled = phase.wait_for(|phase| *phase != Phase::Reading);
        // Late or not: what it is now is asked below.
        let _ = tokio::time::timeout_at(deadline, settled).await;
        let report = table.report();
        match report.phase.clone() {
            Phase::Ready => {}
            Phase::Failed(why) => return Err(NotReady::Failed(why)),
            Phase::Reading => {
                let topic = table.topic();
                return Err(NotReady::Reading(format!(
                    "reads the table {topic:?}: {report}"
                )));
            }
        }
    }
    Ok(())
}

/// The tables of one module, in the order of its description.
#[derive(Debug)]
pub struct Joined(pub Vec<Kept>);

/// A table as a transform has it.
#[derive(Clone, Debug)]
pub enum Kept {
    Whole(Arc<Table>),
    Parts(Arc<Parts>),
}

impl Joined {
    /// Batches of these partitions will be joined, and of no others.
    pub fn own(&self, partitions: &[TopicPartition]) {
        for kept in &self.0 {
            if let Kept::Parts(parts) = kept {
                parts.own(&parts::numbers(partitions));
            }
        }
    }
}

impl Tables for Joined {
    fn snapshot(&self, partition: i32) -> Arc<dyn Snapshot> {
        let now = |kept: &Kept| match kept {
            Kept::Whole(table) => table.now(),
            Kept::Parts(parts) => parts.table(partition)?.now(),
        };
        Arc::new(Versions(self.0.iter().map(now).collect()))
    }
}

/// One version of each.
struct Versions(Vec<Result<Seen, TableError>>);

impl Snapshot for Versions {
    fn get(
        &self,
        table: usize,
        keys: &[Option<&[u8]>],
        values: &mut Values,
    ) -> Result<(), TableError> {
        match self.0.get(table) {
            Some(Ok(seen)) => seen.look_up(keys, |row| values.push(row)),
            Some(Err(error)) => Err(error.clone()),
            None => Err(TableError::Unavailable(format!(
                "there is no table {table}"
            ))),
        }
    }
}

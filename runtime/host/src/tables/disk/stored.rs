//! Copies of tables in folders of [`millstream_store`].
//!
//! Several hosts on one machine may be given the same folder: each takes the first place in it that no other has, and so the
//! one that it had before, or one with the same tables.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use millstream_engine::TableError;
use millstream_store::{Changes, Mark, Memory, Store, StoreError};
use tokio::sync::watch;

use super::{DiskError, DiskPlace, Wanted};
use crate::{
    check::bytes as text,
    tables::{index::Version, key_field::Made},
};

/// Hosts that may share a folder.
const PLACES: usize = 64;
/// A copy that no table was opened for is kept so long: a transform may be deployed again.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Rows of a table in memory that are written at once when it goes to a disk.
const TAKEN_AT_ONCE: usize = 10_000;
/// Entries for a row that is found by a field: itself, which record made it, and whose it is.
const BY_FIELD: u64 = 3;

/// A host's place in the folder.
pub(in crate::tables) struct Disk {
    folder: PathBuf,
    /// Locked for as long as this lives.
    _lock: File,
    limit: u64,
    used: AtomicU64,
    /// Copies that are in use.
    open: watch::Sender<usize>,
    memory: Memory,
}

impl Disk {
    /// `cache` is memory for what is looked up, in bytes.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub(in crate::tables) fn new(place: &DiskPlace, cache: usize) -> io::Result<Arc<Disk>> {
        let (folder, lock) = first_free(&place.folder)?;
        forget_unused(&folder);
        Ok(Arc::new(Disk {
            folder,
            _lock: lock,
            limit: place.bytes,
            used: AtomicU64::new(0),
            open: watch::Sender::new(0),
            memory: Memory::new(cache),
        }))
    }

    // Names of topics are names of files: letters, digits, and neither `.` nor `..`; a partition's has an `@` in it.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether there is a copy, of use or not: of a table that was too large for memory.
    pub(in crate::tables) fn has(&self, name: &str) -> bool {
        self.path(name).is_dir()
    }

    /// A table's copy, and from which offsets it has to be read on: from none where there was no copy, or none of use.
    ///
    /// # Errors
    /// If the disk is full or does not work, or somebody has it open.
    pub(in crate::tables) fn open(
        self: &Arc<Self>,
        wanted: &Wanted,
    ) -> Result<(Copy, BTreeMap<i32, i64>), DiskError> {
        let (name, path) = (&*wanted.name, self.path(&wanted.name));
        let opened = match Store::open(&path, &self.memory) {
            Ok((store, mark)) => match mark
                .ok_or("nothing is in it")
                .and_then(|mark| reason_against(&mark, wanted).map_or(Ok(mark), Err))
            {
                Ok(mark) => Some((store, mark)),
                Err(why) => {
                    tracing::info!(
                        table = name,
                        "the copy of a table on the disk is read anew: {why}"
                    );
                    None
                }
            },
            Err(StoreError::Broken(why)) => {
                tracing::warn!(
                    table = name,
                    "the copy of a table on the disk is damaged, and read anew: {why}"
                );
                None
            }
            Err(error) => return Err(error.into()),
        };
        let (store, mark) = match opened {
            Some(opened) => opened,
            None => {
                Store::delete(&path)?;
                let mark = Mark {
                    topic_id: wanted.topic_id.clone(),
                    complete_at: millis(wanted.began),
                    ..Mark::default()
                };
                (Store::open(&path, &self.memory)?.0, mark)
            }
        };
        self.open.send_modify(|open| *open += 1);
        let nexts = mark.nexts.clone();
        let stored = Stored {
            store,
            entries: if wanted.by_field { BY_FIELD } else { 1 },
            damaged: Arc::default(),
        };
        let copy = Copy {
            disk: Arc::clone(self),
            name: wanted.name.clone(),
            stored,
            changes: Changes::default(),
            made_since: HashMap::new(),
            owned_since: HashMap::new(),
            mark,
            held: 0,
        };
        Ok((copy, nexts))
    }

    /// Waits until no copy is in use any more, and all of them are on the disk.
    pub(in crate::tables) async fn idle(&self) {
        // What is waited for ends no earlier than this does.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Throws a copy away that nobody has open.
    ///
    /// # Errors
    /// If the system does not let it.
    pub(in crate::tables) fn delete(&self, name: &str) -> Result<(), DiskError> {
        Ok(Store::delete(&self.path(name))?)
    }
}

/// The first place in a folder that nobody has.
fn first_free(folder: &Path) -> io::Result<(PathBuf, File)> {
    for place in 0..PLACES {
        let folder = folder.join(place.to_string());
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => return Ok((folder, lock)),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(format!(
        "{PLACES} hosts have tables there: give this one a folder of its own"
    )))
}

/// Deletes copies that nobody has wanted for long. What cannot be deleted is left.
fn forget_unused(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let age = changed.ok().and_then(|changed| changed.elapsed().ok());
        if age.is_some_and(|age| age > UNUSED) {
            let path = entry.path();
            tracing::info!(path = %path.display(), "the copy of a table that nobody looked into for a week is deleted");
            let _ = Store::delete(&path);
        }
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// Why a copy is of no use.
fn reason_against(mark: &Mark, wanted: &Wanted) -> Option<&'static str> {
    if mark.topic_id != wanted.topic_id {
        return Some("it is of another topic of this name");
    }
    if mark.nexts.is_empty() {
        return Some("it was never whole");
    }
    let complete = UNIX_EPOCH + Duration::from_millis(mark.complete_at);
    // A clock that was set back says nothing about how old it is.
    let recent = complete
        .elapsed()
        .is_ok_and(|age| age < wanted.deletions_last);
    if !recent {
        return Some("deletions may have been compacted away since it was last complete");
    }
    let lost = mark.nexts.iter().any(|(partition, next)| {
        let extent = wanted.extents.get(partition);
        extent.is_none_or(|(start, end)| next < start || next > end)
    });
    lost.then_some("records that it does not have were deleted, or ones that it has are gone")
}

/// One table's rows on the disk, and what is to be changed in them.
pub(in crate::tables) struct Copy {
    disk: Arc<Disk>,
    name: String,
    stored: Stored,
    changes: Changes,
    /// Of the changes: which record's key made which row, and whose which row is.
    made_since: HashMap<Vec<u8>, Option<Vec<u8>>>,
    owned_since: HashMap<Vec<u8>, Option<Vec<u8>>>,
    mark: Mark,
    held: u64,
}

impl Copy {
    /// For lookups.
    pub(in crate::tables) fn stored(&self) -> Stored {
        self.stored.clone()
    }

    pub(in crate::tables) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.changes.put(key, value);
    }

    pub(in crate::tables) fn delete(&mut self, key: &[u8]) {
        self.changes.delete(key);
    }

    /// Which row the last record with this key made.
    ///
    /// # Errors
    /// If the disk does not work.
    pub(in crate::tables) fn made_by(&self, record: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self.made_since.get(record) {
            Some(row) => Ok(row.clone()),
            None => Ok(self.stored.store.made_by(record)?),
        }
    }

    /// The record's key made this row, or none.
    pub(in crate::tables) fn made(&mut self, record: &[u8], row: Option<&[u8]>) {
        self.changes.made(record, row);
        let row = row.map(<[u8]>::to_vec);
        self.made_since.insert(record.to_vec(), row);
    }

    /// The key of the record that made this row last.
    ///
    /// # Errors
    /// If the disk does not work.
    pub(in crate::tables) fn owner(&self, row: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self.owned_since.get(row) {
            Some(record) => Ok(record.clone()),
            None => Ok(self.stored.store.owner(row)?),
        }
    }

    /// The row is this record's from now on, or nobody's.
    pub(in crate::tables) fn own(&mut self, row: &[u8], record: Option<&[u8]>) {
        self.changes.owned(row, record);
        let record = record.map(<[u8]>::to_vec);
        self.owned_since.insert(row.to_vec(), record);
    }

    pub(in crate::tables) fn unseen(&self) -> usize {
        self.changes.len()
    }

    /// Writes what was changed, together with the offsets that it was read up to.
    ///
    /// # Errors
    /// If the disk is full or does not work, or a lookup found it damaged.
    pub(in crate::tables) fn publish(
        &mut self,
        nexts: BTreeMap<i32, i64>,
        complete: bool,
    ) -> Result<(), DiskError> {
        if self.stored.damaged.load(Relaxed) {
            let why = "a lookup could not read it".to_owned();
            return Err(DiskError::Damaged(why));
        }
        if complete {
            self.mark.complete_at = millis(SystemTime::now());
        }
        self.mark.nexts = nexts;
        self.made_since.clear();
        self.owned_since.clear();
        Ok(self.stored.store.write(&mut self.changes, &self.mark)?)
    }

    /// Gets all rows of a table in memory, which is read up to these offsets, and whether those are all there is.
    ///
    /// # Errors
    /// As [`Copy::publish`].
    pub(in crate::tables) fn take_over(
        &mut self,
        version: &Version,
        made: &Made,
        nexts: BTreeMap<i32, i64>,
        complete: bool,
    ) -> Result<(), DiskError> {
        for (key, value) in version.rows() {
            self.changes.put(key, value);
            self.take_some()?;
        }
        for (record, row) in made.rows() {
            self.changes.made(record, Some(row));
            self.take_some()?;
        }
        for (row, record) in made.owners() {
            self.changes.owned(row, Some(record));
            self.take_some()?;
        }
        self.publish(nexts, complete)?;
        Ok(self.stored.store.flush()?)
    }

    /// Of no use before it is whole: it says that it is read up to nowhere.
    fn take_some(&mut self) -> Result<(), DiskError> {
        if self.changes.len() >= TAKEN_AT_ONCE {
            self.stored.store.write(&mut self.changes, &self.mark)?;
            self.fits()?;
        }
        Ok(())
    }

    /// Looks whether the tables of this host take more of the disk than they may.
    ///
    /// # Errors
    /// They do.
    pub(in crate::tables) fn fits(&mut self) -> Result<(), DiskError> {
        let bytes = self.stored.bytes();
        let before = std::mem::replace(&mut self.held, bytes);
        let used = self.disk.used.fetch_add(bytes, Relaxed) + bytes - before;
        self.disk.used.fetch_sub(before, Relaxed);
        if used <= self.disk.limit {
            return Ok(());
        }
        Err(DiskError::TooLarge(format!(
            "with its {} rows ({}) the tables of this host take {} on the disk, and they may take {}: start the host with a larger \
             --table-disk, or have fewer or smaller tables",
            self.stored.rows(),
            text(bytes),
            text(used),
            text(self.disk.limit)
        )))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.disk.used.fetch_sub(self.held, Relaxed);
        // What is not on the disk yet is read once more from the topic.
        if let Err(error) = self.stored.store.flush() {
            tracing::debug!(table = self.name, %error, "a table's last changes are not on the disk");
        }
        self.disk.open.send_modify(|open| *open -= 1);
    }
}

/// A copy as calls look into it.
#[derive(Clone, Debug)]
pub(in crate::tables) struct Stored {
    store: Store,
    /// What the store has for each row.
    entries: u64,
    damaged: Arc<AtomicBool>,
}

impl Stored {
    /// All rows as they are now.
    pub(in crate::tables) fn view(&self) -> View {
        View {
            view: self.store.view(),
            damaged: Arc::clone(&self.damaged),
        }
    }

    pub(in crate::tables) fn rows(&self) -> u64 {
        self.store.entries() / self.entries
    }

    pub(in crate::tables) fn bytes(&self) -> u64 {
        self.store.bytes()
    }
}

/// Rows of one moment.
#[derive(Debug)]
pub(in crate::tables) struct View {
    view: millstream_store::View,
    damaged: Arc<AtomicBool>,
}

/// Why a lookup stopped.
enum Stopped {
    Caller(TableError),
    Disk(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Stopped {
        Stopped::Disk(error)
    }
}

impl View {
    /// # Errors
    /// The first of `found`; and if the disk cannot be read, after which the copy is made anew.
    pub(in crate::tables) fn look_up(
        &self,
        keys: &[Option<&[u8]>],
        mut found: impl FnMut(Option<&[u8]>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        let looked = self
            .view
            .look_up(keys, |row| found(row).map_err(Stopped::Caller));
        looked.map_err(|stopped| match stopped {
            Stopped::Caller(error) => error,
            Stopped::Disk(error) => {
                self.damaged.store(true, Relaxed);
                TableError::Unavailable(format!("the table on the disk is read anew: {error}"))
            }
        })
    }
}

impl From<StoreError> for DiskError {
    fn from(error: StoreError) -> DiskError {
        match error {
            StoreError::Full(path) => DiskError::Full(path),
            StoreError::InUse(path) => DiskError::InUse(path.display().to_string()),
            StoreError::Broken(why) => DiskError::Damaged(why),
        }
    }
}

#[cfg(test)]
mod tests;

//! Rows by key on a local disk, with how far they are, for tables larger than memory.
//!
//! A [`Store`] is a folder that one process has open. Changes are written together with a [`Mark`], which says what they come
//! from; whoever opens the folder again has both or neither of them, and reads on from the mark. Nothing is written twice:
//! there is no log beside the rows, so what was written within the last seconds before a crash is read from its topic once
//! more. A [`View`] shows the rows as they were when it was made.
//!
//! The only crate that knows RocksDB. Without the feature `rocksdb` it is empty.
#![cfg(feature = "rocksdb")]

mod mark;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DEFAULT_COLUMN_FAMILY_NAME,
    DataBlockIndexType, ErrorKind, LogLevel, Options, WriteBatch, WriteOptions,
};

pub use mark::Mark;
pub use view::View;

/// Rows in memory that are not on the disk yet, before they go there.
const MEMTABLE: usize = 16 << 20;
/// Bits of a filter that says for most keys without a row that there is none, about 1 in 100 wrongly not.
const FILTER_BITS: f64 = 10.0;
/// Files that are kept open; more than these are opened when they are needed.
const OPEN_FILES: i32 = 512;
/// Its own log is for its developers.
const LOG_BYTES: usize = 1 << 20;

/// Keys begin with what they are.
const ROW: u8 = b'r';
const MADE: u8 = b'k';
const OWNER: u8 = b'o';
const MARK: &[u8] = b"m";

/// Why a store cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room on the disk. Nothing is lost: once there is, the store can be opened and goes on from its mark.
    #[error("there is no room on the disk for {0}")]
    Full(String),
    /// Another process has the folder open.
    #[error("another process has {} open", .0.display())]
    InUse(PathBuf),
    /// It cannot be read; what it holds has to be made anew.
    #[error("{0}")]
    Broken(String),
}

/// Memory that all stores which are opened with it share: blocks of rows that were looked up.
#[derive(Clone)]
pub struct Memory(Cache);

impl Memory {
    /// So many bytes at most.
    #[must_use]
    pub fn new(bytes: usize) -> Memory {
        // Without locks: lanes look into it side by side.
        Memory(Cache::new_hyper_clock_cache(bytes, 0))
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Memory").field(&self.0.get_usage()).finish()
    }
}

/// Rows in a folder. Clones are the same one; the folder is let go with the last of them and of its views.
#[derive(Clone)]
pub struct Store {
    db: Arc<DB>,
    path: Arc<Path>,
}

/// Changes that are written together.
#[derive(Default)]
pub struct Changes {
    batch: WriteBatch,
    key: Vec<u8>,
}

impl Changes {
    /// A row, in place of the one with the same key.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        row_key(&mut self.key, key);
        self.batch.put(&self.key, value);
    }

    /// A row is gone.
    pub fn delete(&mut self, key: &[u8]) {
        row_key(&mut self.key, key);
        self.batch.delete(&self.key);
    }

    /// The record with this key made this row last, or none: [`Store::made_by`] will say so.
    pub fn made(&mut self, record: &[u8], row: Option<&[u8]>) {
        self.note(MADE, record, row);
    }

    /// The row belongs to the record with this key, or to none: [`Store::owner`] will say so.
    pub fn owned(&mut self, row: &[u8], record: Option<&[u8]>) {
        self.note(OWNER, row, record);
    }

    fn note(&mut self, kind: u8, key: &[u8], value: Option<&[u8]>) {
        prefixed(&mut self.key, kind, key);
        match value {
            Some(value) => self.batch.put(&self.key, value),
            None => self.batch.delete(&self.key),
        }
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }
}

fn row_key(buffer: &mut Vec<u8>, key: &[u8]) {
    prefixed(buffer, ROW, key);
}

fn prefixed(buffer: &mut Vec<u8>, kind: u8, key: &[u8]) {
    buffer.clear();
    buffer.push(kind);
    buffer.extend_from_slice(key);
}

impl Store {
    /// Opens a folder, or makes it. With it comes the mark of what is in it; none if that is nothing.
    ///
    /// # Errors
    /// If it is damaged, in use, or the disk is full.
    pub fn open(path: &Path, memory: &Memory) -> Result<(Store, Option<Mark>), StoreError> {
        let store = |error| told(path, error);
        std::fs::create_dir_all(path).map_err(|error| told_of_io(path, &error))?;
        // Opened by its name, so that there is a handle of it.
        let options = options(memory);
        let opened = DB::open_cf_with_opts(
            &options,
            path,
            [(DEFAULT_COLUMN_FAMILY_NAME, options.clone())],
        );
        let db = opened.map_err(store)?;
        let mark = db.get(MARK).map_err(store)?;
        let mark = mark.map(|bytes| Mark::decode(&bytes)).transpose();
        let broken = |why| StoreError::Broken(format!("{}: its mark: {why}", path.display()));
        let store = Store {
            db: Arc::new(db),
            path: Arc::from(path),
        };
        Ok((store, mark.map_err(broken)?))
    }

    /// Deletes a folder that nobody has open, with all that is in it.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn delete(path: &Path) -> Result<(), StoreError> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(told_of_io(path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Makes changes and moves the mark, both or neither.
    ///
    /// # Errors
    /// If the disk is full, or cannot be written to. What was written before is there.
    pub fn write(&self, changes: &mut Changes, mark: &Mark) -> Result<(), StoreError> {
        let mut batch = std::mem::take(&mut changes.batch);
        batch.put(MARK, mark.encode());
        let mut options = WriteOptions::new();
        options.disable_wal(true);
        let written = self.db.write_opt(batch, &options);
        written.map_err(|error| self.told(error))
    }

    /// Puts on the disk what is still in memory only.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(|error| self.told(error))
    }

    /// Which row the record with this key made last, by what was written.
    ///
    /// # Errors
    /// If the store is damaged.
    pub fn made_by(&self, record: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(MADE, record)
    }

    /// The key of the record that this row belongs to, by what was written.
    ///
    /// # Errors
    /// If the store is damaged.
    pub fn owner(&self, row: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(OWNER, row)
    }

    fn noted(&self, kind: u8, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut noted = Vec::new();
        prefixed(&mut noted, kind, key);
        self.db.get(&noted).map_err(|error| self.told(error))
    }

    /// All rows as they are now.
    #[must_use]
    pub fn view(&self) -> View {
        View::of(self)
    }

    /// About how many entries there are: rows, what was [made](Changes::made), and what is [owned](Changes::owned).
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.number("rocksdb.estimate-num-keys").saturating_sub(1)
    }

    /// Bytes on the disk, and those that soon will be.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.number("rocksdb.total-sst-files-size") + self.number("rocksdb.cur-size-all-mem-tables")
    }

    fn number(&self, property: &str) -> u64 {
        let number = self.db.property_int_value(property);
        number.ok().flatten().unwrap_or(0)
    }

    fn told(&self, error: rocksdb::Error) -> StoreError {
        told(&self.path, error)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn options(memory: &Memory) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&memory.0);
    // Filters and indexes stay in memory beside the cache, about 3 bytes a row: going through the cache for them costs a lookup
    // a tenth.
    blocks.set_bloom_filter(FILTER_BITS, false);
    // A lookup goes straight to its row within a block, for 20 bytes more a row: a fifth less than searching for it.
    blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    blocks.set_block_restart_interval(1);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(MEMTABLE);
    options.set_max_open_files(OPEN_FILES);
    options.set_keep_log_file_num(1);
    options.set_max_log_file_size(LOG_BYTES);
    options.set_log_level(LogLevel::Warn);
    options
}

/// What the system says where there is no room, however it is called: of a disk, a quota, a file.
const NO_ROOM: [&str; 3] = [
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
];

/// How what RocksDB says begins where this process, or another, has a folder open. The folder's name, which a user chose, comes later.
const IN_USE: [&str; 2] = [
    "IO error: lock hold by current process",
    "IO error: While lock file",
];

fn told(path: &Path, error: rocksdb::Error) -> StoreError {
    let (kind, why) = (error.kind(), error.into_string());
    if NO_ROOM.iter().any(|no_room| why.contains(no_room)) {
        return StoreError::Full(path.display().to_string());
    }
    if kind == ErrorKind::IOError && IN_USE.iter().any(|in_use| why.starts_with(in_use)) {
        return StoreError::InUse(path.to_owned());
    }
    StoreError::Broken(format!("{}: {why}", path.display()))
}

fn told_of_io(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => StoreError::Full(path.display().to_string()),
        _ => StoreError::Broken(format!("{}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests;

//! Where a table's rows are: in memory, or on a disk. What calls look into, and what changes it.

use std::{collections::BTreeMap, sync::Arc};

use millstream_engine::TableError;

use super::{
    Shared,
    disk::{Copy, DiskError, Stored, View},
    index::{Index, Version, Writer},
    key_field::{KeyField, Made},
    room::{Room, Share, TooLarge},
};

/// What calls look into.
pub(super) enum Rows {
    Memory(Arc<Index>),
    Disk(Stored),
}

impl Default for Rows {
    fn default() -> Rows {
        Rows::Memory(Arc::default())
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// About as many, where they are on a disk.
    pub rows: u64,
    /// Bytes in memory; those on a disk share a cache.
    pub memory: u64,
    /// Bytes on a disk; `None` where rows are in memory.
    pub disk: Option<u64>,
}

impl Rows {
    /// All rows as they are now.
    pub(super) fn now(&self) -> Seen {
        match self {
            Rows::Memory(index) => Seen::Memory(index.version()),
            Rows::Disk(stored) => Seen::Disk(stored.view()),
        }
    }

    pub(super) fn size(&self) -> Size {
        match self {
            Rows::Memory(index) => {
                let version = index.version();
                Size {
                    rows: version.len() as u64,
                    memory: version.bytes(),
                    disk: None,
                }
            }
            Rows::Disk(stored) => Size {
                rows: stored.rows(),
                memory: 0,
                disk: Some(stored.bytes()),
            },
        }
    }
}

/// One version of a table.
pub(super) enum Seen {
    Memory(Arc<Version>),
    Disk(View),
}

impl Seen {
    /// Shows `found` what there is under each of these keys, in their order.
    ///
    /// # Errors
    /// The first of `found`; and if the disk cannot be read.
    pub(super) fn look_up(
        &self,
        keys: &[Option<&[u8]>],
        found: impl FnMut(Option<&[u8]>) -> Result<(), TableError>,
    ) -> Result<(), TableError> {
        match self {
            Seen::Memory(version) => version.look_up(keys, found),
            Seen::Disk(view) => view.look_up(keys, found),
        }
    }
}

/// What changes a table.
pub(super) enum Held {
    Memory {
        writer: Writer,
        share: Share,
        made: Made,
    },
    Disk(Copy),
}

/// Why a change could not be made.
#[derive(Debug)]
pub(super) enum Refused {
    TooLarge(TooLarge),
    Disk(DiskError),
}

impl Held {
    /// An empty table in memory, which calls look into from now on.
    pub(super) fn in_memory(shared: &Shared, room: &Arc<Room>) -> Held {
        let index = Arc::<Index>::default();
        let writer = Writer::new(Arc::clone(&index));
        shared.rows.store(Arc::new(Rows::Memory(index)));
        let share = Share::new(Arc::clone(room));
        let made = Made::default();
        Held::Memory {
            writer,
            share,
            made,
        }
    }

    /// A table on a disk, which calls look into from now on.
    pub(super) fn on_disk(shared: &Shared, copy: Copy) -> Held {
        shared.rows.store(Arc::new(Rows::Disk(copy.stored())));
        Held::Disk(copy)
    }

    /// A row, in place of the one with the same key. Nothing of it is seen before [`Held::publish`].
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        match self {
            Held::Memory { writer, .. } => writer.put(key, value),
            Held::Disk(copy) => copy.put(key, value),
        }
    }

    /// The same for a row that is gone.
    pub(super) fn delete(&mut self, key: &[u8]) {
        match self {
            Held::Memory { writer, .. } => writer.delete(key),
            Held::Disk(copy) => copy.delete(key),
        }
    }

    /// What a record changes: the row of its key, or of a field of its value.
    ///
    /// # Errors
    /// If the disk does not work.
    pub(super) fn change(
        &mut self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        field: Option<&mut KeyField>,
    ) -> Result<(), Refused> {
        let Some(field) = field else {
            match (key, value) {
                (Some(key), Some(value)) => self.put(key, value),
                (Some(key), None) => self.delete(key),
                // Nothing could ever be found by it.
                (None, _) => {}
            }
            return Ok(());
        };
        let row = value.and_then(|value| field.of(value));
        self.change_by_field(key, value, row).map_err(Refused::Disk)
    }

    /// What a record changes whose value names this row, or none.
    fn change_by_field(
        &mut self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        row: Option<&[u8]>,
    ) -> Result<(), DiskError> {
        if let Some(key) = key {
            let before = self.made_by(key)?;
            if before.as_deref() != row {
                if let Some(before) = before
                    && self.owner(&before)?.as_deref() == Some(key)
                {
                    self.delete(&before);
                    self.own(&before, None);
                }
                self.made(key, row);
            }
        }
        if let (Some(row), Some(value)) = (row, value) {
            self.put(row, value);
            if self.owner(row)?.as_deref() != key {
                self.own(row, key);
            }
        }
        Ok(())
    }

    /// Which row the last record with this key made.
    fn made_by(&self, record: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self {
            Held::Memory { made, .. } => Ok(made.get(record).map(<[u8]>::to_vec)),
            Held::Disk(copy) => copy.made_by(record),
        }
    }

    fn made(&mut self, record: &[u8], row: Option<&[u8]>) {
        match self {
            Held::Memory { made, .. } => made.set(record, row),
            Held::Disk(copy) => copy.made(record, row),
        }
    }

    /// The key of the record that made this row last.
    fn owner(&self, row: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        match self {
            Held::Memory { made, .. } => Ok(made.owner(row).map(<[u8]>::to_vec)),
            Held::Disk(copy) => copy.owner(row),
        }
    }

    fn own(&mut self, row: &[u8], record: Option<&[u8]>) {
        match self {
            Held::Memory { made, .. } => made.own(row, record),
            Held::Disk(copy) => copy.own(row, record),
        }
    }

    /// How many changes nobody sees yet.
    pub(super) fn unseen(&self) -> usize {
        match self {
            Held::Memory { writer, .. } => writer.unseen(),
            Held::Disk(copy) => copy.unseen(),
        }
    }

    /// Lets go of what only helps while there is much to read.
    pub(super) fn settle(&mut self) {
        if let Held::Memory { writer, .. } = self {
            writer.settle();
        }
    }

    /// Makes a version of all changes, the newest; `read` says up to which offsets that is, and whether it is all there is.
    /// `false`: calls still look into the rows
    /// that would be written to, try again later.
    ///
    /// # Errors
    /// If the disk is full, or does not work.
    pub(super) fn publish(
        &mut self,
        read: impl FnOnce() -> (BTreeMap<i32, i64>, bool),
    ) -> Result<bool, Refused> {
        match self {
            Held::Memory { writer, .. } => Ok(writer.unseen() == 0 || writer.publish()),
            Held::Disk(copy) => {
                let (nexts, complete) = read();
                let written = copy.publish(nexts, complete);
                written.map(|()| true).map_err(Refused::Disk)
            }
        }
    }

    /// Looks whether the table is larger than it may be.
    ///
    /// # Errors
    /// It is.
    pub(super) fn fits(&mut self, shared: &Shared) -> Result<(), Refused> {
        match self {
            Held::Memory { share, made, .. } => {
                let held = share.hold(shared, made.bytes());
                held.map_err(Refused::TooLarge)
            }
            Held::Disk(copy) => copy.fits().map_err(Refused::Disk),
        }
    }
}

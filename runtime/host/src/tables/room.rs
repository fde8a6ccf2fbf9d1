//! How much memory tables may take: each by itself, and all of a host together.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{Shared, rows::Size};
use crate::check::bytes as text;

/// What else helps, where it does. Where tables can lie on a disk, this one could not.
const OR_A_DISK: &str = if super::DISK_TABLES {
    ""
} else {
    ", or run a build with the cargo feature disk-tables, which keeps larger tables on a disk"
};

/// Memory of all tables of a host.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    used: AtomicU64,
}

impl Room {
    pub(super) fn new(limit: u64) -> Arc<Room> {
        Arc::new(Room {
            limit,
            used: AtomicU64::new(0),
        })
    }
}

/// A table takes more than it may.
#[derive(Debug)]
pub(super) struct TooLarge {
    /// The figures, and what to do.
    pub(super) why: String,
    /// What the table alone was allowed then.
    pub(super) limit: u64,
}

/// What one table has of it.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Room>,
    held: u64,
}

impl Share {
    pub(super) fn new(room: Arc<Room>) -> Share {
        Share { room, held: 0 }
    }

    /// Counts what the table takes now, and `beside` for what is no row. `Err`: which is more than it may.
    pub(super) fn hold(&mut self, table: &Shared, beside: u64) -> Result<(), TooLarge> {
        let Size { rows, memory, .. } = table.rows.load().size();
        let bytes = memory + beside;
        let before = std::mem::replace(&mut self.held, bytes);
        let used = self.room.used.fetch_add(bytes, Relaxed) + bytes - before;
        self.room.used.fetch_sub(before, Relaxed);
        let (topic, limit) = (&table.of.topic, table.limit.load(Relaxed));
        let too_large = |why| Err(TooLarge { why, limit });
        if bytes > limit {
            return too_large(format!(
                "its {rows} rows take {}, and it may take {}: allow it more in the manifest, under [tables], such as \
                 {{ topic = {topic:?}, memory = \"{} MiB\" }}{OR_A_DISK}",
                text(bytes),
                text(limit),
                (bytes * 2).div_ceil(1 << 20)
            ));
        }
        if used > self.room.limit {
            return too_large(format!(
                "with its {rows} rows ({}) the tables of this host take {}, and they may take {}: start the host with a larger \
                 --table-memory, or have fewer or smaller tables{OR_A_DISK}",
                text(bytes),
                text(used),
                text(self.room.limit)
            ));
        }
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.held, Relaxed);
    }
}

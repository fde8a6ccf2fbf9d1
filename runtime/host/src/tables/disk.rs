//! Tables on a local disk: those that are larger than the memory they may take.
//!
//! A table's copy is a folder with its rows and the offsets that they are read up to, written together; a host that starts again
//! reads on from there. A copy is no more than a saving of time: one that is damaged, of another topic, or so old that
//! deletions may have been compacted away since is thrown away, and the topic is read from its beginning.
//!
//! Only builds with the feature `disk-tables` have them.

#[cfg(not(feature = "disk-tables"))]
mod none;
#[cfg(feature = "disk-tables")]
mod stored;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

#[cfg(not(feature = "disk-tables"))]
pub(super) use none::{Copy, Disk, Stored, View};
#[cfg(feature = "disk-tables")]
pub(super) use stored::{Copy, Disk, Stored, View};

/// Where tables may lie on a disk, and how much of it they may take together, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskPlace {
    pub folder: PathBuf,
    pub bytes: u64,
}

/// Whether this build can keep tables on a disk.
pub const DISK_TABLES: bool = cfg!(feature = "disk-tables");

/// Which copy is wanted of a topic, and how it has to be to be of use.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "disk-tables"),
    expect(dead_code, reason = "nobody opens a copy")
)]
pub(super) struct Wanted {
    /// Of its folder.
    pub(super) name: String,
    pub(super) topic_id: String,
    /// Its rows are found by a field of their value.
    pub(super) by_field: bool,
    /// When it began to be read, should there be no copy of use.
    pub(super) began: SystemTime,
    /// First offset and end by partition.
    pub(super) extents: BTreeMap<i32, (i64, i64)>,
    /// For how long a topic shows that a row was deleted.
    pub(super) deletions_last: Duration,
}

/// Why a table's copy on a disk cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[cfg_attr(
    not(feature = "disk-tables"),
    expect(dead_code, reason = "nobody opens a copy")
)]
pub(super) enum DiskError {
    /// There is no room. It goes on where it was once there is.
    #[error("there is no room on the disk for {0}: make room there, and it goes on by itself")]
    Full(String),
    /// Somebody else has it open.
    #[error("another process has {0} open")]
    InUse(String),
    /// Tables take more of the disk than they may.
    #[error("{0}")]
    TooLarge(String),
    /// It has to be made anew.
    #[error("{0}")]
    Damaged(String),
}

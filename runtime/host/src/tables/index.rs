//! Rows by key, as of one moment: calls look into one version while the next one is made.
//!
//! Two sets hold the same rows. Calls look into one; changes go to the other, which then takes its place, and to the first as
//! soon as the last call that looks into that one is over. So looking up takes no lock, a call sees one version from its
//! beginning to its end, and nothing is copied but a pointer a row.

use std::{
    borrow::Borrow,
    collections::HashSet,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use triomphe::ThinArc;

/// Key and value in one allocation, with the key's length before them.
#[derive(Clone)]
struct Row(ThinArc<u32, u8>);

/// What a row takes beside its bytes: a count of its holders and two lengths.
const ROW_HEAD: u64 = 24;
/// What a set takes for a row that it has room for: a pointer and a byte of the hash.
const SLOT: u64 = 9;
/// So many keys are looked up before their values are taken: rows lie anywhere, and a processor waits for several places in memory at
/// once as long as it has nothing else to do.
const AT_ONCE: usize = 32;
/// A set is full when this much of it is taken.
const FULL: (u64, u64) = (7, 8);

impl Row {
    fn key(&self) -> &[u8] {
        let length = self.0.header.header as usize;
        self.0.slice.get(..length).unwrap_or_default()
    }

    fn value(&self) -> &[u8] {
        let length = self.0.header.header as usize;
        self.0.slice.get(length..).unwrap_or_default()
    }

    fn bytes(&self) -> u64 {
        ROW_HEAD + (self.0.slice.len() as u64).next_multiple_of(8)
    }
}

impl Borrow<[u8]> for Row {
    fn borrow(&self) -> &[u8] {
        self.key()
    }
}

impl Hash for Row {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Row {}

/// All rows as they were at one moment.
#[derive(Default)]
pub struct Version {
    rows: HashSet<Row, RandomState>,
    /// What the rows take.
    bytes: u64,
}

impl Version {
    /// What it has under this key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.rows.get(key).map(Row::value)
    }

    /// Shows `found` what it has under each of these keys, in their order.
    ///
    /// # Errors
    /// The first of `found`.
    pub fn look_up<E>(
        &self,
        keys: &[Option<&[u8]>],
        mut found: impl FnMut(Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = [None; AT_ONCE];
        for keys in keys.chunks(AT_ONCE) {
            for (row, key) in rows.iter_mut().zip(keys) {
                *row = key.and_then(|key| self.get(key));
            }
            for row in rows.iter().take(keys.len()) {
                found(*row)?;
            }
        }
        Ok(())
    }

    /// All of them, by key, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|row| (row.key(), row.value()))
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What the rows and both sets of pointers to them take, about.
    pub fn bytes(&self) -> u64 {
        let slots = self.rows.capacity() as u64 * FULL.1 / FULL.0;
        self.bytes + 2 * SLOT * slots
    }

    fn apply(&mut self, change: &Change) {
        let gone = match change {
            Change::Put(row) => {
                self.bytes += row.bytes();
                self.rows.replace(row.clone())
            }
            Change::Delete(key) => self.rows.take(&**key),
        };
        self.bytes -= gone.map_or(0, |row| row.bytes());
    }
}

/// What calls look into.
#[derive(Default)]
pub struct Index {
    current: ArcSwap<Version>,
}

impl Index {
    /// The newest version.
    pub fn version(&self) -> Arc<Version> {
        self.current.load_full()
    }
}

enum Change {
    Put(Row),
    Delete(Box<[u8]>),
}

/// The one that changes an index.
pub struct Writer {
    index: Arc<Index>,
    /// The set that nobody looks into any more, or soon.
    spare: Arc<Version>,
    /// What the current version has and the spare one has not.
    behind: Vec<Change>,
    /// What neither has.
    new: Vec<Change>,
    scratch: Vec<u8>,
}

impl Writer {
    /// The index becomes empty.
    pub fn new(index: Arc<Index>) -> Writer {
        index.current.store(Arc::default());
        Writer {
            index,
            spare: Arc::default(),
            behind: Vec::new(),
            new: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// A row, in place of the one with the same key. Nothing of it is seen before [`Writer::publish`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        // Kafka's own limit for a record is below that of its length.
        let Ok(length) = u32::try_from(key.len()) else {
            return;
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(key);
        self.scratch.extend_from_slice(value);
        let row = Row(ThinArc::from_header_and_slice(length, &self.scratch));
        self.new.push(Change::Put(row));
    }

    /// The same for a row that is gone.
    pub fn delete(&mut self, key: &[u8]) {
        self.new.push(Change::Delete(key.into()));
    }

    /// How many changes nobody sees yet.
    pub fn unseen(&self) -> usize {
        self.new.len()
    }

    /// Makes a version of all changes, the newest. `false`: a call still looks into the one before the last, try again later.
    pub fn publish(&mut self) -> bool {
        let Some(spare) = Arc::get_mut(&mut self.spare) else {
            return false;
        };
        self.behind
            .drain(..)
            .for_each(|change| spare.apply(&change));
        self.new.iter().for_each(|change| spare.apply(change));
        std::mem::swap(&mut self.behind, &mut self.new);
        let next = std::mem::take(&mut self.spare);
        self.spare = self.index.current.swap(next);
        true
    }

    /// Lets go of rows that only the spare version has.
    pub fn settle(&mut self) {
        if let Some(spare) = Arc::get_mut(&mut self.spare) {
            self.behind
                .drain(..)
                .for_each(|change| spare.apply(&change));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn new() -> (Arc<Index>, Writer) {
        let index = Arc::<Index>::default();
        (Arc::clone(&index), Writer::new(index))
    }

    #[test]
    fn a_version_never_changes_and_the_newest_has_everything() {
        let (index, mut writer) = new();
        writer.put(b"a", b"1");
        assert!(writer.publish());
        let first = index.version();
        writer.put(b"a", b"2");
        writer.put(b"b", b"");
        assert!(writer.publish());
        let second = index.version();
        writer.delete(b"a");
        // The first version is still looked into, and it is the one that would be written to.
        assert!(!writer.publish());
        assert_eq!(first.get(b"a"), Some(b"1".as_slice()));
        assert_eq!(first.get(b"b"), None);
        drop(first);
        assert!(writer.publish());
        assert_eq!(second.get(b"a"), Some(b"2".as_slice()));
        assert_eq!(second.get(b"b"), Some(b"".as_slice()));
        let third = index.version();
        assert_eq!((third.get(b"a"), third.len()), (None, 1));
    }

    #[test]
    fn a_key_and_a_value_that_make_the_same_bytes_are_told_apart() {
        let (index, mut writer) = new();
        writer.put(b"ab", b"c");
        writer.put(b"a", b"bc");
        writer.put(b"", b"abc");
        assert!(writer.publish());
        let version = index.version();
        assert_eq!(version.get(b"ab"), Some(b"c".as_slice()));
        assert_eq!(version.get(b"a"), Some(b"bc".as_slice()));
        assert_eq!(version.get(b""), Some(b"abc".as_slice()));
        assert_eq!(version.len(), 3);
    }

    #[test]
    fn keys_are_answered_in_their_order_until_somebody_has_enough() {
        let (index, mut writer) = new();
        let names: Vec<[u8; 1]> = (0..100).map(|n| [n]).collect();
        for name in names.iter().step_by(2) {
            writer.put(name, name);
        }
        assert!(writer.publish());
        let version = index.version();
        // Every fifth key is null, every second one has no row.
        let keys: Vec<Option<&[u8]>> = names
            .iter()
            .map(|name| (name[0] % 5 != 0).then_some(&name[..]))
            .collect();
        for (most, shown) in [(usize::MAX, 100), (40, 40), (0, 0)] {
            let mut rows = Vec::new();
            let ended = version.look_up(&keys, |row| {
                if rows.len() == most {
                    return Err("enough");
                }
                rows.push(row.map(<[u8]>::to_vec));
                Ok(())
            });
            assert_eq!(ended.is_ok(), shown == keys.len());
            let wanted: Vec<_> = keys
                .iter()
                .map(|key| key.filter(|key| key[0] % 2 == 0).map(<[u8]>::to_vec))
                .take(shown)
                .collect();
            assert_eq!(rows, wanted);
        }
    }

    #[test]
    fn what_was_put_and_deleted_takes_no_bytes() {
        let (index, mut writer) = new();
        for round in 0..3 {
            writer.put(b"key", &[round; 100]);
            assert!(writer.publish());
        }
        assert_eq!(index.version().bytes, ROW_HEAD + 104);
        writer.delete(b"key");
        assert!(writer.publish());
        writer.settle();
        assert_eq!(index.version().bytes, 0);
        assert_eq!(writer.spare.bytes, 0);
    }

    proptest! {
        #[test]
        fn an_index_says_what_a_map_says(
            changes in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3), prop::option::of(any::<u8>()), any::<bool>()), 0..200),
        ) {
            let (index, mut writer) = new();
            let mut map = HashMap::new();
            for (key, value, publish) in changes {
                match value {
                    Some(value) => {
                        writer.put(&key, &[value]);
                        map.insert(key, value);
                    }
                    None => {
                        writer.delete(&key);
                        map.remove(&key);
                    }
                }
                if publish {
                    prop_assert!(writer.publish());
                }
            }
            prop_assert!(writer.publish());
            let version = index.version();
            prop_assert_eq!(version.len(), map.len());
            for (key, value) in &map {
                let value = [*value];
                prop_assert_eq!(version.get(key), Some(value.as_slice()));
            }
        }
    }
}

//! Rows of one moment.

use std::sync::Arc;

use rocksdb::{DB, DEFAULT_COLUMN_FAMILY_NAME, ReadOptions, Snapshot};

use super::{ROW, Store, StoreError};

/// So many keys are looked up before `found` sees their rows and may have enough: all of these are in memory at once.
const AT_ONCE: usize = 128;

self_cell::self_cell!(
    struct Held {
        owner: Arc<DB>,
        #[covariant]
        dependent: Snapshot,
    }
);

/// All rows as they were when it was made, whatever is written meanwhile.
pub struct View {
    held: Held,
    store: Store,
}

impl View {
    pub(super) fn of(store: &Store) -> View {
        View {
            held: Held::new(Arc::clone(&store.db), |db| db.snapshot()),
            store: store.clone(),
        }
    }

    /// Shows `found` what there is under each of these keys, in their order: nothing for a key that is null or has no row.
    ///
    /// # Errors
    /// The first of `found`; and if the store is damaged.
    pub fn look_up<E: From<StoreError>>(
        &self,
        keys: &[Option<&[u8]>],
        mut found: impl FnMut(Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), E> {
        let db = &self.store.db;
        let Some(all) = db.cf_handle(DEFAULT_COLUMN_FAMILY_NAME) else {
            return Err(StoreError::Broken("it has no rows at all".to_owned()).into());
        };
        let mut options = ReadOptions::default();
        options.set_snapshot(self.held.borrow_dependent());
        let mut wanted = RowKeys::default();
        for keys in keys.chunks(AT_ONCE) {
            wanted.set(keys);
            let rows = db.batched_multi_get_cf_opt(all, wanted.iter(), false, &options);
            let mut rows = rows.into_iter();
            for key in keys {
                let row = match key {
                    None => None,
                    Some(_) => rows
                        .next()
                        .transpose()
                        .map_err(|error| self.store.told(error))?
                        .flatten(),
                };
                found(row.as_deref())?;
            }
        }
        Ok(())
    }

    /// The row of one key.
    ///
    /// # Errors
    /// If the store is damaged.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut row = None;
        self.look_up::<StoreError>(&[Some(key)], |found| {
            row = found.map(<[u8]>::to_vec);
            Ok(())
        })?;
        Ok(row)
    }
}

/// Keys as the store has them.
#[derive(Default)]
struct RowKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl RowKeys {
    /// Those of these that are not null.
    fn set(&mut self, keys: &[Option<&[u8]>]) {
        self.bytes.clear();
        self.ends.clear();
        for key in keys.iter().flatten() {
            self.bytes.push(ROW);
            self.bytes.extend_from_slice(key);
            self.ends.push(self.bytes.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, end)| &self.bytes[start..*end])
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

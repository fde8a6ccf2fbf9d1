//! Rows of one moment.

use std::sync::Arc;

use rocksdb::{DB, DEFAULT_COLUMN_FAMILY_NAME, ReadOptions, Snapshot};

use super::{ROW, Store, StoreError};

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
        let mut prefixed = Vec::new();
        let mut ends = Vec::with_capacity(keys.len());
        for key in keys.iter().flatten() {
            prefixed.push(ROW);
            prefixed.extend_from_slice(key);
            ends.push(prefixed.len());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let wanted = starts.zip(&ends).map(|(start, end)| &prefixed[start..*end]);
        let db = &self.store.db;
        let mut options = ReadOptions::default();
        options.set_snapshot(self.held.borrow_dependent());
        let Some(all) = db.cf_handle(DEFAULT_COLUMN_FAMILY_NAME) else {
            return Err(StoreError::Broken("it has no rows at all".to_owned()).into());
        };
        let mut rows = db
            .batched_multi_get_cf_opt(all, wanted, false, &options)
            .into_iter();
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

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

//! Rows of one moment.

use std::sync::Arc;

use rocksdb::{DB, Snapshot};

use super::{Store, StoreError, row_key};

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
        let snapshot = self.held.borrow_dependent();
        let mut buffer = Vec::new();
        for key in keys {
            let Some(key) = key else {
                found(None)?;
                continue;
            };
            row_key(&mut buffer, key);
            let row = snapshot.get_pinned(&buffer);
            let row = row.map_err(|error| self.store.told(error))?;
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

//! Tables that guests look into: what the engine asks of whoever keeps them, and a table in memory.
//!
//! A call sees one version of all tables from its beginning to its end, in `tables.get` as well as in declared lookups.

use std::collections::HashMap;
use std::sync::Arc;

use millstream_fields::Strings;

use crate::budget::mebibytes;
use crate::limits::Limits;

/// Where the tables of one module are kept, in the order of its description.
pub trait Tables: Send + Sync {
    /// All of them as they are now, for a batch of the source's partition of this number.
    fn snapshot(&self, partition: i32) -> Arc<dyn Snapshot>;
}

/// One version of all tables of a module. Never changes.
pub trait Snapshot: Send + Sync {
    /// Appends to `values` what the table has under each of these keys, in their order: null where it has nothing, and for a
    /// key that is null.
    ///
    /// # Errors
    /// [`TableError::TooLarge`] of [`Values::push`], passed on; [`TableError::Unavailable`] where the table cannot be read now.
    fn get(
        &self,
        table: usize,
        keys: &[Option<&[u8]>],
        values: &mut Values,
    ) -> Result<(), TableError>;
}

/// What was found under some keys, in their order.
#[derive(Debug)]
pub struct Values {
    found: Strings,
    /// Bytes that may still be fetched.
    left: u64,
    limit: u64,
}

/// Nothing was looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The guest asks for more than one call may fetch.
    #[error("one call looks up more than {} of values", mebibytes(*.0))]
    TooLarge(u64),
    /// The guest asks for more keys than one call may look up.
    #[error("one call looks up more than {0} keys")]
    TooManyKeys(u64),
    /// Never the guest's fault.
    #[error("{0}")]
    Unavailable(String),
}

impl Values {
    /// `left` of `limit` bytes may be fetched.
    pub(crate) fn new(left: u64, limit: u64) -> Values {
        Values {
            found: Strings::default(),
            left,
            limit,
        }
    }

    /// The next key's value; `None` where there is none.
    ///
    /// # Errors
    /// The limit is passed: what is left to look up is of no use.
    pub fn push(&mut self, value: Option<&[u8]>) -> Result<(), TableError> {
        let length = value.map_or(0, <[u8]>::len) as u64;
        self.left = self
            .left
            .checked_sub(length)
            .ok_or(TableError::TooLarge(self.limit))?;
        self.found.append(value);
        Ok(())
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn into_found(self) -> Strings {
        self.found
    }
}

/// The tables of a module that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoTables;

impl Tables for NoTables {
    fn snapshot(&self, _: i32) -> Arc<dyn Snapshot> {
        Arc::new(NoTables)
    }
}

impl Snapshot for NoTables {
    fn get(&self, _: usize, _: &[Option<&[u8]>], _: &mut Values) -> Result<(), TableError> {
        Err(TableError::Unavailable(
            "this module was given no tables".to_owned(),
        ))
    }
}

/// Tables that are whole in memory and never change.
#[derive(Clone, Debug, Default)]
pub struct FixedTables(Arc<Vec<HashMap<Vec<u8>, Vec<u8>>>>);

impl FixedTables {
    /// One map a table, in the order of the module's description.
    #[must_use]
    pub fn new(tables: Vec<HashMap<Vec<u8>, Vec<u8>>>) -> FixedTables {
        FixedTables(Arc::new(tables))
    }
}

impl Tables for FixedTables {
    fn snapshot(&self, _: i32) -> Arc<dyn Snapshot> {
        Arc::new(self.clone())
    }
}

impl Snapshot for FixedTables {
    fn get(
        &self,
        table: usize,
        keys: &[Option<&[u8]>],
        values: &mut Values,
    ) -> Result<(), TableError> {
        let Some(table) = self.0.get(table) else {
            return Err(TableError::Unavailable(format!(
                "there is no table {table}"
            )));
        };
        keys.iter().try_for_each(|key| {
            let value = key.and_then(|key| table.get(key));
            values.push(value.map(Vec::as_slice))
        })
    }
}

/// What one call of a guest sees of its tables.
pub(crate) struct View {
    snapshot: Arc<dyn Snapshot>,
    tables: usize,
    left: u64,
    limit: u64,
    keys_left: u64,
    keys_limit: u64,
}

impl View {
    /// `tables` are declared; how much of them may be looked up is in `limits`.
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, tables: usize, limits: &Limits) -> View {
        View {
            snapshot,
            tables,
            left: limits.lookup_bytes,
            limit: limits.lookup_bytes,
            keys_left: limits.lookup_keys,
            keys_limit: limits.lookup_keys,
        }
    }

    /// The guest is about to look so many keys up. Nothing can interrupt the host meanwhile.
    ///
    /// # Errors
    /// [`TableError::TooManyKeys`].
    pub(crate) fn asked_for(&mut self, keys: usize) -> Result<(), TableError> {
        let left = self.keys_left.checked_sub(keys as u64);
        self.keys_left = left.ok_or(TableError::TooManyKeys(self.keys_limit))?;
        Ok(())
    }

    /// What was looked up so far is shown to nobody, and does not count. Keys are counted later, when the guest asks.
    pub(crate) fn forget(&mut self) {
        self.left = self.limit;
    }

    /// How many tables there are.
    pub(crate) fn tables(&self) -> usize {
        self.tables
    }

    /// # Errors
    /// As [`Snapshot::get`].
    pub(crate) fn get(
        &mut self,
        table: usize,
        keys: &[Option<&[u8]>],
    ) -> Result<Strings, TableError> {
        let mut values = Values::new(self.left, self.limit);
        self.snapshot.get(table, keys, &mut values)?;
        self.left = values.left();
        let found = values.into_found();
        if found.len() == keys.len() {
            Ok(found)
        } else {
            Err(TableError::Unavailable(format!(
                "the table answered {} values to {} keys",
                found.len(),
                keys.len()
            )))
        }
    }
}

//! Tables that a transform looks into: the latest value for each key of a compacted topic, kept by the host.
//!
//! An enum names them, a record's type says that they are read, and `tables()` of a record or a batch looks into them:
//!
//! ```
//! use millstream_sdk::prelude::*;
//! use millstream_sdk::testing::{Input, Test};
//!
//! #[derive(Outputs)]
//! enum Out {
//!     Known,
//! }
//!
//! #[derive(Tables)]
//! enum Table {
//!     Users, // the table `users`; the deployment says which topic it is
//! }
//!
//! #[transform]
//! fn known(record: Record<'_, (Keys, Table)>, out: &mut Emitter<Out>) {
//!     let Some(key) = record.key() else { return };
//!     if record.tables().get(Table::Users, key).is_some() {
//!         out.forward(Out::Known);
//!     }
//! }
//!
//! let test = Test::new(known).table("users", [("ann", "{}")]);
//! let outcome = test.run([Input::value("1").key("ann"), Input::value("2").key("bob")]);
//! assert_eq!(outcome.dropped, [1]);
//! ```
//!
//! All lookups of a batch see one version of the tables. Each call crosses into the host, so [`TableReader::get_all`] with the
//! keys of a whole batch costs a fraction of as many calls of [`TableReader::get`]; a lookup that is declared in
//! [`Fields`](crate::fields) costs least.

use std::marker::PhantomData;

use crate::bindings::millstream::transform::records;
use crate::columns::Column;
use crate::patch::ColumnBuilder;

pub(crate) mod offline;

/// The tables of a transform, as an enum without data. `#[derive(Tables)]` names each variant in kebab-case; `#[table("name")]`
/// gives another name. See [the module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which tables there are",
    note = "put `#[derive(Tables)]` on an enum that has a variant for each table"
)]
pub trait Tables: 'static {
    /// The tables' names, in order.
    const NAMES: &'static [&'static str];

    /// Which of [`NAMES`](Tables::NAMES) this is.
    fn index(&self) -> u32;
}

/// A transform that looks into no tables by itself.
#[derive(Debug, Clone, Copy)]
pub enum NoTables {}

impl Tables for NoTables {
    const NAMES: &'static [&'static str] = &[];

    fn index(&self) -> u32 {
        match *self {}
    }
}

/// The tables of a transform whose records' type names them.
#[derive(Debug)]
pub struct TableReader<T>(PhantomData<fn(T)>);

impl<T> Clone for TableReader<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for TableReader<T> {}

impl<T: Tables> TableReader<T> {
    pub(crate) fn new() -> Self {
        TableReader(PhantomData)
    }

    /// The value that the table has under this key; `None` where it has none.
    pub fn get(self, table: T, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.get_all(table, [Some(key)]).get(0).map(<[u8]>::to_vec)
    }

    /// The values under these keys, in their order and in one call. A key that is `None` finds nothing.
    pub fn get_all<K: AsRef<[u8]>>(
        self,
        table: T,
        keys: impl IntoIterator<Item = Option<K>>,
    ) -> Found {
        let mut column = ColumnBuilder::default();
        for key in keys {
            column.push(key.as_ref().map(AsRef::as_ref));
        }
        Found(look_up(table.index(), column.finish()))
    }
}

fn look_up(table: u32, keys: records::Column) -> records::Column {
    if cfg!(target_family = "wasm") {
        return crate::bindings::millstream::transform::tables::get(table, &keys);
    }
    offline::get(table, Column::of(&keys))
}

/// What was found under some keys, in their order.
#[derive(Debug, Clone)]
pub struct Found(records::Column);

impl Found {
    /// How many keys were asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        Column::of(&self.0).len()
    }

    /// Whether no key was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was found under this key; `None` where the table has nothing.
    ///
    /// # Panics
    /// When so many keys were not asked for.
    #[must_use]
    pub fn get(&self, key: usize) -> Option<&[u8]> {
        Column::of(&self.0).get(key)
    }

    /// What was found under each key.
    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        Column::of(&self.0).iter()
    }
}

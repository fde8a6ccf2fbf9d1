//! What tables hold in a test, where no host is.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::bindings::millstream::transform::records;
use crate::columns::Column;
use crate::patch::ColumnBuilder;

/// The latest value of each key.
pub(crate) type Table = HashMap<Vec<u8>, Vec<u8>>;

thread_local! {
    static TABLES: RefCell<Vec<Table>> = const { RefCell::new(Vec::new()) };
}

/// Runs `run` with these tables, in the order of the description.
pub(crate) fn with<T>(tables: Vec<Table>, run: impl FnOnce() -> T) -> T {
    TABLES.set(tables);
    let result = run();
    TABLES.take();
    result
}

/// What the host would answer.
///
/// # Panics
/// When there is no such table, as a component would trap.
pub(super) fn get(table: u32, keys: Column<'_>) -> records::Column {
    TABLES.with_borrow(|tables| {
        let table = tables.get(table as usize).unwrap_or_else(|| {
            panic!("there is no table {table}: tables are looked into within a test's run")
        });
        let mut found = ColumnBuilder::default();
        for key in keys.iter() {
            let value = key.and_then(|key| table.get(key));
            found.push(value.map(Vec::as_slice));
        }
        found.finish()
    })
}

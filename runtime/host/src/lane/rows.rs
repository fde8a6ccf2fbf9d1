//! Shows a guest the rows of a batch: one table for all of them, no allocation for each, headers only if it reads them.

use millstream_engine::{Header, Parts, Row};

use crate::source::Rows;

/// The headers of a batch's rows, end to end; empty where they are not read.
pub(super) struct HeaderTable<'a> {
    headers: Vec<Header<'a>>,
    /// `ends[i]` is the end of row i's.
    ends: Vec<usize>,
}

impl<'a> HeaderTable<'a> {
    pub(super) fn of(rows: &'a impl Rows, reads: Parts) -> Self {
        let mut table = Self {
            headers: Vec::new(),
            ends: Vec::new(),
        };
        if reads.headers {
            table.ends.reserve_exact(rows.len());
            for row in 0..rows.len() {
                rows.headers(row, &mut table.headers);
                table.ends.push(table.headers.len());
            }
        }
        table
    }

    fn row(&self, row: usize) -> &[Header<'a>] {
        let Some(end) = self.ends.get(row) else {
            return &[];
        };
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.headers[start..*end]
    }
}

/// All rows of a batch. Parts that are not read are there too: they cost a pointer.
pub(super) fn rows<'a>(rows: &'a impl Rows, headers: &'a HeaderTable<'a>) -> Vec<Row<'a>> {
    let row = |row| Row {
        key: rows.key(row),
        value: rows.value(row),
        headers: headers.row(row),
        timestamp: rows.timestamp(row),
        offset: rows.original_offset(row),
    };
    (0..rows.len()).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryRows, Record};

    #[test]
    fn each_row_gets_its_own_headers_and_none_where_they_are_not_read() {
        let header = |name: &str| (name.to_owned(), None);
        let record = |headers| Record {
            headers,
            ..Record::new("k", "v")
        };
        let batch = MemoryRows::new(vec![
            record(vec![]),
            record(vec![header("a"), header("a")]),
            record(vec![header("b")]),
        ]);
        let names = |reads| {
            let table = HeaderTable::of(&batch, reads);
            let rows = rows(&batch, &table);
            rows.iter()
                .map(|row| {
                    row.headers
                        .iter()
                        .map(|header| header.name.to_owned())
                        .collect()
                })
                .collect::<Vec<Vec<_>>>()
        };
        assert_eq!(names(Parts::ALL), [vec![], vec!["a", "a"], vec!["b"]]);
        assert_eq!(
            names(Parts::default()),
            [Vec::<&str>::new(), vec![], vec![]]
        );
    }
}

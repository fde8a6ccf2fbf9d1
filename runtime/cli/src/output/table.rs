//! Tables of text: columns padded to their widest cell, no frames, so that `awk` and people both can read them.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, TableStyle};

use super::{line, on_a_terminal};

/// Columns of a terminal that cells are still wrapped for.
const NARROWEST: u16 = 40;

/// A table that is filled row by row and printed once.
pub(crate) struct Columns {
    table: Table,
    right: Vec<bool>,
}

impl Columns {
    /// Names of the columns; a name that starts with `>` is of numbers, set flush right.
    pub(crate) fn new(names: &[&str]) -> Columns {
        let mut table = Table::new();
        table.load_style(TableStyle::new());
        let width = table.width().unwrap_or_default();
        if on_a_terminal() && width >= NARROWEST {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            // A pipe has no width, and some terminals say 0: wrapping cells there would only tear them apart.
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        let right: Vec<bool> = names.iter().map(|name| name.starts_with('>')).collect();
        let mut columns = Columns { table, right };
        let header = columns.cells(
            names
                .iter()
                .map(|name| name.trim_start_matches('>').to_owned()),
        );
        columns.table.set_header(header);
        columns
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = self.cells(cells);
        self.table.add_row(cells);
    }

    fn cells(&self, texts: impl IntoIterator<Item = String>) -> Vec<Cell> {
        let align = |right: bool| {
            if right {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            }
        };
        let right = self.right.iter().chain(std::iter::repeat(&false));
        texts
            .into_iter()
            .zip(right)
            .map(|(text, &right)| Cell::new(text).set_alignment(align(right)))
            .collect()
    }

    /// The rows as text, without spaces at line ends and with each line moved in by `indent` spaces.
    pub(crate) fn text(&mut self, indent: usize) -> String {
        let columns = self.right.len();
        for (index, column) in self.table.column_iter_mut().enumerate() {
            column.set_padding((0, if index + 1 == columns { 0 } else { 2 }));
        }
        let mut text = String::new();
        for row in self.table.to_string().lines() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n(' ', indent));
            text.push_str(row.trim_end());
        }
        text
    }

    pub(crate) fn print(mut self) {
        line(self.text(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_flush_right_and_lines_have_no_trailing_space() {
        let mut columns = Columns::new(&["TOPIC", ">RECORDS", "STATE"]);
        columns.row(["swipes".into(), "12".into(), String::new()]);
        columns.row(["a".into(), "1,000".into(), "running".into()]);
        assert_eq!(
            columns.text(2),
            "  TOPIC   RECORDS  STATE\n  swipes       12\n  a         1,000  running"
        );
    }
}

//! Takes the fields out of a batch's rows, and says which rows cannot be shown.

use crate::column::{Column, Item};
use crate::json::{Found, Malformed, scan};
use crate::pointer::{Tree, tokens};
use crate::{Field, Kind, Part, Presence};

/// What of a record fields are taken out of.
pub trait Row<'r> {
    /// The key; `None` is null.
    fn key(&self) -> Option<&'r [u8]>;
    /// The value; `None` is null.
    fn value(&self) -> Option<&'r [u8]>;
    /// The value of the last header of this name; `None` is null, or none.
    fn header(&self, name: &str) -> Option<&'r [u8]>;
}

/// Takes out the fields of one transform, batch after batch. Keeps its columns' memory.
#[derive(Debug)]
pub struct Extractor {
    fields: Vec<Wanted>,
    columns: Vec<Column>,
    value: Tree,
    key: Tree,
}

#[derive(Debug)]
struct Wanted {
    from: From,
    kind: Kind,
    presence: Presence,
    /// For people.
    name: String,
}

#[derive(Debug)]
enum From {
    /// A slot of the part's tree.
    Value(usize),
    Key(usize),
    WholeValue,
    WholeKey,
    Header(String),
}

/// A row that the guest is not to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its index among the rows.
    pub row: u32,
    /// For machines: `malformed-json`, `missing-field` or `wrong-type`.
    pub code: &'static str,
    /// For people: which field, what is wrong, and where.
    pub reason: String,
}

impl Refused {
    /// The other ones of so many rows, in order: entry i of the columns is the i-th of them.
    pub fn kept(refused: &[Refused], rows: usize) -> impl Iterator<Item = u32> {
        let mut refused = refused.iter().map(|refused| refused.row).peekable();
        (0..rows as u32).filter(move |row| refused.next_if_eq(row).is_none())
    }
}

/// The values of declared fields in a batch come to more bytes than they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// Why a row has no entry.
enum Without {
    /// It is refused, with this code and reason.
    Refused(&'static str, String),
    /// The columns are full.
    TooLarge,
}

impl Extractor {
    /// Takes out these fields, which are checked.
    #[must_use]
    pub fn new(fields: &[Field]) -> Extractor {
        // The number of a path, until the tree of all of them says its slot.
        let (mut values, mut keys) = (Vec::new(), Vec::new());
        let number = |paths: &mut Vec<_>, field: &Field| {
            paths.push(tokens(&field.path).unwrap_or_default());
            paths.len() - 1
        };
        let mut wanted: Vec<Wanted> = fields
            .iter()
            .map(|field| Wanted {
                from: match &field.part {
                    Part::Header(name) => From::Header(name.clone()),
                    // The whole of a key is text; the whole of a value is only looked into for what it is.
                    Part::Key if field.path.is_empty() => From::WholeKey,
                    Part::Value if field.path.is_empty() && field.kind == Kind::Raw => {
                        From::WholeValue
                    }
                    Part::Key => From::Key(number(&mut keys, field)),
                    Part::Value => From::Value(number(&mut values, field)),
                },
                kind: field.kind,
                presence: field.presence,
                name: field.shown(),
            })
            .collect();
        let (value, value_slots) = Tree::new(&values);
        let (key, key_slots) = Tree::new(&keys);
        for wanted in &mut wanted {
            match &mut wanted.from {
                From::Value(at) => *at = value_slots[*at],
                From::Key(at) => *at = key_slots[*at],
                From::WholeValue | From::WholeKey | From::Header(_) => {}
            }
        }
        Extractor {
            fields: wanted,
            columns: fields.iter().map(|f| Column::new(f.kind)).collect(),
            value,
            key,
        }
    }

    /// Fills the columns from these rows. Returns those that are refused, in order: the columns have no entry for them.
    pub fn extract<'r>(&mut self, rows: &[impl Row<'r>]) -> Vec<Refused> {
        // No batch has more than that.
        self.extract_within(rows, usize::MAX).unwrap_or_default()
    }

    /// The same, with so many bytes of values at most: many fields may have the same large value.
    ///
    /// # Errors
    /// They come to more; the columns then hold nothing of use.
    pub fn extract_within<'r>(
        &mut self,
        rows: &[impl Row<'r>],
        most: usize,
    ) -> Result<Vec<Refused>, TooLarge> {
        for column in &mut self.columns {
            column.truncate(0);
        }
        let mut refused = Vec::new();
        let mut found = Places {
            value: vec![None; self.value.slots()],
            key: vec![None; self.key.slots()],
        };
        let mut left = most;
        for (i, row) in rows.iter().enumerate() {
            let before = left;
            let (code, reason) = match self.row(row, &mut found, &mut left) {
                Ok(()) => continue,
                Err(Without::Refused(code, reason)) => (code, reason),
                Err(Without::TooLarge) => return Err(TooLarge),
            };
            let kept = i - refused.len();
            for column in &mut self.columns {
                column.truncate(kept);
            }
            left = before;
            refused.push(Refused {
                row: i as u32,
                code,
                reason,
            });
        }
        Ok(refused)
    }

    /// The columns of the last batch, in the order of the fields.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn columns_mut(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// `left` bytes of values may still come.
    #[inline]
    fn row<'r>(
        &mut self,
        row: &impl Row<'r>,
        found: &mut Places<'r>,
        left: &mut usize,
    ) -> Result<(), Without> {
        find(&self.value, row.value(), &mut found.value)
            .map_err(|error| malformed("value", error))?;
        find(&self.key, row.key(), &mut found.key).map_err(|error| malformed("key", error))?;
        for (wanted, column) in self.fields.iter().zip(&mut self.columns) {
            let item = match &wanted.from {
                From::Value(slot) => found.value[*slot].map(Item::Json),
                From::Key(slot) => found.key[*slot].map(Item::Json),
                From::WholeValue => row.value().map(Item::Plain),
                From::WholeKey => row.key().map(Item::Plain),
                From::Header(name) => row.header(name).map(Item::Plain),
            };
            let item = item.filter(|item| !matches!(item, Item::Json(found) if found.is_null()));
            match item {
                Some(item) => match column.push(item) {
                    Some(bytes) => *left = left.checked_sub(bytes).ok_or(Without::TooLarge)?,
                    None if wanted.presence == Presence::Lenient => column.push_null(),
                    None => return Err(wrong_type(wanted, item, row)),
                },
                None if wanted.presence == Presence::Required && !wanted.excused(row) => {
                    return Err(missing(wanted));
                }
                None => column.push_null(),
            }
        }
        Ok(())
    }
}

/// What a row has at the places that are looked at.
struct Places<'r> {
    value: Vec<Option<Found<'r>>>,
    key: Vec<Option<Found<'r>>>,
}

#[inline]
fn find<'r>(
    tree: &Tree,
    text: Option<&'r [u8]>,
    found: &mut [Option<Found<'r>>],
) -> Result<(), Malformed> {
    if found.is_empty() {
        return Ok(());
    }
    found.fill(None);
    match text {
        Some(text) => scan(text, &tree.search(), found),
        None => Ok(()),
    }
}

impl Wanted {
    /// A value that is null says that its key is gone: it lacks nothing.
    fn excused<'r>(&self, row: &impl Row<'r>) -> bool {
        matches!(self.from, From::Value(_) | From::WholeValue) && row.value().is_none()
    }
}

#[cold]
fn malformed(part: &str, error: Malformed) -> Without {
    Without::Refused("malformed-json", format!("the {part} is not JSON: {error}"))
}

#[cold]
fn missing(wanted: &Wanted) -> Without {
    Without::Refused(
        "missing-field",
        format!("{} is missing or null", wanted.name),
    )
}

#[cold]
fn wrong_type<'r>(wanted: &Wanted, item: Item<'_>, row: &impl Row<'r>) -> Without {
    let part = match wanted.from {
        From::Value(_) | From::WholeValue => row.value(),
        From::Key(_) | From::WholeKey => row.key(),
        From::Header(_) => None,
    };
    let at = match (item, part) {
        (Item::Json(found), Some(part)) => {
            let at = found.raw().as_ptr().addr() - part.as_ptr().addr();
            format!(" (at byte {at})")
        }
        _ => String::new(),
    };
    Without::Refused(
        "wrong-type",
        format!("{} is not {}{at}", wanted.name, wanted.kind.shown()),
    )
}

#[cfg(test)]
mod tests;

//! Rows whose key is a field of their value, instead of the key of their record.
//!
//! A row belongs to the record's key that made it last: a newer record of that key, with another value of the field or with none,
//! takes the row away, and so does a deletion, which has no value to say of which row it is. One of a key that made it earlier
//! does not: a session's record may be deleted long after the user has the next session.

use std::{collections::HashMap, io::Write as _, sync::Arc};

use foldhash::fast::RandomState;
use millstream_engine::{
    Extractor, Field, FieldColumn as Column, FieldKind, FieldRow, Part, Presence,
};

/// Finds the key of a row in its value.
pub(super) struct KeyField {
    /// The field as text, and as an integer.
    extractor: Extractor,
    found: Vec<u8>,
}

struct Value<'v>(&'v [u8]);

impl<'v> FieldRow<'v> for Value<'v> {
    fn key(&self) -> Option<&'v [u8]> {
        None
    }

    fn value(&self) -> Option<&'v [u8]> {
        Some(self.0)
    }

    fn header(&self, _name: &str) -> Option<&'v [u8]> {
        None
    }
}

/// What a manifest may name: a place within a value.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(pointer: &str) -> Result<(), String> {
    if pointer.is_empty() {
        return Err("is the whole value: name a member of it, such as \"/id\"".to_owned());
    }
    field(pointer, FieldKind::Text).check()
}

fn field(pointer: &str, kind: FieldKind) -> Field {
    Field {
        part: Part::Value,
        path: pointer.to_owned(),
        kind,
        presence: Presence::Lenient,
    }
}

impl KeyField {
    pub(super) fn new(pointer: &str) -> KeyField {
        let kinds = [FieldKind::Text, FieldKind::Integer];
        KeyField {
            extractor: Extractor::new(&kinds.map(|kind| field(pointer, kind))),
            found: Vec::new(),
        }
    }

    /// The key in this value: text, or an integer in decimal. `None`: there is no such key, or the value is no JSON.
    pub(super) fn of(&mut self, value: &[u8]) -> Option<&[u8]> {
        if !self.extractor.extract(&[Value(value)]).is_empty() {
            return None;
        }
        self.found.clear();
        match self.extractor.columns() {
            [Column::Text(text), Column::Integer(integer)] => match (text.get(0), integer.get(0)) {
                (Some(text), _) => self.found.extend_from_slice(text),
                (None, Some(bytes)) => {
                    // Writing to memory does not fail.
                    let _ = write!(self.found, "{}", i64::from_le_bytes(bytes));
                }
                (None, None) => return None,
            },
            _ => return None,
        }
        Some(&self.found)
    }
}

/// Which row each record's key made last, and whose each row is, of a table in memory.
#[derive(Default)]
pub(super) struct Made {
    /// By the record's key.
    rows: HashMap<Arc<[u8]>, Arc<[u8]>, RandomState>,
    /// By the row's key.
    owners: HashMap<Arc<[u8]>, Arc<[u8]>, RandomState>,
    bytes: u64,
}

/// What a record's key takes beside its bytes and those of its row: two pointers with lengths and a byte of the hash, room for 8 in
/// 7, two allocations with counts.
const ENTRY: u64 = 88;
/// What a row's owner takes: pointers to the same.
const OWNER: u64 = 38;

impl Made {
    /// The row that this record's key made last.
    pub(super) fn get(&self, record: &[u8]) -> Option<&[u8]> {
        self.rows.get(record).map(|row| &**row)
    }

    /// The record's key made this row, or none.
    pub(super) fn set(&mut self, record: &[u8], row: Option<&[u8]>) {
        let size = |row: &[u8]| ENTRY + (record.len() + row.len()) as u64;
        let before = match row {
            Some(row) => {
                self.bytes += size(row);
                self.rows.insert(record.into(), row.into())
            }
            None => self.rows.remove(record),
        };
        self.bytes -= before.map_or(0, |before| size(&before));
    }

    /// The key of the record that made this row last.
    pub(super) fn owner(&self, row: &[u8]) -> Option<&[u8]> {
        self.owners.get(row).map(|record| &**record)
    }

    /// The row is this record's from now on, or nobody's.
    pub(super) fn own(&mut self, row: &[u8], record: Option<&[u8]>) {
        let before = match record {
            Some(record) => {
                let (record, row) = match self.rows.get_key_value(record) {
                    Some((record, made)) if **made == *row => (record.clone(), made.clone()),
                    _ => (record.into(), row.into()),
                };
                self.bytes += OWNER;
                self.owners.insert(row, record)
            }
            None => self.owners.remove(row),
        };
        self.bytes -= before.map_or(0, |_| OWNER);
    }

    /// Records' keys and the rows that they made, in no order.
    #[cfg(feature = "disk-tables")]
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|(record, row)| (&**record, &**row))
    }

    /// Rows and their owners, in no order.
    #[cfg(feature = "disk-tables")]
    pub(super) fn owners(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.owners.iter().map(|(row, record)| (&**row, &**record))
    }

    /// What it takes, about.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_text_or_an_integer_within_the_value() {
        let mut field = KeyField::new("/user/id");
        for (value, key) in [
            (r#"{"user": {"id": "a\u00e9"}}"#, Some("aé")),
            (r#"{"user": {"id": -7, "name": "x"}}"#, Some("-7")),
            (r#"{"user": {"id": ""}}"#, Some("")),
            (r#"{"user": {"id": null}}"#, None),
            (r#"{"user": {"id": 1.5}}"#, None),
            (r#"{"user": {"id": ["a"]}}"#, None),
            (r#"{"user": "id"}"#, None),
            (r#"{"user": {"id": "a"}"#, None),
            ("", None),
        ] {
            let found = field.of(value.as_bytes());
            assert_eq!(found, key.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn what_was_made_and_taken_away_takes_no_bytes() {
        let mut made = Made::default();
        for row in [b"row".as_slice(), b"another row"] {
            made.set(b"record", Some(row));
            made.own(row, Some(b"record"));
        }
        assert_eq!(made.get(b"record"), Some(b"another row".as_slice()));
        assert_eq!(made.bytes(), ENTRY + 17 + 2 * OWNER);
        made.own(b"row", None);
        made.own(b"another row", Some(b"nobody"));
        assert_eq!(made.owner(b"row"), None);
        assert_eq!(made.owner(b"another row"), Some(b"nobody".as_slice()));
        made.own(b"another row", None);
        made.set(b"record", None);
        made.set(b"nobody", None);
        assert_eq!((made.get(b"record"), made.bytes()), (None, 0));
    }

    #[test]
    fn the_whole_value_is_no_key() {
        assert!(check("").is_err());
        assert!(check("id").is_err());
        assert!(check("/id").is_ok());
    }
}

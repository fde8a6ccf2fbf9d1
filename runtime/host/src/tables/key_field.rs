//! Rows whose key is a field of their value, instead of the key of their record.
//!
//! A row belongs to the record's key that made it last: a newer record of that key, with another value of the field or with none,
//! takes the row away, and so does a deletion, which has no value to say of which row it is.

use std::{collections::HashMap, io::Write as _};

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

/// Which row each record's key made last, of a table in memory.
#[derive(Default)]
pub(super) struct Made {
    rows: HashMap<Box<[u8]>, Box<[u8]>, RandomState>,
    bytes: u64,
}

/// What an entry takes beside its bytes: two pointers with lengths, a byte of the hash, room for 8 in 7, two allocations.
const ENTRY: u64 = 72;

impl Made {
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

    /// All of them, in no order.
    #[cfg(feature = "disk-tables")]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.rows.iter().map(|(record, row)| (&**record, &**row))
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
        made.set(b"record", Some(b"row"));
        made.set(b"record", Some(b"another row"));
        assert_eq!(made.get(b"record"), Some(b"another row".as_slice()));
        assert_eq!(made.bytes(), ENTRY + 17);
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

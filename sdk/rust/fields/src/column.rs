//! Columns of declared fields, as they lie in guest memory: little-endian numbers, ends, bit sets.

use crate::Kind;
use crate::json::{self, Found};

/// The values of one field, row after row.
#[derive(Debug)]
pub enum Column {
    /// See [`Kind::Text`].
    Text(Strings),
    /// See [`Kind::Integer`]: signed.
    Integer(Numbers),
    /// See [`Kind::Number`]: IEEE 754.
    Number(Numbers),
    /// See [`Kind::Boolean`].
    Boolean(Booleans),
    /// See [`Kind::Raw`].
    Raw(Strings),
}

/// Byte strings end to end.
#[derive(Debug, Default)]
pub struct Strings {
    /// Entry i is `data[ends[i-1]..ends[i]]`, from 0 for i = 0.
    pub data: Vec<u8>,
    /// `u32`s, little-endian. They wrap where the data passes 4 GiB: look at its length before.
    pub ends: Vec<[u8; 4]>,
    /// Which entries are null, and empty in `data`.
    pub nulls: Bits,
}

/// Numbers of 64 bits.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Little-endian; 0 where null.
    pub numbers: Vec<[u8; 8]>,
    /// Which entries are null.
    pub nulls: Bits,
}

/// Truth values.
#[derive(Debug, Default)]
pub struct Booleans {
    /// Which entries are true.
    pub trues: Bits,
    /// Which entries are null.
    pub nulls: Bits,
}

/// What a row has in the place of a field.
#[derive(Clone, Copy)]
pub(crate) enum Item<'t> {
    Json(Found<'t>),
    /// A whole part that is not JSON.
    Plain(&'t [u8]),
}

impl Column {
    pub(crate) fn new(kind: Kind) -> Column {
        match kind {
            Kind::Text => Column::Text(Strings::default()),
            Kind::Integer => Column::Integer(Numbers::default()),
            Kind::Number => Column::Number(Numbers::default()),
            Kind::Boolean => Column::Boolean(Booleans::default()),
            Kind::Raw => Column::Raw(Strings::default()),
        }
    }

    /// Appends an entry, and says how many bytes it has. `None`: the item is of another type, and nothing is appended.
    #[inline]
    pub(crate) fn push(&mut self, item: Item<'_>) -> Option<usize> {
        match self {
            Column::Text(strings) => strings.push(|data| match item {
                Item::Json(found) => found.push_text(data),
                Item::Plain(text) => {
                    data.extend_from_slice(text);
                    std::str::from_utf8(text).is_ok()
                }
            }),
            Column::Raw(strings) => strings.push(|data| {
                data.extend_from_slice(match item {
                    Item::Json(found) => found.raw(),
                    Item::Plain(bytes) => bytes,
                });
                true
            }),
            Column::Integer(integers) => {
                let integer = item.scalar().and_then(Found::integer);
                integers.push(integer.map(i64::to_le_bytes))
            }
            Column::Number(numbers) => {
                let number = item.scalar().and_then(Found::number);
                numbers.push(number.map(f64::to_le_bytes))
            }
            Column::Boolean(booleans) => booleans.push(item.scalar().and_then(Found::boolean)),
        }
    }

    pub(crate) fn push_null(&mut self) {
        match self {
            Column::Text(strings) | Column::Raw(strings) => {
                strings.append(None);
            }
            Column::Integer(numbers) | Column::Number(numbers) => {
                numbers.numbers.push([0; 8]);
                numbers.nulls.push(true);
            }
            Column::Boolean(booleans) => {
                booleans.trues.push(false);
                booleans.nulls.push(true);
            }
        }
    }

    /// Bytes that it has memory for. Bit sets are too small to count.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Column::Text(strings) | Column::Raw(strings) => {
                strings.data.capacity() + 4 * strings.ends.capacity()
            }
            Column::Integer(numbers) | Column::Number(numbers) => 8 * numbers.numbers.capacity(),
            Column::Boolean(_) => 0,
        }
    }

    /// Forgets all entries and lets go of their memory.
    pub(crate) fn let_go(&mut self) {
        *self = match self {
            Column::Text(_) => Column::Text(Strings::default()),
            Column::Integer(_) => Column::Integer(Numbers::default()),
            Column::Number(_) => Column::Number(Numbers::default()),
            Column::Boolean(_) => Column::Boolean(Booleans::default()),
            Column::Raw(_) => Column::Raw(Strings::default()),
        };
    }

    /// Forgets all entries from this one on.
    pub(crate) fn truncate(&mut self, entries: usize) {
        match self {
            Column::Text(strings) | Column::Raw(strings) => {
                strings.ends.truncate(entries);
                let end = strings
                    .ends
                    .last()
                    .map_or(0, |end| u32::from_le_bytes(*end));
                strings.data.truncate(end as usize);
                strings.nulls.truncate(entries);
            }
            Column::Integer(numbers) | Column::Number(numbers) => {
                numbers.numbers.truncate(entries);
                numbers.nulls.truncate(entries);
            }
            Column::Boolean(booleans) => {
                booleans.trues.truncate(entries);
                booleans.nulls.truncate(entries);
            }
        }
    }
}

impl<'t> Item<'t> {
    /// What may be a number or a truth value: plain text is written as in JSON.
    #[inline]
    fn scalar(self) -> Option<Found<'t>> {
        match self {
            Item::Json(found) => Some(found),
            Item::Plain(text) => json::value(text).ok(),
        }
    }
}

impl Strings {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Entry i, which has to be there; `None` is null.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        let at = |i: usize| u32::from_le_bytes(self.ends[i]) as usize;
        let start = if i == 0 { 0 } else { at(i - 1) };
        (!self.nulls.get(i)).then(|| &self.data[start..at(i)])
    }

    /// Appends an entry; `None` is null.
    pub fn append(&mut self, entry: Option<&[u8]>) {
        self.data.extend_from_slice(entry.unwrap_or_default());
        self.ends.push((self.data.len() as u32).to_le_bytes());
        self.nulls.push(entry.is_none());
    }

    #[inline]
    fn push(&mut self, append: impl FnOnce(&mut Vec<u8>) -> bool) -> Option<usize> {
        let before = self.data.len();
        if !append(&mut self.data) {
            self.data.truncate(before);
            return None;
        }
        self.ends.push((self.data.len() as u32).to_le_bytes());
        self.nulls.push(false);
        Some(self.data.len() - before)
    }
}

impl Numbers {
    /// Entry i, which has to be there, little-endian; `None` is null.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<[u8; 8]> {
        (!self.nulls.get(i)).then(|| self.numbers[i])
    }

    #[inline]
    fn push(&mut self, number: Option<[u8; 8]>) -> Option<usize> {
        let number = number?;
        self.numbers.push(number);
        self.nulls.push(false);
        Some(number.len())
    }
}

impl Booleans {
    #[inline]
    fn push(&mut self, boolean: Option<bool>) -> Option<usize> {
        self.trues.push(boolean?);
        self.nulls.push(false);
        // A bit.
        Some(0)
    }
}

/// A bit set: entry i is bit i%8, from the low end, of byte i/8.
#[derive(Debug, Default)]
pub struct Bits {
    bytes: Vec<u8>,
    length: usize,
    set: usize,
}

impl Bits {
    #[inline]
    fn push(&mut self, bit: bool) {
        if self.length.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit {
            self.bytes[self.length / 8] |= 1 << (self.length % 8);
            self.set += 1;
        }
        self.length += 1;
    }

    /// Whether entry i, which has to be there, is in the set.
    #[inline]
    fn get(&self, i: usize) -> bool {
        self.bytes[i / 8] & 1 << (i % 8) != 0
    }

    fn truncate(&mut self, length: usize) {
        while self.length > length {
            self.length -= 1;
            let (byte, bit) = (self.length / 8, 1 << (self.length % 8));
            self.set -= usize::from(self.bytes[byte] & bit != 0);
            self.bytes[byte] &= !bit;
        }
        self.bytes.truncate(length.div_ceil(8));
    }

    /// The set; no bytes at all where nothing is in it, as the contract has it for nulls.
    #[must_use]
    pub fn or_none(&self) -> &[u8] {
        if self.set == 0 { &[] } else { &self.bytes }
    }

    /// The set, a bit for every entry.
    #[must_use]
    pub fn all(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_taken_back_leave_nothing_behind() {
        for kind in [
            Kind::Text,
            Kind::Integer,
            Kind::Number,
            Kind::Boolean,
            Kind::Raw,
        ] {
            let text: &[u8] = match kind {
                Kind::Boolean => b"true",
                _ => b"12",
            };
            let mut column = Column::new(kind);
            for _ in 0..9 {
                assert!(column.push(Item::Plain(text)).is_some());
            }
            let before = format!("{column:?}");
            column.push_null();
            assert!(column.push(Item::Plain(text)).is_some());
            assert_ne!(format!("{column:?}"), before);
            column.truncate(9);
            assert_eq!(format!("{column:?}"), before);
        }
    }

    #[test]
    fn what_is_of_another_type_is_not_appended() {
        let mut column = Column::new(Kind::Text);
        assert_eq!(column.push(Item::Plain(b"\xFF")), None);
        let mut column = Column::new(Kind::Integer);
        assert_eq!(column.push(Item::Plain(b"1.5")), None);
        let mut column = Column::new(Kind::Number);
        for text in ["inf", "+1", ".5", "1.", "\"1\""] {
            assert_eq!(column.push(Item::Plain(text.as_bytes())), None, "{text}");
        }
        let mut column = Column::new(Kind::Boolean);
        assert_eq!(column.push(Item::Plain(b"yes")), None);
    }
}

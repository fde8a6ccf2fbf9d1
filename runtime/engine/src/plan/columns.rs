//! Checked columns, and numbers read where they lie. Indices are the caller's to keep in range: they were checked
//! when the column was.

use std::ops::Range;

#[inline]
pub(super) fn u16_at(list: &[u8], i: usize) -> u16 {
    u16::from_le_bytes(list.as_chunks().0[i])
}

#[inline]
pub(super) fn u32_at(list: &[u8], i: usize) -> u32 {
    u32::from_le_bytes(list.as_chunks().0[i])
}

#[inline]
pub(super) fn i32_at(list: &[u8], i: usize) -> i32 {
    i32::from_le_bytes(list.as_chunks().0[i])
}

#[inline]
pub(super) fn i64_at(list: &[u8], i: usize) -> i64 {
    i64::from_le_bytes(list.as_chunks().0[i])
}

#[inline]
pub(super) fn bit(set: &[u8], i: usize) -> bool {
    set.get(i / 8).is_some_and(|b| b & (1 << (i % 8)) != 0)
}

/// Entry i of a list of ends.
#[inline]
fn range(ends: &[u8], i: usize) -> Range<usize> {
    let start = if i == 0 {
        0
    } else {
        u32_at(ends, i - 1) as usize
    };
    start..u32_at(ends, i) as usize
}

/// A prefix of at most `max` bytes that ends at a character.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A column whose ends, nulls and data agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strings {
    pub(super) data: Vec<u8>,
    pub(super) ends: Vec<u8>,
    pub(super) nulls: Vec<u8>,
}

impl Strings {
    #[inline]
    pub(super) fn range(&self, i: usize) -> Range<usize> {
        range(&self.ends, i)
    }

    #[inline]
    pub(super) fn is_null(&self, i: usize) -> bool {
        bit(&self.nulls, i)
    }

    /// `None` is null.
    #[inline]
    pub(super) fn get(&self, i: usize) -> Option<&[u8]> {
        if self.is_null(i) {
            None
        } else {
            Some(&self.data[self.range(i)])
        }
    }
}

/// A column of UTF-8 without nulls; every end is at a character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TextColumn {
    pub(super) data: String,
    pub(super) ends: Vec<u8>,
}

impl TextColumn {
    #[inline]
    pub(super) fn get(&self, i: usize) -> &str {
        &self.data[range(&self.ends, i)]
    }
}

/// Header lists whose columns agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderColumns {
    pub(super) ends: Vec<u8>,
    pub(super) names: TextColumn,
    pub(super) values: Strings,
}

impl HeaderColumns {
    /// The entries of record i.
    #[inline]
    pub(super) fn range(&self, i: usize) -> Range<usize> {
        range(&self.ends, i)
    }
}

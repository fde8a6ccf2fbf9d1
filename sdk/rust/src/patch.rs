//! Column builders for what a plan changes. They know positions and bytes, not what those stand for.

use crate::bindings::millstream::transform::records::{
    Column, ColumnPatch, Headers, HeadersPatch, PartitionsPatch, TimestampsPatch,
};

/// A column under construction.
#[derive(Debug, Default)]
pub(crate) struct ColumnBuilder {
    data: Vec<u8>,
    ends: Vec<u8>,
    /// Empty until the first null.
    nulls: Vec<u8>,
}

impl ColumnBuilder {
    pub(crate) fn len(&self) -> usize {
        self.ends.len() / 4
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Option<&[u8]>) {
        match entry {
            Some(bytes) => {
                self.data.extend_from_slice(bytes);
                self.close();
            }
            None => self.push_null(),
        }
    }

    /// Makes an entry of what `write` appends. An error leaves the column as it was.
    #[inline]
    pub(crate) fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.data.len();
        match write(&mut self.data) {
            Ok(()) => {
                self.close();
                Ok(())
            }
            Err(error) => {
                self.data.truncate(before);
                Err(error)
            }
        }
    }

    fn push_null(&mut self) {
        let entry = self.len();
        self.nulls.resize(self.nulls.len().max(entry / 8 + 1), 0);
        self.nulls[entry / 8] |= 1 << (entry % 8);
        self.close();
    }

    #[inline]
    fn close(&mut self) {
        // The host refuses a larger answer; in 32 bits of address space it cannot arise.
        let end = self.data.len() as u32;
        self.ends.extend_from_slice(&end.to_le_bytes());
        if !self.nulls.is_empty() {
            self.nulls.resize(self.len().div_ceil(8), 0);
        }
    }

    pub(crate) fn truncate(&mut self, entries: usize) {
        if entries >= self.len() {
            return;
        }
        self.ends.truncate(4 * entries);
        let end = self
            .ends
            .last_chunk::<4>()
            .map_or(0, |end| u32::from_le_bytes(*end));
        self.data.truncate(end as usize);
        self.nulls.truncate(entries.div_ceil(8));
        if let Some(last) = self.nulls.last_mut()
            && !entries.is_multiple_of(8)
        {
            *last &= (1 << (entries % 8)) - 1;
        }
    }

    pub(crate) fn finish(self) -> Column {
        Column {
            data: self.data,
            ends: self.ends,
            nulls: self.nulls,
        }
    }
}

/// Positions among the emitted records, strictly ascending.
#[derive(Debug, Default)]
struct Positions(Vec<u8>);

impl Positions {
    fn len(&self) -> usize {
        self.0.len() / 4
    }

    #[inline]
    fn last(&self) -> Option<u32> {
        self.0
            .last_chunk::<4>()
            .map(|last| u32::from_le_bytes(*last))
    }

    #[inline]
    fn push(&mut self, position: u32) {
        self.0.extend_from_slice(&position.to_le_bytes());
    }

    /// Drops what is at `position` and after; answers how many remain.
    fn truncate_to(&mut self, position: u32) -> usize {
        while self.last().is_some_and(|last| last >= position) {
            self.0.truncate(self.0.len() - 4);
        }
        self.len()
    }

    /// None where every emitted record is patched.
    fn finish(self, emitted: usize) -> Option<Vec<u8>> {
        (self.len() != emitted).then_some(self.0)
    }
}

/// New keys or values of emitted records.
#[derive(Debug, Default)]
pub(crate) struct BytesPatch {
    at: Positions,
    to: ColumnBuilder,
}

impl BytesPatch {
    /// The column to push one entry to: the new contents of the emitted record at `position`, the last one so far.
    #[inline]
    pub(crate) fn at<E>(
        &mut self,
        position: u32,
        push: impl FnOnce(&mut ColumnBuilder) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.at.last() == Some(position) {
            self.truncate_to(position);
        }
        push(&mut self.to)?;
        self.at.push(position);
        Ok(())
    }

    pub(crate) fn truncate_to(&mut self, position: u32) {
        let left = self.at.truncate_to(position);
        self.to.truncate(left);
    }

    pub(crate) fn finish(self, emitted: usize) -> Option<ColumnPatch> {
        (self.at.len() != 0).then(|| ColumnPatch {
            at: self.at.finish(emitted),
            to: self.to.finish(),
        })
    }
}

/// New or added headers of emitted records.
#[derive(Debug, Default)]
pub(crate) struct HeaderPatch {
    at: Positions,
    ends: Vec<u8>,
    names: ColumnBuilder,
    values: ColumnBuilder,
}

impl HeaderPatch {
    /// Begins an empty list for the emitted record at `position`, the last one so far.
    pub(crate) fn begin(&mut self, position: u32) {
        if self.at.last() == Some(position) {
            self.truncate_to(position);
        }
        self.at.push(position);
        self.close();
    }

    /// Appends to the list at `position`, the last one so far.
    pub(crate) fn append(&mut self, position: u32, name: &str, value: Option<&[u8]>) {
        if self.at.last() == Some(position) {
            self.ends.truncate(self.ends.len() - 4);
        } else {
            self.at.push(position);
        }
        self.names.push(Some(name.as_bytes()));
        self.values.push(value);
        self.close();
    }

    fn close(&mut self) {
        let end = self.names.len() as u32;
        self.ends.extend_from_slice(&end.to_le_bytes());
    }

    pub(crate) fn truncate_to(&mut self, position: u32) {
        let left = self.at.truncate_to(position);
        self.ends.truncate(4 * left);
        let entries = self
            .ends
            .last_chunk::<4>()
            .map_or(0, |end| u32::from_le_bytes(*end));
        self.names.truncate(entries as usize);
        self.values.truncate(entries as usize);
    }

    pub(crate) fn finish(self, emitted: usize) -> Option<HeadersPatch> {
        (self.at.len() != 0).then(|| HeadersPatch {
            at: self.at.finish(emitted),
            to: Headers {
                ends: self.ends,
                names: self.names.finish(),
                values: self.values.finish(),
            },
        })
    }
}

/// New timestamps (`N` = 8) or partitions (`N` = 4) of emitted records.
#[derive(Debug, Default)]
pub(crate) struct NumberPatch<const N: usize> {
    at: Positions,
    to: Vec<u8>,
}

impl<const N: usize> NumberPatch<N> {
    pub(crate) fn set(&mut self, position: u32, number: [u8; N]) {
        if self.at.last() == Some(position) {
            self.truncate_to(position);
        }
        self.at.push(position);
        self.to.extend_from_slice(&number);
    }

    pub(crate) fn truncate_to(&mut self, position: u32) {
        let left = self.at.truncate_to(position);
        self.to.truncate(N * left);
    }
}

impl NumberPatch<8> {
    pub(crate) fn finish(self, emitted: usize) -> Option<TimestampsPatch> {
        (self.at.len() != 0).then(|| TimestampsPatch {
            at: self.at.finish(emitted),
            to: self.to,
        })
    }
}

impl NumberPatch<4> {
    pub(crate) fn finish(self, emitted: usize) -> Option<PartitionsPatch> {
        (self.at.len() != 0).then(|| PartitionsPatch {
            at: self.at.finish(emitted),
            to: self.to,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncating_a_column_clears_the_nulls_past_its_end() {
        let mut column = ColumnBuilder::default();
        column.push(Some(b"ab"));
        for _ in 0..9 {
            column.push(None);
        }
        column.truncate(1);
        column.push(Some(b"c"));
        let column = column.finish();
        assert_eq!(column.data, b"abc");
        assert_eq!(column.ends, [2, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(column.nulls, [0]);
    }

    #[test]
    fn null_bits_are_as_long_as_the_column() {
        let mut column = ColumnBuilder::default();
        column.push(None);
        for _ in 0..8 {
            column.push(Some(b"x"));
        }
        assert_eq!(column.finish().nulls, [1, 0]);
    }

    #[test]
    fn headers_of_one_record_gather_in_one_list() {
        let mut patch = HeaderPatch::default();
        patch.append(3, "a", Some(b"1"));
        patch.append(3, "b", None);
        patch.append(5, "c", Some(b""));
        patch.begin(5);
        let patch = patch.finish(9).expect("there are headers");
        assert_eq!(patch.at.as_deref(), Some(&[3, 0, 0, 0, 5, 0, 0, 0][..]));
        assert_eq!(patch.to.ends, [2, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(patch.to.names.data, b"ab");
        assert_eq!(patch.to.values.nulls, [0b10]);
    }
}

//! One record of a batch: borrowed, copied for free, and nothing in it is looked at before it is asked for.

use std::marker::PhantomData;

use crate::columns::{Column, Columns};
use crate::reads::{
    HeadersAreRead, KeysAreRead, OffsetsAreRead, Reads, TimestampsAreRead, Values, ValuesAreRead,
};
use crate::reject::Reject;
use crate::tables::TableReader;

/// A record as it came from its topic. `R` names the parts that the transform reads, the value alone unless said
/// otherwise: see [`Reads`].
///
/// What it lends lives as long as the batch, so slices and strs may be kept for the rest of the call.
pub struct Record<'a, R = Values> {
    columns: &'a Columns<'a>,
    row: usize,
    reads: PhantomData<fn() -> R>,
}

impl<R> Clone for Record<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Record<'_, R> {}

impl<R> std::fmt::Debug for Record<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("row", &self.row)
            .finish()
    }
}

impl<'a, R> Record<'a, R> {
    pub(crate) fn new(columns: &'a Columns<'a>, row: usize) -> Self {
        Record {
            columns,
            row,
            reads: PhantomData,
        }
    }

    /// The topic that the record comes from.
    pub fn topic(self) -> &'a str {
        self.columns.topic
    }

    /// The partition that the record comes from.
    pub fn partition(self) -> i32 {
        self.columns.partition
    }

    /// The record's row in its batch. Where batches are cut is the host's affair: don't build on it.
    pub fn row(self) -> usize {
        self.row
    }
}

impl<'a, R: Reads> Record<'a, R> {
    /// The key; `None` where it is null. An empty key is a key.
    #[inline]
    pub fn key(self) -> Option<&'a [u8]>
    where
        R::Keys: KeysAreRead,
    {
        self.columns.key(self.row)
    }

    /// The value; `None` where it is null, as in a compacted topic's tombstone.
    #[inline]
    pub fn value(self) -> Option<&'a [u8]>
    where
        R::Values: ValuesAreRead,
    {
        self.columns.value(self.row)
    }

    /// The value's bytes.
    ///
    /// # Errors
    /// `null-value` where it is null.
    #[inline]
    pub fn bytes(self) -> Result<&'a [u8], Reject>
    where
        R::Values: ValuesAreRead,
    {
        match self.value() {
            Some(value) => Ok(value),
            None => Err(null_value()),
        }
    }

    /// The value as text.
    ///
    /// # Errors
    /// `null-value` where it is null, `invalid-utf8` with the position where it is not UTF-8.
    pub fn text(self) -> Result<&'a str, Reject>
    where
        R::Values: ValuesAreRead,
    {
        std::str::from_utf8(self.bytes()?).map_err(|error| {
            let at = error.valid_up_to();
            let reason = format!("the value is not text: invalid UTF-8 at byte {at}");
            Reject::new("invalid-utf8", reason)
        })
    }

    /// The headers, in their order; names may repeat.
    #[inline]
    pub fn headers(self) -> HeaderIter<'a>
    where
        R::Headers: HeadersAreRead,
    {
        self.columns.headers(self.row)
    }

    /// The last header of this name, which is the one that counts where names repeat.
    pub fn header(self, name: &str) -> Option<Header<'a>>
    where
        R::Headers: HeadersAreRead,
    {
        self.headers().filter(|header| header.name == name).last()
    }

    /// Milliseconds since 1970-01-01T00:00Z, as the record carries them; -1 where it has none.
    #[inline]
    pub fn timestamp(self) -> i64
    where
        R::Timestamps: TimestampsAreRead,
    {
        self.columns.timestamp(self.row)
    }

    /// The tables that the record's type names.
    pub fn tables(self) -> TableReader<R::Tables> {
        TableReader::new()
    }

    /// The record's offset in its partition.
    #[inline]
    pub fn offset(self) -> i64
    where
        R::Offsets: OffsetsAreRead,
    {
        self.columns.offset(self.row)
    }
}

#[cold]
pub(crate) fn null_value() -> Reject {
    Reject::new("null-value", "the record has no value")
}

/// One header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// UTF-8, never null.
    pub name: &'a str,
    /// `None` where it is null.
    pub value: Option<&'a [u8]>,
}

/// The headers of a record. See [`Record::headers`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    pub(crate) names: Column<'a>,
    pub(crate) values: Column<'a>,
    pub(crate) next: usize,
    pub(crate) end: usize,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        if self.next == self.end {
            return None;
        }
        let entry = self.next;
        self.next += 1;
        let name = self.names.get(entry).unwrap_or_default();
        Some(Header {
            name: std::str::from_utf8(name).expect("the host sends header names in UTF-8"),
            value: self.values.get(entry),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}

//! A batch as columns, looked at where it lies. Nothing here copies or allocates.

use std::marker::PhantomData;

use crate::bindings::exports::millstream::transform::guest as wit;
use crate::bindings::millstream::transform::records;
use crate::fields::FieldColumn;
use crate::reads::{
    Choice, HeadersAreRead, KeysAreRead, OffsetsAreRead, Reads, TimestampsAreRead, Values,
    ValuesAreRead,
};
use crate::record::{HeaderIter, Record};
use crate::tables::TableReader;

/// Little-endian 32-bit numbers in bytes.
#[derive(Debug, Clone, Copy)]
struct Numbers32<'a>(&'a [u8]);

impl Numbers32<'_> {
    /// # Panics
    /// When there is no such entry, as indexing does.
    #[inline]
    fn get(self, i: usize) -> usize {
        let bytes: [u8; 4] = self.0[4 * i..4 * i + 4]
            .try_into()
            .expect("the slice has four bytes");
        u32::from_le_bytes(bytes) as usize
    }

    /// Where entry `i` begins and ends.
    #[inline]
    fn bounds(self, i: usize) -> (usize, usize) {
        let start = if i == 0 { 0 } else { self.get(i - 1) };
        (start, self.get(i))
    }
}

/// Little-endian 64-bit numbers: timestamps and offsets, row for row.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    /// The number of this row.
    ///
    /// # Panics
    /// When the batch has no such row.
    #[inline]
    pub fn get(self, row: usize) -> i64 {
        let bytes: [u8; 8] = self.0[8 * row..8 * row + 8]
            .try_into()
            .expect("the slice has eight bytes");
        i64::from_le_bytes(bytes)
    }

    #[inline]
    pub(crate) fn of(numbers: &'a [u8]) -> Self {
        Numbers(numbers)
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.0.len() / 8
    }

    /// All of them, in order.
    pub fn iter(self) -> impl Iterator<Item = i64> + 'a {
        self.0
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| i64::from_le_bytes(*bytes))
    }
}

/// Whether a bit is set; none is in a set without bytes.
#[inline]
pub(crate) fn is_set(bits: &[u8], row: usize) -> bool {
    !bits.is_empty() && bits[row / 8] >> (row % 8) & 1 == 1
}

/// Byte strings end to end: the keys or the values of a batch, row for row.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    data: &'a [u8],
    ends: Numbers32<'a>,
    nulls: &'a [u8],
}

impl<'a> Column<'a> {
    #[inline]
    pub(crate) fn of(column: &'a records::Column) -> Self {
        Column {
            data: &column.data,
            ends: Numbers32(&column.ends),
            nulls: &column.nulls,
        }
    }

    /// How many entries there are.
    #[inline]
    pub fn len(self) -> usize {
        self.ends.0.len() / 4
    }

    /// Whether there is no entry.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The entry of this row; `None` where it is null.
    ///
    /// # Panics
    /// When the batch has no such row.
    #[inline]
    pub fn get(self, row: usize) -> Option<&'a [u8]> {
        if is_set(self.nulls, row) {
            return None;
        }
        let (start, end) = self.ends.bounds(row);
        Some(&self.data[start..end])
    }

    /// All entries, in order.
    pub fn iter(self) -> impl Iterator<Item = Option<&'a [u8]>> {
        (0..self.len()).map(move |row| self.get(row))
    }

    /// The bytes of all entries, end to end.
    pub fn data(self) -> &'a [u8] {
        self.data
    }
}

/// The headers of all rows. See [`Batch::headers`].
#[derive(Debug, Clone, Copy)]
pub struct HeaderColumns<'a> {
    ends: Numbers32<'a>,
    names: Column<'a>,
    values: Column<'a>,
}

impl<'a> HeaderColumns<'a> {
    /// The headers of this row, in their order.
    ///
    /// # Panics
    /// When the batch has no such row.
    #[inline]
    pub fn get(self, row: usize) -> HeaderIter<'a> {
        let (start, end) = self.ends.bounds(row);
        HeaderIter {
            names: self.names,
            values: self.values,
            next: start,
            end,
        }
    }
}

/// The columns of a batch, without what is known of them in types.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) count: usize,
    keys: Column<'a>,
    values: Column<'a>,
    headers: HeaderColumns<'a>,
    timestamps: Numbers<'a>,
    offsets: Numbers<'a>,
    pub(crate) fields: &'a [FieldColumn<'a>],
}

const NO_COLUMN: Column<'static> = Column {
    data: &[],
    ends: Numbers32(&[]),
    nulls: &[],
};

impl<'a> Columns<'a> {
    /// # Errors
    /// Says which column, among those that `R` reads, is missing or too short.
    pub(crate) fn of<R: Reads>(
        batch: &'a wit::Batch,
        fields: &'a [FieldColumn<'a>],
    ) -> Result<Self, String> {
        let rows = batch.count as usize;
        let column = |name: &str, read: bool, column: &'a Option<records::Column>| match column {
            Some(column) if column.ends.len() == 4 * rows => Ok(Column::of(column)),
            None if !read => Ok(NO_COLUMN),
            _ => Err(name.to_owned()),
        };
        let numbers = |name: &str, read: bool, numbers: &'a Option<Vec<u8>>| match numbers {
            Some(numbers) if numbers.len() == 8 * rows => Ok(Numbers(numbers)),
            None if !read => Ok(Numbers(&[])),
            _ => Err(name.to_owned()),
        };
        let headers = match &batch.headers {
            Some(headers) if headers.ends.len() == 4 * rows => HeaderColumns {
                ends: Numbers32(&headers.ends),
                names: Column::of(&headers.names),
                values: Column::of(&headers.values),
            },
            None if !R::Headers::YES => HeaderColumns {
                ends: Numbers32(&[]),
                names: NO_COLUMN,
                values: NO_COLUMN,
            },
            _ => return Err("headers".to_owned()),
        };
        Ok(Columns {
            topic: &batch.topic,
            partition: batch.partition,
            count: rows,
            keys: column("keys", R::Keys::YES, &batch.keys)?,
            values: column("values", R::Values::YES, &batch.values)?,
            headers,
            timestamps: numbers("timestamps", R::Timestamps::YES, &batch.timestamps)?,
            offsets: numbers("offsets", R::Offsets::YES, &batch.offsets)?,
            fields,
        })
    }
}

/// A batch of records of one partition, as columns: what a transform takes that wants all the speed.
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// #[derive(Outputs)]
/// enum Out {
///     Objects,
/// }
///
/// /// Keeps the values that begin with `{`.
/// #[transform]
/// fn objects(batch: Batch<'_>, plan: &mut Plan<Out>) {
///     for (row, value) in batch.values().iter().enumerate() {
///         if value.is_some_and(|value| value.first() == Some(&b'{')) {
///             plan.forward(row, Out::Objects);
///         }
///     }
/// }
/// ```
pub struct Batch<'a, R = Values> {
    columns: &'a Columns<'a>,
    reads: PhantomData<fn() -> R>,
}

impl<R> Clone for Batch<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Batch<'_, R> {}

impl<R> std::fmt::Debug for Batch<'_, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("topic", &self.topic())
            .field("partition", &self.partition())
            .field("len", &self.len())
            .finish()
    }
}

impl<'a, R> Batch<'a, R> {
    pub(crate) fn new(columns: &'a Columns<'a>) -> Self {
        Batch {
            columns,
            reads: PhantomData,
        }
    }

    /// The topic that the records come from.
    pub fn topic(self) -> &'a str {
        self.columns.topic
    }

    /// The partition that the records come from.
    pub fn partition(self) -> i32 {
        self.columns.partition
    }

    /// How many records there are, at least one.
    pub fn len(self) -> usize {
        self.columns.count
    }

    /// Always false: the host sends no empty batch.
    pub fn is_empty(self) -> bool {
        self.columns.count == 0
    }

    /// The records one by one.
    pub fn records(self) -> impl Iterator<Item = Record<'a, R>> {
        (0..self.columns.count).map(move |row| Record::new(self.columns, row))
    }
}

impl<'a, R: Reads> Batch<'a, R> {
    /// The keys, row for row.
    pub fn keys(self) -> Column<'a>
    where
        R::Keys: KeysAreRead,
    {
        self.columns.keys
    }

    /// The values, row for row.
    pub fn values(self) -> Column<'a>
    where
        R::Values: ValuesAreRead,
    {
        self.columns.values
    }

    /// The headers, row for row.
    pub fn headers(self) -> HeaderColumns<'a>
    where
        R::Headers: HeadersAreRead,
    {
        self.columns.headers
    }

    /// Milliseconds since 1970-01-01T00:00Z, as the records carry them; -1 for a record without.
    pub fn timestamps(self) -> Numbers<'a>
    where
        R::Timestamps: TimestampsAreRead,
    {
        self.columns.timestamps
    }

    /// The tables that the records' type names.
    pub fn tables(self) -> TableReader<R::Tables> {
        TableReader::new()
    }

    /// The records' offsets, ascending.
    pub fn offsets(self) -> Numbers<'a>
    where
        R::Offsets: OffsetsAreRead,
    {
        self.columns.offsets
    }
}

impl<'a> Columns<'a> {
    #[inline]
    pub(crate) fn key(&self, row: usize) -> Option<&'a [u8]> {
        self.keys.get(row)
    }
    #[inline]
    pub(crate) fn value(&self, row: usize) -> Option<&'a [u8]> {
        self.values.get(row)
    }
    #[inline]
    pub(crate) fn headers(&self, row: usize) -> HeaderIter<'a> {
        self.headers.get(row)
    }
    #[inline]
    pub(crate) fn timestamp(&self, row: usize) -> i64 {
        self.timestamps.get(row)
    }
    #[inline]
    pub(crate) fn offset(&self, row: usize) -> i64 {
        self.offsets.get(row)
    }
}

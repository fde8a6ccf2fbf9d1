//! An answer of `apply` as the contract words it: lists of bytes, nothing checked. `Plan` is what is made of it.

/// Byte strings end to end: entry i is `data[ends[i-1]..ends[i]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The strings' bytes.
    pub data: Vec<u8>,
    /// `u32`s, little-endian.
    pub ends: Vec<u8>,
    /// A bit set of null entries; empty: none is.
    pub nulls: Vec<u8>,
}

/// Header lists: those of record i are the entries `ends[i-1]..ends[i]` of `names` and `values`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `u32`s, little-endian.
    pub ends: Vec<u8>,
    /// Never null.
    pub names: Column,
    /// May be null.
    pub values: Column,
}

/// New contents `to` for the emitted records at the positions `at`; `None`: for every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch<T> {
    /// Positions among the emitted records: `u32`s, little-endian, strictly ascending.
    pub at: Option<Vec<u8>>,
    /// The contents, one for each position.
    pub to: T,
}

/// Rows that cannot be processed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// `u32`s, little-endian, strictly ascending.
    pub rows: Vec<u8>,
    /// For machines.
    pub codes: Column,
    /// For people.
    pub reasons: Column,
}

/// What becomes of a batch. The default is every row, unchanged, to the first output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// `u32`s, little-endian: the row of each emitted record. `None`: every row that is not rejected.
    pub rows: Option<Vec<u8>>,
    /// `u16`s, little-endian: the output of each emitted record. `None`: the first.
    pub outputs: Option<Vec<u8>>,
    /// New keys.
    pub keys: Option<Patch<Column>>,
    /// New values.
    pub values: Option<Patch<Column>>,
    /// Headers instead of the row's.
    pub headers: Option<Patch<Headers>>,
    /// Headers after whatever the record has.
    pub added_headers: Option<Patch<Headers>>,
    /// New timestamps: `s64`s, little-endian.
    pub timestamps: Option<Patch<Vec<u8>>>,
    /// Partitions of the output topic: `s32`s, little-endian; -1 leaves it to the partitioner.
    pub partitions: Option<Patch<Vec<u8>>>,
    /// Rows that cannot be processed.
    pub rejected: Option<Rejections>,
}

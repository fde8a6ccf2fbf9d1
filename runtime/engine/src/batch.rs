//! What a guest is shown: rows of one partition, borrowed from wherever they were fetched into.
//!
//! Nothing here owns or copies record bytes. The module does not know how rows reach a guest (see `abi`) or where
//! they come from.

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// UTF-8 without NUL; names may repeat within a record and may be empty.
    pub name: &'a str,
    /// `None` is a null value, which differs from an empty one.
    pub value: Option<&'a [u8]>,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// `None` is a null key.
    pub key: Option<&'a [u8]>,
    /// `None` is a null value (a tombstone in a compacted topic).
    pub value: Option<&'a [u8]>,
    /// In the record's order. May be left empty where the guest does not read headers; see `Plan::count_headers`.
    pub headers: &'a [Header<'a>],
    /// Milliseconds since 1970-01-01T00:00Z; -1 where the record carries none.
    pub timestamp: i64,
    /// The record's offset in its partition.
    pub offset: i64,
}

impl<'a> millstream_fields::Row<'a> for Row<'a> {
    fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    fn value(&self) -> Option<&'a [u8]> {
        self.value
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers
            .iter()
            .rfind(|header| header.name == name)?
            .value
    }
}

/// Rows of one partition of one topic, in offset order; at least one.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition's number.
    pub partition: i32,
    /// The rows. Row i is entry i of every column that the guest reads.
    pub rows: &'a [Row<'a>],
}

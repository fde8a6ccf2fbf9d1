//! An answer of `apply`, checked: what becomes of each row of a batch.
//!
//! A plan keeps the lists that the guest returned and decodes them as it is walked: nothing is allocated per record.
//! Every number in it was checked against the batch and the description (`plan/check.rs`), so walking it cannot fail.
//! It does not hold the batch's bytes: what is not patched is taken from the row.

mod builder;
mod check;
mod columns;
mod keys;
mod widen;
mod written;

use std::ops::Range;

pub use builder::OutputBuilder;
use columns::{HeaderColumns, Strings, TextColumn, i32_at, i64_at, u16_at, u32_at};

pub(crate) use keys::Keys;

use crate::output::Patch;
use crate::{Batch, Description, Failure, Header, Limits, Output};

/// What becomes of each row of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    emitted: usize,
    /// `None`: every row that is not rejected, in order.
    rows: Option<Vec<u8>>,
    outputs: Option<Vec<u8>>,
    keys: Option<Patch<Strings>>,
    values: Option<Patch<Strings>>,
    headers: Option<Patch<HeaderColumns>>,
    added: Option<Patch<HeaderColumns>>,
    timestamps: Option<Patch<Vec<u8>>>,
    partitions: Option<Patch<Vec<u8>>>,
    rejected: Option<RejectedRows>,
    written_bytes: u64,
    /// What `written_bytes` may be.
    written_limit: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RejectedRows {
    rows: Vec<u8>,
    codes: TextColumn,
    reasons: TextColumn,
}

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emit<'p> {
    /// The row that it comes from: an index into the batch's rows.
    pub row: u32,
    /// Where it goes: an index into `Description::outputs`.
    pub output: u16,
    /// Its key.
    pub key: Change<'p>,
    /// Its value.
    pub value: ValueChange,
    /// Headers instead of the row's. `None`: the row's own.
    pub headers: Option<HeaderList<'p>>,
    /// Headers to append after those.
    pub added: Option<HeaderList<'p>>,
    /// Milliseconds since 1970-01-01T00:00Z, -1 for none. `None`: the row's own.
    pub timestamp: Option<i64>,
    /// The partition of the output's topic. `None`: the partitioner's choice.
    pub partition: Option<i32>,
}

/// What a record's key becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'p> {
    /// The row's own.
    Keep,
    /// Null.
    Null,
    /// These bytes.
    Bytes(&'p [u8]),
}

/// What a record's value becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueChange {
    /// The row's own.
    Keep,
    /// Null.
    Null,
    /// These bytes of [`Plan::values_data`].
    Bytes(Range<usize>),
}

/// A row that cannot be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection<'p> {
    /// An index into the batch's rows.
    pub row: u32,
    /// a-z, 0-9 and '-', at most 64 bytes.
    pub code: &'p str,
    /// For people, at most 1 KiB. Untrusted text: it may hold control characters.
    pub reason: &'p str,
}

/// Headers of one record, as a guest returned them: names without NUL that do not start with `millstream.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderList<'p> {
    columns: &'p HeaderColumns,
    entries: Range<usize>,
}

impl<'p> HeaderList<'p> {
    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'p>> + use<'p> {
        let columns = self.columns;
        self.entries.clone().map(move |i| Header {
            name: columns.names.get(i),
            value: columns.values.get(i),
        })
    }

    /// Bytes of names and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.iter()
            .map(|h| h.name.len() + h.value.map_or(0, <[u8]>::len))
            .sum()
    }
}

impl Plan {
    /// Makes a plan of an answer, after checking every rule of the contract against the batch, the description and
    /// the limits. Native guests go through here too.
    ///
    /// # Errors
    /// [`Failure::Malformed`] and, where the records to write are too many or too large, [`Failure::Limit`].
    pub fn from_output(
        output: Output,
        batch: Batch<'_>,
        description: &Description,
        limits: &Limits,
    ) -> Result<Plan, Failure> {
        check::check(output, batch, description, limits)
    }

    /// Every row of a batch of this many, unchanged, to the first output.
    #[must_use]
    pub fn pass_all(rows: usize) -> Plan {
        Plan {
            emitted: rows,
            ..Plan::default()
        }
    }

    /// Every row of a batch of this many is rejected, for one reason, which is cut where it is too long.
    #[must_use]
    pub fn reject_all(rows: usize, code: &str, reason: &str) -> Plan {
        let refused = (0..rows as u32).map(|row| (row, code, reason));
        Plan::default().widened(&[], refused)
    }

    /// How many records are to be written.
    #[must_use]
    pub fn emitted(&self) -> usize {
        self.emitted
    }

    /// How many rows are rejected.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.rejected.as_ref().map_or(0, |r| r.rows.len() / 4)
    }

    /// Counts the headers of rows that were shown without: each time that such a row is written has a copy of them. `find`
    /// appends a row's headers. Finding them may cost a lot, so it is called, once a row, only where rows may be written more
    /// than once: without repeats they are no more than was fetched. `batch` is all of what the plan is for.
    ///
    /// # Errors
    /// [`Failure::Limit`], where more is written with them than the limits of [`Plan::from_output`] allow.
    pub fn count_headers<'h>(
        &mut self,
        batch: Batch<'_>,
        find: impl FnMut(usize, &mut Vec<Header<'h>>),
    ) -> Result<(), Failure> {
        if self.may_repeat() {
            let own = written::Own::found(batch.rows, find);
            self.written_bytes = written::written(self, &own, self.written_limit)?;
        }
        Ok(())
    }

    /// Rows that ascend are written once each.
    fn may_repeat(&self) -> bool {
        self.rows
            .as_ref()
            .is_some_and(|rows| (1..self.emitted).any(|j| u32_at(rows, j) <= u32_at(rows, j - 1)))
    }

    /// Bytes of keys, values and headers to be written, repeats included, with [`Limits::HEADER_BYTES`] for each header; an upper
    /// bound where parts are patched.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// The patched values' bytes, end to end: what [`ValueChange::Bytes`] points into.
    #[must_use]
    pub fn values_data(&self) -> &[u8] {
        self.values.as_ref().map_or(&[], |v| &v.to.data)
    }

    /// Takes the patched values' bytes out, so that they can be sent without another copy. The ranges that
    /// [`Plan::records`] gives stay what they were.
    #[must_use]
    pub fn take_values_data(&mut self) -> Vec<u8> {
        self.values
            .as_mut()
            .map(|v| std::mem::take(&mut v.to.data))
            .unwrap_or_default()
    }

    /// The records to write, in order.
    pub fn records(&self) -> Records<'_> {
        Records {
            plan: self,
            next: 0,
            next_row: 0,
            rejected: 0,
            keys: Cursor::new(self.keys.as_ref()),
            values: Cursor::new(self.values.as_ref()),
            headers: Cursor::new(self.headers.as_ref()),
            added: Cursor::new(self.added.as_ref()),
            timestamps: Cursor::new(self.timestamps.as_ref()),
            partitions: Cursor::new(self.partitions.as_ref()),
        }
    }

    /// The rows that cannot be processed, ascending.
    pub fn rejections(&self) -> impl Iterator<Item = Rejection<'_>> {
        self.rejected.iter().flat_map(|r| {
            (0..r.rows.len() / 4).map(|i| Rejection {
                row: u32_at(&r.rows, i),
                code: r.codes.get(i),
                reason: columns::cut(r.reasons.get(i), check::MAX_REASON),
            })
        })
    }
}

/// See [`Plan::records`].
#[derive(Clone, Debug)]
pub struct Records<'p> {
    plan: &'p Plan,
    next: usize,
    next_row: u32,
    rejected: usize,
    keys: Cursor<'p, Strings>,
    values: Cursor<'p, Strings>,
    headers: Cursor<'p, HeaderColumns>,
    added: Cursor<'p, HeaderColumns>,
    timestamps: Cursor<'p, Vec<u8>>,
    partitions: Cursor<'p, Vec<u8>>,
}

impl<'p> Records<'p> {
    /// The row of record `j`, where `j` only ever goes up by one.
    fn row(&mut self, j: usize) -> u32 {
        if let Some(rows) = &self.plan.rows {
            return u32_at(rows, j);
        }
        if let Some(rejected) = &self.plan.rejected {
            while self.rejected < rejected.rows.len() / 4
                && u32_at(&rejected.rows, self.rejected) == self.next_row
            {
                self.rejected += 1;
                self.next_row += 1;
            }
        }
        let row = self.next_row;
        self.next_row += 1;
        row
    }
}

impl<'p> Iterator for Records<'p> {
    type Item = Emit<'p>;

    #[inline]
    fn next(&mut self) -> Option<Emit<'p>> {
        let j = self.next;
        if j == self.plan.emitted {
            return None;
        }
        self.next = j + 1;
        let row = self.row(j);
        let key = match self.keys.at(j) {
            None => Change::Keep,
            Some((keys, i)) => keys.get(i).map_or(Change::Null, Change::Bytes),
        };
        let value = match self.values.at(j) {
            None => ValueChange::Keep,
            Some((values, i)) if values.is_null(i) => ValueChange::Null,
            Some((values, i)) => ValueChange::Bytes(values.range(i)),
        };
        Some(Emit {
            row,
            output: self.plan.outputs.as_ref().map_or(0, |o| u16_at(o, j)),
            key,
            value,
            headers: self.headers.at(j).map(|(h, i)| HeaderList {
                columns: h,
                entries: h.range(i),
            }),
            added: self.added.at(j).map(|(h, i)| HeaderList {
                columns: h,
                entries: h.range(i),
            }),
            timestamp: self.timestamps.at(j).map(|(t, i)| i64_at(t, i)),
            partition: self
                .partitions
                .at(j)
                .map(|(p, i)| i32_at(p, i))
                .filter(|&p| p >= 0),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.plan.emitted - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Records<'_> {}

/// Walks a patch along with the emitted records.
#[derive(Clone, Debug)]
struct Cursor<'p, T> {
    patch: Option<&'p Patch<T>>,
    next: usize,
}

impl<'p, T> Cursor<'p, T> {
    fn new(patch: Option<&'p Patch<T>>) -> Self {
        Cursor { patch, next: 0 }
    }

    /// The entry that emitted record `j` gets, if any.
    #[inline]
    fn at(&mut self, j: usize) -> Option<(&'p T, usize)> {
        let patch = self.patch?;
        let Some(at) = &patch.at else {
            return Some((&patch.to, j));
        };
        if self.next < at.len() / 4 && u32_at(at, self.next) as usize == j {
            self.next += 1;
            return Some((&patch.to, self.next - 1));
        }
        None
    }
}

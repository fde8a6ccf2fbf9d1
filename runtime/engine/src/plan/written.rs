//! What a plan has written, against the limit on it. The time is linear in the plan's lists and in the batch.

use super::columns::{HeaderColumns, Strings, u32_at};
use super::{Change, Emit, HeaderList, Plan, ValueChange};
use crate::budget::mebibytes;
use crate::output::Patch;
use crate::{Failure, Header, Limits, Row};

/// What rows take where they are written as they are.
pub(super) struct Own<'b> {
    rows: &'b [Row<'b>],
    /// What the headers of each row count, found out once: a row may be written many times. Empty where there are none.
    headers: Vec<u64>,
}

impl<'b> Own<'b> {
    /// With the headers that the guest was shown.
    pub(super) fn shown(rows: &'b [Row<'b>]) -> Own<'b> {
        let none = rows.iter().all(|row| row.headers.is_empty());
        let headers = match none {
            true => Vec::new(),
            false => rows.iter().map(|row| counted(row.headers)).collect(),
        };
        Own { rows, headers }
    }

    /// With the headers that `find` appends for a row.
    pub(super) fn found<'h>(
        rows: &'b [Row<'b>],
        mut find: impl FnMut(usize, &mut Vec<Header<'h>>),
    ) -> Own<'b> {
        let mut list = Vec::new();
        let count = |row| {
            list.clear();
            find(row, &mut list);
            counted(&list)
        };
        Own {
            rows,
            headers: (0..rows.len()).map(count).collect(),
        }
    }

    fn key(&self, row: usize) -> u64 {
        length(self.rows.get(row).and_then(|row| row.key))
    }

    fn value(&self, row: usize) -> u64 {
        length(self.rows.get(row).and_then(|row| row.value))
    }

    fn headers(&self, row: usize) -> u64 {
        self.headers.get(row).copied().unwrap_or(0)
    }

    fn bytes(&self, row: usize) -> u64 {
        self.key(row) + self.value(row) + self.headers(row)
    }
}

fn length(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, <[u8]>::len) as u64
}

fn counted(headers: &[Header<'_>]) -> u64 {
    let one = |header: &Header<'_>| {
        header.name.len() as u64 + length(header.value) + Limits::HEADER_BYTES
    };
    headers.iter().map(one).sum()
}

/// Bytes to be written. A bound that costs next to nothing first; record by record only where that passes the limit.
pub(super) fn written(plan: &Plan, own: &Own<'_>, limit: u64) -> Result<u64, Failure> {
    let bound = own_bytes(plan, own) + patched_bytes(plan);
    if bound <= limit {
        return Ok(bound);
    }
    let exact: u64 = plan.records().map(|record| bytes(&record, own)).sum();
    if exact > limit {
        Err(Failure::Limit {
            what: "bytes to write by one call",
            limit: mebibytes(limit),
            used: mebibytes(exact),
        })
    } else {
        Ok(exact)
    }
}

fn own_bytes(plan: &Plan, own: &Own<'_>) -> u64 {
    match &plan.rows {
        None => (0..own.rows.len()).map(|row| own.bytes(row)).sum(),
        Some(rows) => (0..plan.emitted)
            .map(|j| own.bytes(u32_at(rows, j) as usize))
            .sum(),
    }
}

fn patched_bytes(plan: &Plan) -> u64 {
    let strings = |p: &Option<Patch<Strings>>| p.as_ref().map_or(0, |p| p.to.data.len() as u64);
    let headers = |p: &Option<Patch<HeaderColumns>>| {
        p.as_ref().map_or(0, |Patch { to, .. }| {
            let entries = (to.values.ends.len() / 4) as u64;
            (to.names.data.len() + to.values.data.len()) as u64 + entries * Limits::HEADER_BYTES
        })
    };
    strings(&plan.keys) + strings(&plan.values) + headers(&plan.headers) + headers(&plan.added)
}

fn bytes(record: &Emit<'_>, own: &Own<'_>) -> u64 {
    let row = record.row as usize;
    let key = match record.key {
        Change::Keep => own.key(row),
        Change::Null => 0,
        Change::Bytes(key) => key.len() as u64,
    };
    let value = match &record.value {
        ValueChange::Keep => own.value(row),
        ValueChange::Null => 0,
        ValueChange::Bytes(range) => range.len() as u64,
    };
    let list =
        |list: &HeaderList<'_>| list.bytes() as u64 + list.len() as u64 * Limits::HEADER_BYTES;
    let headers = record
        .headers
        .as_ref()
        .map_or_else(|| own.headers(row), list);
    let added = record.added.as_ref().map_or(0, list);
    key + value + headers + added
}

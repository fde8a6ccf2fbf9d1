//! Builds an answer record by record, for native guests in tests and benchmarks. Not on the hot path.

use crate::output::{Column, Headers, Output, Patch, Rejections};

/// Builds an [`Output`] that emits records one after the other.
#[derive(Clone, Debug, Default)]
pub struct OutputBuilder {
    records: Vec<Record>,
    rejected: Vec<(u32, String, String)>,
}

#[derive(Clone, Debug, Default)]
struct Record {
    row: u32,
    output: u16,
    key: Option<Option<Vec<u8>>>,
    value: Option<Option<Vec<u8>>>,
    headers: Option<Vec<OwnedHeader>>,
    added: Option<Vec<OwnedHeader>>,
    timestamp: Option<i64>,
    partition: Option<i32>,
}

type OwnedHeader = (String, Option<Vec<u8>>);

impl OutputBuilder {
    /// Nothing emitted, nothing rejected.
    #[must_use]
    pub fn new() -> OutputBuilder {
        OutputBuilder::default()
    }

    /// Emits a row to an output. What is set next is set of this record.
    pub fn emit(&mut self, row: usize, output: usize) -> &mut Self {
        self.records.push(Record {
            row: row as u32,
            output: output as u16,
            ..Record::default()
        });
        self
    }

    fn last(&mut self, set: impl FnOnce(&mut Record)) -> &mut Self {
        if let Some(record) = self.records.last_mut() {
            set(record);
        }
        self
    }

    /// The last emitted record's key; `None` is null.
    pub fn key(&mut self, key: Option<&[u8]>) -> &mut Self {
        self.last(|r| r.key = Some(key.map(<[u8]>::to_vec)))
    }

    /// The last emitted record's value; `None` is null.
    pub fn value(&mut self, value: Option<&[u8]>) -> &mut Self {
        self.last(|r| r.value = Some(value.map(<[u8]>::to_vec)))
    }

    /// The last emitted record's headers, instead of the row's.
    pub fn headers(&mut self, headers: &[(&str, Option<&[u8]>)]) -> &mut Self {
        self.last(|r| r.headers = Some(owned(headers)))
    }

    /// Headers after those of the last emitted record.
    pub fn add_headers(&mut self, headers: &[(&str, Option<&[u8]>)]) -> &mut Self {
        self.last(|r| r.added = Some(owned(headers)))
    }

    /// The last emitted record's timestamp.
    pub fn timestamp(&mut self, timestamp: i64) -> &mut Self {
        self.last(|r| r.timestamp = Some(timestamp))
    }

    /// The last emitted record's partition.
    pub fn partition(&mut self, partition: i32) -> &mut Self {
        self.last(|r| r.partition = Some(partition))
    }

    /// Rejects a row. Rows are to be rejected in ascending order.
    pub fn reject(&mut self, row: usize, code: &str, reason: &str) -> &mut Self {
        self.rejected
            .push((row as u32, code.to_owned(), reason.to_owned()));
        self
    }

    /// The answer.
    #[must_use]
    pub fn finish(&self) -> Output {
        let records = &self.records;
        Output {
            rows: Some(numbers(records, |r| r.row.to_le_bytes())),
            outputs: records
                .iter()
                .any(|r| r.output != 0)
                .then(|| numbers(records, |r| r.output.to_le_bytes())),
            keys: patch(
                records,
                |r| r.key.as_ref(),
                |keys| column(keys.iter().map(|k| k.as_deref())),
            ),
            values: patch(
                records,
                |r| r.value.as_ref(),
                |values| column(values.iter().map(|v| v.as_deref())),
            ),
            headers: patch(records, |r| r.headers.as_ref(), headers),
            added_headers: patch(records, |r| r.added.as_ref(), headers),
            timestamps: patch(
                records,
                |r| r.timestamp.as_ref(),
                |t| numbers(t, |t| t.to_le_bytes()),
            ),
            partitions: patch(
                records,
                |r| r.partition.as_ref(),
                |p| numbers(p, |p| p.to_le_bytes()),
            ),
            rejected: (!self.rejected.is_empty()).then(|| Rejections {
                rows: numbers(&self.rejected, |r| r.0.to_le_bytes()),
                codes: column(self.rejected.iter().map(|r| Some(r.1.as_bytes()))),
                reasons: column(self.rejected.iter().map(|r| Some(r.2.as_bytes()))),
            }),
        }
    }
}

fn owned(headers: &[(&str, Option<&[u8]>)]) -> Vec<OwnedHeader> {
    headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
        .collect()
}

fn numbers<T, const N: usize>(items: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    items.iter().flat_map(bytes).collect()
}

fn patch<'a, P: 'a, T>(
    records: &'a [Record],
    part: impl Fn(&'a Record) -> Option<&'a P>,
    to: impl FnOnce(&[&'a P]) -> T,
) -> Option<Patch<T>> {
    let changed: Vec<(u32, &P)> = records
        .iter()
        .zip(0..)
        .filter_map(|(r, j)| part(r).map(|p| (j, p)))
        .collect();
    if changed.is_empty() {
        return None;
    }
    let parts: Vec<&P> = changed.iter().map(|c| c.1).collect();
    Some(Patch {
        at: Some(numbers(&changed, |c| c.0.to_le_bytes())),
        to: to(&parts),
    })
}

fn column<'a>(entries: impl Iterator<Item = Option<&'a [u8]>>) -> Column {
    let mut column = Column::default();
    let mut nulls = Vec::new();
    for entry in entries {
        column.data.extend_from_slice(entry.unwrap_or_default());
        column
            .ends
            .extend_from_slice(&(column.data.len() as u32).to_le_bytes());
        nulls.push(entry.is_none());
    }
    if nulls.contains(&true) {
        column.nulls = nulls
            .chunks(8)
            .map(|c| {
                c.iter()
                    .rev()
                    .fold(0, |bits, &null| bits << 1 | u8::from(null))
            })
            .collect();
    }
    column
}

fn headers(lists: &[&Vec<OwnedHeader>]) -> Headers {
    let mut ends = Vec::new();
    let mut count = 0u32;
    for list in lists {
        count += list.len() as u32;
        ends.extend_from_slice(&count.to_le_bytes());
    }
    let all = || lists.iter().flat_map(|list| list.iter());
    Headers {
        ends,
        names: column(all().map(|h| Some(h.0.as_bytes()))),
        values: column(all().map(|h| h.1.as_deref())),
    }
}

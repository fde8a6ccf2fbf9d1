//! Columns of test records, as the host makes them.

use super::Input;
use crate::bindings::exports::millstream::transform::guest::{Batch, Parts};
use crate::bindings::millstream::transform::records::{Column, Headers};
use crate::patch::ColumnBuilder;

pub(super) fn of(records: &[Input], reads: Parts, topic: &str, partition: i32) -> Batch {
    let numbers = |number: &dyn Fn(usize, &Input) -> i64| -> Vec<u8> {
        records
            .iter()
            .enumerate()
            .flat_map(|(row, record)| number(row, record).to_le_bytes())
            .collect()
    };
    Batch {
        topic: topic.to_owned(),
        partition,
        count: records.len() as u32,
        offsets: reads
            .contains(Parts::OFFSETS)
            .then(|| numbers(&|row, record| record.offset.unwrap_or(row as i64))),
        timestamps: reads
            .contains(Parts::TIMESTAMPS)
            .then(|| numbers(&|_, record| record.timestamp)),
        keys: reads
            .contains(Parts::KEYS)
            .then(|| column(records.iter().map(|record| record.key.as_deref()))),
        values: reads
            .contains(Parts::VALUES)
            .then(|| column(records.iter().map(|record| record.value.as_deref()))),
        headers: reads.contains(Parts::HEADERS).then(|| headers(records)),
        fields: Vec::new(),
        lookups: Vec::new(),
    }
}

fn column<'a>(entries: impl Iterator<Item = Option<&'a [u8]>>) -> Column {
    let mut column = ColumnBuilder::default();
    entries.for_each(|entry| column.push(entry));
    column.finish()
}

fn headers(records: &[Input]) -> Headers {
    let mut end = 0u32;
    let mut ends = Vec::new();
    for record in records {
        end += record.headers.len() as u32;
        ends.extend_from_slice(&end.to_le_bytes());
    }
    let all = || records.iter().flat_map(|record| &record.headers);
    Headers {
        ends,
        names: column(all().map(|(name, _)| Some(name.as_bytes()))),
        values: column(all().map(|(_, value)| value.as_deref())),
    }
}

//! Columns of test records, as the host makes them.

use millstream_fields as host;

use super::Input;
use crate::bindings::exports::millstream::transform::guest::{Batch, Parts};
use crate::bindings::millstream::transform::records::{
    Booleans, Column, FieldColumn, Floats, Headers, Integers,
};
use crate::patch::ColumnBuilder;

/// `records` are the rows that the guest sees; `joiner` has their fields and what is looked up for them.
pub(super) fn of(
    records: &[&Input],
    reads: Parts,
    joiner: &host::Joiner,
    topic: &str,
    partition: i32,
) -> Batch {
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
        fields: joiner.fields().iter().map(field_column).collect(),
        lookups: joiner.lookups().map(field_column).collect(),
    }
}

impl<'a> host::Row<'a> for &'a Input {
    fn key(&self) -> Option<&'a [u8]> {
        self.key.as_deref()
    }

    fn value(&self) -> Option<&'a [u8]> {
        self.value.as_deref()
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.headers.iter().rfind(|(header, _)| header == name)?;
        value.as_deref()
    }
}

fn field_column(column: &host::Column) -> FieldColumn {
    let strings = |strings: &host::Strings| Column {
        data: strings.data.clone(),
        ends: strings.ends.as_flattened().to_vec(),
        nulls: strings.nulls.or_none().to_vec(),
    };
    match column {
        host::Column::Text(text) => FieldColumn::Text(strings(text)),
        host::Column::Raw(raw) => FieldColumn::Raw(strings(raw)),
        host::Column::Integer(integers) => FieldColumn::Integer(Integers {
            numbers: integers.numbers.as_flattened().to_vec(),
            nulls: integers.nulls.or_none().to_vec(),
        }),
        host::Column::Number(numbers) => FieldColumn::Number(Floats {
            numbers: numbers.numbers.as_flattened().to_vec(),
            nulls: numbers.nulls.or_none().to_vec(),
        }),
        host::Column::Boolean(booleans) => FieldColumn::Boolean(Booleans {
            trues: booleans.trues.all().to_vec(),
            nulls: booleans.nulls.or_none().to_vec(),
        }),
    }
}

fn column<'a>(entries: impl Iterator<Item = Option<&'a [u8]>>) -> Column {
    let mut column = ColumnBuilder::default();
    entries.for_each(|entry| column.push(entry));
    column.finish()
}

fn headers(records: &[&Input]) -> Headers {
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

//! Building answers out of columns by hand.

use crate::exports::millstream::transform::guest::{Batch, Output};
use crate::millstream::transform::records::{
    Column, ColumnPatch, Headers, HeadersPatch, Rejections, TimestampsPatch,
};

/// Little-endian numbers end to end.
pub(crate) fn numbers<const N: usize>(items: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    items.into_iter().flatten().collect()
}

pub(crate) fn column<T: AsRef<[u8]>>(entries: impl IntoIterator<Item = Option<T>>) -> Column {
    let (mut data, mut ends, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for (i, entry) in entries.into_iter().enumerate() {
        nulls.resize(i / 8 + 1, 0_u8);
        match entry {
            Some(bytes) => data.extend_from_slice(bytes.as_ref()),
            None => nulls[i / 8] |= 1 << (i % 8),
        }
        ends.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    }
    Column { data, ends, nulls }
}

pub(crate) fn patch(to: Column) -> ColumnPatch {
    ColumnPatch { at: None, to }
}

/// Every row, unchanged, to the first output.
pub(crate) fn everything() -> Output {
    Output {
        rows: None,
        outputs: None,
        keys: None,
        values: None,
        headers: None,
        added_headers: None,
        timestamps: None,
        partitions: None,
        rejected: None,
    }
}

/// How many records an answer emits.
pub(crate) fn emitted(output: &Output, count: u32) -> u32 {
    let rejected = output
        .rejected
        .as_ref()
        .map_or(0, |rejected| rejected.rows.len() / 4);
    output
        .rows
        .as_ref()
        .map_or(count - u32::try_from(rejected).unwrap(), |rows| {
            u32::try_from(rows.len() / 4).unwrap()
        })
}

/// These rows rejected, all others emitted.
pub(crate) fn reject(rows: &[u32], code: &str, reason: &str) -> Output {
    Output {
        rejected: (!rows.is_empty()).then(|| Rejections {
            rows: numbers(rows.iter().map(|row| row.to_le_bytes())),
            codes: column(rows.iter().map(|_| Some(code))),
            reasons: column(rows.iter().map(|_| Some(reason))),
        }),
        ..everything()
    }
}

/// The same header for every one of `records`.
pub(crate) fn one_header(records: u32, name: &str, value: &str) -> HeadersPatch {
    HeadersPatch {
        at: None,
        to: Headers {
            ends: numbers((1..=records).map(u32::to_le_bytes)),
            names: column((0..records).map(|_| Some(name))),
            values: column((0..records).map(|_| Some(value))),
        },
    }
}

/// Every record's value becomes its offset, its headers a repeated one, an empty one and a null one, its timestamp 0 where the
/// offset is even and -1 less than it was otherwise.
pub(crate) fn rewrite(batch: &Batch) -> Output {
    let at = |bytes: &Option<Vec<u8>>, i: u32| -> i64 {
        let i = i as usize * 8;
        i64::from_le_bytes(bytes.as_ref().unwrap()[i..i + 8].try_into().unwrap())
    };
    let rows = 0..batch.count;
    Output {
        values: Some(patch(column(
            rows.clone()
                .map(|i| Some(at(&batch.offsets, i).to_string())),
        ))),
        headers: Some(HeadersPatch {
            at: None,
            to: Headers {
                ends: numbers(rows.clone().map(|i| ((i + 1) * 4).to_le_bytes())),
                names: column(
                    rows.clone()
                        .flat_map(|_| [Some("twice"), Some("twice"), Some(""), Some("null")]),
                ),
                values: column(
                    rows.clone()
                        .flat_map(|_| [Some("1"), Some("2"), Some(""), None]),
                ),
            },
        }),
        timestamps: Some(TimestampsPatch {
            at: None,
            to: numbers(rows.map(|i| {
                let changed = if at(&batch.offsets, i) % 2 == 0 {
                    0
                } else {
                    at(&batch.timestamps, i) - 1
                };
                changed.to_le_bytes()
            })),
        }),
        ..everything()
    }
}

/// Rows whose value holds these bytes.
pub(crate) fn rows_with(batch: &Batch, needle: &[u8]) -> Vec<u32> {
    let Some(values) = &batch.values else {
        return Vec::new();
    };
    let end = |i: u32| {
        u32::from_le_bytes(values.ends[i as usize * 4..][..4].try_into().unwrap()) as usize
    };
    let value = |i: u32| &values.data[if i == 0 { 0 } else { end(i - 1) }..end(i)];
    (0..batch.count)
        .filter(|i| {
            value(*i)
                .windows(needle.len())
                .any(|window| window == needle)
        })
        .collect()
}

/// The number that each value's last byte is, as a digit.
pub(crate) fn last_digits(batch: &Batch) -> impl Iterator<Item = u16> + '_ {
    let values = batch.values.as_ref().expect("values are read");
    (0..batch.count as usize).map(|i| {
        let end = u32::from_le_bytes(values.ends[i * 4..][..4].try_into().unwrap());
        u16::from(values.data[end as usize - 1] - b'0')
    })
}

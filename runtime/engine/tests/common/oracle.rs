//! A slow and independent reading of the contract, and a plan's reading to compare it with. `read` says `None` where a rule is
//! broken. The fuzzer in `tests/fuzz` judges by it too.

use millstream_engine::{Change, Column, Headers, Output, Patch, Plan, ValueChange};

/// Outputs that the description declares.
pub(crate) const OUTPUTS: usize = 3;

type Bytes = Option<Vec<u8>>;

#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) row: u32,
    pub(crate) output: u16,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Option<Vec<(String, Bytes)>>,
    pub(crate) added: Option<Vec<(String, Bytes)>>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) partition: Option<i32>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) records: Vec<Record>,
    pub(crate) rejected: Vec<(u32, String, String)>,
}

fn numbers<const N: usize, T>(list: &[u8], read: fn([u8; N]) -> T) -> Option<Vec<T>> {
    let mut numbers = Vec::new();
    for chunk in list.chunks(N) {
        numbers.push(read(chunk.try_into().ok()?));
    }
    Some(numbers)
}

fn column(column: &Column, entries: usize) -> Option<Vec<Bytes>> {
    let ends = numbers(&column.ends, u32::from_le_bytes)?;
    if ends.len() != entries || ends.last().copied().unwrap_or(0) as usize != column.data.len() {
        return None;
    }
    let mut bits = Vec::new();
    for byte in &column.nulls {
        bits.extend((0..8).map(|i| byte >> i & 1 == 1));
    }
    if !column.nulls.is_empty() && (bits.len() < entries || bits.len() >= entries + 8) {
        return None;
    }
    if bits.iter().skip(entries).any(|&b| b) {
        return None;
    }
    let mut start = 0;
    let mut strings = Vec::new();
    for (i, end) in ends.into_iter().enumerate() {
        let string = column.data.get(start..end as usize)?.to_vec();
        start = end as usize;
        let null = bits.get(i).copied().unwrap_or(false);
        if null && !string.is_empty() {
            return None;
        }
        strings.push((!null).then_some(string));
    }
    Some(strings)
}

fn text(of: &Column, entries: usize) -> Option<Vec<String>> {
    column(of, entries)?
        .into_iter()
        .map(|s| String::from_utf8(s?).ok())
        .collect()
}

fn headers(headers: &Headers, lists: usize) -> Option<Vec<Vec<(String, Bytes)>>> {
    let entries = headers.names.ends.len() / 4;
    let names = text(&headers.names, entries)?;
    let values = column(&headers.values, entries)?;
    if names
        .iter()
        .any(|n| n.contains('\0') || n.starts_with("millstream."))
    {
        return None;
    }
    let all: Vec<_> = names.into_iter().zip(values).collect();
    let ends = numbers(&headers.ends, u32::from_le_bytes)?;
    if ends.len() != lists || ends.last().copied().unwrap_or(0) as usize != entries {
        return None;
    }
    let mut start = 0;
    let mut read = Vec::new();
    for end in ends {
        read.push(all.get(start..end as usize)?.to_vec());
        start = end as usize;
    }
    Some(read)
}

/// The patch spread over all emitted records.
fn patch<T, U>(
    patch: Option<&Patch<T>>,
    emitted: usize,
    read: impl Fn(&T, usize) -> Option<Vec<U>>,
) -> Option<Vec<Option<U>>> {
    let mut spread: Vec<Option<U>> = (0..emitted).map(|_| None).collect();
    let Some(patch) = patch else {
        return Some(spread);
    };
    let at: Vec<usize> = match &patch.at {
        None => (0..emitted).collect(),
        Some(at) => numbers(at, u32::from_le_bytes)?
            .into_iter()
            .map(|n| n as usize)
            .collect(),
    };
    if !at.windows(2).all(|w| w[0] < w[1]) {
        return None;
    }
    for (position, entry) in at.iter().zip(read(&patch.to, at.len())?) {
        *spread.get_mut(*position)? = Some(entry);
    }
    Some(spread)
}

pub(crate) fn read(output: &Output, count: usize) -> Option<Reading> {
    let mut rejected = Vec::new();
    if let Some(r) = &output.rejected {
        let rows = numbers(&r.rows, u32::from_le_bytes)?;
        let (codes, reasons) = (text(&r.codes, rows.len())?, text(&r.reasons, rows.len())?);
        let good = |c: &String| {
            c.len() <= 64 && c.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
        };
        if !rows.windows(2).all(|w| w[0] < w[1])
            || rows.iter().any(|&r| r as usize >= count)
            || !codes.iter().all(good)
        {
            return None;
        }
        for ((row, code), reason) in rows.into_iter().zip(codes).zip(reasons) {
            let kept: String = reason
                .char_indices()
                .take_while(|(at, c)| at + c.len_utf8() <= 1024)
                .map(|(_, c)| c)
                .collect();
            rejected.push((row, code, kept));
        }
    }
    let refused = |row: u32| rejected.iter().any(|r| r.0 == row);
    let rows: Vec<u32> = match &output.rows {
        Some(rows) => numbers(rows, u32::from_le_bytes)?,
        None => (0..count as u32).filter(|&r| !refused(r)).collect(),
    };
    if rows.iter().any(|&r| r as usize >= count || refused(r)) {
        return None;
    }
    let n = rows.len();
    let outputs = match &output.outputs {
        Some(outputs) => numbers(outputs, u16::from_le_bytes)?,
        None => vec![0; n],
    };
    if outputs.len() != n || outputs.iter().any(|&o| o as usize >= OUTPUTS) {
        return None;
    }
    let exactly = |n: usize, list: Vec<i64>, least: i64| {
        (list.len() == n && list.iter().all(|&x| x >= least)).then_some(list)
    };
    let mut keys = patch(output.keys.as_ref(), n, column)?;
    let mut values = patch(output.values.as_ref(), n, column)?;
    let mut replaced = patch(output.headers.as_ref(), n, headers)?;
    let mut added = patch(output.added_headers.as_ref(), n, headers)?;
    let timestamps = patch(output.timestamps.as_ref(), n, |to: &Vec<u8>, n| {
        exactly(n, numbers(to, i64::from_le_bytes)?, -1)
    })?;
    let partitions = patch(output.partitions.as_ref(), n, |to: &Vec<u8>, n| {
        exactly(
            n,
            numbers(to, i32::from_le_bytes)?
                .into_iter()
                .map(i64::from)
                .collect(),
            -1,
        )
    })?;
    let records = (0..n)
        .map(|j| Record {
            row: rows[j],
            output: outputs[j],
            key: keys[j].take(),
            value: values[j].take(),
            headers: replaced[j].take(),
            added: added[j].take(),
            timestamp: timestamps[j],
            partition: partitions[j].map(|p| p as i32).filter(|&p| p >= 0),
        })
        .collect();
    Some(Reading { records, rejected })
}

/// The plan, read through its public face.
pub(crate) fn reading(plan: &Plan) -> Reading {
    let list = |h: millstream_engine::HeaderList<'_>| {
        h.iter()
            .map(|h| (h.name.to_owned(), h.value.map(<[u8]>::to_vec)))
            .collect()
    };
    let records: Vec<_> = plan
        .records()
        .map(|r| Record {
            row: r.row,
            output: r.output,
            key: match r.key {
                Change::Keep => None,
                Change::Null => Some(None),
                Change::Bytes(key) => Some(Some(key.to_vec())),
            },
            value: match r.value {
                ValueChange::Keep => None,
                ValueChange::Null => Some(None),
                ValueChange::Bytes(range) => Some(Some(plan.values_data()[range].to_vec())),
            },
            headers: r.headers.map(list),
            added: r.added.map(list),
            timestamp: r.timestamp,
            partition: r.partition,
        })
        .collect();
    assert_eq!(records.len(), plan.emitted());
    let rejected: Vec<_> = plan
        .rejections()
        .map(|r| (r.row, r.code.to_owned(), r.reason.to_owned()))
        .collect();
    assert_eq!(rejected.len(), plan.rejected());
    Reading { records, rejected }
}

//! Answers of every kind, right and wrong, against a slow and independent reading of the contract.
//!
//! An answer is accepted exactly if the oracle accepts it, what is accepted reads as the oracle reads it, and nothing
//! panics on the way.
#![allow(clippy::unwrap_used)]

use millstream_engine::{
    Batch, Change, Column, Description, Failure, Headers, Limits, Output, OutputBuilder, Parts,
    Patch, Plan, Row, ValueChange,
};
use proptest::prelude::*;

const OUTPUTS: usize = 3;

fn description() -> Description {
    Description::simple(Parts::ALL, &["a", "b", "c"])
}

fn rows(count: usize) -> Vec<Row<'static>> {
    vec![
        Row {
            key: Some(b"key"),
            value: Some(b"value"),
            headers: &[],
            timestamp: 5,
            offset: 1
        };
        count
    ]
}

fn check(output: Output, count: usize) -> Result<Plan, Failure> {
    let rows = rows(count);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    Plan::from_output(output, batch, &description(), &Limits::default())
}

/// The contract, read word for word. `None`: a rule is broken.
mod oracle {
    use super::*;

    type Bytes = Option<Vec<u8>>;

    #[derive(Debug, PartialEq)]
    pub(super) struct Record {
        pub(super) row: u32,
        pub(super) output: u16,
        pub(super) key: Option<Bytes>,
        pub(super) value: Option<Bytes>,
        pub(super) headers: Option<Vec<(String, Bytes)>>,
        pub(super) added: Option<Vec<(String, Bytes)>>,
        pub(super) timestamp: Option<i64>,
        pub(super) partition: Option<i32>,
    }

    #[derive(Debug, PartialEq)]
    pub(super) struct Reading {
        pub(super) records: Vec<Record>,
        pub(super) rejected: Vec<(u32, String, String)>,
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
        if ends.len() != entries || ends.last().copied().unwrap_or(0) as usize != column.data.len()
        {
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

    pub(super) fn read(output: &Output, count: usize) -> Option<Reading> {
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
}

/// The plan, read through its public face.
fn reading(plan: &Plan) -> oracle::Reading {
    let list = |h: millstream_engine::HeaderList<'_>| {
        h.iter()
            .map(|h| (h.name.to_owned(), h.value.map(<[u8]>::to_vec)))
            .collect()
    };
    let records: Vec<_> = plan
        .records()
        .map(|r| oracle::Record {
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
    oracle::Reading { records, rejected }
}

/// One record as a guest might emit it.
#[derive(Clone, Debug)]
struct Emitted {
    row: usize,
    output: usize,
    parts: u8,
    text: String,
}

prop_compose! {
    fn emitted(count: usize)(
        row in 0..count,
        output in 0..OUTPUTS,
        parts in any::<u8>(),
        text in "[a-zé]{0,6}",
    ) -> Emitted {
        Emitted { row, output, parts, text }
    }
}

/// An answer that keeps every rule, but that rejected rows may be emitted too.
fn answer(count: usize) -> impl Strategy<Value = Output> {
    let records = prop::collection::vec(emitted(count), 0..12);
    let rejected = prop::collection::btree_set(0..count, 0..3);
    (records, rejected, any::<[bool; 4]>()).prop_map(|(records, rejected, drop)| {
        let mut builder = OutputBuilder::new();
        for r in &records {
            let bytes = r.text.as_bytes();
            builder.emit(r.row, r.output);
            for part in (0..7).filter(|p| r.parts >> p & 1 == 1) {
                match part {
                    0 => builder.key((r.text.len() % 3 != 0).then_some(bytes)),
                    1 => builder.value((r.text.len() % 3 != 1).then_some(bytes)),
                    2 => builder.headers(&[(&r.text, Some(bytes)), ("x", None)]),
                    3 => builder.add_headers(&[(&r.text, None)]),
                    4 => builder.timestamp(r.row as i64 - 1),
                    5 => builder.partition(r.output as i32 - 1),
                    _ => &mut builder,
                };
            }
        }
        for row in rejected {
            builder.reject(row, "bad-row", &"é".repeat(row * 200));
        }
        let mut output = builder.finish();
        if drop[0] {
            output.rows = None;
        }
        if drop[1] {
            output.outputs = None;
        }
        if drop[2]
            && let Some(values) = &mut output.values
        {
            values.at = None;
        }
        if drop[3]
            && let Some(keys) = &mut output.keys
        {
            keys.at = None;
        }
        output
    })
}

/// Something that a broken or hostile guest does to one of its lists.
#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Number(prop::sample::Index, u32),
    Push(u8),
    Pop,
    Clear,
    Alias(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let byte = prop_oneof![Just(0u8), Just(1), Just(0xff), Just(0x80), any::<u8>()];
    let number = prop_oneof![Just(u32::MAX), Just(0x8000_0000), 0u32..20, any::<u32>()];
    prop_oneof![
        (index(), byte.clone()).prop_map(|(i, b)| Damage::Set(i, b)),
        (index(), number).prop_map(|(i, n)| Damage::Number(i, n)),
        byte.prop_map(Damage::Push),
        Just(Damage::Pop),
        Just(Damage::Clear),
        index().prop_map(Damage::Alias),
        (index(), index()).prop_map(|(i, j)| Damage::Swap(i, j)),
    ]
}

fn lists(output: &mut Output) -> Vec<&mut Vec<u8>> {
    fn column(c: &mut Column) -> [&mut Vec<u8>; 3] {
        [&mut c.data, &mut c.ends, &mut c.nulls]
    }
    let mut lists = Vec::new();
    lists.extend(output.rows.as_mut());
    lists.extend(output.outputs.as_mut());
    for patch in [&mut output.keys, &mut output.values].into_iter().flatten() {
        lists.extend(patch.at.as_mut());
        lists.extend(column(&mut patch.to));
    }
    for patch in [&mut output.headers, &mut output.added_headers]
        .into_iter()
        .flatten()
    {
        lists.extend(patch.at.as_mut());
        lists.push(&mut patch.to.ends);
        lists.extend(column(&mut patch.to.names));
        lists.extend(column(&mut patch.to.values));
    }
    for patch in [&mut output.timestamps, &mut output.partitions]
        .into_iter()
        .flatten()
    {
        lists.extend(patch.at.as_mut());
        lists.push(&mut patch.to);
    }
    if let Some(rejected) = &mut output.rejected {
        lists.push(&mut rejected.rows);
        lists.extend(column(&mut rejected.codes));
        lists.extend(column(&mut rejected.reasons));
    }
    lists
}

fn apply(output: &mut Output, which: prop::sample::Index, damage: &Damage) {
    let mut lists = lists(output);
    if lists.is_empty() {
        return;
    }
    if let Damage::Alias(other) = damage {
        let (from, to) = (other.index(lists.len()), which.index(lists.len()));
        *lists[to] = lists[from].clone();
        return;
    }
    let which = which.index(lists.len());
    let list = &mut *lists[which];
    match damage {
        Damage::Set(at, byte) if !list.is_empty() => {
            let at = at.index(list.len());
            list[at] = *byte;
        }
        Damage::Number(at, number) if list.len() >= 4 => {
            let at = at.index(list.len() / 4) * 4;
            list[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        Damage::Push(byte) => list.push(*byte),
        Damage::Pop => {
            list.pop();
        }
        Damage::Clear => list.clear(),
        Damage::Swap(i, j) if !list.is_empty() => {
            let (i, j) = (i.index(list.len()), j.index(list.len()));
            list.swap(i, j);
        }
        _ => {}
    }
}

fn agrees(output: Output, count: usize) -> Result<(), TestCaseError> {
    let expected = oracle::read(&output, count);
    let found = check(output, count);
    match (expected, found) {
        (Some(expected), Ok(plan)) => prop_assert_eq!(expected, reading(&plan)),
        (None, Err(Failure::Malformed(_))) => {}
        (expected, found) => prop_assert!(false, "oracle: {expected:?}\nengine: {found:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_accepted_exactly_if_it_keeps_every_rule(output in answer(6)) {
        agrees(output, 6)?;
    }

    #[test]
    fn a_damaged_answer_is_accepted_exactly_if_it_still_keeps_every_rule(
        output in answer(6),
        damages in prop::collection::vec((any::<prop::sample::Index>(), damage()), 1..4),
    ) {
        let mut output = output;
        for (which, damage) in &damages {
            apply(&mut output, *which, damage);
        }
        agrees(output, 6)?;
    }
}

fn u32s(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn place(output: Output, count: usize) -> &'static str {
    match check(output, count) {
        Err(Failure::Malformed(malformed)) => malformed.place,
        other => panic!("{other:?}"),
    }
}

fn values(data: &[u8], ends: &[u32], nulls: &[u8]) -> Output {
    let to = Column {
        data: data.to_vec(),
        ends: u32s(ends),
        nulls: nulls.to_vec(),
    };
    Output {
        values: Some(Patch { at: None, to }),
        ..Output::default()
    }
}

#[test]
fn each_broken_rule_is_named_by_its_place() {
    let rows = |r: &[u32]| Output {
        rows: Some(u32s(r)),
        ..Output::default()
    };
    assert_eq!(place(rows(&[0, 3]), 3), "rows");
    assert_eq!(
        place(
            Output {
                rows: Some(vec![0; 5]),
                ..Output::default()
            },
            3
        ),
        "rows"
    );
    assert_eq!(
        place(
            Output {
                outputs: Some(vec![3, 0]),
                ..Output::default()
            },
            1
        ),
        "outputs"
    );
    assert_eq!(place(values(b"abc", &[2, 1, 3], &[]), 3), "values.to.ends");
    assert_eq!(
        place(values(b"abc", &[1, u32::MAX, 3], &[]), 3),
        "values.to.ends"
    );
    assert_eq!(place(values(b"abc", &[1, 2, 2], &[]), 3), "values.to.ends");
    assert_eq!(place(values(b"abc", &[1, 2], &[]), 3), "values.to.ends");
    assert_eq!(
        place(values(b"abc", &[1, 2, 3], &[0b1000]), 3),
        "values.to.nulls"
    );
    assert_eq!(
        place(values(b"abc", &[1, 2, 3], &[0b100]), 3),
        "values.to.nulls"
    );
    assert_eq!(
        place(values(b"abc", &[1, 2, 3], &[0, 0]), 3),
        "values.to.nulls"
    );
    let mut both = OutputBuilder::new();
    both.emit(1, 0).reject(1, "x", "");
    assert_eq!(place(both.finish(), 3), "rows");
    let mut own = OutputBuilder::new();
    own.emit(0, 0).add_headers(&[("millstream.offset", None)]);
    assert_eq!(place(own.finish(), 3), "added-headers.to.names.data");
    let mut code = OutputBuilder::new();
    code.reject(0, "Bad", "");
    assert_eq!(place(code.finish(), 3), "rejected.codes.data");
}

#[test]
fn repeats_count_against_what_may_be_written() {
    let value = vec![b'x'; 1000];
    let rows = [Row {
        key: None,
        value: Some(&value),
        headers: &[],
        timestamp: 0,
        offset: 0,
    }];
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    let repeated = Output {
        rows: Some(vec![0; 400]),
        ..Output::default()
    };
    let with = |limits: &Limits| Plan::from_output(repeated.clone(), batch, &description(), limits);
    assert_eq!(with(&Limits::default()).unwrap().written_bytes(), 100_000);
    let bytes = Limits {
        written_bytes: 99_999,
        ..Limits::default()
    };
    assert!(matches!(
        with(&bytes),
        Err(Failure::Limit {
            what: "bytes to write by one call",
            ..
        })
    ));
    let records = Limits {
        written_records: 99,
        ..Limits::default()
    };
    assert!(matches!(
        with(&records),
        Err(Failure::Limit {
            what: "records to write by one call",
            ..
        })
    ));
    // What a patch replaces is not written.
    let mut emptied = repeated.clone();
    let to = Column {
        data: vec![],
        ends: vec![0; 400],
        nulls: vec![],
    };
    emptied.values = Some(Patch { at: None, to });
    assert!(Plan::from_output(emptied, batch, &description(), &bytes).is_ok());
}

//! Answers of every kind, right and wrong, against a slow and independent reading of the contract.
//!
//! An answer is accepted exactly if the oracle accepts it, what is accepted reads as the oracle reads it, and nothing
//! panics on the way.
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use millstream_engine::{
    Batch, Column, Description, Failure, Header, Limits, Output, OutputBuilder, Parts, Patch, Plan,
    Row,
};
use oracle::{OUTPUTS, reading};
use proptest::prelude::*;

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

/// An answer over one row, whose value has 1,000 bytes, under this limit on what is written.
fn over_one_row(
    output: Output,
    headers: &[Header<'_>],
    written_bytes: u64,
) -> Result<u64, Failure> {
    let value = vec![b'x'; 1000];
    let rows = [Row {
        value: Some(&value),
        headers,
        ..rows(1)[0]
    }];
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    let limits = Limits {
        written_bytes,
        ..Limits::default()
    };
    Plan::from_output(output, batch, &description(), &limits).map(|plan| plan.written_bytes())
}

#[test]
fn a_header_counts_more_than_it_has() {
    let empty = Header {
        name: "",
        value: None,
    };
    let row = 1000 + 3;
    let mut added = OutputBuilder::new();
    added.emit(0, 0).add_headers(&[("", None); 10]);
    for (output, headers, bytes) in [
        (Output::default(), vec![empty; 10], row + 10 * 16),
        (added.finish(), vec![], row + 10 * 16),
        (added.finish(), vec![empty], row + 11 * 16),
    ] {
        let with = |limit| over_one_row(output.clone(), &headers, limit);
        assert_eq!(with(bytes), Ok(bytes));
        assert!(matches!(with(bytes - 1), Err(Failure::Limit { .. })));
    }
}

#[test]
fn headers_that_a_guest_was_not_shown_count_where_rows_are_repeated() {
    let headers = [Header {
        name: "name",
        value: Some(b"value"),
    }];
    let rows = rows(3);
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    let (row, header) = (3 + 5, 4 + 5 + 16);
    let limits = Limits {
        written_bytes: 100 * (row + header),
        ..Limits::default()
    };
    let counted = |written: &[u32]| {
        let output = Output {
            rows: Some(u32s(written)),
            ..Output::default()
        };
        let mut plan = Plan::from_output(output, batch, &description(), &limits)?;
        let mut found = 0;
        plan.count_headers(batch, |_, into| {
            found += 1;
            into.extend_from_slice(&headers);
        })?;
        Ok::<_, Failure>((plan.written_bytes(), found))
    };
    assert_eq!(counted(&[1; 100]), Ok((100 * (row + header), 3)));
    assert!(matches!(counted(&[1; 101]), Err(Failure::Limit { .. })));
    // Once each is no more than was fetched, and nobody looks for them.
    assert_eq!(counted(&[0, 2]), Ok((2 * row, 0)));
}

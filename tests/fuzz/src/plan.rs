//! What a guest answers: accepted exactly if an independent reading of the contract accepts it, and then read the same. What is
//! accepted keeps every rule that the delivery relies on.
//!
//! Two bytes for the batch and the limits, two for which lists there are, then the lists, each behind its length.

#[path = "../../../runtime/engine/tests/common/oracle.rs"]
mod oracle;

use millstream_engine::{
    Batch, Column, Description, Failure, Header, Headers, Limits, Output, Parts, Patch, Plan,
    Rejections, Row, ValueChange, fuzzing,
};

use self::oracle::{OUTPUTS, Reading};

const MOST_ROWS: u8 = 9;

/// Any answer.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let [count, limited] = [input.byte(), input.byte()];
    let output = input.output();
    let count = usize::from(count % MOST_ROWS);
    let rows: Vec<Row<'_>> = (0..count).map(row).collect();
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    let mut limits = Limits::default();
    if limited & 1 != 0 {
        limits.written_records = 3;
    }
    if limited & 2 != 0 {
        limits.written_bytes = 40;
    }
    let names: [String; OUTPUTS] = std::array::from_fn(|output| format!("out-{output}"));
    let names = names.each_ref().map(String::as_str);
    let description = Description::simple(Parts::ALL, &names);

    let expected = oracle::read(&output, count);
    let found = Plan::from_output(output, batch, &description, &limits);
    match (expected, found) {
        (Some(reading), Ok(plan)) => accepted(plan, &reading, &rows, &limits),
        (Some(reading), Err(Failure::Limit { .. })) => assert!(
            reading.records.len() as u64 > limits.written_records
                || bytes(&reading, &rows) > limits.written_bytes,
            "refused below its limits: {reading:?}"
        ),
        (None, Err(Failure::Malformed(_) | Failure::Limit { .. })) => {}
        (expected, found) => panic!("expected: {expected:?}\nfound: {found:?}"),
    }
}

fn row(number: usize) -> Row<'static> {
    const HEADERS: [Header<'static>; 2] = [
        Header {
            name: "h",
            value: Some(b"value"),
        },
        Header {
            name: "n",
            value: None,
        },
    ];
    Row {
        key: (number % 3 != 1).then_some(b"key"),
        value: (number % 3 != 2).then_some(b"value"),
        headers: &HEADERS[..number % 3],
        timestamp: number as i64 - 1,
        offset: 10 + number as i64,
    }
}

/// What is written, by the oracle's reading.
fn bytes(reading: &Reading, rows: &[Row<'_>]) -> u64 {
    type Bytes = Option<Vec<u8>>;
    let head = Limits::HEADER_BYTES as usize;
    let part = |patched: &Option<Bytes>, own: Option<&[u8]>| match patched {
        Some(patched) => patched.as_ref().map_or(0, Vec::len),
        None => own.map_or(0, <[u8]>::len),
    };
    let patched = |headers: &[(String, Bytes)]| -> usize {
        let of = |(name, value): &(String, Bytes)| {
            head + name.len() + value.as_ref().map_or(0, Vec::len)
        };
        headers.iter().map(of).sum()
    };
    let own = |headers: &[Header<'_>]| -> usize {
        let of =
            |header: &Header<'_>| head + header.name.len() + header.value.map_or(0, <[u8]>::len);
        headers.iter().map(of).sum()
    };
    let of = |record: &oracle::Record| {
        let row = &rows[record.row as usize];
        let headers = record.headers.as_deref().map_or(own(row.headers), patched);
        let added = record.added.as_deref().map_or(0, patched);
        part(&record.key, row.key) + part(&record.value, row.value) + headers + added
    };
    reading.records.iter().map(of).sum::<usize>() as u64
}

fn accepted(mut plan: Plan, reading: &Reading, rows: &[Row<'_>], limits: &Limits) {
    assert_eq!(oracle::reading(&plan), *reading);
    assert_eq!(plan.records().len(), plan.emitted());
    assert!(plan.emitted() as u64 <= limits.written_records);
    let least = bytes(reading, rows);
    assert!((least..=limits.written_bytes).contains(&plan.written_bytes()));

    // Every other row of a larger batch was shown to the guest.
    let kept: Vec<u32> = (0..rows.len() as u32).map(|row| 2 * row + 1).collect();
    let refused: Vec<u32> = (0..=rows.len() as u32).map(|row| 2 * row).collect();
    let wide = oracle::reading(&fuzzing::widened(plan.clone(), &kept, &refused));
    for (wide, narrow) in wide.records.iter().zip(&reading.records) {
        assert_eq!(wide.row, kept[narrow.row as usize]);
    }
    assert_eq!(wide.records.len(), reading.records.len());
    assert_eq!(wide.rejected.len(), reading.rejected.len() + refused.len());
    assert!(wide.rejected.is_sorted_by(|one, next| one.0 < next.0));

    // The ranges last when the bytes are taken out.
    let ranges: Vec<_> = plan.records().map(|record| record.value).collect();
    let data = plan.take_values_data();
    for (range, record) in ranges.into_iter().zip(&reading.records) {
        if let ValueChange::Bytes(range) = range {
            assert_eq!(record.value, Some(Some(data[range].to_vec())));
        }
    }
}

/// What is left to read; past its end there are zeros and empty lists.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *byte
    }

    fn list(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.0.len());
        let (list, rest) = self.0.split_at(length);
        self.0 = rest;
        list.to_vec()
    }

    fn column(&mut self) -> Column {
        Column {
            data: self.list(),
            ends: self.list(),
            nulls: self.list(),
        }
    }

    fn headers(&mut self) -> Headers {
        Headers {
            ends: self.list(),
            names: self.column(),
            values: self.column(),
        }
    }

    fn output(&mut self) -> Output {
        let there = u16::from_le_bytes([self.byte(), self.byte()]);
        let mut bit = 0;
        let mut next = || {
            bit += 1;
            there >> (bit - 1) & 1 != 0
        };
        fn patch<'a, T>(
            input: &mut Input<'a>,
            next: &mut impl FnMut() -> bool,
            to: impl FnOnce(&mut Input<'a>) -> T,
        ) -> Option<Patch<T>> {
            let (there, some) = (next(), next());
            there.then(|| Patch {
                at: some.then(|| input.list()),
                to: to(input),
            })
        }
        Output {
            rows: next().then(|| self.list()),
            outputs: next().then(|| self.list()),
            keys: patch(self, &mut next, Input::column),
            values: patch(self, &mut next, Input::column),
            headers: patch(self, &mut next, Input::headers),
            added_headers: patch(self, &mut next, Input::headers),
            timestamps: patch(self, &mut next, Input::list),
            partitions: patch(self, &mut next, Input::list),
            rejected: next().then(|| Rejections {
                rows: self.list(),
                codes: self.column(),
                reasons: self.column(),
            }),
        }
    }
}

/// An answer as [`run`] reads it, for the corpus.
#[must_use]
pub fn written(count: u8, output: &Output) -> Vec<u8> {
    fn list(bytes: &mut Vec<u8>, list: &[u8]) {
        bytes.push(u8::try_from(list.len()).expect("a short list"));
        bytes.extend_from_slice(list);
    }
    fn column(bytes: &mut Vec<u8>, column: &Column) {
        for part in [&column.data, &column.ends, &column.nulls] {
            list(bytes, part);
        }
    }
    fn headers(bytes: &mut Vec<u8>, headers: &Headers) {
        list(bytes, &headers.ends);
        column(bytes, &headers.names);
        column(bytes, &headers.values);
    }
    fn patch<T>(
        bytes: &mut Vec<u8>,
        there: &mut Vec<bool>,
        patch: Option<&Patch<T>>,
        to: impl FnOnce(&mut Vec<u8>, &T),
    ) {
        let at = patch.and_then(|patch| patch.at.as_ref());
        there.extend([patch.is_some(), at.is_some()]);
        if let Some(at) = at {
            list(bytes, at);
        }
        if let Some(patch) = patch {
            to(bytes, &patch.to);
        }
    }
    let (mut lists, mut there) = (Vec::new(), Vec::new());
    for part in [&output.rows, &output.outputs] {
        there.push(part.is_some());
        if let Some(part) = part {
            list(&mut lists, part);
        }
    }
    for part in [&output.keys, &output.values] {
        patch(&mut lists, &mut there, part.as_ref(), column);
    }
    for part in [&output.headers, &output.added_headers] {
        patch(&mut lists, &mut there, part.as_ref(), headers);
    }
    for part in [&output.timestamps, &output.partitions] {
        let to = |bytes: &mut Vec<u8>, to: &Vec<u8>| list(bytes, to);
        patch(&mut lists, &mut there, part.as_ref(), to);
    }
    there.push(output.rejected.is_some());
    if let Some(rejected) = &output.rejected {
        list(&mut lists, &rejected.rows);
        column(&mut lists, &rejected.codes);
        column(&mut lists, &rejected.reasons);
    }
    let bits = (0..).zip(there).map(|(bit, there)| u16::from(there) << bit);
    let bits = bits.fold(0u16, |all, bit| all | bit).to_le_bytes();
    [&[count, 0], &bits[..], &lists].concat()
}

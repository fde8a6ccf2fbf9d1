//! Every rule of the contract for an answer, in the order in which later rules rely on earlier ones.
//!
//! Guests are hostile here: lists may alias, wrap, overlap or be of any length. The time is linear in the lists.

use super::columns::{HeaderColumns, Strings, TextColumn, bit, i32_at, i64_at, u16_at, u32_at};
use super::written::{Own, written};
use super::{Plan, RejectedRows};
use crate::output::{Column, Headers, Patch, Rejections};
use crate::{Batch, Description, Failure, Limits, Malformed, Output};

/// Bytes of a rejection's code.
const MAX_CODE: usize = 64;
/// Bytes of a rejection's reason that are kept.
pub(super) const MAX_REASON: usize = 1024;
/// What the host's own headers start with.
const RESERVED: &str = "millstream.";

type Checked<T> = Result<T, Malformed>;

pub(super) fn check(
    output: Output,
    batch: Batch<'_>,
    description: &Description,
    limits: &Limits,
) -> Result<Plan, Failure> {
    let count = batch.rows.len();
    let rejected = output.rejected.map(|r| rejections(r, count)).transpose()?;
    let emitted = match &output.rows {
        Some(rows) => given_rows(rows, count, rejected.as_ref())?,
        None => count - rejected.as_ref().map_or(0, |r| r.rows.len() / 4),
    };
    if emitted as u64 > limits.written_records {
        return Err(too_much(
            "records to write by one call",
            limits.written_records,
            emitted as u64,
        ));
    }
    if let Some(outputs) = &output.outputs {
        given_outputs(outputs, emitted, description.outputs.len())?;
    }
    let mut plan = Plan {
        emitted,
        rows: output.rows,
        outputs: output.outputs,
        keys: patch("keys.at", output.keys, emitted, |to, n| {
            strings(&KEYS, to, n)
        })?,
        values: patch("values.at", output.values, emitted, |to, n| {
            strings(&VALUES, to, n)
        })?,
        headers: patch("headers.at", output.headers, emitted, |to, n| {
            headers(&HEADERS, to, n)
        })?,
        added: patch(
            "added-headers.at",
            output.added_headers,
            emitted,
            |to, n| headers(&ADDED, to, n),
        )?,
        timestamps: patch("timestamps.at", output.timestamps, emitted, timestamps)?,
        partitions: patch("partitions.at", output.partitions, emitted, partitions)?,
        rejected,
        written_bytes: 0,
        written_limit: limits.written_bytes,
    };
    plan.written_bytes = written(&plan, &Own::shown(batch.rows), limits.written_bytes)?;
    Ok(plan)
}

fn too_much(what: &'static str, limit: u64, used: u64) -> Failure {
    Failure::Limit {
        what,
        limit: limit.to_string(),
        used: used.to_string(),
    }
}

/// The places of one column, for messages.
struct Places {
    data: &'static str,
    ends: &'static str,
    nulls: &'static str,
}

struct HeaderPlaces {
    ends: &'static str,
    names: Places,
    values: Places,
}

macro_rules! places {
    ($($at:literal),+) => {
        Places { data: concat!($($at,)+ ".data"), ends: concat!($($at,)+ ".ends"), nulls: concat!($($at,)+ ".nulls") }
    };
}

macro_rules! header_places {
    ($at:literal) => {
        HeaderPlaces {
            ends: concat!($at, ".ends"),
            names: places!($at, ".names"),
            values: places!($at, ".values"),
        }
    };
}

const KEYS: Places = places!("keys.to");
const VALUES: Places = places!("values.to");
const LOOKED_UP: Places = places!("keys");
const CODES: Places = places!("rejected.codes");
const REASONS: Places = places!("rejected.reasons");
const HEADERS: HeaderPlaces = header_places!("headers.to");
const ADDED: HeaderPlaces = header_places!("added-headers.to");

/// `n` numbers of `width` bytes.
fn exactly(place: &'static str, list: &[u8], n: usize, width: usize) -> Checked<()> {
    if n.checked_mul(width) == Some(list.len()) {
        return Ok(());
    }
    Err(Malformed::new(
        place,
        format!(
            "{} bytes where {n} numbers of {width} bytes belong",
            list.len()
        ),
    ))
}

fn whole(place: &'static str, list: &[u8]) -> Checked<usize> {
    if list.len().is_multiple_of(4) {
        return Ok(list.len() / 4);
    }
    Err(Malformed::new(
        place,
        format!("{} bytes are no whole number of u32s", list.len()),
    ))
}

/// Strictly ascending numbers below `end`; how many.
fn ascending(place: &'static str, list: &[u8], end: usize) -> Checked<usize> {
    let n = whole(place, list)?;
    let mut least = 0u64;
    for i in 0..n {
        let number = u64::from(u32_at(list, i));
        if number < least {
            return Err(Malformed::new(
                place,
                format!("number {i} is {number}, which is not above the one before it"),
            ));
        }
        if number >= end as u64 {
            return Err(Malformed::new(
                place,
                format!("number {i} is {number}, but there are only {end}"),
            ));
        }
        least = number + 1;
    }
    Ok(n)
}

/// Ends of `n` entries over `length`: never decreasing, the last is `length`.
fn ends(place: &'static str, list: &[u8], n: usize, length: usize) -> Checked<()> {
    exactly(place, list, n, 4)?;
    let mut last = 0;
    for i in 0..n {
        let end = u32_at(list, i);
        if end < last {
            return Err(Malformed::new(
                place,
                format!("end {i} is {end}, below the one before it, {last}"),
            ));
        }
        last = end;
    }
    if last as usize != length {
        return Err(Malformed::new(
            place,
            format!("the last end is {last}, the length is {length}"),
        ));
    }
    Ok(())
}

/// A bit set over `n` entries, or nothing at all.
fn bits(place: &'static str, set: &[u8], n: usize) -> Checked<()> {
    if set.is_empty() {
        return Ok(());
    }
    if set.len() != n.div_ceil(8) {
        return Err(Malformed::new(
            place,
            format!(
                "{} bytes where {} or none belong to {n} entries",
                set.len(),
                n.div_ceil(8)
            ),
        ));
    }
    if !n.is_multiple_of(8) && set[set.len() - 1] >> (n % 8) != 0 {
        return Err(Malformed::new(
            place,
            format!("a bit past the last of {n} entries is set"),
        ));
    }
    Ok(())
}

/// Keys to look up, as many as there are ends.
pub(super) fn keys(column: Column) -> Checked<(Strings, usize)> {
    let count = whole(LOOKED_UP.ends, &column.ends)?;
    Ok((strings(&LOOKED_UP, column, count)?, count))
}

fn strings(places: &Places, column: Column, n: usize) -> Checked<Strings> {
    let Column {
        data,
        ends: list,
        nulls,
    } = column;
    ends(places.ends, &list, n, data.len())?;
    bits(places.nulls, &nulls, n)?;
    let strings = Strings {
        data,
        ends: list,
        nulls,
    };
    for (byte, &set) in strings
        .nulls
        .iter()
        .enumerate()
        .filter(|&(_, &set)| set != 0)
    {
        for i in (0..8).filter(|i| set & (1 << i) != 0).map(|i| byte * 8 + i) {
            if !strings.range(i).is_empty() {
                return Err(Malformed::new(
                    places.nulls,
                    format!("entry {i} is null but has data"),
                ));
            }
        }
    }
    Ok(strings)
}

/// UTF-8 without nulls. Valid as a whole and cut only at characters is valid entry by entry.
fn text(places: &Places, column: Column, n: usize) -> Checked<TextColumn> {
    let Strings { data, ends, nulls } = strings(places, column, n)?;
    if nulls.iter().any(|&b| b != 0) {
        return Err(Malformed::new(
            places.nulls,
            "an entry is null, which none may be here",
        ));
    }
    let data = String::from_utf8(data).map_err(|e| {
        Malformed::new(
            places.data,
            format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to()),
        )
    })?;
    for i in 0..n {
        if !data.is_char_boundary(u32_at(&ends, i) as usize) {
            return Err(Malformed::new(
                places.ends,
                format!("end {i} lies within a character"),
            ));
        }
    }
    Ok(TextColumn { data, ends })
}

fn headers(places: &HeaderPlaces, headers: Headers, n: usize) -> Checked<HeaderColumns> {
    let entries = whole(places.names.ends, &headers.names.ends)?;
    ends(places.ends, &headers.ends, n, entries)?;
    let names = text(&places.names, headers.names, entries)?;
    for i in 0..entries {
        let name = names.get(i);
        if name.contains('\0') {
            return Err(Malformed::new(
                places.names.data,
                format!("header name {i} contains NUL"),
            ));
        }
        if name.starts_with(RESERVED) {
            let shown: String = name.chars().take(80).collect();
            return Err(Malformed::new(
                places.names.data,
                format!("header name {shown:?} starts with `{RESERVED}`, which is the host's"),
            ));
        }
    }
    let values = strings(&places.values, headers.values, entries)?;
    Ok(HeaderColumns {
        ends: headers.ends,
        names,
        values,
    })
}

fn timestamps(to: Vec<u8>, n: usize) -> Checked<Vec<u8>> {
    exactly("timestamps.to", &to, n, 8)?;
    for i in 0..n {
        let timestamp = i64_at(&to, i);
        if timestamp < -1 {
            return Err(Malformed::new(
                "timestamps.to",
                format!("timestamp {i} is {timestamp}, before 1970"),
            ));
        }
    }
    Ok(to)
}

fn partitions(to: Vec<u8>, n: usize) -> Checked<Vec<u8>> {
    exactly("partitions.to", &to, n, 4)?;
    for i in 0..n {
        let partition = i32_at(&to, i);
        if partition < -1 {
            return Err(Malformed::new(
                "partitions.to",
                format!("partition {i} is {partition}"),
            ));
        }
    }
    Ok(to)
}

fn patch<T, U>(
    place: &'static str,
    patch: Option<Patch<T>>,
    emitted: usize,
    check: impl FnOnce(T, usize) -> Checked<U>,
) -> Checked<Option<Patch<U>>> {
    let Some(Patch { at, to }) = patch else {
        return Ok(None);
    };
    let n = match &at {
        Some(at) => ascending(place, at, emitted)?,
        None => emitted,
    };
    Ok(Some(Patch {
        at,
        to: check(to, n)?,
    }))
}

fn rejections(rejected: Rejections, count: usize) -> Checked<RejectedRows> {
    let n = ascending("rejected.rows", &rejected.rows, count)?;
    let codes = text(&CODES, rejected.codes, n)?;
    for i in 0..n {
        let code = codes.get(i);
        if code.len() > MAX_CODE
            || !code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            let shown: String = code.chars().take(80).collect();
            return Err(Malformed::new(
                CODES.data,
                format!("code {i} is {shown:?}: use a-z, 0-9 and '-', at most {MAX_CODE} bytes"),
            ));
        }
    }
    let reasons = text(&REASONS, rejected.reasons, n)?;
    Ok(RejectedRows {
        rows: rejected.rows,
        codes,
        reasons,
    })
}

fn given_rows(rows: &[u8], count: usize, rejected: Option<&RejectedRows>) -> Checked<usize> {
    let n = whole("rows", rows)?;
    let mut refused = vec![
        0u8;
        if rejected.is_some() {
            count.div_ceil(8)
        } else {
            0
        }
    ];
    if let Some(rejected) = rejected {
        for i in 0..rejected.rows.len() / 4 {
            let row = u32_at(&rejected.rows, i) as usize;
            refused[row / 8] |= 1 << (row % 8);
        }
    }
    for i in 0..n {
        let row = u32_at(rows, i) as usize;
        if row >= count {
            return Err(Malformed::new(
                "rows",
                format!("record {i} comes from row {row}, but there are only {count}"),
            ));
        }
        if bit(&refused, row) {
            return Err(Malformed::new(
                "rows",
                format!("row {row} is both emitted and rejected"),
            ));
        }
    }
    Ok(n)
}

fn given_outputs(outputs: &[u8], emitted: usize, declared: usize) -> Checked<()> {
    exactly("outputs", outputs, emitted, 2)?;
    for i in 0..emitted {
        let output = u16_at(outputs, i) as usize;
        if output >= declared {
            return Err(Malformed::new(
                "outputs",
                format!("record {i} goes to output {output}, but only {declared} are declared"),
            ));
        }
    }
    Ok(())
}

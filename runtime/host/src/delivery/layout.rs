//! Decides what is written where, before anything is written: partitions, sizes, dead letters, order.
//!
//! The result is grouped by output partition, because a producer takes a run of records for one partition in half the time
//! of an interleaved one; within a partition the plan's order holds. All that can go wrong with a plan shows here, so a batch
//! is written whole or not at all.

use std::ops::Range;

use millstream_engine::{Change, Emit, Failure, Header, HeaderList, Malformed, Plan, ValueChange};
use millstream_kafka::partitioner::partition_for;

use super::Routes;
use super::dead_letter::{Kind, Letter, REFUSED, TOO_LARGE};
use super::refused::Refusing;
use crate::source::{Rows, TopicPartition};

mod letters;

/// What the layout has to know of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many partitions it has, at least one.
    pub(super) partitions: i32,
    /// The largest record batch that it takes.
    pub(super) max_message_bytes: u64,
    /// Where records without a key go this time: one partition for a whole batch, another one for the next.
    pub(super) keyless: i32,
}

/// Records of one batch, grouped by output partition.
#[derive(Debug)]
pub(super) struct Layout<'p> {
    writes: Vec<Write<'p>>,
    /// Indices into `writes`, in the order of writing.
    order: Vec<u32>,
    /// Whether every row is written at most once: its headers may be moved then.
    pub(super) unique: bool,
    /// What is counted once the batch is finished.
    pub(super) tally: Tally,
}

/// One record.
#[derive(Debug)]
pub(super) struct Write<'p> {
    /// An index into the outputs; one past the last is the topic for rejected rows.
    pub(super) topic: usize,
    pub(super) partition: i32,
    pub(super) content: Content<'p>,
}

#[derive(Debug)]
pub(super) enum Content<'p> {
    Record(Emit<'p>),
    Letter(Letter),
}

/// What a batch adds to the statistics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Records by output.
    pub(crate) outputs: Vec<u64>,
    /// Rejected rows by code, and whether they were dropped.
    pub(crate) rejected: Vec<(String, u64)>,
    /// The largest timestamp among the rows, -1 if there is none.
    pub(crate) timestamp: i64,
}

impl<'p> Layout<'p> {
    pub(super) fn writes(&self) -> impl Iterator<Item = &Write<'p>> {
        self.order.iter().map(|&at| &self.writes[at as usize])
    }

    /// Bytes of input values that are written as they are.
    pub(super) fn kept_bytes(&self, rows: &impl Rows) -> usize {
        let values = self.writes.iter().map(|write| match &write.content {
            Content::Record(Emit {
                value: ValueChange::Keep,
                row,
                ..
            })
            | Content::Letter(Letter { row, .. }) => {
                rows.value(*row as usize).map_or(0, <[u8]>::len)
            }
            Content::Record(_) => 0,
        });
        values.sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// What is to be laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Laid<'a, 'p> {
    pub(super) partition: &'a TopicPartition,
    pub(super) plan: &'p Plan,
    /// Calls that the rows were part of.
    pub(super) attempts: u32,
    /// Whether the plan's rejected rows are ones that the guest failed on.
    pub(super) failed: bool,
    /// The values that the plan's ranges are of.
    pub(super) patched: &'a [u8],
}

/// A batch cannot be written as its plan says.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The plan breaks a rule that shows with the topics at hand.
    Failure(Failure),
    /// The transform is to stop.
    Stop {
        code: &'static str,
        message: String,
        offset: i64,
    },
}

/// Lays a batch out. `shapes` has one entry for each output and, where rejected rows go to a topic, one more. With `measure`,
/// every record is measured; otherwise only where the batch as a whole could hold one that is too large. Headers are not
/// in that sum, because counting them means parsing them: the broker's refusal of one that is all headers brings `measure`.
/// `refusing`: records of these rows that a broker did not take.
pub(super) fn lay_out<'p>(
    batch: Laid<'_, 'p>,
    rows: &impl Rows,
    routes: &Routes,
    shapes: &[Shape],
    measure: bool,
    refusing: &Refusing,
) -> Result<Layout<'p>, Refusal> {
    let (outputs, plan) = (routes.outputs.len(), batch.plan);
    let mut writes = Vec::with_capacity(plan.emitted() + plan.rejected());
    let mut tally = Tally {
        rows: rows.len() as u64,
        bytes: rows.bytes() as u64,
        outputs: vec![0; outputs],
        ..Tally::default()
    };
    let mut letters: Vec<Letter> = Vec::new();
    for rejection in plan.rejections() {
        letters.push(Letter {
            row: rejection.row,
            kind: if batch.failed {
                Kind::Failed
            } else {
                Kind::Rejected
            },
            code: rejection.code.to_owned(),
            reason: rejection.reason.to_owned(),
            attempts: batch.attempts,
            cut: None,
            at: None,
        });
    }

    // No record can be larger than the whole batch and all that the guest added to it, so most batches need no measuring.
    let whole = plan.written_bytes().max(rows.bytes() as u64) + overhead(16);
    let measure = measure || shapes.iter().any(|shape| whole > shape.max_message_bytes);
    let mut less = false;
    let (mut unique, mut last) = (true, None);
    for emit in plan.records() {
        unique &= last < Some(emit.row);
        last = Some(emit.row);
        let topic = usize::from(emit.output);
        let shape = &shapes[topic];
        let row = emit.row as usize;
        let key = match emit.key {
            Change::Keep => rows.key(row),
            Change::Null => None,
            Change::Bytes(bytes) => Some(bytes),
        };
        let to = match emit.partition {
            Some(to) if to >= shape.partitions => {
                return Err(no_such_partition(to, shape, &routes.outputs[topic].topic));
            }
            Some(to) => to,
            None => key.map_or(shape.keyless, |key| partition_for(key, shape.partitions)),
        };
        if measure {
            let size = size_of(&emit, key, rows);
            if size > shape.max_message_bytes {
                less = true;
                let topic = &routes.outputs[topic].topic;
                letters.push(too_large(emit.row, size, shape, topic, batch.attempts));
                continue;
            }
        }
        let value = match &emit.value {
            ValueChange::Keep => rows.value(row),
            ValueChange::Null => None,
            ValueChange::Bytes(range) => batch.patched.get(range.clone()),
        };
        let name = &routes.outputs[topic].topic;
        if let Some(refused) = refusing.find(rows.offset(row), name, key, value) {
            less = true;
            letters.push(Letter {
                row: emit.row,
                kind: Kind::Refused,
                code: REFUSED.to_owned(),
                reason: not_taken(name, refused.reason, key),
                attempts: batch.attempts,
                cut: None,
                at: None,
            });
            continue;
        }
        tally.outputs[topic] += 1;
        writes.push(Write {
            topic,
            partition: to,
            content: Content::Record(emit),
        });
    }

    if less {
        // One letter a row, in the order of rows.
        letters.sort_by_key(|letter| letter.row);
        letters.dedup_by_key(|letter| letter.row);
    }
    for letter in letters {
        tally.reject(&letter.code);
        writes.extend(letters::place(
            letter,
            batch.partition,
            rows,
            routes,
            shapes,
            refusing,
        )?);
    }
    tally.timestamp = (0..rows.len())
        .map(|row| rows.timestamp(row))
        .max()
        .unwrap_or(-1);
    let order = group(&writes, shapes);
    Ok(Layout {
        writes,
        order,
        unique: unique && !less,
        tally,
    })
}

/// A stable counting sort by output partition.
fn group(writes: &[Write<'_>], shapes: &[Shape]) -> Vec<u32> {
    let mut first = Vec::with_capacity(shapes.len());
    let mut slots = 0usize;
    for shape in shapes {
        first.push(slots);
        slots += shape.partitions as usize;
    }
    let slot = |write: &Write<'_>| first[write.topic] + write.partition as usize;
    let mut ends = vec![0u32; slots + 1];
    for write in writes {
        ends[slot(write) + 1] += 1;
    }
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut order = vec![0u32; writes.len()];
    for (at, write) in writes.iter().enumerate() {
        let place = &mut ends[slot(write)];
        order[*place as usize] = at as u32;
        *place += 1;
    }
    order
}

impl Tally {
    fn reject(&mut self, code: &str) {
        match self.rejected.iter_mut().find(|entry| entry.0 == code) {
            Some(entry) => entry.1 += 1,
            None => self.rejected.push((code.to_owned(), 1)),
        }
    }
}

/// Bytes around a header's name and value, at most: two lengths.
const HEADER: u64 = 5 + 5;

/// Bytes around a record that stands alone in its record batch, at most: the batch's header, and all lengths and deltas
/// at their longest.
fn overhead(headers: usize) -> u64 {
    const BATCH: u64 = 61;
    const RECORD: u64 = 5 + 1 + 10 + 5 + 5 + 5 + 5;
    BATCH + RECORD + HEADER * headers as u64
}

fn encoded(key: Option<&[u8]>, value: usize, headers: u64) -> u64 {
    (key.map_or(0, <[u8]>::len) + value) as u64 + headers + overhead(0)
}

/// Bytes of headers in a record, at most.
fn header_bytes<'a>(headers: impl Iterator<Item = Header<'a>>) -> u64 {
    let one = |header: Header<'_>| {
        (header.name.len() + header.value.map_or(0, <[u8]>::len)) as u64 + HEADER
    };
    headers.map(one).sum()
}

/// The same for a row's own, which need not be parsed where the source has them as they were written.
fn own_header_bytes(rows: &impl Rows, row: usize) -> u64 {
    if let Some(raw) = rows.raw(row) {
        return raw.headers.len() as u64;
    }
    let mut headers = Vec::new();
    rows.headers(row, &mut headers);
    header_bytes(headers.into_iter())
}

fn size_of(emit: &Emit<'_>, key: Option<&[u8]>, rows: &impl Rows) -> u64 {
    let row = emit.row as usize;
    let value = match &emit.value {
        ValueChange::Keep => rows.value(row).map_or(0, <[u8]>::len),
        ValueChange::Null => 0,
        ValueChange::Bytes(Range { start, end }) => end - start,
    };
    let own = match &emit.headers {
        None => own_header_bytes(rows, row),
        Some(list) => header_bytes(list.iter()),
    };
    let added = header_bytes(emit.added.iter().flat_map(HeaderList::iter));
    encoded(key, value, own + added)
}

fn no_such_partition(partition: i32, shape: &Shape, topic: &str) -> Refusal {
    let rule = format!(
        "partition {partition} of the topic {topic:?} does not exist: it has {} partitions",
        shape.partitions
    );
    Refusal::Failure(Failure::Malformed(Malformed {
        place: "partitions",
        rule,
    }))
}

fn not_taken(topic: &str, reason: &str, key: Option<&[u8]>) -> String {
    let likely = match key {
        None => "a compacted topic takes none without a key",
        Some(_) => {
            "its timestamp may be further from now than message.timestamp.before.max.ms or message.timestamp.after.max.ms allow"
        }
    };
    format!("the topic {topic:?} does not take the record ({reason}): {likely}")
}

fn too_large(row: u32, size: u64, shape: &Shape, topic: &str, attempts: u32) -> Letter {
    let reason = format!(
        "the record for {topic:?} takes up to {size} bytes; the topic's max.message.bytes is {}",
        shape.max_message_bytes
    );
    Letter {
        row,
        kind: Kind::Oversized,
        code: TOO_LARGE.to_owned(),
        reason,
        attempts,
        cut: None,
        at: None,
    }
}

#[cfg(test)]
mod tests;

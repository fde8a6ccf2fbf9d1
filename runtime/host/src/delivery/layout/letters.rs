//! Where the letter of a row that cannot be processed goes, by the revision's policies.

use millstream_kafka::partitioner::partition_for;

use super::{Content, Refusal, Shape, Write, encoded, header_bytes};
use crate::delivery::Routes;
use crate::delivery::dead_letter::{Account, Kind, Letter};
use crate::delivery::refused::{Known, Refusing};
use crate::failure::Policy;
use crate::source::{Rows, TopicPartition};

/// The dead letter to write, if there is to be one.
pub(super) fn place<'p>(
    mut letter: Letter,
    partition: &TopicPartition,
    rows: &impl Rows,
    routes: &Routes,
    shapes: &[Shape],
    refusing: &Refusing,
) -> Result<Option<Write<'p>>, Refusal> {
    let policies = &routes.letters;
    let policy = match letter.kind {
        Kind::Rejected => policies.rejected,
        Kind::Failed => policies.failed,
        Kind::Oversized => policies.oversized,
        Kind::Refused => policies.refused,
    };
    match policy {
        Policy::Drop => return Ok(None),
        Policy::Stop => return Err(stop_at(&letter, rows)),
        Policy::DeadLetter => {}
    }
    let topic = routes.outputs.len();
    let shape = &shapes[topic];
    let row = letter.row as usize;
    let key = rows.key(row);
    let value = rows.value(row).map_or(0, <[u8]>::len);
    let size = |letter: &Letter, value| {
        let account = Account::new(letter, rows, partition, routes);
        encoded(
            key,
            value,
            header_bytes(account.headers(row, rows).into_iter()),
        )
    };
    let whole = size(&letter, value);
    if whole > shape.max_message_bytes {
        let refusal = too_large(&letter, rows, whole, shape, &policies.topic);
        if !policies.cut {
            return Err(refusal);
        }
        letter.cut = Some(0);
        let empty = size(&letter, 0);
        let Some(left) = shape.max_message_bytes.checked_sub(empty) else {
            return Err(refusal);
        };
        letter.cut = Some(left as usize);
    }
    let to = key.map_or(shape.keyless, |key| partition_for(key, shape.partitions));
    let kept = rows
        .value(row)
        .map(|value| &value[..letter.cut.unwrap_or(value.len())]);
    if let Some(refused) = refusing.find(rows.offset(row), &policies.topic, key, kept) {
        // It is most likely the timestamp that both topics do not take; after that there is nothing left to try.
        if refused.times > 1 {
            return Err(not_taken(&letter, rows, &refused, &policies.topic));
        }
        letter.at = Some(now());
    }
    Ok(Some(Write {
        topic,
        partition: to,
        content: Content::Letter(letter),
    }))
}

fn stop_at(letter: &Letter, rows: &impl Rows) -> Refusal {
    let offset = rows.offset(letter.row as usize);
    let (what, code, field) = match letter.kind {
        Kind::Rejected => ("was rejected", "rejected", "rejected"),
        Kind::Failed => ("made the module fail", "failed-record", "traps"),
        Kind::Oversized => ("became too large", "oversized-record", "oversized"),
        Kind::Refused => (
            "became what its topic does not take",
            "refused-record",
            "refused",
        ),
    };
    let message = format!(
        "the record at offset {offset} {what} ({}: {}), and failures.{field} says to stop then. Deploy a revision that can process it, \
         or one whose failures.{field} is \"dead-letter\" or \"drop\"",
        letter.code, letter.reason
    );
    Refusal::Stop {
        code,
        message,
        offset,
    }
}

fn too_large(letter: &Letter, rows: &impl Rows, size: u64, shape: &Shape, topic: &str) -> Refusal {
    let offset = rows.offset(letter.row as usize);
    let message = format!(
        "the record at offset {offset} cannot be processed ({}: {}), but does not fit into the topic {topic:?} for such records: it takes \
         up to {size} bytes with its headers, max.message.bytes is {}. Raise that topic's max.message.bytes, or have such values cut: \
         failures.rejected = {{ cut = true }}",
        letter.code, letter.reason, shape.max_message_bytes
    );
    Refusal::Stop {
        code: "dead-letter-too-large",
        message,
        offset,
    }
}

/// Milliseconds, as Kafka has them.
fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn not_taken(letter: &Letter, rows: &impl Rows, refused: &Known<'_>, topic: &str) -> Refusal {
    let offset = rows.offset(letter.row as usize);
    let message = format!(
        "the record at offset {offset} cannot be processed ({}: {}), and the topic {topic:?} for such records does not take it: {}. \
         A topic for rejected records has cleanup.policy=delete; name another one with failures.rejected.topic, or change that one",
        letter.code, letter.reason, refused.reason
    );
    Refusal::Stop {
        code: "dead-letter-refused",
        message,
        offset,
    }
}

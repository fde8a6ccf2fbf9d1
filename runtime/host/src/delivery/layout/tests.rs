use bytes::Bytes;
use millstream_engine::{self as engine, Description, Limits, OutputBuilder, Parts, Row};

use super::*;
use crate::delivery::{Letters, OutputRoute, Stamp};
use crate::failure::Policy;
use crate::memory::{MemoryRows, Record};
use crate::source::Raw;

fn routes(letters: Letters) -> Routes {
    let output = |name: &str| OutputRoute {
        name: name.into(),
        topic: format!("topic.{name}").into(),
    };
    Routes {
        transform: "route".into(),
        stamp: Stamp {
            revision: 3,
            reset: 0,
        },
        digest: "abc".into(),
        step: 0,
        outputs: vec![output("a"), output("b")],
        letters,
    }
}

const SHAPE: Shape = Shape {
    partitions: 4,
    max_message_bytes: 1_000_000,
    keyless: 2,
};

fn batch(records: Vec<Record>) -> MemoryRows {
    let offsets = records.into_iter().enumerate();
    MemoryRows::new(
        offsets
            .map(|(at, record)| Record {
                offset: 100 + at as i64,
                ..record
            })
            .collect(),
    )
}

fn plan(rows: &MemoryRows, build: impl FnOnce(&mut OutputBuilder)) -> Plan {
    let mut builder = OutputBuilder::new();
    build(&mut builder);
    let table: Vec<Row<'_>> = (0..rows.len())
        .map(|row| Row {
            key: rows.key(row),
            value: rows.value(row),
            headers: &[],
            timestamp: 0,
            offset: rows.offset(row),
        })
        .collect();
    let shown = engine::Batch {
        topic: "in",
        partition: 0,
        rows: &table,
    };
    let description = Description::simple(Parts::ALL, &["a", "b"]);
    Plan::from_output(builder.finish(), shown, &description, &Limits::default()).expect("a plan")
}

fn lay<'p>(
    rows: &MemoryRows,
    plan: &'p Plan,
    letters: Letters,
    shapes: &[Shape],
) -> Result<Layout<'p>, Refusal> {
    lay_with(rows, plan, letters, shapes, false)
}

fn lay_with<'p>(
    rows: &impl Rows,
    plan: &'p Plan,
    letters: Letters,
    shapes: &[Shape],
    measure: bool,
) -> Result<Layout<'p>, Refusal> {
    let from = TopicPartition::new("in", 7);
    let laid = Laid {
        partition: &from,
        plan,
        attempts: 1,
        failed: false,
        patched: &[],
    };
    lay_out(
        laid,
        rows,
        &routes(letters),
        shapes,
        measure,
        &Refusing::default(),
    )
}

fn written(layout: &Layout<'_>) -> Vec<(usize, i32, u32)> {
    layout
        .writes()
        .map(|write| match &write.content {
            Content::Record(emit) => (write.topic, write.partition, emit.row),
            Content::Letter(letter) => (write.topic, write.partition, letter.row),
        })
        .collect()
}

fn topic() -> Letters {
    Letters::to("dead")
}

fn rejected(policy: Policy) -> Letters {
    Letters {
        rejected: policy,
        ..topic()
    }
}

#[test]
fn records_are_grouped_by_partition_and_keep_the_order_of_the_plan_within() {
    let rows = batch(
        (0..40)
            .map(|number| Record::new(&format!("key-{}", number % 5), "v"))
            .collect(),
    );
    let plan = plan(&rows, |builder| {
        (0..40).for_each(|row| {
            builder.emit(row, row % 2);
        });
    });
    let layout = lay(&rows, &plan, topic(), &[SHAPE; 3]).expect("a layout");
    let written = written(&layout);
    assert_eq!(written.len(), 40);
    let mut groups: Vec<(usize, i32)> = written.iter().map(|write| (write.0, write.1)).collect();
    groups.dedup();
    let count = groups.len();
    groups.sort_unstable();
    groups.dedup();
    assert_eq!(groups.len(), count, "a partition comes up once");
    assert!(
        written
            .windows(2)
            .all(|two| (two[0].0, two[0].1) != (two[1].0, two[1].1) || two[0].2 < two[1].2)
    );
    for (_, partition, row) in written {
        assert_eq!(
            partition,
            partition_for(rows.key(row as usize).expect("a key"), 4)
        );
    }
    assert!(layout.unique);
}

#[test]
fn records_without_a_key_stay_together_and_an_empty_key_is_a_key() {
    let keyless = Record {
        key: None,
        ..Record::new("", "v")
    };
    let rows = batch(vec![keyless.clone(), Record::new("", "v"), keyless]);
    let plan = Plan::pass_all(3);
    let layout = lay(&rows, &plan, topic(), &[SHAPE; 3]).expect("a layout");
    let mut written = written(&layout);
    written.sort_by_key(|write| write.2);
    assert_eq!(written[0].1, 2);
    assert_eq!(written[1].1, partition_for(b"", 4));
    assert_eq!(written[2].1, 2);
}

#[test]
fn a_partition_that_the_output_does_not_have_is_the_guests_failure() {
    let rows = batch(vec![Record::new("k", "v")]);
    let to = |partition| {
        plan(&rows, |builder| {
            builder.emit(0, 1).partition(partition);
        })
    };
    let (there, past) = (to(3), to(4));
    assert_eq!(
        written(&lay(&rows, &there, topic(), &[SHAPE; 3]).expect("a layout")),
        [(1, 3, 0)]
    );
    match lay(&rows, &past, topic(), &[SHAPE; 3]) {
        Err(Refusal::Failure(failure)) => {
            assert_eq!(failure.code(), "malformed");
            assert!(
                failure
                    .to_string()
                    .contains("partition 4 of the topic \"topic.b\" does not exist"),
                "{failure}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_too_large_for_its_output_becomes_one_dead_letter() {
    let rows = batch(vec![
        Record::new("k", "small"),
        Record::new("k", &"x".repeat(2_000)),
        Record::new("k", "small"),
    ]);
    let plan = plan(&rows, |builder| {
        builder
            .emit(0, 0)
            .emit(1, 0)
            .emit(1, 0)
            .emit(1, 1)
            .emit(2, 0);
    });
    let small = Shape {
        max_message_bytes: 1_000,
        ..SHAPE
    };
    let layout = lay(&rows, &plan, topic(), &[small, SHAPE, SHAPE]).expect("a layout");
    let mut written = written(&layout);
    written.sort_unstable();
    let places: Vec<_> = written.iter().map(|write| (write.0, write.2)).collect();
    assert_eq!(places, [(0, 0), (0, 2), (1, 1), (2, 1)]);
    assert_eq!(layout.tally.rejected, [(TOO_LARGE.to_owned(), 1)]);
    assert_eq!(layout.tally.outputs, [2, 1]);
    assert!(
        !layout.unique,
        "the dead letter reads the row's headers too"
    );
}

#[test]
fn a_dead_letter_that_does_not_fit_stops_the_transform() {
    let rows = batch(vec![Record::new("k", &"x".repeat(2_000))]);
    let plan = plan(&rows, |builder| {
        builder.reject(0, "bad", "because");
    });
    let small = Shape {
        max_message_bytes: 1_000,
        ..SHAPE
    };
    match lay(&rows, &plan, topic(), &[SHAPE, SHAPE, small]) {
        Err(Refusal::Stop {
            code: "dead-letter-too-large",
            message,
            offset: 100,
        }) => {
            assert!(
                message.contains("bad: because") && message.contains("max.message.bytes is 1000"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dead_letter_that_does_not_fit_is_cut_where_that_was_asked_for() {
    let rows = batch(vec![
        Record::new("k", &"x".repeat(2_000)),
        Record::new("k", "small"),
    ]);
    let plan = plan(&rows, |builder| {
        builder
            .reject(0, "bad", "because")
            .reject(1, "bad", "because");
    });
    let small = Shape {
        max_message_bytes: 1_000,
        ..SHAPE
    };
    let letters = Letters {
        cut: true,
        ..topic()
    };
    let layout = lay(&rows, &plan, letters.clone(), &[SHAPE, SHAPE, small]).expect("a layout");
    let cuts: Vec<_> = layout
        .writes()
        .map(|write| match &write.content {
            Content::Letter(letter) => letter.cut,
            Content::Record(_) => panic!("nothing is emitted"),
        })
        .collect();
    assert!(matches!(cuts[..], [Some(1..1_000), None]), "{cuts:?}");
    // Headers alone that do not fit cannot be cut.
    let tiny = Shape {
        max_message_bytes: 100,
        ..SHAPE
    };
    let refused = lay(&rows, &plan, letters, &[SHAPE, SHAPE, tiny]);
    assert!(matches!(
        refused,
        Err(Refusal::Stop {
            code: "dead-letter-too-large",
            ..
        })
    ));
}

#[test]
fn rejected_rows_are_dropped_or_stop_the_transform_where_that_was_asked_for() {
    let rows = batch(vec![Record::new("k", "v"), Record::new("k", "w")]);
    let plan = plan(&rows, |builder| {
        builder.emit(0, 0).reject(1, "bad", "because");
    });
    let layout = lay(&rows, &plan, rejected(Policy::Drop), &[SHAPE; 2]).expect("a layout");
    assert_eq!(written(&layout).len(), 1);
    assert_eq!(layout.tally.rejected, [("bad".to_owned(), 1)]);
    let stopped = lay(&rows, &plan, rejected(Policy::Stop), &[SHAPE; 2]);
    assert!(matches!(
        stopped,
        Err(Refusal::Stop {
            code: "rejected",
            offset: 101,
            ..
        })
    ));
}

#[test]
fn headers_count_when_every_record_is_measured() {
    let header = ("h".to_owned(), Some(Bytes::from(vec![0; 2_000])));
    let rows = batch(vec![Record {
        headers: vec![header],
        ..Record::new("k", "v")
    }]);
    let plan = Plan::pass_all(1);
    let small = Shape {
        max_message_bytes: 1_000,
        ..SHAPE
    };
    let measured = lay_with(&rows, &plan, topic(), &[small, SHAPE, SHAPE], true);
    assert_eq!(
        measured.expect("a layout").tally.rejected,
        [(TOO_LARGE.to_owned(), 1)]
    );
}

/// Rows of a source that keeps records as they were fetched.
struct Encoded {
    rows: MemoryRows,
    headers: Vec<u8>,
}

impl Rows for Encoded {
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn bytes(&self) -> usize {
        self.rows.bytes()
    }
    fn key(&self, row: usize) -> Option<&[u8]> {
        self.rows.key(row)
    }
    fn value(&self, row: usize) -> Option<&[u8]> {
        self.rows.value(row)
    }
    fn headers<'a>(&'a self, _row: usize, _into: &mut Vec<Header<'a>>) {
        panic!("headers were parsed to know their size");
    }
    fn timestamp(&self, row: usize) -> i64 {
        self.rows.timestamp(row)
    }
    fn offset(&self, row: usize) -> i64 {
        self.rows.offset(row)
    }
    fn next_offset(&self) -> i64 {
        self.rows.next_offset()
    }
    fn split_off(&mut self, at: usize) -> Self {
        Self {
            rows: self.rows.split_off(at),
            headers: self.headers.clone(),
        }
    }
    fn raw(&self, _row: usize) -> Option<Raw<'_>> {
        Some(Raw {
            record: &[],
            headers: &self.headers,
        })
    }
}

#[test]
fn headers_that_are_there_as_they_were_fetched_are_measured_without_parsing_them() {
    let plan = Plan::pass_all(1);
    let small = Shape {
        max_message_bytes: 1_000,
        ..SHAPE
    };
    for (bytes, refused) in [(500, false), (2_000, true)] {
        let rows = Encoded {
            rows: batch(vec![Record::new("k", "v")]),
            headers: vec![0; bytes],
        };
        let letters = Letters {
            oversized: Policy::Drop,
            refused: Policy::Drop,
            ..topic()
        };
        let laid = lay_with(&rows, &plan, letters, &[small, SHAPE], true);
        let rejected = laid.expect("a layout").tally.rejected;
        assert_eq!(!rejected.is_empty(), refused, "{bytes}: {rejected:?}");
    }
}

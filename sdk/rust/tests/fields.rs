//! Transforms that declare fields, in every shape that they may have.

use millstream_sdk::prelude::*;
use millstream_sdk::testing::{self, Input, Test};

#[derive(Outputs)]
enum Out {
    Kept,
}

#[derive(Fields)]
struct Event<'a> {
    #[field("/type")]
    kind: &'a str,
    #[field("/n")]
    number: Option<i64>,
}

#[derive(Settings)]
struct Keep {
    kind: String,
}

const EVENTS: [&str; 4] = [
    r#"{"type":"a","n":1}"#,
    r#"{"type":"b","n":2}"#,
    r#"{"n":3}"#,
    r#"{"type":"a","n":"4"}"#,
];

/// Rows that were kept and rows that were rejected.
fn rows(outcome: &testing::Outcome) -> (Vec<usize>, Vec<usize>) {
    (
        outcome.emitted.iter().map(|record| record.row).collect(),
        outcome.rejected.iter().map(|record| record.row).collect(),
    )
}

fn alone(event: Event<'_>, out: &mut Emitter<Out>) {
    if event.kind == "a" && event.number == Some(1) {
        out.forward(Out::Kept);
    }
}

fn with_settings(event: Event<'_>, out: &mut Emitter<Out>, keep: &Keep) -> Result<(), Reject> {
    if event.kind == keep.kind {
        out.forward(Out::Kept);
    }
    Ok(())
}

fn with_state(event: Event<'_>, out: &mut Emitter<Out>, keep: &mut Keep) {
    if event.kind == keep.kind {
        keep.kind = "no more".to_owned();
        out.forward(Out::Kept);
    }
}

fn beside_the_record(event: Event<'_>, record: Record<'_, (Keys, Values)>, out: &mut Emitter<Out>) {
    if record.key() == Some(event.kind.as_bytes()) && record.value().is_some() {
        out.forward(Out::Kept);
    }
}

fn a_whole_batch(events: Rows<'_, Event<'_>>, batch: Batch<'_, Keys>, plan: &mut Plan<Out>) {
    for (row, key) in batch.keys().iter().enumerate() {
        let event = events.get(row).map(|event| event.kind.as_bytes());
        if event == key {
            plan.forward(row, Out::Kept);
        }
    }
}

#[test]
fn a_transform_sees_the_fields_of_those_records_that_have_them() {
    assert_eq!(rows(&testing::run(alone, EVENTS)), (vec![0], vec![2, 3]));
}

#[test]
fn fields_go_with_settings_and_state() {
    let shared = Test::new(with_settings).setting("kind", "b").run(EVENTS);
    assert_eq!(rows(&shared), (vec![1], vec![2, 3]));
    let mutable = Test::new(with_state).setting("kind", "a");
    let outcome = mutable.run([EVENTS[0], EVENTS[0]]);
    assert_eq!(rows(&outcome), (vec![0], vec![]));
}

#[test]
fn fields_go_with_records_and_batches() {
    let inputs = || ["a", "a", "b", "a"].into_iter().zip(EVENTS);
    let inputs = || inputs().map(|(key, value)| Input::value(value).key(key));
    let expected = (vec![0], vec![2, 3]);
    assert_eq!(rows(&testing::run(beside_the_record, inputs())), expected);
    assert_eq!(rows(&testing::run(a_whole_batch, inputs())), expected);
}

#[test]
fn a_record_without_a_value_is_rejected_unless_it_is_asked_for() {
    fn tombstones(event: Option<Event<'_>>, out: &mut Emitter<Out>) {
        if event.is_none() {
            out.forward(Out::Kept);
        }
    }
    let inputs = || [Input::null(), Input::value(EVENTS[0])];
    assert_eq!(rows(&testing::run(tombstones, inputs())), (vec![0], vec![]));
    let outcome = testing::run(alone, inputs());
    assert_eq!(outcome.rejected[0].code, "null-value");
    assert_eq!(rows(&outcome), (vec![1], vec![0]));
}

#[test]
fn fields_have_types_and_places_of_their_own() {
    #[derive(Fields)]
    struct All<'a> {
        #[field(key)]
        key: &'a str,
        #[field(header = "trace")]
        trace: Option<&'a str>,
        #[field("/f")]
        float: f64,
        #[field("/b")]
        truth: bool,
        #[field("/raw")]
        raw: &'a [u8],
        #[field("/odd", lenient)]
        odd: Option<i64>,
    }
    fn check(all: All<'_>, out: &mut Emitter<Out>) {
        assert_eq!((all.key, all.trace), ("u1", Some("t")));
        assert_eq!((all.float, all.truth, all.odd), (2.5, true, None));
        assert_eq!(all.raw, b"[1, 2]");
        out.forward(Out::Kept);
    }
    let value = r#"{"f":2.5,"b":true,"raw":[1, 2],"odd":"x"}"#;
    let input = Input::value(value).key("u1").header("trace", "t");
    assert_eq!(testing::run(check, [input]).emitted.len(), 1);
}

#[test]
fn numbers_alone_need_no_lifetime() {
    #[derive(Fields)]
    struct Age {
        #[field("/age")]
        age: i64,
    }
    fn adults(person: Age, out: &mut Emitter<Out>) {
        if person.age >= 18 {
            out.forward(Out::Kept);
        }
    }
    let outcome = testing::run(adults, [r#"{"age":17}"#, r#"{"age":18}"#, "17"]);
    assert_eq!(rows(&outcome), (vec![1], vec![2]));
}

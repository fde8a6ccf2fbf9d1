//! Declared fields, from a component's description to what it is shown and what it is not.
#![allow(clippy::unwrap_used)]

mod common;

use common::{instance, instance_within};
use millstream_engine::{
    Batch, Failure, Guest, Header, Instance, Limits, Parts, Plan, Row, ValueChange,
};

const HEADERS: &[Header<'_>] = &[Header {
    name: "h",
    value: Some(b"head"),
}];

fn row(value: Option<&str>) -> Row<'_> {
    Row {
        key: Some(b"u1"),
        value: value.map(str::as_bytes),
        headers: HEADERS,
        timestamp: 0,
        offset: 0,
    }
}

async fn apply(instance: &mut Instance, values: &[Option<&str>]) -> Plan {
    let rows: Vec<Row<'_>> = values.iter().map(|value| row(*value)).collect();
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    instance.apply(batch).await.unwrap()
}

/// Rows and new values of what is emitted.
fn emitted(plan: &Plan) -> Vec<(u32, String)> {
    let value = |change| match change {
        ValueChange::Bytes(range) => String::from_utf8(plan.values_data()[range].to_vec()).unwrap(),
        other => format!("{other:?}"),
    };
    plan.records().map(|r| (r.row, value(r.value))).collect()
}

#[tokio::test]
async fn a_guest_is_shown_its_fields_and_not_the_values() {
    let mut instance = instance("fields").await.unwrap();
    let description = instance.description();
    assert_eq!(description.reads, Parts::default());
    assert!(description.needs().headers);
    let plan = apply(
        &mut instance,
        &[
            Some(r#"{"type":"swipe","n":-7,"x":2.5,"b":true,"r":[{"a":1}]}"#),
            Some(r#"{"type":"\u00e9","n":null,"x":"2","b":false}"#),
            None,
        ],
    )
    .await;
    let shown = [
        r#"swipe -7 2.5 true {"a":1} u1 head"#,
        "é - - false - u1 head",
        "- - - - - u1 head",
    ];
    let shown: Vec<_> = (0..).zip(shown.map(str::to_owned)).collect();
    assert_eq!(emitted(&plan), shown);
}

#[tokio::test]
async fn rows_without_what_is_required_are_rejected_and_not_shown() {
    let mut instance = instance("fields").await.unwrap();
    let plan = apply(
        &mut instance,
        &[
            Some("{"),
            Some(r#"{"type":"a"}"#),
            Some(r#"{"n":1}"#),
            Some(r#"{"type":"b","n":"1"}"#),
            Some(r#"{"type":"c"}"#),
        ],
    )
    .await;
    let shown = [(1, "a - - - - u1 head"), (4, "c - - - - u1 head")];
    assert_eq!(
        emitted(&plan),
        shown.map(|(row, shown)| (row, shown.to_owned()))
    );
    let rejected: Vec<_> = plan
        .rejections()
        .map(|r| (r.row, r.code, r.reason))
        .collect();
    let expected = [
        (
            0,
            "malformed-json",
            "the value is not JSON: unexpected end at byte 1",
        ),
        (
            2,
            "missing-field",
            "`/type` of the value is missing or null",
        ),
        (
            3,
            "wrong-type",
            "`/n` of the value is not an integer of 64 bits (at byte 16)",
        ),
    ];
    assert_eq!(rejected, expected);
}

#[tokio::test]
async fn a_batch_of_nothing_but_rejected_rows_calls_nobody() {
    let mut instance = instance("fields").await.unwrap();
    let plan = apply(&mut instance, &[Some("{"), Some("[]")]).await;
    assert_eq!((plan.emitted(), plan.rejected()), (0, 2));
    assert_eq!(instance.copied_bytes(), 0);
    let plan = apply(&mut instance, &[Some(r#"{"type":"a"}"#)]).await;
    assert_eq!(plan.emitted(), 1);
}

#[tokio::test]
async fn fields_that_the_guests_memory_has_no_room_for_are_not_taken_out() {
    let limits = Limits {
        memory: 16 << 20,
        ..Limits::default()
    };
    let mut instance = instance_within("copies", &limits).await.unwrap();
    let large = "x".repeat(1 << 20);
    let rows = [row(Some(&large))];
    let batch = Batch {
        topic: "t",
        partition: 0,
        rows: &rows,
    };
    let failed = instance.apply(batch).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the module passed its limit on memory of one instance: more for the declared fields of one batch, the limit is \
         16 MiB"
    );
    assert!(matches!(failed, Failure::Limit { .. }), "{failed:?}");
    // Nobody was called.
    assert_eq!(instance.copied_bytes(), 0);
    assert!(!instance.wants_replacing());
    let plan = apply(&mut instance, &[Some("small")]).await;
    assert_eq!(plan.emitted(), 1);
}

#[tokio::test]
async fn a_field_that_cannot_be_is_refused_by_name() {
    let refused = instance("field").await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the module's description is refused: it declares the field \"/a\": no path leads into the header \"h\": a header \
         is text as it stands, leave the path empty"
    );
}

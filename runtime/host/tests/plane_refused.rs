//! Records that a topic does not take for what they are: a batch is refused whole, and only those to blame become dead letters.

mod plane_support;

use std::time::Duration;

use millstream_host::failure::Policy;
use millstream_host::memory::{Memory, Record};
use millstream_host::runner::RunState;
use plane_support::*;

const REASON: &str = "this topic takes no record without a key";

/// As a compacted topic has it.
fn keys_only(record: &Record) -> Option<&'static str> {
    record.key.is_none().then_some(REASON)
}

fn recent_only(record: &Record) -> Option<&'static str> {
    (record.timestamp < 1_000_000).then_some("the timestamp is out of range")
}

/// Twenty records, of which each fifth has no key.
fn some_without_keys() -> Vec<Record> {
    let keyless = |(at, record): (usize, Record)| Record {
        key: record.key.filter(|_| at % 5 != 0),
        ..record
    };
    numbers(0..20)
        .into_iter()
        .enumerate()
        .map(keyless)
        .collect()
}

fn header(record: &Record, name: &str) -> Option<String> {
    let found = record.headers.iter().find(|(other, _)| other == name);
    let value = found.and_then(|(_, value)| value.clone())?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

fn expected(bad: bool) -> Vec<String> {
    (0..20)
        .filter(|number| (number % 5 == 0) == bad)
        .map(|number| number.to_string())
        .collect()
}

fn strict(topic: &str) -> Memory {
    let memory = memory(1);
    memory.refuse(topic, keys_only);
    memory.append("in", 0, some_without_keys());
    memory
}

async fn failed(plane: &Plane) -> millstream_host::lane::Failed {
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    match plane.state() {
        RunState::Failed(failed) => failed,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_topic_does_not_take_becomes_a_dead_letter_and_the_rest_of_its_batch_is_written_once()
 {
    for exactly_once in [false, true] {
        let memory = strict("out");
        let first = revision(1, pass());
        let plane = if exactly_once {
            start_exactly_once(&memory, first)
        } else {
            start(&memory, first)
        };
        plane.assign(0..1);
        plane.committed(0, 20).await;
        assert_eq!(memory.values("out"), expected(false), "{exactly_once}");
        assert_eq!(memory.values("dead"), expected(true), "{exactly_once}");
        let letter = &memory.records("dead", 0)[1];
        assert_eq!(
            header(letter, "millstream.code").as_deref(),
            Some("refused")
        );
        assert_eq!(header(letter, "millstream.offset").as_deref(), Some("5"));
        let reason = header(letter, "millstream.reason").expect("a reason");
        assert!(
            reason.contains("\"out\"") && reason.contains(REASON),
            "{reason}"
        );
        assert_eq!(plane.handle.stats().snapshot().rejected["refused"], 4);
        // What is the same and comes later is tried again: the topic may be another one by then.
        memory.refuse("out", |_| None);
        memory.append("in", 0, some_without_keys().into_iter().take(1));
        plane.committed(0, 21).await;
        assert_eq!(memory.values("out").last().map(String::as_str), Some("0"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_guest_made_of_a_row_is_told_from_what_is_taken() {
    let memory = strict("out");
    let plane = start(&memory, revision(1, marking("!")));
    plane.assign(0..1);
    plane.committed(0, 20).await;
    let marked: Vec<String> = expected(false)
        .iter()
        .map(|value| format!("{value}!"))
        .collect();
    assert_eq!(memory.values("out"), marked);
    assert_eq!(memory.values("dead"), expected(true));
}

#[tokio::test(start_paused = true)]
async fn a_letter_has_its_time_of_writing_where_the_record_has_one_that_is_not_taken() {
    let memory = memory(1);
    memory.refuse("out", recent_only);
    memory.refuse("dead", recent_only);
    let old = numbers(0..3)
        .into_iter()
        .enumerate()
        .map(|(at, record)| Record {
            timestamp: if at == 1 { 7 } else { 2_000_000 },
            ..record
        });
    memory.append("in", 0, old);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 3).await;
    assert_eq!(memory.values("out"), ["0", "2"]);
    let letter = &memory.records("dead", 0)[0];
    assert!(letter.timestamp > 2_000_000);
    assert_eq!(header(letter, "millstream.timestamp").as_deref(), Some("7"));
}

#[tokio::test(start_paused = true)]
async fn policies_say_what_becomes_of_it() {
    let memory = strict("out");
    let mut dropping = revision(1, pass());
    dropping.routes.letters.refused = Policy::Drop;
    let plane = start(&memory, dropping);
    plane.assign(0..1);
    plane.committed(0, 20).await;
    assert_eq!(memory.values("out"), expected(false));
    assert!(memory.values("dead").is_empty());

    let memory = strict("out");
    let mut stopping = revision(1, pass());
    stopping.routes.letters.refused = Policy::Stop;
    let plane = start(&memory, stopping);
    plane.assign(0..1);
    let failed = failed(&plane).await;
    assert_eq!(failed.code, "refused-record");
    assert!(failed.message.contains(REASON), "{}", failed.message);
    assert!(memory.values("out").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_topic_for_dead_letters_that_does_not_take_them_stops_the_transform() {
    let memory = strict("out");
    memory.refuse("dead", keys_only);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    let failed = failed(&plane).await;
    assert_eq!(failed.code, "dead-letter-refused");
    assert!(
        failed.message.contains("cleanup.policy"),
        "{}",
        failed.message
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(memory.values("out").is_empty() && memory.values("dead").is_empty());
}

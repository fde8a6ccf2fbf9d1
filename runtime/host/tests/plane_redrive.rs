//! Dead letters through a transform once more: as the records that they were, chosen ones only, none skipped, none twice.

mod plane_support;

use std::sync::Arc;

use bytes::Bytes;
use millstream_engine::OutputBuilder;
use millstream_host::delivery::{AtLeastOnce, Copied};
use millstream_host::memory::{Memory, MemorySource, Record};
use millstream_host::runner::{self, Revision, RunnerConfig, RunnerHandle};
use millstream_host::source::{Event, LetterSource, Selection, TopicPartition};
use millstream_host::stats::Stats;
use parking_lot::Mutex;
use plane_support::*;

/// Topic, partition and offsets of a batch, as a guest sees them.
type Shown = (String, Vec<i64>);

/// Letters of `t` with this code, before this offset.
struct Code(&'static str, i64);

impl Selection for Code {
    fn end(&self, _partition: i32) -> i64 {
        self.1
    }

    fn takes(&self, _partition: i32, _offset: i64, transform: &str, code: &str) -> bool {
        transform == "t" && code == self.0
    }
}

fn letter(number: usize, origin: (&str, i32, i64), code: &str) -> Record {
    let header = |name: &str, value: &str| {
        (
            format!("millstream.{name}"),
            Some(Bytes::copy_from_slice(value.as_bytes())),
        )
    };
    Record {
        headers: vec![
            ("own".to_owned(), Some(Bytes::from_static(b"1"))),
            header("topic", origin.0),
            header("partition", &origin.1.to_string()),
            header("offset", &origin.2.to_string()),
            header("transform", "t"),
            header("code", code),
            header("attempts", "3"),
        ],
        timestamp: 7,
        ..Record::new(&format!("k{number}"), &number.to_string())
    }
}

fn redrive(memory: &Memory, revision: Revision, selection: impl Selection) -> RunnerHandle {
    let stats = Stats::new();
    let outlet = Arc::new(Copied::new(memory.clone()));
    let delivery = AtLeastOnce::new(outlet, memory.clone(), Arc::clone(&stats));
    let source = MemorySource::new(memory);
    let letters = LetterSource::new(source.clone(), Arc::new(selection));
    let mut config = RunnerConfig::new("t.redrive-1");
    config.lanes = 1;
    let handle = runner::start(
        config,
        revision,
        letters,
        delivery,
        stats,
        &shared(64 << 20),
    );
    source.play(Event::Assigned(vec![TopicPartition::new("dead", 0)]));
    handle
}

async fn reached(memory: &Memory, offset: i64) {
    let dead = TopicPartition::new("dead", 0);
    until(&format!("{offset} is committed"), || {
        memory
            .committed(&dead)
            .is_some_and(|committed| committed.offset == offset)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn letters_are_the_records_that_they_were_and_fail_again_as_those() {
    let memory = memory(1);
    let letters = [
        letter(0, ("in", 4, 10), "trap"),
        letter(1, ("in", 4, 12), "trap"),
        letter(2, ("other", 0, 1), "trap"),
        letter(3, ("other", 0, 2), "malformed"),
        letter(4, ("other", 0, 3), "trap"),
        Record::new("no letter", "at all"),
        letter(5, ("other", 0, 3), "trap"),
    ];
    memory.append("dead", 0, letters.to_vec());
    // What is written from now on is not part of it.
    memory.append("dead", 0, vec![letter(6, ("in", 0, 0), "trap")]);
    let seen: Arc<Mutex<Vec<Shown>>> = Arc::default();
    let guests = native({
        let seen = Arc::clone(&seen);
        move |batch| {
            let offsets = batch.rows.iter().map(|row| row.offset).collect();
            let origin = format!("{}/{}", batch.topic, batch.partition);
            seen.lock().push((origin, offsets));
            let mut builder = OutputBuilder::new();
            for (at, row) in batch.rows.iter().enumerate() {
                let names: Vec<&str> = row.headers.iter().map(|header| header.name).collect();
                assert_eq!((names, row.timestamp), (vec!["own"], 7));
                if row.value == Some(b"1") {
                    builder.reject(at, "no", "still not");
                } else {
                    builder.emit(at, 0);
                }
            }
            Ok(builder.finish())
        }
    });
    let handle = redrive(&memory, revision(2, guests), Code("trap", 7));
    // Nobody reads further than the letters that were there, but the partition's end is known.
    reached(&memory, 9).await;
    assert_eq!(
        *seen.lock(),
        [
            ("in/4".to_owned(), vec![10, 12]),
            ("other/0".to_owned(), vec![1, 3]),
            ("other/0".to_owned(), vec![3]),
        ]
    );
    assert_eq!(memory.values("out"), ["0", "2", "4", "5"]);
    let again = memory.records("dead", 0).pop().expect("a letter");
    let header = |name: &str| {
        let mut named = again.headers.iter().filter(|header| header.0 == name);
        let value = named.next().and_then(|header| header.1.clone());
        assert!(named.next().is_none(), "{name} is there once");
        value.map(|value| String::from_utf8_lossy(&value).into_owned())
    };
    let expected = [
        ("millstream.topic", "in"),
        ("millstream.partition", "4"),
        ("millstream.offset", "12"),
        ("millstream.code", "no"),
        ("millstream.attempts", "4"),
        ("millstream.revision", "2"),
        ("own", "1"),
    ];
    for (name, value) in expected {
        assert_eq!(header(name).as_deref(), Some(value), "{name}");
    }
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_takes_letters_back_and_none_is_skipped() {
    let memory = memory(1);
    // Each from another partition than the one before: every letter is a batch.
    let letters = (0..100).map(|n| letter(n, ("in", (n % 3) as i32, n as i64), "trap"));
    memory.append("dead", 0, letters.collect::<Vec<_>>());
    memory.fail_next(3);
    let handle = redrive(&memory, revision(1, pass()), Code("trap", 100));
    reached(&memory, 100).await;
    let values = memory.values("out");
    let mut left: Vec<usize> = values.iter().map(|value| value.parse().unwrap()).collect();
    left.dedup();
    left.sort_unstable();
    left.dedup();
    assert_eq!(left, (0..100).collect::<Vec<_>>(), "{values:?}");
    drop(handle);
}

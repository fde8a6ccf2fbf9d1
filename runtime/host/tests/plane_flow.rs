//! Records through a transform: order, offsets, dead letters, batches, the byte budget.

mod plane_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{Failure, Output, OutputBuilder};
use millstream_host::delivery::Committed;
use millstream_host::memory::Record;
use millstream_host::runner::RunState;
use parking_lot::Mutex;
use plane_support::*;

#[tokio::test(start_paused = true)]
async fn records_come_out_in_order_and_the_next_offset_is_committed_with_its_stamp() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..2500));
    let plane = start(&memory, revision(7, marking("!")));
    plane.assign(0..1);
    plane.committed(0, 2500).await;
    let expected: Vec<String> = (0..2500).map(|number| format!("{number}!")).collect();
    assert_eq!(memory.values("out"), expected);
    assert_eq!(
        memory.committed(&part(0)).expect("a commit").metadata,
        "r7.0"
    );
    let stats = plane.handle.stats().snapshot();
    assert_eq!((stats.records_in, stats.records_out["out"]), (2500, 2500));
    assert_eq!(stats.partitions[&part(0)].lag_records, Some(0));
}

#[tokio::test(start_paused = true)]
async fn the_watermark_passes_gaps_of_markers_and_compaction() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3));
    memory.gap("in", 0, 5);
    memory.append("in", 0, numbers(3..4));
    memory.gap("in", 0, 2);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 11).await;
    assert_eq!(memory.count("out"), 4);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_company_goes_once_a_lane_has_nothing_more() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..2500));
    memory.cork_until_idle();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 2500).await;
    memory.append("in", 0, numbers(2500..2501));
    plane.committed(0, 2501).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_before_it_is_acknowledged() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("three batches are in flight", || memory.held() == 3).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    // The start was kept at once; nothing since.
    assert_eq!(memory.committed(&part(0)).expect("the start").offset, 0);
    memory.release(1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        memory.committed(&part(0)).expect("the start").offset,
        0,
        "the first batch is still out"
    );
    memory.release(0);
    plane.committed(0, 2000).await;
    memory.uncork();
    plane.committed(0, 3000).await;
}

#[tokio::test(start_paused = true)]
async fn rejected_rows_become_dead_letters_with_their_story() {
    let memory = memory(1);
    let headers = vec![
        ("own".to_owned(), None),
        (
            "millstream.code".to_owned(),
            Some(Bytes::from_static(b"stale")),
        ),
    ];
    let bad = Record {
        headers,
        timestamp: 1234,
        ..Record::new("key", "bad")
    };
    memory.append("in", 0, [Record::new("a", "good"), bad]);
    let guests = native(|batch| {
        let mut builder = OutputBuilder::new();
        for (at, row) in batch.rows.iter().enumerate() {
            match row.value {
                Some(b"bad") => builder.reject(at, "no-good", "it says so"),
                _ => builder.emit(at, 0),
            };
        }
        Ok(builder.finish())
    });
    let plane = start(&memory, revision(4, guests));
    plane.assign(0..1);
    plane.committed(0, 2).await;
    assert_eq!(memory.values("out"), ["good"]);
    let letters = memory.records("dead", 0);
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].key.as_deref(), letters[0].value.as_deref()),
        (Some(&b"key"[..]), Some(&b"bad"[..]))
    );
    assert_eq!(letters[0].timestamp, 1234);
    let headers: Vec<(&str, Option<&str>)> = letters[0]
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                value
                    .as_ref()
                    .map(|value| std::str::from_utf8(value).expect("text")),
            )
        })
        .collect();
    assert_eq!(
        headers,
        [
            ("own", None),
            ("millstream.topic", Some("in")),
            ("millstream.partition", Some("0")),
            ("millstream.offset", Some("1")),
            ("millstream.transform", Some("t")),
            ("millstream.step", Some("0")),
            ("millstream.revision", Some("4")),
            ("millstream.module", Some("d1")),
            ("millstream.code", Some("no-good")),
            ("millstream.reason", Some("it says so")),
            ("millstream.attempts", Some("1")),
        ]
    );
    assert_eq!(plane.handle.stats().snapshot().rejected["no-good"], 1);
}

/// Sizes of the batches that the guest sees.
fn sizes() -> (
    Arc<Mutex<Vec<usize>>>,
    Arc<dyn millstream_host::guests::Guests>,
) {
    let seen: Arc<Mutex<Vec<usize>>> = Arc::default();
    let guests = native({
        let seen = Arc::clone(&seen);
        move |batch| {
            seen.lock().push(batch.rows.len());
            Ok(Output::default())
        }
    });
    (seen, guests)
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_a_thousand_records_a_mebibyte_or_one_larger_record() {
    let memory = memory(2);
    memory.max_message_bytes("out", 10 << 20);
    memory.append("in", 0, numbers(0..2001));
    let kilobytes = |count: usize| Record::new("k", &"x".repeat(count * 1024));
    memory.append(
        "in",
        1,
        [
            kilobytes(500),
            kilobytes(500),
            kilobytes(500),
            kilobytes(3000),
            kilobytes(1),
        ],
    );
    let (seen, guests) = sizes();
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 2001).await;
    assert_eq!(*seen.lock(), [1000, 1000, 1]);
    seen.lock().clear();
    plane.assign(1..2);
    plane.committed(1, 5).await;
    assert_eq!(*seen.lock(), [2, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn records_go_at_once_after_a_pause_and_soon_after_a_batch_they_wait_for_more() {
    let memory = memory(1);
    let (seen, guests) = sizes();
    let plane = start_with(&memory, revision(1, guests), shared(64 << 20), |config| {
        config.batch.wait = Duration::from_millis(50);
    });
    plane.assign(0..1);
    plane.committed(0, 0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    memory.append("in", 0, numbers(0..1));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(*seen.lock(), [1], "nothing came before it");
    memory.append("in", 0, numbers(1..2));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(*seen.lock(), [1], "it waits");
    memory.append("in", 0, numbers(2..4));
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert_eq!(*seen.lock(), [1, 3], "50 milliseconds after the last");
    memory.append("in", 0, numbers(4..1004));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(*seen.lock(), [1, 3, 1000], "a full batch goes at once");
}

#[tokio::test(start_paused = true)]
async fn an_idle_lane_lets_its_instance_go_and_makes_another_when_needed() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let guests = {
        let alive = Arc::clone(&alive);
        Arc::new(move || {
            alive.fetch_add(1, Ordering::SeqCst);
            let counted = Counted(Arc::clone(&alive));
            let answer = move |_: millstream_engine::Batch<'_>| {
                let _ = &counted;
                Ok(Output::default())
            };
            let description =
                millstream_engine::Description::simple(millstream_engine::Parts::ALL, &["out"]);
            Ok(Native {
                answer,
                description,
                replace: false,
            })
        })
    };
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 1).await;
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    memory.append("in", 0, numbers(1..2));
    plane.committed(0, 2).await;
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    assert_eq!(
        plane.handle.stats().snapshot().restarts,
        0,
        "idling is no restart"
    );
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_wants_replacing_is_replaced_between_batches() {
    let made = Arc::new(AtomicUsize::new(0));
    let guests = {
        let made = Arc::clone(&made);
        Arc::new(move || {
            made.fetch_add(1, Ordering::SeqCst);
            let description =
                millstream_engine::Description::simple(millstream_engine::Parts::ALL, &["out"]);
            Ok(Native {
                answer: |_: millstream_engine::Batch<'_>| Ok(Output::default()),
                description,
                replace: true,
            })
        })
    };
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 3000).await;
    assert_eq!(
        (made.load(Ordering::SeqCst), memory.count("out")),
        (3, 3000)
    );
    assert_eq!(plane.handle.stats().snapshot().restarts, 2);
}

#[tokio::test(start_paused = true)]
async fn input_from_the_oldest_unacknowledged_record_on_counts_against_the_budget() {
    let memory = memory(1);
    let kilobytes = |count: usize| Record::new("k", &"x".repeat(count * 1024 - 1));
    memory.append("in", 0, (0..6).map(|_| kilobytes(600)));
    memory.cork();
    // One batch is reserved with 1 MiB before it is taken, and then counts with what it has.
    let plane = start_with(&memory, revision(1, pass()), shared(2300 << 10), |_| {});
    plane.assign(0..1);
    until("the budget is used up", || memory.held() == 3).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(memory.held(), 3);
    // Three times 600 KiB and a key in flight; what is left is not enough for a fourth, which may have 1 MiB.
    let in_flight = 3 * (601 << 10);
    assert_eq!(plane.shared.budget.used(), in_flight);
    // The second one is done, but stands behind the first.
    memory.release(1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((memory.held(), plane.shared.budget.used()), (2, in_flight));
    memory.uncork();
    plane.committed(0, 6).await;
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_the_whole_budget_gets_through() {
    let memory = memory(1);
    memory.max_message_bytes("out", 10 << 20);
    memory.append("in", 0, numbers(0..1));
    memory.append("in", 0, [Record::new("k", &"x".repeat(3 << 20))]);
    memory.append("in", 0, numbers(2..3));
    let plane = start_with(&memory, revision(1, pass()), shared(512 << 10), |_| {});
    plane.assign(0..1);
    plane.committed(0, 3).await;
    assert_eq!((memory.count("out"), plane.shared.budget.used()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_outlet_is_waited_for() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    memory.cork();
    memory.capacity(1000);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("the outlet is full", || memory.held() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(memory.held(), 1);
    memory.uncork();
    plane.committed(0, 3000).await;
    assert_eq!(memory.count("out"), 3000);
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_takes_its_partition_back_and_nothing_is_skipped() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..5000));
    memory.append("in", 1, numbers(5000..6000));
    memory.fail_next(2);
    let plane = start_with(&memory, revision(1, pass()), shared(64 << 20), |config| {
        config.lanes = 1
    });
    plane.assign(0..2);
    plane.committed(0, 5000).await;
    plane.committed(1, 1000).await;
    let mut values: Vec<usize> = memory
        .values("out")
        .iter()
        .map(|value| value.parse().expect("a number"))
        .collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values, (0..6000).collect::<Vec<_>>());
    assert_eq!(
        plane.handle.stats().snapshot().records_in,
        6000,
        "what was repeated counts once"
    );
    assert!(!plane.source.seeks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_while_writing_keeps_failing() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1));
    memory.fail_next(8);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    let begin = tokio::time::Instant::now();
    plane.committed(0, 1).await;
    // Between half and all of 0.1 + 0.2 + … + 6.4 + 10 s.
    let took = begin.elapsed();
    assert!(
        (Duration::from_secs(11)..Duration::from_secs(24)).contains(&took),
        "{took:?}"
    );
    assert!(
        matches!(plane.state(), RunState::Running { problem: Some(problem), .. } if problem.contains("goes back to offset 0"))
    );
    tokio::time::sleep(Duration::from_secs(40)).await;
    let problem = None;
    assert_eq!(
        plane.state(),
        RunState::Running {
            revision: 1,
            problem
        }
    );
}

#[tokio::test(start_paused = true)]
async fn commits_that_fail_are_made_again() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 10).await;
    memory.commits_fail(true);
    memory.append("in", 0, numbers(10..20));
    until("the status says so", || plane.is_troubled()).await;
    memory.commits_fail(false);
    plane.committed(0, 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_host_is_tried_again_and_charged_to_nobody() {
    let tries = Arc::new(AtomicUsize::new(0));
    let guests = native({
        let tries = Arc::clone(&tries);
        move |_| match tries.fetch_add(1, Ordering::SeqCst) {
            0..3 => Err(Failure::Host("no room for an instance".to_owned())),
            _ => Ok(Output::default()),
        }
    });
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 10).await;
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    assert_eq!(plane.handle.stats().snapshot().failures.len(), 0);
    assert_eq!(memory.count("out"), 10);
}

#[tokio::test(start_paused = true)]
async fn offsets_that_retention_cut_off_stop_the_transform_and_say_which() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    memory.set_committed(
        &part(0),
        Committed {
            offset: 2,
            metadata: "r1.0".to_owned(),
        },
    );
    memory.truncate("in", 0, 5);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    let RunState::Failed(failed) = plane.state() else {
        unreachable!()
    };
    assert_eq!(failed.code, "offsets-lost");
    assert!(
        failed.message.contains("offsets 2 to 4") && failed.message.contains("from offset 5"),
        "{failed}"
    );
}

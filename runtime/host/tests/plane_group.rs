//! A transform in its group: partitions that come and go, revisions, failures that stop it, draining.

mod plane_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use millstream_engine::{Failure, Output};
use millstream_host::delivery::{Committed, Stamp};
use millstream_host::failure::Policy;
use millstream_host::runner::RunState;
use millstream_host::source::Event;
use plane_support::*;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn partitions_without_a_commit_begin_at_the_start_which_is_kept_at_once() {
    let memory = memory(3);
    for partition in 0..3 {
        memory.append("in", partition, numbers(0..10));
    }
    memory.truncate("in", 2, 4);
    let mut first = revision(1, pass());
    first.starts = starts(&[(0, 7), (1, 3)]);
    memory.set_committed(
        &part(1),
        Committed {
            offset: 9,
            metadata: String::new(),
        },
    );
    memory.cork();
    let plane = start(&memory, first);
    plane.assign(0..3);
    until("all three are in flight", || memory.held() == 3).await;
    // Partition 2 was not there at the first deploy: it begins at its beginning. The other one, which has a commit, may be
    // stamped by the first regular commit before them.
    let first: Vec<_> = memory
        .commit_log()
        .into_iter()
        .filter(|(partition, _)| *partition != part(1))
        .map(|(partition, committed)| (partition, committed.offset))
        .collect();
    assert_eq!(first, [(part(0), 7), (part(2), 4)]);
    memory.uncork();
    for partition in 0..3 {
        plane.committed(partition, 10).await;
    }
    assert_eq!(memory.count("out"), 3 + 1 + 6);
}

/// A group tells a member that it has forgotten only once its assignment is answered: commits alone would be refused for ever.
#[tokio::test(start_paused = true)]
async fn the_group_has_its_answer_before_a_start_is_committed() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    memory.commits_fail(true);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("it is begun", || plane.source.fetching() == [part(0)]).await;
    until("the refusal shows", || plane.is_troubled()).await;
    assert_eq!(memory.count("out"), 0);
    plane.source.play(Event::Lost(parts(0..1)));
    until("it is let go", || plane.source.released() == [part(0)]).await;
    memory.commits_fail(false);
    plane.assign(0..1);
    plane.committed(0, 10).await;
    assert_eq!(memory.count("out"), 10);
}

#[tokio::test(start_paused = true)]
async fn a_commit_from_before_a_reset_of_offsets_does_not_count() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..10));
    memory.append("in", 1, numbers(10..20));
    memory.set_committed(
        &part(0),
        Committed {
            offset: 9,
            metadata: "r4.0".to_owned(),
        },
    );
    memory.set_committed(
        &part(1),
        Committed {
            offset: 9,
            metadata: "r4.1".to_owned(),
        },
    );
    let mut first = revision(5, pass());
    first.routes.stamp.reset = 1;
    let plane = start(&memory, first);
    plane.assign(0..2);
    plane.committed(0, 10).await;
    plane.committed(1, 10).await;
    assert_eq!(memory.count("out"), 11);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_partition_finishes_what_is_in_flight_commits_and_is_let_go() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..1000));
    memory.append("in", 1, numbers(1000..2000));
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..2);
    until("both are in flight", || memory.held() == 2).await;
    plane.source.play(Event::Revoked(parts(0..1)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        plane.source.released(),
        [],
        "it waits for what is in flight"
    );
    memory.append("in", 0, numbers(2000..3000));
    memory.uncork();
    until("it is let go", || plane.source.released() == [part(0)]).await;
    assert_eq!(memory.committed(&part(0)).expect("a commit").offset, 1000);
    // The other one goes on.
    memory.append("in", 1, numbers(3000..4000));
    plane.committed(1, 2000).await;
    assert_eq!(memory.records("out", 0).len(), 3000);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_partition_is_let_go_after_ten_seconds_whatever_is_in_flight() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..2000));
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("both batches are in flight", || memory.held() == 2).await;
    memory.release(0);
    let begin = Instant::now();
    plane.source.play(Event::Revoked(parts(0..1)));
    until("it is let go", || plane.source.released() == [part(0)]).await;
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(12)).contains(&begin.elapsed()),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        memory.committed(&part(0)).expect("a commit").offset,
        1000,
        "what is finished is committed"
    );
    memory.uncork();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        memory.committed(&part(0)).expect("a commit").offset,
        1000,
        "and nothing afterwards"
    );
}

#[tokio::test(start_paused = true)]
async fn a_guest_call_that_does_not_end_is_abandoned_at_the_deadline() {
    struct Endless;
    impl millstream_engine::Guest for Endless {
        async fn apply<'a>(
            &'a mut self,
            _: millstream_engine::Batch<'a>,
        ) -> Result<millstream_engine::Plan, Failure> {
            std::future::pending().await
        }
        fn memory(&self) -> u64 {
            0
        }
        fn wants_replacing(&self) -> bool {
            false
        }
        fn cpu(&self) -> Duration {
            Duration::ZERO
        }
    }
    let memory = memory(2);
    memory.append("in", 0, numbers(0..10));
    let plane = start(&memory, revision(1, Arc::new(|| Ok(Endless))));
    plane.assign(0..2);
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(
        plane.shared.watchdog.stuck().len(),
        1,
        "the watchdog names it"
    );
    let begin = Instant::now();
    plane.drain().await;
    assert!(begin.elapsed() < Duration::from_secs(12));
    assert_eq!(memory.committed(&part(0)).expect("the start").offset, 0);
    assert_eq!(plane.shared.budget.used(), 0);
    assert!(plane.source.closed());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_for_a_lost_partition() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..1000));
    memory.append("in", 1, numbers(1000..2000));
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..2);
    until("both are in flight", || memory.held() == 2).await;
    plane.source.play(Event::Lost(parts(0..1)));
    until("it is let go", || plane.source.released() == [part(0)]).await;
    memory.set_committed(
        &part(0),
        Committed {
            offset: 77,
            metadata: "somebody else".to_owned(),
        },
    );
    memory.uncork();
    plane.committed(1, 1000).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(memory.committed(&part(0)).expect("a commit").offset, 77);
    assert!(!plane.handle.partitions().contains(&part(0)));
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_comes_back_goes_on_from_its_commit() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..500));
    let plane = start(&memory, revision(1, pass()));
    for round in 1..=5 {
        plane.assign(0..1);
        plane.committed(0, round * 500).await;
        plane.source.play(Event::Revoked(parts(0..1)));
        until("it is let go", || {
            plane.source.released().len() == round as usize
        })
        .await;
        memory.append("in", 0, numbers(0..500));
    }
    assert_eq!(memory.count("out"), 2500);
}

#[tokio::test(start_paused = true)]
async fn a_partition_revoked_while_it_is_being_opened_is_let_go_and_never_read() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    memory.commits_fail(true);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("opening is in trouble", || plane.is_troubled()).await;
    plane.source.play(Event::Revoked(parts(0..1)));
    until("it is let go", || plane.source.released() == [part(0)]).await;
    memory.commits_fail(false);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((memory.commit_log(), memory.count("out")), (vec![], 0));
    plane.assign(0..1);
    plane.committed(0, 10).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_takes_over_between_batches_without_losing_or_repeating_any() {
    let memory = memory(4);
    for partition in 0..4 {
        memory.append("in", partition, numbers(0..1500));
    }
    let plane = start(&memory, revision(1, marking("a")));
    plane.assign(0..4);
    until("some came out", || memory.count("out") > 0).await;
    plane.handle.replace(revision(2, marking("b")));
    until("the new one is in", || {
        memory
            .values("out")
            .iter()
            .any(|value| value.ends_with('b'))
            || memory.count("out") == 6000
    })
    .await;
    for partition in 0..4 {
        memory.append("in", partition, numbers(1500..1510));
        plane.committed(partition, 1510).await;
    }
    assert_eq!(memory.count("out"), 4 * 1510);
    assert!(
        memory
            .values("out")
            .iter()
            .rev()
            .take(40)
            .all(|value| value.ends_with('b'))
    );
    assert_eq!(
        memory.committed(&part(0)).expect("a commit").metadata,
        "r2.0"
    );
    assert_eq!(plane.source.released(), [], "it never left the group");
}

#[tokio::test(start_paused = true)]
async fn an_idle_partition_gets_the_new_revisions_stamp() {
    let memory = memory(1);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 0).await;
    plane.handle.replace(revision(2, pass()));
    until("it is stamped", || {
        memory.committed(&part(0)).expect("a commit").metadata == "r2.0"
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_a_newer_revision_has_worked_on_waits_for_it_and_others_go_on() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..10));
    memory.append("in", 1, numbers(10..20));
    memory.set_committed(
        &part(0),
        Committed {
            offset: 4,
            metadata: "r3.0".to_owned(),
        },
    );
    let plane = start(&memory, revision(2, marking("old")));
    plane.assign(0..2);
    plane.committed(1, 10).await;
    assert_eq!(
        plane.state(),
        RunState::Waiting {
            newer: Stamp {
                revision: 3,
                reset: 0
            }
        }
    );
    assert_eq!(plane.source.fetching(), [part(1)]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(memory.committed(&part(0)).expect("a commit").offset, 4);
    plane.handle.replace(revision(3, marking("new")));
    plane.committed(0, 10).await;
    let problem = None;
    assert_eq!(
        plane.state(),
        RunState::Running {
            revision: 3,
            problem
        }
    );
    let values = memory.values("out");
    assert_eq!(
        values[10..],
        ["4new", "5new", "6new", "7new", "8new", "9new"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_stops_the_transform_has_a_clear_status_and_a_new_revision_goes_on_from_there()
 {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    let mut first = revision(1, trapping_on(b"1500"));
    first.routes.letters.failed = Policy::Stop;
    let plane = start(&memory, first);
    plane.assign(0..1);
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    let RunState::Failed(failed) = plane.state() else {
        unreachable!()
    };
    assert_eq!(failed.code, "failed-record");
    let text = failed.to_string();
    assert!(
        text.starts_with(
            "in/0, offsets 1500 to 1500: the record at offset 1500 made the module fail"
        ),
        "{text}"
    );
    plane.committed(0, 1500).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        memory.committed(&part(0)).expect("a commit").offset,
        1500,
        "nothing of that record"
    );
    assert_eq!(plane.source.released(), [], "it stays in its group");
    assert_eq!(plane.shared.budget.used(), 0);
    plane.handle.replace(revision(2, pass()));
    plane.committed(0, 3000).await;
    assert_eq!(memory.count("out"), 3000);
    let problem = None;
    assert_eq!(
        plane.state(),
        RunState::Running {
            revision: 2,
            problem
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_guest_call_stops_its_transform_and_no_other() {
    let memory = memory(2);
    let shared = shared(64 << 20);
    memory.append("in", 0, numbers(0..10));
    let panics = native(|_| panic!("a host import broke"));
    let broken = start_with(&memory, revision(1, panics), shared.clone(), |_| {});
    let sound = start_with(&memory, revision(1, pass()), shared, |_| {});
    broken.assign(0..1);
    until("it failed", || {
        matches!(broken.state(), RunState::Failed(_))
    })
    .await;
    let RunState::Failed(failed) = broken.state() else {
        unreachable!()
    };
    assert_eq!(failed.code, "panic");
    assert!(failed.message.contains("a host import broke"), "{failed}");
    memory.append("in", 1, numbers(0..10));
    sound.assign(1..2);
    sound.committed(1, 10).await;
    broken.handle.replace(revision(2, pass()));
    broken.committed(0, 10).await;
}

#[tokio::test(start_paused = true)]
async fn missing_topics_fail_the_transform_until_they_are_there() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    let mut first = revision(1, pass());
    first.routes.outputs[0].topic = "later".into();
    let plane = start(&memory, first);
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    memory.topic("later", 1);
    until("it runs", || plane.state().is_running()).await;
    plane.assign(0..1);
    plane.committed(0, 10).await;
}

#[tokio::test(start_paused = true)]
async fn a_revision_with_other_topics_changes_the_subscription() {
    let memory = memory(1);
    let plane = start(&memory, revision(1, pass()));
    until("it runs", || plane.state().is_running()).await;
    let mut second = revision(2, pass());
    second.topics = vec!["in".into(), "more".into()];
    plane.handle.replace(second);
    until("it is subscribed", || plane.source.topics().len() == 2).await;
    assert!(!plane.source.closed());
}

#[tokio::test(start_paused = true)]
async fn draining_finishes_commits_and_leaves_the_group() {
    let slow = Arc::new(AtomicBool::new(true));
    let memory = memory(3);
    for partition in 0..3 {
        memory.append("in", partition, numbers(0..1000));
    }
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..3);
    until("all are in flight", || memory.held() == 3).await;
    let handle = plane.handle.clone();
    let draining =
        tokio::spawn(async move { handle.drain(Instant::now() + Duration::from_secs(10)).await });
    until("it is stopping", || plane.state() == RunState::Stopping).await;
    slow.store(false, Ordering::SeqCst);
    memory.uncork();
    draining.await.expect("drained");
    assert_eq!(plane.state(), RunState::Stopped);
    assert!(plane.source.closed());
    for partition in 0..3 {
        assert_eq!(
            memory.committed(&part(partition)).expect("a commit").offset,
            1000
        );
    }
    // It is fine to ask again.
    plane.drain().await;
}

#[tokio::test(start_paused = true)]
async fn partitions_are_spread_over_lanes_and_each_keeps_its_order() {
    let memory = memory(8);
    for partition in 0..8 {
        memory.append(
            "in",
            partition,
            (0..2500).map(|number| {
                millstream_host::memory::Record::new("k", &format!("{partition}:{number}"))
            }),
        );
    }
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
                replace: false,
            })
        })
    };
    let plane = start_with(&memory, revision(1, guests), shared(64 << 20), |config| {
        config.lanes = 3
    });
    plane.assign(0..8);
    for partition in 0..8 {
        plane.committed(partition, 2500).await;
    }
    assert_eq!(made.load(Ordering::SeqCst), 3);
    let values = memory.values("out");
    for partition in 0..8 {
        let prefix = format!("{partition}:");
        let own: Vec<usize> = values
            .iter()
            .filter_map(|value| value.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert_eq!(own, (0..2500).collect::<Vec<_>>());
    }
}

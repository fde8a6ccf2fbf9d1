//! Offsets that say nothing any more: retention was faster, or the topic is another one of the same name.

mod plane_support;

use std::sync::Arc;

use millstream_host::delivery::{Committed, Starts};
use millstream_host::failure::LostOffsets;
use millstream_host::memory::Memory;
use millstream_host::runner::{Revision, RunState};
use plane_support::*;

fn going_on(number: u64) -> Revision {
    let mut revision = revision(number, pass());
    revision.starts.lost_offsets = LostOffsets::Earliest;
    revision
}

fn committed(memory: &Memory, offset: i64, metadata: &str) {
    let metadata = metadata.to_owned();
    memory.set_committed(&part(0), Committed { offset, metadata });
}

async fn stopped(plane: &Plane) -> String {
    until("it stopped", || {
        matches!(plane.state(), RunState::Failed(_))
    })
    .await;
    plane.state().to_string()
}

fn metadata(memory: &Memory) -> String {
    memory.committed(&part(0)).expect("a commit").metadata
}

/// All that the new topic holds (100 to 129) has come out; exactly once, the old one's records (0 to 9) before it and nothing else.
fn assert_read_anew(memory: &Memory, exactly_once: bool) {
    let found = memory.values("out");
    if exactly_once {
        let wanted: Vec<String> = (0..10).chain(100..130).map(|n| n.to_string()).collect();
        assert_eq!(found, wanted);
    } else {
        assert!(
            (100..130).all(|n| found.contains(&n.to_string())),
            "{found:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_retention_cut_off_is_passed_over_where_that_is_asked_for_and_counted() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    committed(&memory, 2, "r1.0");
    memory.truncate("in", 0, 5);
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    assert!(stopped(&plane).await.contains("in/0: offsets 2 to 4"));
    assert_eq!(memory.count("out"), 0);
    // The remedy that it names.
    plane.handle.replace(going_on(2));
    plane.committed(0, 10).await;
    assert_eq!(memory.values("out"), ["5", "6", "7", "8", "9"]);
    assert_eq!(plane.handle.stats().snapshot().lost_offsets, 3);
    assert!(plane.state().is_running());
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_was_created_anew_stops_the_transform_until_it_is_deployed_again() {
    for exactly_once in [false, true] {
        let memory = memory(1);
        memory.recreate("in");
        let start = |revision| match exactly_once {
            true => start_exactly_once(&memory, revision),
            false => start(&memory, revision),
        };
        let plane = start(revision(1, pass()));
        plane.assign(0..1);
        memory.append("in", 0, numbers(0..10));
        plane.committed(0, 10).await;
        assert_eq!(metadata(&memory), "r1.0 1");

        // Long enough for the old offset to lie within it: the source reads on there.
        memory.recreate("in");
        memory.append("in", 0, numbers(100..130));
        let said = stopped(&plane).await;
        assert!(
            said.contains("in/0: the topic was deleted and created anew"),
            "{said}"
        );
        assert_eq!(memory.committed(&part(0)).expect("a commit").offset, 10);
        plane.drain().await;

        // Another host, or the same after a restart, does not take it for the old one either.
        let plane = start(revision(1, pass()));
        plane.assign(0..1);
        stopped(&plane).await;
        let mut second = revision(2, pass());
        second.starts = Starts {
            topics: [(Arc::from("in"), Arc::from("2"))].into(),
            ..Starts::default()
        };
        plane.handle.replace(second);
        plane.committed(0, 30).await;
        assert_eq!(metadata(&memory), "r2.0 2");
        assert_read_anew(&memory, exactly_once);
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_was_created_anew_is_read_from_its_beginning_where_that_is_asked_for() {
    for exactly_once in [false, true] {
        let memory = memory(1);
        memory.recreate("in");
        let plane = match exactly_once {
            true => start_exactly_once(&memory, going_on(1)),
            false => start(&memory, going_on(1)),
        };
        plane.assign(0..1);
        memory.append("in", 0, numbers(0..10));
        plane.committed(0, 10).await;
        memory.recreate("in");
        memory.append("in", 0, numbers(100..130));
        plane.committed(0, 30).await;
        assert_eq!(metadata(&memory), "r1.0 2");
        assert_read_anew(&memory, exactly_once);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_counts_for_the_topic_only_that_was_deployed_for() {
    let memory = memory(1);
    memory.recreate("in");
    memory.append("in", 0, numbers(0..10));
    // The brokers have forgotten the group's offsets with the old topic.
    let mut first = revision(1, pass());
    first.starts = starts(&[(0, 7)]);
    first.starts.topics = [(Arc::from("in"), Arc::from("0"))].into();
    let plane = start(&memory, first.clone());
    plane.assign(0..1);
    assert!(stopped(&plane).await.contains("created anew"));
    assert_eq!(memory.committed(&part(0)), None);
    plane.drain().await;

    first.starts.lost_offsets = LostOffsets::Earliest;
    let plane = start(&memory, first);
    plane.assign(0..1);
    plane.committed(0, 10).await;
    assert_eq!(memory.count("out"), 10);
}

//! Exactly once: transactions that work, fail, or of which nobody knows what became of them.

mod plane_support;

use std::sync::Arc;
use std::time::Duration;

use millstream_engine::{Batch, Description, Failure, Limits, Output, Parts, Plan};
use millstream_host::guests::Guests;
use millstream_host::memory::{Ending, Memory};
use millstream_host::runner::RunState;
use millstream_host::source::Event;
use plane_support::*;

fn written(memory: &Memory) -> Vec<usize> {
    let values = memory.values("out");
    let numbers = values.iter().map(|value| value.parse().expect("a number"));
    numbers.collect()
}

/// What the group has committed, and how many records can be seen, never disagree.
fn agree(memory: &Memory, partitions: i32) {
    let committed: i64 = (0..partitions)
        .filter_map(|partition| memory.committed(&part(partition)))
        .map(|committed| committed.offset)
        .sum();
    assert_eq!(memory.count("out"), committed.unsigned_abs());
}

#[tokio::test(start_paused = true)]
async fn records_and_offsets_show_together() {
    let memory = memory(2);
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..2);
    for round in 0..20 {
        for partition in 0..2 {
            memory.append("in", partition, numbers(round * 50..(round + 1) * 50));
        }
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(7)).await;
            agree(&memory, 2);
        }
    }
    plane.committed(0, 1000).await;
    plane.committed(1, 1000).await;
    agree(&memory, 2);
    let stats = plane.handle.stats().snapshot();
    assert!(stats.transactions >= 10 && stats.aborts == 0, "{stats:?}");
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_commit_nothing_is_lost_or_doubled() {
    for ending in [
        Ending::Aborted,
        Ending::CommittedUnknown,
        Ending::AbortedUnknown,
    ] {
        let memory = memory(1);
        let plane = start_exactly_once(&memory, revision(1, pass()));
        plane.assign(0..1);
        for round in 0..3 {
            memory.end_next(ending);
            memory.append("in", 0, numbers(round * 2000..(round + 1) * 2000));
            plane.committed(0, (round as i64 + 1) * 2000).await;
        }
        let all: Vec<usize> = (0..6000).collect();
        assert_eq!(written(&memory), all, "{ending:?}");
        assert_eq!(plane.handle.stats().snapshot().aborts, 3, "{ending:?}");
        assert_eq!(plane.shared.budget.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_takes_its_whole_transaction_back() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..1500));
    memory.append("in", 1, numbers(0..1500));
    memory.fail_next(1);
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..2);
    plane.committed(0, 1500).await;
    plane.committed(1, 1500).await;
    agree(&memory, 2);
    assert_eq!(plane.handle.stats().snapshot().aborts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_while_its_transaction_ends_is_named_as_the_reason() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..500));
    memory.cork();
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("it is being written", || memory.held() == 1).await;
    // Long past the time to commit, which waits for the write.
    tokio::time::sleep(Duration::from_secs(60)).await;
    memory.fail_next(1);
    memory.end_next(Ending::AbortedUnknown);
    memory.release(0);
    memory.uncork();
    plane.committed(0, 500).await;
    let state = plane.state();
    assert!(
        matches!(&state, RunState::Running { problem: Some(problem), .. }
            if problem.contains("the test said how it ends; the first record that failed: the test said so")),
        "{state:?}"
    );
    agree(&memory, 1);
}

/// A broker that takes its time over what was aborted is a slow one: aborting what comes next as well would never end.
#[tokio::test(start_paused = true)]
async fn a_write_that_fails_after_its_transaction_was_aborted_spoils_no_other() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..500));
    memory.append("in", 1, numbers(0..500));
    memory.cork();
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..2);
    until("both are being written", || memory.held() == 2).await;
    memory.fail_next(1);
    memory.release(0);
    let aborts = || plane.handle.stats().snapshot().aborts;
    until("the transaction is aborted", || aborts() == 1).await;
    // One partition is written again, and only then one of the first writes fails. The other one may have to wait for the
    // end of this transaction, which waits for what is held.
    until("one is being written again", || memory.held() >= 2).await;
    memory.release(0);
    memory.uncork();
    plane.committed(0, 500).await;
    plane.committed(1, 500).await;
    agree(&memory, 2);
    assert_eq!(aborts(), 1);
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_too_slow_for_a_transaction_gets_smaller_ones() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..40_000));
    memory.no_transaction_past(3);
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 40_000).await;
    let all: Vec<usize> = (0..40_000).collect();
    assert_eq!(written(&memory), all);
    let stats = plane.handle.stats().snapshot();
    assert!(stats.aborts > 0, "{stats:?}");
    assert!(stats.transactions > stats.aborts, "{stats:?}");
    assert_eq!(plane.shared.budget.used(), 0);
}

/// Two partitions of a hundred records, of which the first is lost while both are in a transaction.
async fn loses_one(while_it_is_committed: bool) {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..100));
    memory.append("in", 1, numbers(0..100));
    if while_it_is_committed {
        // Nothing is acknowledged: the commit waits.
        memory.cork();
    }
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..2);
    let batches = || plane.handle.stats().snapshot().batches;
    until("both are written", || batches() == 2).await;
    if while_it_is_committed {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(memory.count("out"), 0, "nothing is committed yet");
    memory.next_generation();
    plane.source.play(Event::Lost(parts(0..1)));
    until("it is let go", || !plane.source.released().is_empty()).await;
    memory.uncork();
    plane.committed(1, 100).await;
    let kept = memory.committed(&part(0)).map(|committed| committed.offset);
    assert_eq!(kept, Some(0), "its next owner has it all to do");
    assert_eq!(memory.count("out"), 100, "of the partition that is left");
    assert_eq!(plane.handle.stats().snapshot().aborts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_is_lost_before_the_commit_is_no_part_of_it() {
    loses_one(false).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_that_the_group_gives_up_during_the_commit_commits_nothing() {
    loses_one(true).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_is_lost_and_comes_back_within_a_transaction_is_not_in_it_twice() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..100));
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..1);
    let batches = || plane.handle.stats().snapshot().batches;
    until("it is written", || batches() == 1).await;
    plane.source.play(Event::Lost(parts(0..1)));
    until("it is let go", || !plane.source.released().is_empty()).await;
    plane.assign(0..1);
    until("it is written again", || batches() == 2).await;
    assert_eq!(memory.count("out"), 0, "within one transaction");
    plane.committed(0, 100).await;
    assert_eq!(written(&memory), (0..100).collect::<Vec<_>>());
    assert_eq!(plane.handle.stats().snapshot().aborts, 1);
}

#[tokio::test(start_paused = true)]
async fn revoked_partitions_are_committed_before_they_are_let_go() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..100));
    memory.append("in", 1, numbers(0..100));
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..2);
    until("it has begun", || memory.committed(&part(0)).is_some()).await;
    plane.source.play(Event::Revoked(parts(0..1)));
    until("it is let go", || plane.source.released() == parts(0..1)).await;
    agree(&memory, 2);
    plane.drain().await;
    agree(&memory, 2);
}

/// Never answers for the first partition.
struct Stuck;

impl millstream_engine::Guest for Stuck {
    async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
        if batch.partition == 0 {
            std::future::pending::<()>().await;
        }
        let description = Description::simple(Parts::ALL, &["out"]);
        Plan::from_output(Output::default(), batch, &description, &Limits::default())
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

#[tokio::test(start_paused = true)]
async fn a_guest_that_does_not_come_back_holds_up_nobody_elses_transaction() {
    let memory = memory(2);
    memory.append("in", 0, numbers(0..10));
    memory.append("in", 1, numbers(0..10));
    let guests: Arc<dyn Guests> = Arc::new(|| Ok(Stuck));
    let plane = start_exactly_once(&memory, revision(1, guests));
    plane.assign(0..2);
    plane.committed(1, 10).await;
    assert_eq!(memory.count("out"), 10);
}

//! What happens to one partition, batch or revision while another is dealt with: nothing may stand still, be passed over, or be
//! answered too early for that.

mod plane_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use millstream_engine::{Batch, Description, Failure, Guest, Limits, Output, Parts, Plan};
use millstream_host::failure::{LostOffsets, Policy};
use millstream_host::guests::Guests;
use millstream_host::runner::{RunState, RunnerConfig};
use millstream_host::source::Event;
use millstream_host::stats::Stats;
use plane_support::*;
use tokio::sync::Notify;

/// A guest whose first call waits for what a test says.
#[derive(Clone, Default)]
struct Told {
    calls: Arc<AtomicUsize>,
    go: Arc<Notify>,
    panics: Arc<AtomicBool>,
}

impl Guest for Told {
    async fn apply<'a>(&'a mut self, batch: Batch<'a>) -> Result<Plan, Failure> {
        if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            self.go.notified().await;
        }
        assert!(!self.panics.load(Ordering::SeqCst), "told to");
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

impl Told {
    fn guests(&self) -> Arc<dyn Guests> {
        let told = self.clone();
        Arc::new(move || Ok(told.clone()))
    }

    async fn called(&self) {
        until("it is called", || self.calls.load(Ordering::SeqCst) > 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_records_deleted_before_a_stopped_batch_none_that_are_left_are_passed_over() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    let mut first = revision(1, trapping_on(b"1500"));
    first.routes.letters.failed = Policy::Stop;
    let plane = start(&memory, first);
    plane.assign(0..1);
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    plane.committed(0, 1500).await;
    // Whoever has the pager gets rid of the record that does it.
    memory.truncate("in", 0, 1501);
    let mut second = revision(2, pass());
    second.starts.lost_offsets = LostOffsets::Earliest;
    plane.handle.replace(second);
    plane.committed(0, 3000).await;
    assert_eq!(memory.count("out"), 2999);
    assert_eq!(plane.handle.stats().snapshot().lost_offsets, 1);
}

#[tokio::test(start_paused = true)]
async fn batches_that_wait_to_be_tried_again_do_not_wait_for_the_budget_that_they_hold() {
    let there = Arc::new(AtomicBool::new(false));
    let guests = {
        let there = Arc::clone(&there);
        native(move |_| match there.load(Ordering::SeqCst) {
            true => Ok(Output::default()),
            false => Err(Failure::Transient("not there yet".to_owned())),
        })
    };
    let memory = memory(16);
    for partition in 0..16 {
        memory.append("in", partition, numbers(0..1000));
    }
    // A batch is to have a megabyte of it, and turns out to take half of that.
    let shared = shared(2 << 20);
    let plane = start_with(&memory, revision(1, guests), shared, |_| {});
    plane.assign(0..16);
    until("there is no room for another", || {
        plane.shared.budget.used() > 1 << 20
    })
    .await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(memory.count("out"), 0);
    there.store(true, Ordering::SeqCst);
    for partition in 0..16 {
        plane.committed(partition, 1000).await;
    }
    assert_eq!(memory.count("out"), 16_000);
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_partition_whose_lane_gave_its_batch_up_for_another_one_goes_on() {
    let memory = memory(2);
    let told = Told::default();
    let plane = start_with(
        &memory,
        revision(1, told.guests()),
        shared(64 << 20),
        |config| config.lanes = 1,
    );
    plane.assign(0..2);
    plane.committed(0, 0).await;
    memory.append("in", 1, numbers(0..10));
    told.called().await;
    plane.source.play(Event::Revoked(parts(0..1)));
    until("the other one is let go", || {
        plane.source.released() == [part(0)]
    })
    .await;
    // Its first call never ends; the second one does.
    plane.committed(1, 10).await;
    assert_eq!(memory.count("out"), 10);
    assert_eq!(plane.shared.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_given_up_while_it_is_written_is_written_again() {
    for exactly_once in [false, true] {
        let memory = memory(2);
        memory.capacity(10);
        memory.cork();
        let stats = Stats::new();
        let (first, shared) = (revision(1, pass()), shared(64 << 20));
        let one_lane = |config: &mut RunnerConfig| config.lanes = 1;
        let plane = if exactly_once {
            let delivery = memory.exactly_once(Arc::clone(&stats));
            run_with(&memory, first, shared, one_lane, delivery, stats)
        } else {
            start_with(&memory, first, shared, one_lane)
        };
        plane.assign(0..2);
        plane.committed(0, 0).await;
        memory.append("in", 1, numbers(0..10));
        until("the first batch is on its way", || memory.held() == 1).await;
        memory.append("in", 1, numbers(10..20));
        // The second one waits for room.
        tokio::time::sleep(Duration::from_millis(500)).await;
        plane.source.play(Event::Revoked(parts(0..1)));
        until("the other one is let go", || {
            plane.source.released() == [part(0)]
        })
        .await;
        memory.uncork();
        plane.committed(1, 20).await;
        let mut values = memory.values("out");
        values.sort_unstable();
        if !exactly_once {
            values.dedup();
        }
        assert_eq!(values.len(), 20, "{exactly_once}");
        assert_eq!(plane.shared.budget.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_revokes_what_is_being_drained_has_its_answer_after_the_commit() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    memory.cork();
    let plane = start(&memory, revision(1, pass()));
    plane.assign(0..1);
    until("it is in flight", || memory.held() == 1).await;
    let handle = plane.handle.clone();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let draining = tokio::spawn(async move { handle.drain(deadline).await });
    until("it is stopping", || plane.state() == RunState::Stopping).await;
    plane.source.play(Event::Revoked(parts(0..1)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(plane.source.released(), []);
    memory.uncork();
    draining.await.expect("drained");
    assert_eq!(memory.committed(&part(0)).expect("a commit").offset, 1000);
    assert_eq!(plane.source.released(), [part(0)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_beside_a_transaction_that_is_left_under_way() {
    let memory = memory(1);
    memory.cork();
    let plane = start_exactly_once(&memory, revision(1, pass()));
    plane.assign(0..1);
    plane.committed(0, 0).await;
    memory.append("in", 0, numbers(0..10));
    until("it is in flight", || memory.held() == 1).await;
    // Another revision wants its stamp on the offset, which alone would be committed again.
    plane.handle.replace(revision(2, pass()));
    until("it runs", || {
        let problem = None;
        let revision = 2;
        plane.state() == RunState::Running { revision, problem }
    })
    .await;
    let before = memory.commit_log();
    plane.source.play(Event::Revoked(parts(0..1)));
    until("it is let go", || plane.source.released() == [part(0)]).await;
    assert_eq!(memory.commit_log(), before);
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_a_revision_that_was_replaced_does_not_stop_the_next() {
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    let told = Told::default();
    told.panics.store(true, Ordering::SeqCst);
    let plane = start(&memory, revision(1, told.guests()));
    plane.assign(0..1);
    told.called().await;
    plane.handle.replace(revision(2, pass()));
    let runs = || matches!(plane.state(), RunState::Running { revision: 2, .. });
    until("the next one runs", runs).await;
    told.go.notify_one();
    plane.committed(0, 10).await;
    assert!(runs(), "{:?}", plane.state());
    assert_eq!(memory.count("out"), 10);
}

//! What becomes of batches whose guest calls fail: searched for the rows to blame, retried, or stopped.

mod plane_support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millstream_engine::{Batch, Description, Failure, Output, Parts};
use millstream_host::delivery::Letters;
use millstream_host::failure::{FailurePolicy, Policy};
use millstream_host::guests::Guests;
use millstream_host::runner::{Revision, RunState};
use parking_lot::Mutex;
use plane_support::*;

fn number(value: Option<&[u8]>) -> usize {
    std::str::from_utf8(value.unwrap_or_default())
        .ok()
        .and_then(|text| text.parse().ok())
        .expect("a number")
}

/// Fails, in its own way, on every batch in which one of these numbers is; counts its calls.
fn failing(bad: &[usize], failure: Failure) -> (Arc<dyn Guests>, Arc<AtomicUsize>) {
    let (bad, calls) = (
        bad.iter().copied().collect::<BTreeSet<usize>>(),
        Arc::new(AtomicUsize::new(0)),
    );
    let guests = native({
        let calls = Arc::clone(&calls);
        move |batch: Batch<'_>| {
            calls.fetch_add(1, Ordering::SeqCst);
            let found = batch
                .rows
                .iter()
                .any(|row| bad.contains(&number(row.value)));
            if found {
                Err(failure.clone())
            } else {
                Ok(Output::default())
            }
        }
    });
    (guests, calls)
}

fn written(plane: &Plane, topic: &str) -> Vec<usize> {
    plane
        .memory
        .records(topic, 0)
        .iter()
        .map(|record| number(record.value.as_deref()))
        .collect()
}

fn header(record: &millstream_host::memory::Record, name: &str) -> String {
    let found = record.headers.iter().find(|(other, _)| other == name);
    let value = found
        .and_then(|(_, value)| value.clone())
        .unwrap_or_default();
    String::from_utf8_lossy(&value).into_owned()
}

async fn failed(plane: &Plane) -> millstream_host::lane::Failed {
    until("it failed", || matches!(plane.state(), RunState::Failed(_))).await;
    match plane.state() {
        RunState::Failed(failed) => failed,
        other => panic!("{other}"),
    }
}

/// A thousand records, of which these fail: runs until all are committed.
async fn thousand(bad: &[usize], failure: Failure) -> (Plane, usize) {
    let (guests, calls) = failing(bad, failure);
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    let mut first = revision(1, guests);
    first.policy.retry_for = Duration::from_secs(20);
    let plane = start(&memory, first);
    plane.assign(0..1);
    plane.committed(0, 1000).await;
    let calls = calls.load(Ordering::SeqCst);
    (plane, calls)
}

#[tokio::test(start_paused = true)]
async fn bad_rows_become_dead_letters_and_the_others_keep_their_order() {
    for bad in [vec![0], vec![999], vec![17, 18, 500]] {
        let (plane, calls) = thousand(&bad, trap()).await;
        let good: Vec<usize> = (0..1000).filter(|row| !bad.contains(row)).collect();
        assert_eq!(written(&plane, "out"), good);
        assert_eq!(written(&plane, "dead"), bad);
        assert!(calls <= 2 + 2 * 10 * bad.len(), "{calls} calls for {bad:?}");
        let letter = &plane.memory.records("dead", 0)[0];
        assert_eq!(header(letter, "millstream.code"), "trap");
        assert_eq!(
            header(letter, "millstream.reason"),
            "the module trapped: unreachable"
        );
        assert_eq!(header(letter, "millstream.offset"), bad[0].to_string());
        // Twice with all others, then in ever smaller company.
        let attempts: usize = header(letter, "millstream.attempts").parse().unwrap();
        assert!((11..=12).contains(&attempts), "{attempts}");
        assert_eq!(
            plane.handle.stats().snapshot().rejected["trap"],
            bad.len() as u64
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_only_row_that_fails_twice_is_to_blame() {
    let (guests, calls) = failing(&[3], Failure::Permanent("never".to_owned()));
    let memory = memory(1);
    memory.append("in", 0, numbers(3..4));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 1).await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(written(&plane, "dead"), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_module_that_fails_on_every_row_stops_before_it_has_drained_the_topic() {
    let all: Vec<usize> = (0..1000).collect();
    let (guests, _) = failing(&all, trap());
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    let failed = failed(&plane).await;
    assert_eq!(failed.code, "stop-above");
    let letters = written(&plane, "dead");
    assert!((99..=110).contains(&letters.len()), "{}", letters.len());
    // A revision that works goes on behind the last letter.
    plane.handle.replace(revision(2, pass()));
    plane.committed(0, 1000).await;
    let all: Vec<usize> = [letters, written(&plane, "out")].concat();
    assert_eq!(all, (0..1000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn with_the_share_allowed_every_row_becomes_a_letter() {
    let all: Vec<usize> = (0..1000).collect();
    let (guests, calls) = failing(&all, trap());
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    let mut first = revision(1, guests);
    first.policy.stop_above = 100;
    let plane = start(&memory, first);
    plane.assign(0..1);
    plane.committed(0, 1000).await;
    assert_eq!(written(&plane, "dead"), all);
    assert!(calls.load(Ordering::SeqCst) <= 2 * 1000 + 2);
}

#[tokio::test(start_paused = true)]
async fn rows_that_fail_in_company_only_are_blamed_for_nothing_and_come_in_smaller_batches() {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let guests = native({
        let sizes = Arc::clone(&sizes);
        move |batch: Batch<'_>| {
            sizes.lock().push(batch.rows.len());
            if batch.rows.len() > 300 {
                Err(trap())
            } else {
                Ok(Output::default())
            }
        }
    });
    let memory = memory(1);
    memory.append("in", 0, numbers(0..3000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 3000).await;
    assert_eq!(written(&plane, "out"), (0..3000).collect::<Vec<_>>());
    assert_eq!(written(&plane, "dead"), [] as [usize; 0]);
    let sizes = sizes.lock();
    assert_eq!(sizes[..8], [1000, 1000, 500, 250, 250, 500, 250, 250]);
    assert_eq!(sizes[8..], [250; 8]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_leaks_is_blamed_on_no_row() {
    // Each instance can be called once, then it fails; and one row is bad in any instance.
    let instances = Arc::new(AtomicUsize::new(0));
    let guests: Arc<dyn Guests> = Arc::new({
        let instances = Arc::clone(&instances);
        move || {
            instances.fetch_add(1, Ordering::SeqCst);
            let mut called = false;
            let answer = move |batch: Batch<'_>| {
                let bad = batch.rows.iter().any(|row| number(row.value) == 2700);
                if std::mem::replace(&mut called, true) || bad {
                    Err(trap())
                } else {
                    Ok(Output::default())
                }
            };
            Ok(Native {
                answer,
                description: Description::simple(Parts::ALL, &["out"]),
                replace: false,
            })
        }
    });
    let memory = memory(1);
    memory.append("in", 0, numbers(0..5000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 5000).await;
    assert_eq!(written(&plane, "out").len(), 4999);
    assert_eq!(written(&plane, "dead"), [2700]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_exhausted_in_the_middle_of_a_search_is_waited_for() {
    let instances = Arc::new(AtomicUsize::new(0));
    let guests: Arc<dyn Guests> = Arc::new({
        let instances = Arc::clone(&instances);
        move || {
            // Of the search's instances, every second one finds no room.
            let made = instances.fetch_add(1, Ordering::SeqCst);
            if made > 2 && made % 2 == 1 {
                return Err(Failure::Host("no room".to_owned()));
            }
            let answer = |batch: Batch<'_>| {
                let bad = batch.rows.iter().any(|row| number(row.value) == 700);
                if bad {
                    Err(trap())
                } else {
                    Ok(Output::default())
                }
            };
            Ok(Native {
                answer,
                description: Description::simple(Parts::ALL, &["out"]),
                replace: false,
            })
        }
    });
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    plane.committed(0, 1000).await;
    assert_eq!(written(&plane, "dead"), [700]);
    assert_eq!(written(&plane, "out").len(), 999);
}

#[tokio::test(start_paused = true)]
async fn what_is_transient_is_retried_by_itself_while_other_partitions_go_on() {
    let patience = Arc::new(AtomicUsize::new(8));
    let guests = native({
        let patience = Arc::clone(&patience);
        move |batch: Batch<'_>| {
            let waits = batch.partition == 0
                && patience
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok();
            if waits {
                return Err(Failure::Transient("the table is not there yet".to_owned()));
            }
            Ok(Output::default())
        }
    });
    let memory = memory(2);
    memory.append("in", 0, numbers(0..10));
    memory.append("in", 1, numbers(10..20));
    let mut first = revision(1, guests);
    first.policy.retry_for = Duration::from_secs(3600);
    let plane = start(&memory, first);
    plane.assign(0..2);
    plane.committed(1, 10).await;
    assert!(
        patience.load(Ordering::SeqCst) > 0,
        "the other one did not wait"
    );
    until("it says so", || {
        plane
            .state()
            .to_string()
            .contains("the table is not there yet")
    })
    .await;
    plane.committed(0, 10).await;
    assert_eq!(written(&plane, "dead"), [] as [usize; 0]);
    assert_eq!(written(&plane, "out").len(), 20);
}

#[tokio::test(start_paused = true)]
async fn past_its_time_what_is_transient_counts_as_permanent() {
    let (plane, _) = thousand(&[5], Failure::Transient("later".to_owned())).await;
    assert_eq!(written(&plane, "dead"), [5]);
    let letter = &plane.memory.records("dead", 0)[0];
    assert_eq!(header(letter, "millstream.code"), "transient");
}

fn with_policies(guests: Arc<dyn Guests>, change: impl FnOnce(&mut Letters)) -> Revision {
    let mut revision = revision(1, guests);
    change(&mut revision.routes.letters);
    revision
}

#[tokio::test(start_paused = true)]
async fn a_policy_drops_what_fails_or_stops_at_it() {
    let (guests, _) = failing(&[5], trap());
    let memory = memory(1);
    memory.append("in", 0, numbers(0..10));
    let plane = start(
        &memory,
        with_policies(Arc::clone(&guests), |letters| letters.failed = Policy::Drop),
    );
    plane.assign(0..1);
    plane.committed(0, 10).await;
    assert_eq!(written(&plane, "dead"), [] as [usize; 0]);
    assert_eq!(written(&plane, "out").len(), 9);
    assert_eq!(plane.handle.stats().snapshot().rejected["trap"], 1);

    let memory = plane_support::memory(1);
    memory.append("in", 0, numbers(0..10));
    let plane = start(
        &memory,
        with_policies(guests, |letters| letters.failed = Policy::Stop),
    );
    plane.assign(0..1);
    let failed = failed(&plane).await;
    assert_eq!(failed.code, "failed-record");
    assert!(
        failed.message.contains("offset 5") && failed.message.contains("failures.traps"),
        "{failed}"
    );
    plane.committed(0, 5).await;
    assert_eq!(written(&plane, "out"), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_search_that_uses_too_much_cpu_time_stops_the_transform_and_nobody_else() {
    search_for(Duration::ZERO, Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_instances_take_to_start_counts_as_part_of_the_search() {
    search_for(Duration::from_secs(1), Duration::ZERO).await;
}

/// Every call fails; an instance takes so much CPU time to start and a call so much.
async fn search_for(start_cpu: Duration, call_cpu: Duration) {
    let calls = Arc::new(AtomicUsize::new(0));
    let guests: Arc<dyn Guests> = Arc::new({
        let calls = Arc::clone(&calls);
        move || {
            Ok(Slow {
                calls: Arc::clone(&calls),
                call_cpu,
                last: start_cpu,
            })
        }
    });
    let memory = memory(1);
    memory.append("in", 0, numbers(0..1000));
    let plane = start(&memory, revision(1, guests));
    plane.assign(0..1);
    let failed = failed(&plane).await;
    assert_eq!(failed.code, "search-limit");
    let most = FailurePolicy::default().search_cpu.as_secs() as usize + 3;
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls <= most, "{calls} calls");
}

/// Runs into its limit whatever it is given.
struct Slow {
    calls: Arc<AtomicUsize>,
    call_cpu: Duration,
    last: Duration,
}

impl millstream_engine::Guest for Slow {
    async fn apply<'a>(&'a mut self, _: Batch<'a>) -> Result<millstream_engine::Plan, Failure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.last = self.call_cpu;
        Err(Failure::Limit {
            what: "CPU time of one call",
            limit: "1s".to_owned(),
            used: "1s".to_owned(),
        })
    }
    fn memory(&self) -> u64 {
        0
    }
    fn wants_replacing(&self) -> bool {
        false
    }
    fn cpu(&self) -> Duration {
        self.last
    }
}

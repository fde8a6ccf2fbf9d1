use futures_util::FutureExt as _;
use std::cell::Cell;
use std::collections::VecDeque;

use super::*;

thread_local! {
    /// CPU time that the tests' guests pretend to burn on this thread.
    static BURNT: Cell<u64> = const { Cell::new(0) };
}

fn burnt() -> u64 {
    BURNT.get()
}

fn burn(nanoseconds: u64) {
    BURNT.set(BURNT.get() + nanoseconds);
}

/// Yields as the engine does: it wakes its task while it is still being polled.
async fn yielded() {
    let mut once = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut once, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// One whose slices have been short.
fn trusted(schedule: &Schedule) -> Account {
    let account = schedule.account();
    account.charges.probation.store(0, Ordering::Relaxed);
    account
}

/// Total turns that were taken so far, over all accounts of a test.
#[derive(Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// Ends the heavy transforms once so many turns were taken altogether.
const TURNS: u64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_transforms_on_two_threads_share_evenly() {
    let schedule = Schedule::with_clock(2, burnt);
    let count = Arc::new(Count::default());
    let start = Arc::new(tokio::sync::Barrier::new(200));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200u64 {
        let account = trusted(&schedule);
        let (count, start) = (Arc::clone(&count), Arc::clone(&start));
        tasks.spawn(async move {
            // Slices between 0.1 and 2 ms: a transform with long slices must get fewer of them.
            let slice = 100_000 + number % 20 * 100_000;
            start.wait().await;
            let warm = std::sync::OnceLock::new();
            let work = account.run(async {
                loop {
                    let turns = count.add();
                    // Whoever comes to the line late does not get the time before: only what follows is compared.
                    if turns >= TURNS / 4 {
                        warm.get_or_init(|| account.used().as_nanos() as u64);
                    }
                    if turns >= TURNS {
                        break;
                    }
                    burn(slice);
                    // A fiftieth of it in earnest: were slices free, a thread that the machine holds up for a few
                    // milliseconds would miss thousands of them.
                    let until = std::time::Instant::now() + Duration::from_nanos(slice / 50);
                    while std::time::Instant::now() < until {
                        std::hint::spin_loop();
                    }
                    yielded().await;
                }
            });
            work.await;
            (
                account.used().as_nanos() as u64 - warm.get().copied().unwrap_or(0),
                account.turns(),
                slice,
            )
        });
    }
    let results = tasks.join_all().await;
    let mean = results.iter().map(|result| result.0).sum::<u64>() / 200;
    for (used, turns, slice) in results {
        // Everybody is within one slice of its own and one of the longest of everybody else.
        let slack = 2_000_000 + slice;
        assert!(
            used.abs_diff(mean) <= 2 * slack,
            "used {used} of a mean of {mean}, in {turns} slices of {slice}"
        );
    }
}

/// Lanes that are always busy, on as many workers as there are turns, without threads: what happens depends on the line alone.
struct Busy<'a> {
    line: &'a Inner,
    lanes: Vec<(Arc<Charges>, Option<Place>)>,
    /// Those that have a turn, the one that has had it for longest first.
    running: VecDeque<usize>,
}

impl<'a> Busy<'a> {
    fn new(line: &'a Inner, lanes: impl IntoIterator<Item = Arc<Charges>>) -> Self {
        let ask = |charges: Arc<Charges>| {
            let place = line.ask(&charges, Waker::noop());
            (charges, place)
        };
        let lanes: Vec<_> = lanes.into_iter().map(ask).collect();
        let running = (0..lanes.len()).filter(|at| lanes[*at].1.is_none());
        Self {
            line,
            running: running.collect(),
            lanes,
        }
    }

    /// Ends the oldest slice; its lane wants another one.
    fn end_one(&mut self, used: u64) {
        let at = self.running.pop_front().expect("somebody runs");
        let (charges, place) = &mut self.lanes[at];
        *place = self.line.end(charges, used, Some(Waker::noop()));
        self.take_turns();
    }

    /// Begins the slices of those whose turn has come.
    fn take_turns(&mut self) {
        for (at, (_, place)) in self.lanes.iter_mut().enumerate() {
            let come = |place: &mut Place| self.line.come(*place, Waker::noop());
            if place.take_if(come).is_some() {
                self.running.push_back(at);
            }
        }
    }
}

fn used(charges: &Charges) -> u64 {
    charges.used.load(Ordering::Relaxed)
}

#[test]
fn a_light_transform_waits_for_the_slices_that_run_and_no_others() {
    let schedule = Schedule::with_clock(2, burnt);
    let line = &schedule.lines[TRUSTED];
    let light = schedule.account().charges;
    let mut heavy = Busy::new(line, (0..199).map(|_| schedule.account().charges));
    assert_eq!(heavy.running.len(), 2);
    for round in 0..200 {
        let asked = line
            .ask(&light, Waker::noop())
            .expect("both turns are taken");
        let mut ended = 0;
        while !line.come(asked, Waker::noop()) {
            heavy.end_one(5_000_000);
            ended += 1;
        }
        // In the first round all have used the same: nothing.
        assert!(
            round == 0 || ended <= 1,
            "waited for {ended} slices in round {round}"
        );
        line.end(&light, 1_000, None);
        heavy.take_turns();
    }
    let used = || heavy.lanes.iter().map(|(charges, _)| used(charges));
    assert!(used().max().expect("some") - used().min().expect("some") <= 5_000_000);
}

#[test]
fn many_lanes_get_no_more_than_one() {
    let schedule = Schedule::with_clock(2, burnt);
    let (wide, narrow) = (schedule.account().charges, schedule.account().charges);
    // Two narrow lanes, so that one of them always waits while the other's slice ends.
    let lanes = std::iter::repeat_n(&wide, 16).chain(std::iter::repeat_n(&narrow, 2));
    let mut busy = Busy::new(&schedule.lines[TRUSTED], lanes.cloned());
    for _ in 0..20_000 {
        busy.end_one(1_000_000);
    }
    let apart = used(&wide).abs_diff(used(&narrow));
    // As many slices as run at once.
    assert!(
        apart <= 2_000_000,
        "sixteen lanes and two are {apart} ns apart"
    );
}

#[tokio::test]
async fn there_are_never_more_slices_at_once_than_turns() {
    let schedule = Schedule::with_clock(2, burnt);
    let account = trusted(&schedule);
    assert_eq!(
        schedule.lines[TRUSTED].ask(&account.charges, Waker::noop()),
        None
    );
    assert_eq!(
        schedule.lines[TRUSTED].ask(&account.charges, Waker::noop()),
        None
    );
    let place = schedule.lines[TRUSTED]
        .ask(&account.charges, Waker::noop())
        .expect("a place in the line");
    assert!(!schedule.lines[TRUSTED].come(place, Waker::noop()));
    schedule.lines[TRUSTED].end(&account.charges, 1, None);
    assert!(schedule.lines[TRUSTED].come(place, Waker::noop()));
}

#[tokio::test]
async fn dropping_work_gives_its_turn_and_its_place_back() {
    let schedule = Schedule::with_clock(1, burnt);
    let account = trusted(&schedule);
    let mut first = account.run(std::future::pending::<()>());
    // The slice of a pending future ends at once.
    assert!((&mut first).now_or_never().is_none());
    assert_eq!(schedule.lines[TRUSTED].state.lock().free, 1);

    assert_eq!(
        schedule.lines[TRUSTED].ask(&account.charges, Waker::noop()),
        None
    );
    let mut waiting = account.run(async {});
    let mut granted = account.run(async {});
    assert!((&mut waiting).now_or_never().is_none());
    assert!((&mut granted).now_or_never().is_none());
    drop(waiting);
    schedule.lines[TRUSTED].end(&account.charges, 1, None);
    assert_eq!(schedule.lines[TRUSTED].state.lock().granted.len(), 1);
    drop(granted);
    let state = schedule.lines[TRUSTED].state.lock();
    assert_eq!(
        (state.free, state.granted.len(), state.waiting.len()),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_panic_gives_the_turn_back() {
    let schedule = Schedule::new(1);
    let account = trusted(&schedule);
    let work = account.run(async { panic!("a host import broke") });
    let outcome: Result<(), _> = std::panic::AssertUnwindSafe(work).catch_unwind().await;
    assert!(outcome.is_err());
    account.run(async {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nobody_waits_for_slices_of_a_transform_on_probation() {
    let schedule = Schedule::with_clock(1, burnt);
    // New, and so on probation.
    let (hog, other) = (schedule.account(), trusted(&schedule));
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let long = tokio::spawn(async move {
        let slice = async move {
            begin.send(()).unwrap();
            // Not to be interrupted.
            ended.recv_timeout(Duration::from_secs(10)).unwrap();
            burn(100_000_000);
        };
        hog.run(slice).await;
    });
    begun.await.unwrap();
    // There is one turn and one worker, and the hog has neither.
    tokio::spawn(async move { other.run(async {}).await })
        .await
        .unwrap();
    end.send(()).unwrap();
    long.await.unwrap();
}

#[tokio::test]
async fn probation_ends_with_short_slices_and_takes_twice_as_many_after_each_long_one() {
    let schedule = Schedule::with_clock(1, burnt);
    let account = schedule.account();
    let mut probation = PROBATION;
    for _ in 0..4 {
        for _ in 0..probation {
            assert_eq!(account.charges.line(), ON_PROBATION);
            account.run(async { burn(1) }).await;
        }
        assert_eq!(account.charges.line(), TRUSTED);
        account.run(async { burn(100_000_000) }).await;
        probation *= 2;
    }
    for _ in 0..32 {
        account.run(async { burn(100_000_000) }).await;
    }
    assert_eq!(
        account.charges.probation.load(Ordering::Relaxed),
        LONGEST_PROBATION
    );
}

#[test]
fn an_account_may_go_on_where_one_before_it_ended() {
    let account = Schedule::new(1).account().after(Duration::from_millis(5));
    assert_eq!(account.used(), Duration::from_millis(5));
    // It is not put behind the others for that.
    assert_eq!(account.charges.rank.load(Ordering::Relaxed), 0);
}

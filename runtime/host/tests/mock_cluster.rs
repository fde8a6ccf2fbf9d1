//! Every error that a broker may answer with, one at a time: nothing is lost, nothing is doubled where that is promised, and it
//! goes on by itself, or stops and says why.
//!
//! The data plane runs on librdkafka's mock cluster; see `mock_support` for what that can and cannot show.

mod mock_support;
mod plane_support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_host::runner::{RunState, RunnerHandle};
use millstream_kafka::embedded::Injected::{self, *};
use millstream_kafka::embedded::Request;
use mock_support::Mock;
use parking_lot::Mutex;

/// While errors are met.
const FIRST: usize = 6_000;
/// At a time, where errors are left that only news brings about, and once more when they are over.
const MORE: usize = 200;
/// For one case: sessions of the mock's groups last three seconds, and some refusals are waited out for ten.
const LIMIT: Duration = Duration::from_secs(120);
/// Cases at a time: they mostly wait.
const AT_ONCE: usize = 8;

/// How errors are spread over requests: these answer with one, the others as usual.
type Pattern = &'static [bool];
const E: bool = true;
const O: bool = false;

/// A request of which every answer of a pattern is this error.
struct Case {
    request: Request,
    error: Injected,
    pattern: Pattern,
    exactly_once: bool,
    /// The code that it fails with, where it may not go on by itself.
    fails: Option<&'static str>,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let delivery = if self.exactly_once {
            "exactly once"
        } else {
            "at least once"
        };
        write!(
            f,
            "{delivery}, {:?} answered with {:?}",
            self.request, self.error
        )
    }
}

impl Case {
    /// Whether such requests come only as long as records do. (The test's own producer would get answers to others.)
    fn needs_news(&self) -> bool {
        use Request::*;
        let of_a_commit = [
            OffsetCommit,
            AddPartitionsToTxn,
            AddOffsetsToTxn,
            TxnOffsetCommit,
            EndTxn,
        ];
        of_a_commit
            .iter()
            .any(|request| *request as i16 == self.request as i16)
    }

    /// Whether such a request comes when the host ends.
    fn comes_last(&self) -> bool {
        self.request as i16 == Request::LeaveGroup as i16
    }
}

/// What a case showed.
struct Shown {
    took: Duration,
    lost: usize,
    doubled: usize,
    reordered: usize,
    hidden: usize,
}

/// A transform, and what it said of itself.
struct Watched {
    handle: RunnerHandle,
    watching: tokio::task::JoinHandle<()>,
}

type Said = Arc<Mutex<Vec<String>>>;

impl Watched {
    fn start(mock: &Mock, case: &Case, said: &Said) -> Watched {
        let handle = mock.host(case.exactly_once);
        let (mut state, said) = (handle.state(), Arc::clone(said));
        let watching = tokio::spawn(async move {
            loop {
                let now = state.borrow_and_update().to_string();
                said.lock().push(now);
                if state.changed().await.is_err() {
                    return;
                }
            }
        });
        Watched { handle, watching }
    }

    /// Records that are dealt with, in the partitions that it has.
    fn done(&self) -> usize {
        let snapshot = self.handle.stats().snapshot();
        let all = snapshot
            .partitions
            .values()
            .map(|partition| partition.position.max(0));
        usize::try_from(all.sum::<i64>()).expect("not negative")
    }

    fn has_failed_with(&self, code: &str) -> bool {
        matches!(&*self.handle.state().borrow(), RunState::Failed(failed) if failed.code == code)
    }

    async fn end(self) {
        self.handle
            .drain(tokio::time::Instant::now() + Duration::from_secs(10))
            .await;
        self.watching.abort();
    }
}

async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn run(case: &Case, step: &Mutex<&'static str>, said: &Said) -> Shown {
    let began = Instant::now();
    let mock = Mock::start().await;
    let mut sent = FIRST;
    mock.produce(0..sent).await;
    let answer = |error: &bool| {
        if *error {
            case.error
        } else {
            RD_KAFKA_RESP_ERR_NO_ERROR
        }
    };
    let mut answers: Vec<_> = case.pattern.iter().map(answer).collect();
    if case.fails.is_some() {
        // Once: the next host is to go on.
        let first = case.pattern.iter().position(|error| *error);
        answers.truncate(first.map_or(0, |first| first + 1));
    }
    mock.broker.watch_requests().expect("watched");
    mock.broker
        .fail_requests(case.request, &answers)
        .expect("told");
    let mut host = Watched::start(&mock, case, said);
    if let Some(code) = case.fails {
        *step.lock() = "it fails";
        until(|| host.has_failed_with(code)).await;
        host.end().await;
        // As after a new deploy or a restart.
        host = Watched::start(&mock, case, said);
    }
    *step.lock() = "the first records go through";
    until(|| host.done() >= sent).await;
    *step.lock() = "all errors were met";
    let met = || mock.broker.requests(case.request).expect("counted") >= answers.len();
    while !case.comes_last() && !met() {
        if case.needs_news() {
            mock.produce(sent..sent + MORE).await;
            sent += MORE;
            until(|| host.done() >= sent).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    *step.lock() = "records that come after the errors go through";
    mock.produce(sent..sent + MORE).await;
    sent += MORE;
    until(|| host.done() >= sent).await;
    *step.lock() = "the host ends";
    host.end().await;
    assert!(met(), "{case}: that was never asked");
    *step.lock() = "the output is read";
    let arrived = mock.read(case.exactly_once).await;
    let times = |number| arrived.times.get(&number).copied().unwrap_or(0);
    Shown {
        took: began.elapsed(),
        lost: (0..sent).filter(|number| times(*number) == 0).count(),
        doubled: (0..sent).filter(|number| times(*number) > 1).count(),
        reordered: arrived.reordered.len(),
        hidden: arrived.hidden,
    }
}

/// Runs it, and says what is wrong.
async fn judge(case: Case) -> Result<(), String> {
    let (step, said) = (Mutex::new("it starts"), Said::default());
    let ran = tokio::time::timeout(LIMIT, run(&case, &step, &said)).await;
    let said = said.lock().join("\n    ");
    let Ok(shown) = ran else {
        let step = step.lock();
        return Err(format!(
            "{case}: waited {LIMIT:?} in vain until {step}; it said\n    {said}"
        ));
    };
    let Shown {
        took,
        lost,
        doubled,
        reordered,
        hidden,
    } = shown;
    let account = format!(
        "{case}: {lost} lost, {doubled} doubled, {reordered} reordered, {hidden} aborted, {took:.1?}; it said\n    {said}"
    );
    println!("{account}");
    let kept = lost == 0 && reordered == 0 && (doubled == 0 || !case.exactly_once);
    if kept { Ok(()) } else { Err(account) }
}

/// Errors of one kind of request, with those that it may fail for.
#[derive(Default)]
struct Table {
    cases: Vec<Case>,
}

impl Table {
    fn all(
        mut self,
        request: Request,
        pattern: Pattern,
        deliveries: &[bool],
        errors: &[Injected],
    ) -> Self {
        for exactly_once in deliveries {
            self.cases.extend(errors.iter().map(|error| Case {
                request,
                error: *error,
                pattern,
                exactly_once: *exactly_once,
                fails: None,
            }));
        }
        self
    }

    /// A transform fails for this error, with this code.
    fn fails(mut self, error: Injected, code: &'static str) -> Self {
        let these = self
            .cases
            .iter_mut()
            .filter(|case| case.error as i32 == error as i32);
        these.for_each(|case| case.fails = Some(code));
        self
    }

    async fn run(self) {
        let (mut running, mut wrong) = (tokio::task::JoinSet::new(), Vec::new());
        let (all, mut cases) = (self.cases.len(), self.cases.into_iter());
        for case in cases.by_ref().take(AT_ONCE) {
            running.spawn(judge(case));
        }
        while let Some(done) = running.join_next().await {
            wrong.extend(done.expect("no panic").err());
            if let Some(case) = cases.next() {
                running.spawn(judge(case));
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {all} cases went wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

const BOTH: &[bool] = &[false, true];
const EXACTLY_ONCE: &[bool] = &[true];
const AT_LEAST_ONCE: &[bool] = &[false];

/// Not among them: `DUPLICATE_SEQUENCE_NUMBER`, by which a broker says that it has the records.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn produce() {
    let errors = [
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_INVALID_MSG,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
        // Those that cannot be retried.
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
        RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
        RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,
    ];
    Table::default()
        .all(Request::Produce, &[O, O, E, O, E, E], BOTH, &errors)
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch() {
    let errors = [
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_INVALID_MSG,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
        RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
        RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
        RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
    ];
    Table::default()
        .all(Request::Fetch, &[O, O, E, O, E, E], BOTH, &errors)
        .fails(
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            "topic-authorization-failed",
        )
        .fails(
            RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
            "unsupported-compression-type",
        )
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offset_commit() {
    let errors = [
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
        RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH,
        RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE,
        RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE,
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    ];
    Table::default()
        .all(
            Request::OffsetCommit,
            &[E, O, E, O, E, E],
            AT_LEAST_ONCE,
            &errors,
        )
        // Only where partitions begin.
        .all(Request::OffsetCommit, &[E, E], EXACTLY_ONCE, &errors)
        .fails(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced-instance-id")
        .run()
        .await;
}

/// What may become of every request to a coordinator.
const COORDINATOR: [Injected; 8] = [
    RD_KAFKA_RESP_ERR__TRANSPORT,
    RD_KAFKA_RESP_ERR_UNKNOWN,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn find_coordinator() {
    Table::default()
        .all(Request::FindCoordinator, &[E, E], BOTH, &COORDINATOR)
        .run()
        .await;
}

/// Of a member.
const MEMBER: [Injected; 4] = [
    RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn join_group() {
    let errors = [
        &COORDINATOR[..],
        &MEMBER,
        &[
            RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,
            RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,
            RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
        ],
    ]
    .concat();
    Table::default()
        .all(Request::JoinGroup, &[E, E], BOTH, &errors)
        .fails(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced-instance-id")
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_group() {
    let errors = [&COORDINATOR[..], &MEMBER].concat();
    Table::default()
        .all(Request::SyncGroup, &[E, E], BOTH, &errors)
        .fails(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced-instance-id")
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeat() {
    let errors = [&COORDINATOR[..], &MEMBER].concat();
    Table::default()
        .all(Request::Heartbeat, &[E, O, E], BOTH, &errors)
        .fails(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "fenced-instance-id")
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offset_fetch() {
    let errors = [
        &COORDINATOR[..],
        &[
            RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH,
        ],
    ]
    .concat();
    Table::default()
        .all(Request::OffsetFetch, &[E, E], BOTH, &errors)
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list_offsets() {
    let errors = [
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
    ];
    Table::default()
        .all(Request::ListOffsets, &[E, E, O, E], BOTH, &errors)
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leave_group() {
    Table::default()
        .all(Request::LeaveGroup, &[E], BOTH, &COORDINATOR)
        .run()
        .await;
}

/// Of a transactional producer.
const TRANSACTION: [Injected; 11] = [
    RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
    RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
    RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
    RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
    RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
    RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,
    RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_producer_id() {
    let errors = [&COORDINATOR[..], &TRANSACTION].concat();
    Table::default()
        .all(Request::InitProducerId, &[E, E], BOTH, &errors)
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn add_partitions_to_txn() {
    let errors = [
        &COORDINATOR[..],
        &TRANSACTION,
        &[
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED,
        ],
    ]
    .concat();
    Table::default()
        .all(
            Request::AddPartitionsToTxn,
            &[O, E, O, E, E],
            EXACTLY_ONCE,
            &errors,
        )
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn add_offsets_to_txn() {
    let errors = [&COORDINATOR[..], &TRANSACTION].concat();
    Table::default()
        .all(
            Request::AddOffsetsToTxn,
            &[O, E, O, E, E],
            EXACTLY_ONCE,
            &errors,
        )
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn txn_offset_commit() {
    let errors = [
        &COORDINATOR[..],
        &TRANSACTION,
        &MEMBER,
        &[
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE,
            RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        ],
    ]
    .concat();
    Table::default()
        .all(
            Request::TxnOffsetCommit,
            &[O, E, O, E, E],
            EXACTLY_ONCE,
            &errors,
        )
        .run()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_txn() {
    let errors = [&COORDINATOR[..], &TRANSACTION].concat();
    Table::default()
        .all(Request::EndTxn, &[O, E, O, E, E], EXACTLY_ONCE, &errors)
        .run()
        .await;
}

//! The loop of one running transform. It never waits for anything but the next thing to happen: what takes time (opening,
//! closing, commits) runs beside it, so that the source's events are always awaited.

mod rebalance;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, BoxFuture};
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::assignment::{Assignment, Stage};
use super::lanes::Lanes;
use super::{Request, Revision, RunState, RunnerConfig, Shared};
use crate::delivery::{Delivery, DeliveryError, Happening, Opened};
use crate::lane::{Common, Failed, Live, Report};
use crate::schedule::Account;
use crate::source::{Source, SourceError, TopicPartition};
use crate::stats::Stats;

/// How long a lane that was told to drop its batch may take to hear it.
pub(super) const GRACE: Duration = Duration::from_millis(200);
/// Before a broker that could not be asked is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Before missing output topics are looked for again.
const TOPICS_AGAIN: Duration = Duration::from_secs(10);
/// Before a partition is read elsewhere: what is not there yet may be in a moment.
const MOVED: Duration = Duration::from_millis(100);
/// A problem that has not come up for so long is over.
const PROBLEM_OVER: Duration = Duration::from_secs(30);
/// How long leaving the group may take: the broker finds out by itself otherwise.
const LEAVE: Duration = Duration::from_secs(5);

/// What has been going on beside the loop.
enum Done<D: Delivery> {
    Routed(u64, Box<Revision>, Result<D::Route, DeliveryError>),
    Opened(u64, Vec<TopicPartition>, Result<Vec<Opened>, DeliveryError>),
    Cancelled,
    LetGo(Vec<TopicPartition>),
    Committed(Result<(), DeliveryError>),
    Looked(TopicPartition, u64, i64, Result<(), DeliveryError>),
    Ends(Vec<TopicPartition>, Result<Vec<i64>, SourceError>),
}

pub(super) struct Task<S: Source, D: Delivery> {
    config: RunnerConfig,
    source: Arc<S>,
    delivery: Arc<D>,
    stats: Arc<Stats>,
    account: Account,
    lanes: Lanes<S, D>,
    assignment: Assignment<S::Queue>,
    beside: FuturesUnordered<BoxFuture<'static, Done<D>>>,
    openings: HashMap<u64, AbortHandle>,
    numbers: u64,
    /// The revision that runs.
    revision: Option<Box<Revision>>,
    /// The lookup of the newest revision; older ones no longer matter.
    routing: u64,
    failed: Option<Failed>,
    problem: Option<(Instant, String)>,
    source_over: bool,
    committing: bool,
    asking_ends: bool,
    draining: Option<(Instant, Vec<oneshot::Sender<()>>)>,
    reports: mpsc::UnboundedReceiver<Report>,
    requests: mpsc::UnboundedReceiver<Request>,
    state: watch::Sender<RunState>,
}

impl<S: Source, D: Delivery<Rows = S::Rows>> Task<S, D> {
    #[allow(clippy::too_many_arguments)] // Called once, by `start`, with what it was given.
    pub(super) fn new(
        config: RunnerConfig,
        source: S,
        delivery: D,
        stats: Arc<Stats>,
        account: Account,
        shared: Shared,
        requests: mpsc::UnboundedReceiver<Request>,
        state: watch::Sender<RunState>,
    ) -> Self {
        let (source, delivery) = (Arc::new(source), Arc::new(delivery));
        let (sender, reports) = mpsc::unbounded_channel();
        let common = Arc::new(Common {
            source: Arc::clone(&source),
            delivery: Arc::clone(&delivery),
            budget: shared.budget.for_transform(),
            account: account.clone(),
            stats: Arc::clone(&stats),
            limits: config.batch.clone(),
            reports: sender,
        });
        let lanes = Lanes::new(Arc::clone(&config.name), config.lanes, common, shared);
        Self {
            config,
            source,
            delivery,
            stats,
            account,
            lanes,
            assignment: Assignment::new(),
            beside: FuturesUnordered::new(),
            openings: HashMap::new(),
            numbers: 0,
            revision: None,
            routing: 0,
            failed: None,
            problem: None,
            source_over: false,
            committing: false,
            asking_ends: false,
            draining: None,
            reports,
            requests,
            state,
        }
    }

    pub(super) async fn run(mut self, first: Revision) {
        self.look_up(Box::new(first), Duration::ZERO);
        let mut commit = interval(self.config.commit_every);
        let mut lag = interval(self.config.lag_every);
        commit.set_missed_tick_behavior(MissedTickBehavior::Delay);
        lag.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (source, delivery) = (Arc::clone(&self.source), Arc::clone(&self.delivery));
        while !self.finished() {
            let give_up = self
                .draining
                .as_ref()
                .map(|(deadline, _)| *deadline + 5 * GRACE);
            let give_up = async {
                match give_up {
                    Some(time) => tokio::time::sleep_until(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Nothing is subscribed to before there is a revision to open partitions for.
                event = source.next_event(), if !self.source_over && self.revision.is_some() => self.event(event),
                happening = delivery.next() => self.happening(happening),
                Some(report) = self.reports.recv() => self.report(report),
                request = self.requests.recv(), if self.draining.is_none() => self.request(request),
                Some(done) = self.beside.next(), if !self.beside.is_empty() => self.done(done),
                _ = commit.tick() => self.commit(),
                _ = lag.tick() => self.ask_ends(),
                () = give_up => break,
            }
            self.publish();
        }
        self.leave().await;
    }

    fn finished(&self) -> bool {
        self.draining.is_some() && self.assignment.is_empty()
    }

    async fn leave(mut self) {
        self.delivery.lose(&self.assignment.which(|_| true));
        if tokio::time::timeout(LEAVE, self.source.close())
            .await
            .is_err()
        {
            tracing::warn!(
                transform = &*self.config.name,
                "leaving the group took too long; its other members will notice by themselves"
            );
        }
        self.stats.cpu(self.account.used());
        self.state.send_replace(RunState::Stopped);
        for done in self
            .draining
            .take()
            .map(|(_, done)| done)
            .unwrap_or_default()
        {
            // Whoever asked may not be interested any more.
            let _ = done.send(());
        }
    }

    fn publish(&self) {
        let problem = self.problem.as_ref().map(|(_, problem)| problem.clone());
        let state = if self.draining.is_some() {
            RunState::Stopping
        } else if let Some(failed) = &self.failed {
            RunState::Failed(failed.clone())
        } else if let Some(newer) = self.assignment.newest_parked() {
            RunState::Waiting { newer }
        } else if let Some(revision) = &self.revision {
            let revision = revision.routes.stamp.revision;
            RunState::Running { revision, problem }
        } else {
            RunState::Starting { problem }
        };
        self.state.send_if_modified(|old| {
            let changed = *old != state;
            *old = state;
            changed
        });
    }

    fn trouble(&mut self, text: String) {
        if self.problem.as_ref().is_none_or(|(_, old)| *old != text) {
            tracing::warn!(transform = &*self.config.name, "{text}");
        }
        self.problem = Some((Instant::now(), text));
    }

    fn fail(&mut self, failed: Failed) {
        tracing::error!(
            transform = &*self.config.name,
            code = failed.code,
            "{failed}"
        );
        self.lanes.halt();
        self.failed.get_or_insert(failed);
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn request(&mut self, request: Option<Request>) {
        match request {
            Some(Request::Replace(revision)) => self.look_up(revision, Duration::ZERO),
            Some(Request::Drain { deadline, done }) => self.drain(deadline, vec![done]),
            None => self.drain(Instant::now() + self.config.drain_within, Vec::new()),
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Failed(failed, stamp) => {
                let running = self.revision.as_ref();
                let running = running.map(|revision| revision.routes.stamp);
                if stamp.is_some() && stamp < running {
                    // Its lane goes over to the revision that runs.
                    tracing::warn!(
                        transform = &*self.config.name,
                        "the revision before failed when it was replaced: {failed}"
                    );
                } else {
                    self.fail(*failed);
                }
            }
            Report::Trouble(text) => self.trouble(text),
            Report::Lost {
                partition,
                generation,
                offset,
            } => {
                let delivery = Arc::clone(&self.delivery);
                self.beside.push(Box::pin(async move {
                    let looked = delivery.lost(&partition, generation, offset).await;
                    Done::Looked(partition, generation, offset, looked)
                }));
            }
        }
    }

    fn happening(&mut self, happening: Happening) {
        match happening {
            Happening::GoBack {
                partition,
                generation,
                offset,
                pause,
                reason,
            } => {
                self.trouble(format!(
                    "writing failed, {partition} goes back to offset {offset}: {reason}"
                ));
                self.lanes.go_back(partition, generation, offset, pause);
            }
            Happening::Moved {
                partition,
                generation,
                offset,
                reason,
            } => {
                self.trouble(reason);
                self.lanes.go_back(partition, generation, offset, MOVED);
            }
            Happening::Lost {
                partition,
                generation,
                offset,
                code,
                reason,
            } => {
                // A revision that wants to go on has to find it out again.
                self.lanes
                    .go_back(partition.clone(), generation, offset, Duration::ZERO);
                self.stats.failed(code);
                self.fail(Failed::new(code, reason).at(&partition, None));
            }
            Happening::Trouble(text) => self.trouble(text),
        }
    }

    /// Looks a revision's topics up, to run it then.
    fn look_up(&mut self, revision: Box<Revision>, after: Duration) {
        self.routing = self.number();
        let (number, delivery) = (self.routing, Arc::clone(&self.delivery));
        self.beside.push(Box::pin(async move {
            sleep(after).await;
            let route = delivery.route(&revision.routes).await;
            Done::Routed(number, revision, route)
        }));
    }

    fn take_over(&mut self, revision: Box<Revision>, route: D::Route) {
        if self.source_over {
            // It would look as if it ran. Whoever sees the failure starts another runner.
            return;
        }
        let topics = self.revision.as_ref().map(|revision| &revision.topics);
        if topics != Some(&revision.topics)
            && let Err(error) = self.source.subscribe(&revision.topics)
        {
            self.fail(Failed::new(error.code, error.message));
            return;
        }
        self.failed = None;
        self.problem = None;
        self.delivery
            .restamp(revision.routes.stamp, &revision.starts);
        let (guests, reads) = (Arc::clone(&revision.guests), revision.reads);
        self.lanes.run(Live {
            stamp: revision.routes.stamp,
            route: Arc::new(route),
            guests,
            reads,
            policy: revision.policy.clone(),
            blame: parking_lot::Mutex::default(),
        });
        self.revision = Some(revision);
        self.tell_owned();
        self.unpark();
    }

    /// Tells guests which partitions they get batches of.
    pub(super) fn tell_owned(&self) {
        if let Some(revision) = &self.revision {
            revision.guests.own(&self.assignment.which(|_| true));
        }
    }

    fn drain(&mut self, deadline: Instant, done: Vec<oneshot::Sender<()>>) {
        self.draining = Some((deadline, done));
        let partitions = self
            .assignment
            .which(|stage| !matches!(stage, Stage::Closing));
        self.revoke(partitions, deadline);
    }

    fn commit(&mut self) {
        if self
            .problem
            .as_ref()
            .is_some_and(|(time, _)| time.elapsed() >= PROBLEM_OVER)
        {
            self.problem = None;
        }
        if self.committing || self.assignment.is_empty() {
            return;
        }
        self.committing = true;
        let delivery = Arc::clone(&self.delivery);
        self.beside.push(Box::pin(
            async move { Done::Committed(delivery.commit().await) },
        ));
    }

    fn ask_ends(&mut self) {
        let running = self
            .assignment
            .which(|stage| matches!(stage, Stage::Running));
        if self.asking_ends || running.is_empty() {
            return;
        }
        self.asking_ends = true;
        let source = Arc::clone(&self.source);
        self.beside.push(Box::pin(async move {
            let ends = source.ends(&running).await;
            Done::Ends(running, ends)
        }));
    }

    fn done(&mut self, done: Done<D>) {
        match done {
            Done::Routed(number, _, _) if number != self.routing => {}
            Done::Routed(_, revision, Ok(route)) => self.take_over(revision, route),
            Done::Routed(_, revision, Err(error)) => {
                if self.revision.is_none() {
                    self.fail(Failed::new(error.code, error.message));
                } else {
                    let number = revision.routes.stamp.revision;
                    self.trouble(format!("revision {number} cannot take over yet: {error}"));
                }
                self.look_up(revision, TOPICS_AGAIN);
            }
            Done::Opened(number, partitions, result) => self.opened(number, partitions, result),
            Done::Cancelled => {}
            Done::LetGo(partitions) => {
                // Those that were lost meanwhile have been let go already.
                let closing = self
                    .assignment
                    .which(|stage| matches!(stage, Stage::Closing));
                let ours: Vec<_> = partitions
                    .into_iter()
                    .filter(|partition| closing.contains(partition))
                    .collect();
                self.let_go(&ours);
            }
            Done::Committed(result) => {
                self.committing = false;
                if let Err(error) = result {
                    self.trouble(format!("offsets cannot be committed: {error}"));
                }
            }
            Done::Looked(_, _, _, Ok(())) => {}
            Done::Looked(partition, generation, offset, Err(error)) => {
                self.trouble(format!("{partition} cannot be looked at: {error}"));
                self.lanes.go_back(partition, generation, offset, AGAIN);
            }
            Done::Ends(partitions, ends) => {
                self.asking_ends = false;
                // Lag is an extra: a broker that is away shows elsewhere.
                for (partition, end) in std::iter::zip(partitions, ends.unwrap_or_default()) {
                    self.stats.partition(&partition, |numbers| numbers.end(end));
                }
            }
        }
    }
}

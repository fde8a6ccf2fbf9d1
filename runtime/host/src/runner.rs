//! One running transform on this host: a source, a delivery, and the lanes between them.
//!
//! [`start`] spawns it and gives a [`RunnerHandle`]. What it promises:
//! - partitions that the group assigns are opened (committed offset, stamp, or start) and spread over lanes; only partitions that
//!   are revoked stop, and they are let go within [`RunnerConfig::drain_within`] whatever their lanes do;
//! - offsets are committed about once a second, when partitions are revoked, and at the end; never for a partition that is lost;
//! - a partition that a newer revision has worked on waits until this host has that revision ([`RunState::Waiting`]);
//! - [`RunnerHandle::replace`] brings a new revision: each lane goes over to it between two batches, without leaving the group;
//! - a failure that the policy does not get over halts all lanes before the batch in question ([`RunState::Failed`]). The host stays
//!   in the group with its partitions, so that their offsets do not expire, until a new revision comes or it is drained.
//!
//! Knows nothing of deployments: somebody else decides what should run.

mod assignment;
mod lanes;
mod state;
mod task;

use std::sync::Arc;
use std::time::Duration;

use millstream_engine::Parts;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::budget::Budget;
use crate::delivery::{Delivery, Routes, Starts};
use crate::failure::FailurePolicy;
use crate::guests::Guests;
use crate::lane::BatchLimits;
use crate::schedule::{Account, Schedule};
use crate::source::{Source, TopicPartition};
use crate::stats::Stats;
use crate::watchdog::Watchdog;

pub use state::RunState;

/// What all transforms of a host share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Where lanes run: a runtime of its own with a worker a core, so that the API answers while guests compute.
    pub lanes: Handle,
    /// Whose turn it is there.
    pub schedule: Schedule,
    /// Bytes in flight.
    pub budget: Budget,
    /// Notices lanes that stand still.
    pub watchdog: Watchdog,
}

/// How a transform runs, whatever its revision.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// The transform's name.
    pub name: Arc<str>,
    /// The most lanes; there are never more than partitions.
    pub lanes: usize,
    /// When batches are cut.
    pub batch: BatchLimits,
    /// How often finished work is committed. Default: 1 s.
    pub commit_every: Duration,
    /// How often ends are asked for, to know the lag. Default: 5 s.
    pub lag_every: Duration,
    /// How long revoked partitions may take to finish what is in flight. Default: 10 s; a group waits for its slowest
    /// member, and gives up on it after `max.poll.interval`.
    pub drain_within: Duration,
}

impl RunnerConfig {
    /// The defaults, with a lane a core.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            lanes: std::thread::available_parallelism().map_or(1, usize::from),
            batch: BatchLimits::default(),
            commit_every: Duration::from_secs(1),
            lag_every: Duration::from_secs(5),
            drain_within: Duration::from_secs(10),
        }
    }
}

/// One revision of a transform.
#[derive(Clone)]
pub struct Revision {
    /// Where its records go, and its stamp.
    pub routes: Routes,
    /// The topics that it reads.
    pub topics: Vec<Arc<str>>,
    /// Where its guests come from.
    pub guests: Arc<dyn Guests>,
    /// What they look at.
    pub reads: Parts,
    /// What becomes of failed calls.
    pub policy: FailurePolicy,
    /// Where partitions begin that have no committed offset, or one that says nothing any more.
    pub starts: Starts,
}

impl std::fmt::Debug for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revision")
            .field("routes", &self.routes)
            .field("topics", &self.topics)
            .finish_non_exhaustive()
    }
}

pub(crate) enum Request {
    Replace(Box<Revision>),
    Drain {
        deadline: Instant,
        done: oneshot::Sender<()>,
    },
}

/// A running transform. Dropping every handle drains it.
#[derive(Debug, Clone)]
pub struct RunnerHandle {
    requests: mpsc::UnboundedSender<Request>,
    state: watch::Receiver<RunState>,
    stats: Arc<Stats>,
    account: Account,
}

/// Starts a transform. Must be called within a runtime: the loop that talks to the source runs on it.
pub fn start<S, D>(
    config: RunnerConfig,
    revision: Revision,
    source: S,
    delivery: D,
    stats: Arc<Stats>,
    shared: &Shared,
) -> RunnerHandle
where
    S: Source,
    D: Delivery<Rows = S::Rows>,
{
    let (requests, receiver) = mpsc::unbounded_channel();
    let (state_sender, state) = watch::channel(RunState::Starting { problem: None });
    // It goes on where a runner before it ended.
    let account = shared.schedule.account().after(stats.used());
    let handle = RunnerHandle {
        requests,
        state,
        stats: Arc::clone(&stats),
        account: account.clone(),
    };
    let task = task::Task::new(
        config,
        source,
        delivery,
        stats,
        account,
        shared.clone(),
        receiver,
        state_sender,
    );
    tokio::spawn(task.run(revision));
    handle
}

impl RunnerHandle {
    /// What it is doing; changes can be waited for.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<RunState> {
        self.state.clone()
    }

    /// Its numbers. CPU time is brought up to date.
    #[must_use]
    pub fn stats(&self) -> Arc<Stats> {
        self.stats.cpu(self.account.used());
        Arc::clone(&self.stats)
    }

    /// Brings another revision: its topics are looked up, then it takes over, each lane between two batches. A transform that has
    /// failed goes on with it, from before the batch that it failed at. Nothing happens if it has stopped.
    pub fn replace(&self, revision: Revision) {
        let _ = self.requests.send(Request::Replace(Box::new(revision)));
    }

    /// Finishes what is in flight, at most until `deadline`, commits, leaves the group. Returns when that is done.
    pub async fn drain(&self, deadline: Instant) {
        let (done, drained) = oneshot::channel();
        if self
            .requests
            .send(Request::Drain { deadline, done })
            .is_ok()
        {
            // An error means that it has stopped already.
            let _ = drained.await;
        }
    }

    /// The partitions that this host has of it.
    #[must_use]
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.stats.snapshot().partitions.into_keys().collect()
    }
}

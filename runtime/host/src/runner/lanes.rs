//! The lanes of one transform: made when there are partitions for them, and told things.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::Shared;
use crate::delivery::Delivery;
use crate::lane::{Command, Common, Failed, Lane, Live, NewPartition, Report};
use crate::source::{Source, TopicPartition};

pub(super) struct Lanes<S: Source, D: Delivery> {
    name: Arc<str>,
    most: usize,
    common: Arc<Common<S, D>>,
    shared: Shared,
    lanes: Vec<OneLane<S, D>>,
    live: Option<Arc<Live<D>>>,
    halted: bool,
}

struct OneLane<S: Source, D: Delivery> {
    commands: mpsc::UnboundedSender<Command<S, D>>,
    abandon: Arc<Notify>,
    partitions: Vec<TopicPartition>,
}

impl<S: Source, D: Delivery<Rows = S::Rows>> Lanes<S, D> {
    pub(super) fn new(
        name: Arc<str>,
        most: usize,
        common: Arc<Common<S, D>>,
        shared: Shared,
    ) -> Self {
        Self {
            name,
            most: most.max(1),
            common,
            shared,
            lanes: Vec::new(),
            live: None,
            halted: false,
        }
    }

    /// Spreads new partitions: each goes to a lane with the fewest, or to a new one while there may be more.
    pub(super) fn add(&mut self, partitions: Vec<NewPartition<S::Queue>>) {
        for partition in partitions {
            let least = (0..self.lanes.len()).min_by_key(|at| self.lanes[*at].partitions.len());
            let at = match least {
                Some(at)
                    if self.lanes[at].partitions.is_empty() || self.lanes.len() >= self.most =>
                {
                    at
                }
                _ => self.spawn(),
            };
            let lane = &mut self.lanes[at];
            lane.partitions.push(partition.partition.clone());
            lane.tell(Command::Add(vec![partition]));
        }
    }

    fn spawn(&mut self) -> usize {
        let (commands, receiver) = mpsc::unbounded_channel();
        let abandon = Arc::new(Notify::new());
        let pulse = self.shared.watchdog.pulse(&self.name, self.lanes.len());
        let lane = Lane::new(
            Arc::clone(&self.common),
            receiver,
            Arc::clone(&abandon),
            pulse,
        );
        let reports = self.common.reports.clone();
        self.shared.lanes.spawn(async move {
            // Batches have their own guard; this one is for the lane's own bookkeeping.
            if let Err(panic) = AssertUnwindSafe(lane.run()).catch_unwind().await {
                let text = crate::lane::panic_text(&*panic);
                let failed = Failed::new(
                    "panic",
                    format!("a lane panicked (a bug in Millstream): {text}. Restart the host"),
                );
                let _ = reports.send(Report::Failed(Box::new(failed), None));
            }
        });
        let lane = OneLane {
            commands,
            abandon,
            partitions: Vec::new(),
        };
        if let Some(live) = &self.live {
            lane.tell(Command::Run(Arc::clone(live)));
        }
        if self.halted {
            lane.tell(Command::Halt);
        }
        self.lanes.push(lane);
        self.lanes.len() - 1
    }

    /// Takes partitions away from their lanes. The future is done when the lanes have let go; past the deadline it makes them
    /// drop what they are at, and past `grace` after that it no longer waits.
    pub(super) fn remove(
        &mut self,
        partitions: &[TopicPartition],
        deadline: Instant,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut waiting = Vec::new();
        for lane in &mut self.lanes {
            let (gone, kept) = lane
                .partitions
                .drain(..)
                .partition(|partition| partitions.contains(partition));
            lane.partitions = kept;
            let gone: Vec<TopicPartition> = gone;
            if !gone.is_empty() {
                let (done, let_go) = oneshot::channel();
                lane.tell(Command::Remove(gone, done));
                waiting.push((let_go, Arc::clone(&lane.abandon)));
            }
        }
        async move {
            for (mut let_go, abandon) in waiting {
                if tokio::time::timeout_at(deadline, &mut let_go)
                    .await
                    .is_err()
                {
                    abandon.notify_waiters();
                    // A lane whose thread is blocked does not hear that either. Its batch will be found stale.
                    let _ = tokio::time::timeout(super::task::GRACE, let_go).await;
                }
            }
        }
    }

    pub(super) fn go_back(
        &self,
        partition: TopicPartition,
        generation: u64,
        offset: i64,
        pause: std::time::Duration,
    ) {
        if let Some(lane) = self
            .lanes
            .iter()
            .find(|lane| lane.partitions.contains(&partition))
        {
            lane.tell(Command::GoBack {
                partition,
                generation,
                offset,
                pause,
            });
        }
    }

    pub(super) fn run(&mut self, live: Live<D>) {
        let live = Arc::new(live);
        self.live = Some(Arc::clone(&live));
        self.halted = false;
        self.lanes
            .iter()
            .for_each(|lane| lane.tell(Command::Run(Arc::clone(&live))));
    }

    pub(super) fn halt(&mut self) {
        self.halted = true;
        self.lanes.iter().for_each(|lane| lane.tell(Command::Halt));
    }
}

impl<S: Source, D: Delivery> OneLane<S, D> {
    fn tell(&self, command: Command<S, D>) {
        // A lane that is gone has reported why.
        let _ = self.commands.send(command);
    }
}

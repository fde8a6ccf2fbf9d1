//! A lane: a share of a transform's partitions and one guest instance.
//!
//! It takes a batch from one partition at a time, has the guest make a plan of it, and hands both to the delivery; it does not wait
//! for acknowledgements, so several batches of a partition are on their way at once. A batch is up to
//! [`BatchLimits::records`] records or [`BatchLimits::bytes`] bytes; with fewer waiting, it goes [`BatchLimits::wait`] after the
//! partition's last batch, so at once after a pause. A larger record goes alone. Partitions take turns.
//!
//! Everything that changes a lane (partitions coming and going, a new revision, a partition going back) is a `Command`, and
//! commands are obeyed between two batches only. A lane without records sleeps until it is woken, and lets its instance go
//! after [`BatchLimits::idle`].
//!
//! A panic while a batch is worked on, be it in a host import or in this crate, is caught here: it ends the batch and the
//! instance, is reported like a failure of the guest, and leaves other lanes alone.
//!
//! Knows nothing of groups and commits.

mod failed;
mod limits;
mod outcome;
mod rows;
mod slot;
mod work;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::budget::{Budget, Permit};
use crate::delivery::{Delivery, Stamp};
use crate::failure::{Blame, FailurePolicy, Incident};
use crate::guests::{AnyGuest, Guests};
use crate::schedule::Account;
use crate::source::{Broken, Queue as _, Rows as _, Source, TopicPartition};
use crate::stats::Stats;
use crate::watchdog::{Phase, Pulse};

pub(crate) use failed::panic_text;
pub use failed::{Failed, Place};
pub use limits::BatchLimits;
use slot::{Batch, Slot};
use work::Outcome;

/// How much larger batches may be in bytes where the guest does not look at values: they cost budget, not guest memory.
const UNREAD_FACTOR: usize = 4;
/// What a record in flight takes beside its bytes: librdkafka keeps a fetched message and one to be sent for it. Small records
/// would otherwise take several times the budget.
const RECORD_OVERHEAD: usize = 512;
/// Whether more records came is looked at this often while a batch waits for them.
const LOOK: Duration = Duration::from_millis(1);
/// After the source refused to seek.
const SEEK_PAUSE: Duration = Duration::from_secs(1);

/// A revision, ready to run.
pub(crate) struct Live<D: Delivery> {
    /// Which one.
    pub(crate) stamp: Stamp,
    pub(crate) route: Arc<D::Route>,
    pub(crate) guests: Arc<dyn Guests>,
    pub(crate) reads: millstream_engine::Parts,
    pub(crate) policy: FailurePolicy,
    /// How its rows fared so far.
    pub(crate) blame: parking_lot::Mutex<Blame>,
}

/// A partition for a lane to work on.
pub(crate) struct NewPartition<Q> {
    pub(crate) partition: TopicPartition,
    pub(crate) queue: Q,
    pub(crate) generation: u64,
    /// The next offset to read.
    pub(crate) position: i64,
    /// The queue stands elsewhere.
    pub(crate) seek: bool,
}

/// What a lane is told.
pub(crate) enum Command<S: Source, D: Delivery> {
    /// Work on these as well.
    Add(Vec<NewPartition<S::Queue>>),
    /// Let these go; answered when nothing of them is worked on any more.
    Remove(Vec<TopicPartition>, oneshot::Sender<()>),
    /// Read again from this offset, after a pause.
    GoBack {
        partition: TopicPartition,
        generation: u64,
        offset: i64,
        pause: Duration,
    },
    /// From the next batch on, this revision. Ends a halt.
    Run(Arc<Live<D>>),
    /// Take no more batches.
    Halt,
}

/// What a lane says on its own.
pub(crate) enum Report {
    /// It has halted before a batch, with this revision where it is one's failure.
    Failed(Box<Failed>, Option<Stamp>),
    /// Something is wrong and worked on.
    Trouble(String),
    /// The next record of this partition is gone, or not there yet.
    Lost {
        partition: TopicPartition,
        generation: u64,
        offset: i64,
    },
}

/// What all lanes of a transform share.
pub(crate) struct Common<S, D> {
    pub(crate) source: Arc<S>,
    pub(crate) delivery: Arc<D>,
    pub(crate) budget: Budget,
    pub(crate) account: Account,
    pub(crate) stats: Arc<Stats>,
    pub(crate) limits: BatchLimits,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
}

/// One lane.
pub(crate) struct Lane<S: Source, D: Delivery> {
    common: Arc<Common<S, D>>,
    commands: mpsc::UnboundedReceiver<Command<S, D>>,
    /// Ends what is being worked on, unfinished.
    abandon: Arc<Notify>,
    wake: Arc<Notify>,
    pulse: Arc<Pulse>,
    slots: Vec<Slot<S>>,
    /// The slot that is looked at first: the one after the last that got a batch.
    cursor: usize,
    live: Option<Arc<Live<D>>>,
    instance: Option<Box<dyn AnyGuest>>,
    had_instance: bool,
    halted: bool,
    last_batch: Instant,
    /// Something was handed over since this lane last had nothing to do.
    handed_over: bool,
    /// A slot has something to take and no share of the byte budget for it.
    waits_for_budget: bool,
    /// A place in the line for the budget, or a permit that came from it.
    reservation: Option<Pin<Box<dyn Future<Output = Permit> + Send>>>,
    permit: Option<Permit>,
}

enum Next {
    /// This slot's turn.
    Slot(usize),
    /// Something is to be done at this time.
    At(Instant),
    /// Nothing is.
    Never,
}

impl<S: Source, D: Delivery<Rows = S::Rows>> Lane<S, D> {
    pub(crate) fn new(
        common: Arc<Common<S, D>>,
        commands: mpsc::UnboundedReceiver<Command<S, D>>,
        abandon: Arc<Notify>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self {
            common,
            commands,
            abandon,
            wake: Arc::new(Notify::new()),
            pulse,
            slots: Vec::new(),
            cursor: 0,
            live: None,
            instance: None,
            had_instance: false,
            halted: false,
            last_batch: Instant::now(),
            handed_over: false,
            waits_for_budget: false,
            reservation: None,
            permit: None,
        }
    }

    /// Runs until nobody is left to command it.
    pub(crate) async fn run(mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => {
                    self.obey(command);
                    continue;
                }
                Err(mpsc::error::TryRecvError::Disconnected) => return,
                Err(mpsc::error::TryRecvError::Empty) => {}
            }
            let next = match self.next() {
                Next::Slot(at) => {
                    self.guarded(at).await;
                    continue;
                }
                Next::At(time) => Some(time),
                Next::Never => None,
            };
            if self.waits_for_budget {
                self.pulse.waits(Phase::Budget);
            } else {
                if std::mem::take(&mut self.handed_over) {
                    self.common.delivery.idle();
                }
                // Nobody is to wait behind a share of the budget that this lane has no use for now.
                (self.reservation, self.permit) = (None, None);
            }
            let share = async {
                match &mut self.reservation {
                    Some(reservation) => reservation.await,
                    None => std::future::pending().await,
                }
            };
            let timer = async {
                match next {
                    Some(time) => tokio::time::sleep_until(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                permit = share => (self.reservation, self.permit) = (None, Some(permit)),
                () = self.wake.notified() => {}
                () = timer => {}
            }
        }
    }

    fn obey(&mut self, command: Command<S, D>) {
        match command {
            Command::Add(partitions) => {
                for partition in partitions {
                    self.slots.push(Slot::new(
                        partition,
                        &self.wake,
                        &self.pulse,
                        &self.common.limits,
                    ));
                }
            }
            Command::Remove(partitions, done) => {
                self.slots
                    .retain(|slot| !partitions.contains(&slot.partition));
                // Whoever asked may have given up waiting.
                let _ = done.send(());
            }
            Command::GoBack {
                partition,
                generation,
                offset,
                pause,
            } => {
                if let Some(slot) = self
                    .slots
                    .iter_mut()
                    .find(|slot| slot.partition == partition)
                {
                    slot.go_back(generation, offset, Instant::now() + pause);
                }
            }
            Command::Run(live) => {
                // The old revision's instance is of no use, and memory may be short for both.
                self.instance = None;
                self.had_instance = false;
                self.live = Some(live);
                self.halted = false;
                self.slots.iter_mut().for_each(Slot::acquit);
            }
            Command::Halt => self.halt(),
        }
    }

    /// Whose turn it is, or when that is to be asked again.
    fn next(&mut self) -> Next {
        let now = Instant::now();
        let mut earliest: Option<Instant> = None;
        self.waits_for_budget = false;
        if !self.halted && self.live.is_some() {
            for step in 0..self.slots.len() {
                let at = (self.cursor + step) % self.slots.len();
                match self.slots[at].due(now, &self.common.limits) {
                    // Only what is newly taken needs a share. What is in hand goes on without: it has one, and others wait for that.
                    Some(due) if due <= now => {
                        if !self.slots[at].takes() || self.admit() {
                            return Next::Slot(at);
                        }
                        self.waits_for_budget = true;
                    }
                    Some(due) => {
                        earliest = Some(earliest.map_or(due, |earliest| earliest.min(due)))
                    }
                    None => {}
                }
            }
        }
        if earliest.is_none() && !self.waits_for_budget {
            self.pulse.rest();
        }
        if self.instance.is_some() {
            let idle = self.last_batch + self.common.limits.idle;
            if idle <= now {
                self.instance = None;
                self.had_instance = false;
            } else {
                earliest = Some(earliest.map_or(idle, |earliest| earliest.min(idle)));
            }
        }
        earliest.map_or(Next::Never, Next::At)
    }

    /// Gets a share of the byte budget, or a place in the line for one. Says whether it has a share.
    fn admit(&mut self) -> bool {
        if self.permit.is_some() {
            return true;
        }
        if self.reservation.is_none() {
            let bytes = self.batch_bytes() as u64;
            self.permit = self.common.budget.try_reserve(bytes);
            if self.permit.is_none() {
                let budget = self.common.budget.clone();
                let reservation = async move { budget.reserve(bytes).await };
                self.reservation = Some(Box::pin(reservation));
            }
        }
        self.permit.is_some()
    }

    fn batch_bytes(&self) -> usize {
        let reads_values = self.live.as_ref().is_none_or(|live| live.reads.values);
        self.common.limits.bytes * if reads_values { 1 } else { UNREAD_FACTOR }
    }

    /// One batch of a slot, whatever happens to it.
    async fn guarded(&mut self, at: usize) {
        self.cursor = at + 1;
        let partition = self.slots[at].partition.clone();
        self.pulse.partition(&partition);
        if let Err(panic) = AssertUnwindSafe(self.step(at)).catch_unwind().await {
            // Whatever was being worked on is gone; what is left of the slot says where it began.
            self.instance = None;
            let text = failed::panic_text(&*panic);
            let slot = &mut self.slots[at];
            slot.back_to = slot.working_on.take().map(|span| span.0).or(slot.back_to);
            self.fail(Failed::panicked(&partition, &text));
        }
        self.slots[at].working_on = None;
        self.last_batch = Instant::now();
    }

    async fn step(&mut self, at: usize) {
        let bytes = self.batch_bytes();
        let Some(live) = self.live.clone() else {
            return;
        };
        let slot = &mut self.slots[at];
        if let Some(offset) = slot.back_to {
            self.pulse.phase(Phase::Seek);
            if let Err(error) = self.common.source.seek(&slot.partition, offset).await {
                slot.rest(Instant::now() + SEEK_PAUSE);
                let text = format!(
                    "{} cannot be read from offset {offset} on: {error}",
                    slot.partition
                );
                let _ = self.common.reports.send(Report::Trouble(text));
                return;
            }
            slot.back_to = None;
            slot.position = Some(offset);
            // What comes from there on says so by itself.
            slot.look();
            return;
        }
        let batch = match slot.held.pop_front() {
            Some(batch) => batch,
            None => {
                if let Some(broken) = slot.broken.take() {
                    self.broken(at, broken);
                    return;
                }
                let Some(mut permit) = self.permit.take() else {
                    return;
                };
                self.pulse.phase(Phase::Guest);
                let records = slot.records(&self.common.limits);
                let mut taken = slot.queue.take(records, bytes);
                slot.took(&taken, &self.common.limits);
                self.common.stats.partition(&slot.partition, |numbers| {
                    numbers.taken(taken.end);
                    numbers.retried();
                });
                if !taken.rows.is_empty() {
                    // What came before it is worked on first. It may be told only once.
                    slot.broken = taken.broken.take();
                }
                if let Some(broken) = taken.broken {
                    self.broken(at, broken);
                    return;
                }
                if let Some(trouble) = taken.trouble {
                    let _ = self.common.reports.send(Report::Trouble(trouble));
                }
                if taken.rows.is_empty() {
                    if let Some(end) = taken.end {
                        self.common
                            .delivery
                            .skip(&slot.partition, slot.generation, end);
                    }
                    return;
                }
                permit.resize(Batch::held(&taken.rows));
                Batch::new(taken.rows, permit, taken.end)
            }
        };
        slot.working_on = Some((batch.rows.offset(0), batch.rows.next_offset()));
        let (rows, end) = (batch.rows.len(), batch.end);
        if slot.incident.as_ref().is_some_and(Incident::wants_fresh) {
            self.instance = None;
        }
        let outcome = {
            let instance = self.instance.take();
            let fresh = instance.is_none() && std::mem::replace(&mut self.had_instance, true);
            if fresh {
                self.common.stats.restarted();
            }
            let work = work::work(
                &self.common,
                &live,
                &self.pulse,
                &slot.partition,
                slot.generation,
                batch,
                instance,
            );
            tokio::select! {
                biased;
                () = self.abandon.notified() => Outcome::Abandoned,
                outcome = self.common.account.run(work) => outcome,
            }
        };
        self.handed_over |= matches!(outcome, Outcome::Delivered(..));
        self.settle(at, &live, outcome, rows, end);
    }

    /// Nothing comes after what was taken so far.
    fn broken(&mut self, at: usize, broken: Broken) {
        let slot = &mut self.slots[at];
        match broken {
            Broken::Lost { message } => {
                tracing::debug!(partition = %slot.partition, "{message}");
                if let Some(offset) = slot.position {
                    let _ = self.common.reports.send(Report::Lost {
                        partition: slot.partition.clone(),
                        generation: slot.generation,
                        offset,
                    });
                    // Until it is said how it goes on.
                    slot.back_to = Some(offset);
                    slot.stale = true;
                }
            }
            Broken::Other { code, message } => {
                let failed = Failed::broken(&slot.partition, slot.position, code, &message);
                self.fail(failed);
            }
        }
    }

    fn halt(&mut self) {
        self.halted = true;
        self.instance = None;
        // A halt may last: what is in hand is given back and read again afterwards.
        self.slots.iter_mut().for_each(Slot::put_back);
    }

    fn fail(&mut self, failed: Failed) {
        self.common.stats.failed(&failed.code);
        self.halt();
        let stamp = self.live.as_ref().map(|live| live.stamp);
        let report = Report::Failed(Box::new(failed), stamp);
        let _ = self.common.reports.send(report);
    }
}

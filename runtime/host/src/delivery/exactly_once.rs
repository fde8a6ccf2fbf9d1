//! Exactly once: what comes of a batch and the batch's offset are parts of one transaction. Readers of committed records see
//! both or neither, whatever fails in between.
//!
//! One transaction is open at a time. Lanes put finished plans into it side by side; guests run outside of it, so a slow one
//! holds nobody up. Ending it waits for the lanes that are just writing, and for nothing else; what they have next waits for
//! the following one. It ends at every [`Delivery::commit`], and before partitions are let go.
//!
//! A transaction has to be written before the broker gives it up. Where brokers are slow, what lanes put into one between two
//! commits may be too much for that: after one that took so long the next takes half as much, and from then on a little more
//! after each commit.
//!
//! Anything that goes wrong (a record that is refused, a partition that is lost, a batch that is given up half way) spoils the
//! transaction as a whole: it is aborted, and every partition that has something in it goes back to what the group has
//! committed. The group is asked, because after a commit whose answer got lost only it knows.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, mpsc};
use tokio::time::Instant;

use super::layout::Laid;
use super::ledger::{Held, Ledger};
use super::route::Route;
use super::{
    Closed, Delivery, DeliveryError, Handover, Happening, Offsets, Opened, Outlet, PURGED, Routes,
    Stamp, Starts, Transactions, Undelivered, lost, partitions, send,
};
use crate::source::{Rows, TopicPartition};
use crate::stats::Stats;

/// Before brokers that are away are asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// An abort after so long may be for too much in it: brokers, and the client, give a transaction up after ten seconds.
const LONG: Duration = Duration::from_secs(5);
/// What a transaction may have at least, after however many of those. A batch that is larger goes alone.
const LEAST: u64 = 64 * 1024;
/// By this part of it a transaction may grow after each that was committed.
const GROWTH: u64 = 16;

/// See the module.
#[derive(Debug)]
pub struct ExactlyOnce<P, T, O> {
    inner: Arc<Inner<P, T, O>>,
    happenings: Mutex<mpsc::UnboundedReceiver<Happening>>,
}

#[derive(Debug)]
struct Inner<P, T, O> {
    outlet: Arc<P>,
    transactions: T,
    offsets: O,
    ledger: Ledger,
    /// Held for reading by a lane that writes, for writing by whoever ends the transaction.
    gate: Arc<RwLock<()>>,
    open: ArcSwap<Transaction>,
    /// Bytes of input that one may take.
    most: AtomicU64,
    /// Another one has been begun.
    begun: Notify,
    /// One commit outside of a transaction at a time.
    committing: Mutex<()>,
    stats: Arc<Stats>,
}

/// One transaction. What is written for it keeps it: a failure that is reported when it is over spoils none that came later.
#[derive(Debug, Default)]
struct Transaction(parking_lot::Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    /// Whose batches are in it, and of which run through the partition.
    partitions: HashMap<TopicPartition, u64>,
    /// Of all these batches.
    bytes: u64,
    /// When the first was put into it.
    began: Option<Instant>,
    /// Why it can only be aborted.
    spoiled: Option<DeliveryError>,
}

impl Contents {
    fn is_empty(&self) -> bool {
        self.partitions.is_empty() && self.spoiled.is_none()
    }
}

impl Transaction {
    /// A batch of this partition is put into it. One that was lost and came back in between would be in it twice.
    fn takes(&self, partition: &TopicPartition, generation: u64, bytes: u64) {
        let mut contents = self.0.lock();
        contents.bytes += bytes;
        contents.began.get_or_insert_with(Instant::now);
        match contents.partitions.get(partition) {
            Some(before) if *before == generation => {}
            Some(_) => {
                contents.spoiled.get_or_insert_with(|| gone(partition));
            }
            None => drop(contents.partitions.insert(partition.clone(), generation)),
        }
    }

    fn spoil(&self, why: DeliveryError) {
        self.0.lock().spoiled.get_or_insert(why);
    }
}

fn gone(partition: &TopicPartition) -> DeliveryError {
    DeliveryError::new(
        "lost",
        format!(
            "{partition} went to another host, or was created anew, while a transaction had batches of it"
        ),
    )
}

/// A batch that is being put into the transaction. One that is given up half way spoils it.
struct Part<'a> {
    transaction: &'a Transaction,
    ledger: &'a Ledger,
    partition: TopicPartition,
    generation: u64,
    whole: bool,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.whole {
            self.transaction.spoil(DeliveryError::new(
                "abandoned",
                "a batch was given up while it was written",
            ));
            // Its lane may come with it again before the transaction is over.
            self.ledger.outdate(&self.partition, self.generation);
        }
    }
}

impl<P: Outlet, T: Transactions, O: Offsets> ExactlyOnce<P, T, O> {
    /// A delivery for one transform; `stats` are the transform's.
    #[must_use]
    pub fn new(outlet: Arc<P>, transactions: T, offsets: O, stats: Arc<Stats>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let inner = Inner {
            outlet,
            transactions,
            offsets,
            ledger: Ledger::new(Arc::clone(&stats), sender),
            gate: Arc::default(),
            open: ArcSwap::default(),
            most: AtomicU64::new(u64::MAX),
            begun: Notify::new(),
            committing: Mutex::new(()),
            stats,
        };
        Self {
            inner: Arc::new(inner),
            happenings: Mutex::new(receiver),
        }
    }

    /// Ends the transaction. Goes on to its end when the caller gives up waiting: half of it is worse than late.
    async fn end(&self) -> Result<(), DeliveryError> {
        let closed = Arc::clone(&self.inner.gate).write_owned().await;
        let inner = Arc::clone(&self.inner);
        let ended = tokio::spawn(async move { inner.end(closed).await }).await;
        ended.unwrap_or_else(|error| {
            Err(DeliveryError::new(
                "panic",
                format!("ending a transaction panicked (a bug in Millstream): {error}"),
            ))
        })
    }
}

impl<P: Outlet, T: Transactions, O: Offsets> Inner<P, T, O> {
    async fn end(&self, _closed: OwnedRwLockWriteGuard<()>) -> Result<(), DeliveryError> {
        let ending = self.open.swap(Arc::default());
        let contents = std::mem::take(&mut *ending.0.lock());
        // They wait for the gate then.
        self.begun.notify_waiters();
        if contents.is_empty() {
            if self.ledger.is_void_again(lost::LOOK_AGAIN) {
                lost::verify(&self.ledger, &self.offsets).await?;
            }
            self.skipped().await?;
        } else if let Err(mut error) = self.commit(&contents).await {
            // A record that failed while the transaction ended is why it did; the refusal only counts them.
            let failed = ending.0.lock().spoiled.take();
            if let Some(record) = failed.filter(|record| record.code != PURGED) {
                error.message = format!("{error}; the first record that failed: {record}");
            }
            if contents.began.is_some_and(|began| began.elapsed() >= LONG) {
                let less = (contents.bytes / 2).max(LEAST);
                self.most.store(less, Ordering::Relaxed);
            }
            self.stats.aborted();
            self.start_over(&error).await;
            return Err(error);
        } else {
            let most = self.most.load(Ordering::Relaxed);
            let more = most.saturating_add(most / GROWTH);
            self.most.store(more, Ordering::Relaxed);
        }
        // The next transaction may take another producer: topics have changed, or this one cannot go on.
        if self.transactions.is_over() {
            self.transactions.renew().await?;
        }
        Ok(())
    }

    /// Lets a lane write, once the transaction that is open has room for more.
    async fn enter(&self) -> RwLockReadGuard<'_, ()> {
        loop {
            let mut begun = std::pin::pin!(self.begun.notified());
            begun.as_mut().enable();
            let writing = self.gate.read().await;
            if self.open.load().0.lock().bytes < self.most.load(Ordering::Relaxed) {
                return writing;
            }
            drop(writing);
            begun.await;
        }
    }

    async fn commit(&self, contents: &Contents) -> Result<(), DeliveryError> {
        // What was read from another topic of the same name is none of a run that goes on: such a partition is found lost below.
        let verified = lost::verify(&self.ledger, &self.offsets).await;
        // First who we are, then what is ours: whoever loses a partition between the two is refused by the broker.
        let member = self.transactions.member();
        let commits = self.ledger.begun();
        let spoiled = contents.spoiled.clone().or(verified.err()).or_else(|| {
            let mut parts = contents.partitions.iter();
            let missing = parts.find(|(partition, generation)| {
                self.ledger.generation_of(partition) != Some(**generation)
            });
            missing.map(|(partition, _)| gone(partition))
        });
        if let Some(error) = spoiled {
            // Whether or not it works, starting over settles it.
            if let Err(worse) = self.transactions.abort().await {
                tracing::warn!(error = %worse, "a transaction could not be aborted");
            }
            return Err(error);
        }
        self.transactions.commit(member, &commits).await?;
        self.ledger.finish_all(&commits);
        self.stats.transaction();
        Ok(())
    }

    /// Offsets that moved without any record: the end of a partition behind markers, or a new stamp.
    async fn skipped(&self) -> Result<(), DeliveryError> {
        if self.ledger.uncommitted().is_empty() {
            return Ok(());
        }
        lost::verify(&self.ledger, &self.offsets).await?;
        let commits = self.ledger.uncommitted();
        let _one = self.committing.lock().await;
        let results = self.offsets.commit(&commits).await?;
        let worked = commits.iter().zip(&results);
        let worked = worked.filter_map(|(commit, result)| result.is_ok().then_some(commit));
        self.ledger.committed(worked);
        results.into_iter().collect()
    }

    /// After a transaction that was not committed: everything that was in it is read again from what the group has committed.
    async fn start_over(&self, error: &DeliveryError) {
        let committed = loop {
            match self.found().await {
                Ok(committed) => break committed,
                Err(error) => {
                    tracing::warn!(%error, "waiting to go on after an aborted transaction");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        for (partition, offset) in committed {
            self.ledger.go_back(&partition, offset, error);
        }
    }

    async fn found(&self) -> Result<Vec<(TopicPartition, Option<i64>)>, DeliveryError> {
        if self.transactions.is_over() {
            self.transactions.renew().await?;
        }
        let touched = self.ledger.in_flight();
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        let committed = self.offsets.committed(&touched).await?;
        let offsets = committed.into_iter().map(|found| Some(found?.offset));
        Ok(touched.into_iter().zip(offsets).collect())
    }
}

impl<P: Outlet, T: Transactions, O: Offsets> Delivery for ExactlyOnce<P, T, O> {
    type Rows = P::Rows;
    type Route = Route<P::Topic>;

    async fn route(&self, routes: &Routes) -> Result<Self::Route, DeliveryError> {
        let inner = &self.inner;
        let route = Route::look_up(&*inner.outlet, routes, &inner.stats).await?;
        // What an earlier run of this host left open has to be decided before offsets are read.
        if inner.transactions.is_over() {
            self.end().await?;
        }
        Ok(route)
    }

    async fn open(
        &self,
        coming: &[TopicPartition],
        stamp: Stamp,
        starts: &Starts,
        begun: bool,
    ) -> Result<Vec<Opened>, DeliveryError> {
        let (ledger, offsets) = (&self.inner.ledger, &self.inner.offsets);
        let committing = begun.then_some(&self.inner.committing);
        partitions::open(ledger, offsets, committing, coming, stamp, starts).await
    }

    async fn deliver(
        &self,
        batch: Handover<Self::Rows, Self::Route>,
    ) -> Result<(), Undelivered<P::Rows>> {
        let Handover {
            partition,
            generation,
            rows,
            mut plan,
            route,
            permit,
            taken,
            attempts,
            failed,
        } = batch;
        let inner = &self.inner;
        let _writing = inner.enter().await;
        // For as long as that is held, it is this one.
        let open = inner.open.load_full();
        // Its ranges stay valid without it; the flight is to own the bytes.
        let patched = plan.take_values_data();
        let laid = Laid {
            partition: &partition,
            plan: &plan,
            attempts,
            failed,
            patched: &patched,
        };
        let mut layout = match route.lay_out(&*inner.outlet, laid, &rows) {
            Ok(layout) => layout,
            Err(refusal) => return Err(refusal.of(rows, permit)),
        };
        let offsets = rows.offsets();
        let bytes = permit.bytes();
        let held = Held {
            permit,
            tally: std::mem::take(&mut layout.tally),
            counters: route.counters.clone(),
            taken,
        };
        inner
            .ledger
            .begin(&partition, generation, rows.next_offset(), held)
            .ok_or(Undelivered::Stale)?;
        open.takes(&partition, generation, bytes);
        let mut part = Part {
            transaction: &open,
            ledger: &inner.ledger,
            partition: partition.clone(),
            generation,
            whole: layout.is_empty(),
        };
        if part.whole {
            return Ok(());
        }
        let done = Box::new({
            let (open, route) = (Arc::clone(&open), Arc::clone(&route));
            let outlet = Arc::clone(&inner.outlet);
            let (from, offsets) = (partition.clone(), offsets.clone());
            move |result: Result<(), DeliveryError>| {
                // What is acknowledged is not visible before the commit; what is not makes the commit fail in any case.
                if let Err(error) = result {
                    route.failed(&from, &offsets, &error);
                    outlet.recover(&error);
                    open.spoil(error);
                }
            }
        });
        let load = send::Load {
            partition: &partition,
            rows,
            patched,
        };
        let sent = send::send(
            &*inner.outlet,
            load,
            &layout,
            &route,
            done,
            // Whatever is not wanted any more makes the transaction abort.
            || true,
        )
        .await;
        part.whole = true;
        match sent {
            Ok(sent) => {
                if let Some(sent) = sent {
                    inner.outlet.seal(sent);
                }
                Ok(())
            }
            Err(error) => {
                route.failed(&partition, &offsets, &error);
                inner.outlet.recover(&error);
                open.spoil(error);
                // The end of the transaction takes its partition back.
                Err(Undelivered::Stale)
            }
        }
    }

    fn idle(&self) {
        self.inner.outlet.idle();
    }

    fn skip(&self, partition: &TopicPartition, generation: u64, to: i64) {
        self.inner.ledger.skip(partition, generation, to);
    }

    async fn lost(
        &self,
        partition: &TopicPartition,
        generation: u64,
        offset: i64,
    ) -> Result<(), DeliveryError> {
        let inner = &self.inner;
        let _closed = inner.gate.write().await;
        lost::lost(&inner.ledger, &inner.offsets, partition, generation, offset).await
    }

    fn restamp(&self, stamp: Stamp, starts: &Starts) {
        self.inner.ledger.restamp(stamp, starts);
    }

    async fn next(&self) -> Happening {
        match self.happenings.lock().await.recv().await {
            Some(happening) => happening,
            // The ledger holds a sender for as long as this delivery lives.
            None => std::future::pending().await,
        }
    }

    async fn commit(&self) -> Result<(), DeliveryError> {
        self.end().await
    }

    async fn close(&self, leaving: &[TopicPartition], deadline: Instant) -> Vec<Closed> {
        match tokio::time::timeout_at(deadline, self.end()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "the last transaction before partitions were let go was aborted: their next owner repeats it");
            }
            Err(_) => {
                tracing::warn!(
                    "partitions are let go in the middle of a transaction: if it is not committed, their next owner repeats it"
                );
                // The transaction's offsets may be written already: one that is committed beside them now would count instead.
                return partitions::forget(&self.inner.ledger, leaving);
            }
        }
        let (ledger, offsets) = (&self.inner.ledger, &self.inner.offsets);
        partitions::close(ledger, offsets, &self.inner.committing, leaving).await
    }

    fn lose(&self, lost: &[TopicPartition]) {
        // The transaction that has batches of them misses them when it ends.
        self.inner.ledger.close(lost);
    }

    fn positions(&self) -> Vec<(TopicPartition, i64)> {
        self.inner.ledger.positions()
    }
}

//! At least once: write, wait for the acknowledgement, move the offset; after a failure, write again from the last finished
//! batch on. Nothing is skipped; what was written after the last commit may be written twice.
//!
//! Stands on an [`Outlet`] and [`Offsets`], so that Kafka and memory differ only below it. A batch becomes one flight: its
//! values stay where they were fetched into until the last of them is acknowledged, unless few of them are kept; those are
//! copied, so that they do not hold the whole fetch buffer.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::layout::Laid;
use super::ledger::{Held, InFlight, Ledger};
use super::route::Route;
use super::{
    Closed, Committed, Delivery, DeliveryError, Handover, Happening, Offsets, Opened, Outlet,
    Routes, Stamp, Starts, Undelivered, lost, partitions, send,
};
use crate::source::{Rows, TopicPartition};
use crate::stats::Stats;

/// How long the last look at topics may take before partitions are let go.
const VERIFY: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct AtLeastOnce<P, O> {
    outlet: Arc<P>,
    offsets: O,
    ledger: Arc<Ledger>,
    happenings: Mutex<mpsc::UnboundedReceiver<Happening>>,
    /// One commit at a time, so that an older one cannot arrive after a newer one.
    committing: Mutex<()>,
    stats: Arc<Stats>,
}

/// A batch that is being sent. If it is given up half way, its partition goes back, as after any other failure.
struct Sending<'a> {
    ledger: &'a Ledger,
    flight: InFlight,
    over: bool,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if !self.over {
            let error =
                DeliveryError::new("abandoned", "a batch was given up while it was written");
            self.ledger.fail(&self.flight, &error);
        }
    }
}

impl<P: Outlet, O: Offsets> AtLeastOnce<P, O> {
    /// A delivery for one transform; `stats` are the transform's.
    #[must_use]
    pub fn new(outlet: Arc<P>, offsets: O, stats: Arc<Stats>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            outlet,
            offsets,
            ledger: Arc::new(Ledger::new(Arc::clone(&stats), sender)),
            happenings: Mutex::new(receiver),
            committing: Mutex::new(()),
            stats,
        }
    }

    /// What a flight calls when it is done. `complete` is set once all records were sent: a flight that was given up half
    /// way must not count, whatever became of the part that was sent.
    fn done(
        &self,
        route: Arc<Route<P::Topic>>,
        flight: InFlight,
        offsets: Range<i64>,
        complete: Arc<AtomicBool>,
    ) -> super::Done {
        let (ledger, outlet) = (Arc::clone(&self.ledger), Arc::clone(&self.outlet));
        Box::new(move |result| match result {
            Ok(()) if complete.load(Ordering::Acquire) => ledger.finish(&flight),
            Ok(()) => {}
            Err(error) => {
                route.failed(&flight.partition, &offsets, &error);
                outlet.recover(&error);
                ledger.fail(&flight, &error);
            }
        })
    }

    async fn write(&self, commits: &[(TopicPartition, Committed)]) -> Result<(), DeliveryError> {
        if commits.is_empty() {
            return Ok(());
        }
        let results = self.offsets.commit(commits).await?;
        self.ledger.committed(
            commits
                .iter()
                .zip(&results)
                .filter(|(_, result)| result.is_ok())
                .map(|(commit, _)| commit),
        );
        results.into_iter().collect()
    }
}

impl<P: Outlet, O: Offsets> Delivery for AtLeastOnce<P, O> {
    type Rows = P::Rows;
    type Route = Route<P::Topic>;

    async fn route(&self, routes: &Routes) -> Result<Self::Route, DeliveryError> {
        Route::look_up(&*self.outlet, routes, &self.stats).await
    }

    async fn open(
        &self,
        coming: &[TopicPartition],
        stamp: Stamp,
        starts: &Starts,
        begun: bool,
    ) -> Result<Vec<Opened>, DeliveryError> {
        let (ledger, offsets) = (&self.ledger, &self.offsets);
        let committing = begun.then_some(&self.committing);
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
        route.prepare(&*self.outlet).await;
        // Its ranges stay valid without it; the flight is to own the bytes.
        let patched = plan.take_values_data();
        let laid = Laid {
            partition: &partition,
            plan: &plan,
            attempts,
            failed,
            patched: &patched,
        };
        let mut layout = match route.lay_out(&*self.outlet, laid, &rows) {
            Ok(layout) => layout,
            Err(refusal) => return Err(refusal.of(rows, permit)),
        };
        let offsets = rows.offsets();
        let held = Held {
            permit,
            tally: std::mem::take(&mut layout.tally),
            counters: route.counters.clone(),
            taken,
        };
        let flight = self
            .ledger
            .begin(&partition, generation, rows.next_offset(), held)
            .ok_or(Undelivered::Stale)?;
        if layout.is_empty() {
            self.ledger.finish(&flight);
            return Ok(());
        }
        let complete = Arc::new(AtomicBool::new(false));
        let done = self.done(
            Arc::clone(&route),
            flight.clone(),
            offsets.clone(),
            Arc::clone(&complete),
        );
        let load = send::Load {
            partition: &partition,
            rows,
            patched,
        };
        let mut sending = Sending {
            ledger: &self.ledger,
            flight: flight.clone(),
            over: false,
        };
        let sent = send::send(&*self.outlet, load, &layout, &route, done, || {
            self.ledger.generation_of(&partition) == Some(generation)
        })
        .await;
        sending.over = true;
        match sent {
            Ok(None) => Err(Undelivered::Stale),
            Ok(Some(sent)) => {
                complete.store(true, Ordering::Release);
                self.outlet.seal(sent);
                Ok(())
            }
            Err(error) => {
                route.failed(&partition, &offsets, &error);
                self.outlet.recover(&error);
                self.ledger.fail(&flight, &error);
                Err(Undelivered::Stale)
            }
        }
    }

    fn idle(&self) {
        self.outlet.idle();
    }

    fn skip(&self, partition: &TopicPartition, generation: u64, to: i64) {
        self.ledger.skip(partition, generation, to);
    }

    async fn lost(
        &self,
        partition: &TopicPartition,
        generation: u64,
        offset: i64,
    ) -> Result<(), DeliveryError> {
        let _one = self.committing.lock().await;
        lost::lost(&self.ledger, &self.offsets, partition, generation, offset).await
    }

    fn restamp(&self, stamp: Stamp, starts: &Starts) {
        self.ledger.restamp(stamp, starts);
    }

    async fn next(&self) -> Happening {
        match self.happenings.lock().await.recv().await {
            Some(happening) => happening,
            // The ledger holds a sender for as long as this delivery lives.
            None => std::future::pending().await,
        }
    }

    async fn commit(&self) -> Result<(), DeliveryError> {
        let _one = self.committing.lock().await;
        if !self.ledger.uncommitted().is_empty() || self.ledger.is_void_again(lost::LOOK_AGAIN) {
            lost::verify(&self.ledger, &self.offsets).await?;
        }
        let commits = self.ledger.uncommitted();
        self.write(&commits).await
    }

    async fn close(&self, leaving: &[TopicPartition], deadline: Instant) -> Vec<Closed> {
        // Past the deadline what is finished is committed all the same, and the rest belongs to the next owner.
        let _ = tokio::time::timeout_at(deadline, self.ledger.settle(leaving)).await;
        let verified = tokio::time::timeout(VERIFY, async {
            let _one = self.committing.lock().await;
            lost::verify(&self.ledger, &self.offsets).await
        });
        if !matches!(verified.await, Ok(Ok(()))) {
            tracing::debug!("topics could not be looked at before partitions were let go");
        }
        partitions::close(&self.ledger, &self.offsets, &self.committing, leaving).await
    }

    fn lose(&self, partitions: &[TopicPartition]) {
        self.ledger.close(partitions);
    }

    fn positions(&self) -> Vec<(TopicPartition, i64)> {
        self.ledger.positions()
    }
}

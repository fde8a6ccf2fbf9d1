//! At least once: write, wait for the acknowledgement, move the offset; after a failure, write again from the last finished
//! batch on. Nothing is skipped; what was written after the last commit may be written twice.
//!
//! Stands on an [`Outlet`] and [`Offsets`], so that Kafka and memory differ only below it. A batch becomes one flight: its
//! values stay where they were fetched into until the last of them is acknowledged, unless few of them are kept; those are
//! copied, so that they do not hold the whole fetch buffer.

mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::layout::{Shape, lay_out};
use super::ledger::{Held, InFlight, Ledger};
use super::{
    Closed, Committed, Delivery, DeliveryError, Handover, Happening, Offsets, Opened, Outlet,
    Rejected, Routes, Stamp, Starts, Undelivered,
};
use crate::source::{Rows, TopicPartition};
use crate::stats::{OutputCounters, Stats};

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

/// A revision's topics, looked up.
#[derive(Debug)]
pub struct Route<T> {
    routes: Routes,
    /// One for each output, then the one for rejected rows if there is one.
    topics: Vec<T>,
    /// Where each topic's records without a key went last.
    keyless: Vec<AtomicI32>,
    /// A broker found a record too large that had not been measured: measure each one from now on.
    measure: AtomicBool,
    counters: OutputCounters,
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

    fn shapes(&self, route: &Route<P::Topic>) -> Vec<Shape> {
        let topics = route.topics.iter().zip(&route.keyless);
        topics
            .map(|(topic, keyless)| {
                let partitions = self.outlet.partitions(topic).max(1);
                let keyless = keyless
                    .fetch_add(1, Ordering::Relaxed)
                    .rem_euclid(partitions);
                Shape {
                    partitions,
                    max_message_bytes: self.outlet.max_message_bytes(topic),
                    keyless,
                }
            })
            .collect()
    }

    /// What a flight calls when it is done. `complete` is set once all records were sent: a flight that was given up half
    /// way must not count, whatever became of the part that was sent.
    fn done(
        &self,
        route: Arc<Route<P::Topic>>,
        flight: InFlight,
        complete: Arc<AtomicBool>,
    ) -> super::Done {
        let (ledger, outlet) = (Arc::clone(&self.ledger), Arc::clone(&self.outlet));
        Box::new(move |result| match result {
            Ok(()) if complete.load(Ordering::Acquire) => ledger.finish(&flight),
            Ok(()) => {}
            Err(error) => {
                if error.code == super::RECORD_TOO_LARGE {
                    route.measure.store(true, Ordering::Relaxed);
                }
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
        let mut topics = Vec::new();
        for output in &routes.outputs {
            topics.push(self.outlet.topic(&output.topic).await?);
        }
        if let Rejected::Topic(name) = &routes.rejected {
            topics.push(self.outlet.topic(name).await?);
        }
        let keyless = topics
            .iter()
            .map(|_| AtomicI32::new(rand::random_range(0..1 << 20)))
            .collect();
        let counters = self.stats.outputs(routes);
        Ok(Route {
            routes: routes.clone(),
            topics,
            keyless,
            measure: AtomicBool::new(false),
            counters,
        })
    }

    async fn open(
        &self,
        partitions: &[TopicPartition],
        stamp: Stamp,
        starts: &Starts,
    ) -> Result<Vec<Opened>, DeliveryError> {
        self.ledger.restamp(stamp);
        // What was committed before the last reset of offsets counts no more, whether or not it could be deleted.
        let committed: Vec<(Option<Committed>, Option<Stamp>)> = self
            .offsets
            .committed(partitions)
            .await?
            .into_iter()
            .map(|committed| {
                let written = committed
                    .as_ref()
                    .and_then(|committed| committed.metadata.parse::<Stamp>().ok());
                let valid = written.is_none_or(|written| written.reset >= stamp.reset);
                if valid {
                    (committed, written)
                } else {
                    (None, None)
                }
            })
            .collect();
        let fresh: Vec<TopicPartition> = std::iter::zip(partitions, &committed)
            .filter(|(partition, (committed, _))| {
                committed.is_none() && !starts.contains_key(*partition)
            })
            .map(|(partition, _)| partition.clone())
            .collect();
        let beginnings = if fresh.is_empty() {
            Vec::new()
        } else {
            self.offsets.beginnings(&fresh).await?
        };
        let beginning = |partition: &TopicPartition| {
            fresh
                .iter()
                .position(|other| other == partition)
                .and_then(|at| beginnings.get(at))
                .copied()
        };

        let mut first_commits = Vec::new();
        let mut found = Vec::new();
        for (partition, (committed, written)) in std::iter::zip(partitions, committed) {
            if let (Some(newer), Some(committed)) =
                (written.filter(|written| *written > stamp), &committed)
            {
                found.push((partition, Err((newer, committed.offset))));
                continue;
            }
            let offset = match committed {
                Some(committed) => committed.offset,
                None => {
                    let start = starts
                        .get(partition)
                        .copied()
                        .or_else(|| beginning(partition))
                        .unwrap_or(0);
                    first_commits.push((
                        partition.clone(),
                        Committed {
                            offset: start,
                            metadata: stamp.to_string(),
                        },
                    ));
                    start
                }
            };
            found.push((partition, Ok((offset, written))));
        }
        // A start is resolved once: it has to be kept before anything is read, or a second host could resolve it anew.
        if !first_commits.is_empty() {
            let _one = self.committing.lock().await;
            self.offsets
                .commit(&first_commits)
                .await?
                .into_iter()
                .collect::<Result<Vec<()>, _>>()?;
        }
        let opened = found.into_iter().map(|(partition, found)| match found {
            Err((stamp, offset)) => Opened::Newer { stamp, offset },
            Ok((offset, written)) => {
                let first = first_commits.iter().any(|(other, _)| other == partition);
                let written = if first { Some(stamp) } else { written };
                Opened::At {
                    offset,
                    generation: self.ledger.open(partition, offset, written),
                }
            }
        });
        Ok(opened.collect())
    }

    async fn deliver(&self, batch: Handover<Self::Rows, Self::Route>) -> Result<(), Undelivered> {
        let Handover {
            partition,
            generation,
            rows,
            mut plan,
            route,
            permit,
            taken,
        } = batch;
        // Its ranges stay valid without it; the flight is to own the bytes.
        let patched = plan.take_values_data();
        let shapes = self.shapes(&route);
        let mut layout = lay_out(
            &partition,
            &rows,
            &plan,
            &route.routes,
            &shapes,
            route.measure.load(Ordering::Relaxed),
        )?;
        let held = Held {
            permit,
            tally: std::mem::take(&mut layout.tally),
            counters: route.counters.clone(),
            taken,
        };
        let flight = self
            .ledger
            .begin(&partition, generation, rows.next_offset(), held)?;
        if layout.is_empty() {
            self.ledger.finish(&flight);
            return Ok(());
        }
        let complete = Arc::new(AtomicBool::new(false));
        let done = self.done(Arc::clone(&route), flight.clone(), Arc::clone(&complete));
        match send::send(
            &*self.outlet,
            &partition,
            rows,
            patched,
            &layout,
            &route,
            done,
        )
        .await
        {
            Ok(sent) => {
                complete.store(true, Ordering::Release);
                self.outlet.seal(sent);
                Ok(())
            }
            Err(error) => {
                if error.code == super::RECORD_TOO_LARGE {
                    route.measure.store(true, Ordering::Relaxed);
                }
                self.outlet.recover(&error);
                self.ledger.fail(&flight, &error);
                Err(Undelivered::Stale)
            }
        }
    }

    fn skip(&self, partition: &TopicPartition, generation: u64, to: i64) {
        self.ledger.skip(partition, generation, to);
    }

    fn restamp(&self, stamp: Stamp) {
        self.ledger.restamp(stamp);
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
        let commits = self.ledger.uncommitted();
        self.write(&commits).await
    }

    async fn close(&self, partitions: &[TopicPartition], deadline: Instant) -> Vec<Closed> {
        // Past the deadline what is finished is committed all the same, and the rest belongs to the next owner.
        let _ = tokio::time::timeout_at(deadline, self.ledger.settle(partitions)).await;
        let _one = self.committing.lock().await;
        let ended = self.ledger.close(partitions);
        let commits: Vec<_> = ended
            .iter()
            .filter_map(|ended| Some((ended.partition.clone(), ended.commit.clone()?)))
            .collect();
        let results = if commits.is_empty() {
            Ok(Vec::new())
        } else {
            self.offsets.commit(&commits).await
        };
        if let Err(error) = &results {
            tracing::warn!(%error, "the last commit of revoked partitions failed: their next owner repeats up to a second's work");
        }
        let worked = |partition: &TopicPartition| {
            let at = commits.iter().position(|(other, _)| other == partition)?;
            let result = results.as_ref().ok()?.get(at)?;
            result.is_ok().then(|| commits[at].1.offset)
        };
        ended
            .iter()
            .map(|ended| Closed {
                partition: ended.partition.clone(),
                committed: worked(&ended.partition).unwrap_or(ended.committed),
                abandoned: ended.abandoned,
            })
            .collect()
    }

    fn lose(&self, partitions: &[TopicPartition]) {
        self.ledger.close(partitions);
    }

    fn positions(&self) -> Vec<(TopicPartition, i64)> {
        self.ledger.positions()
    }
}

//! A revision's topics, and how a batch is laid out over them.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::layout::{Laid, Layout, Refusal, Shape, lay_out};
use super::refused::Refusals;
use super::{DeliveryError, Outlet, RECORD_TOO_LARGE, Routes, Undelivered};
use crate::budget::Permit;
use crate::source::{Rows, TopicPartition};
use crate::stats::{OutputCounters, Stats};

/// A revision's topics, looked up.
#[derive(Debug)]
pub struct Route<T> {
    pub(super) routes: Routes,
    /// One for each output, then the one for dead letters if there are any.
    pub(super) topics: Vec<T>,
    /// Where each topic's records without a key went last.
    keyless: Vec<AtomicI32>,
    /// A broker found a record too large that had not been measured: measure each one from now on.
    measure: AtomicBool,
    refusals: Refusals,
    pub(super) counters: OutputCounters,
}

impl<T> Route<T> {
    pub(super) async fn look_up<P: Outlet<Topic = T>>(
        outlet: &P,
        routes: &Routes,
        stats: &Arc<Stats>,
    ) -> Result<Self, DeliveryError> {
        let mut topics = Vec::new();
        for output in &routes.outputs {
            topics.push(outlet.topic(&output.topic).await?);
        }
        if routes.letters.any() {
            topics.push(outlet.topic(&routes.letters.topic).await?);
        }
        let keyless = topics
            .iter()
            .map(|_| AtomicI32::new(rand::random_range(0..1 << 20)))
            .collect();
        Ok(Self {
            routes: routes.clone(),
            topics,
            keyless,
            measure: AtomicBool::new(false),
            refusals: Refusals::default(),
            counters: stats.outputs(routes),
        })
    }

    /// Waits until a batch may be laid out.
    pub(super) async fn prepare<P: Outlet<Topic = T>>(&self, outlet: &P) {
        for topic in &self.topics {
            outlet.prepare(topic).await;
        }
    }

    /// Lays a batch out over the topics as they are now.
    pub(super) fn lay_out<'p, P: Outlet<Topic = T>>(
        &self,
        outlet: &P,
        batch: Laid<'_, 'p>,
        rows: &P::Rows,
    ) -> Result<Layout<'p>, Refusal> {
        let shape = |(topic, keyless): (&T, &AtomicI32)| {
            let partitions = outlet.partitions(topic).max(1);
            let keyless = keyless
                .fetch_add(1, Ordering::Relaxed)
                .rem_euclid(partitions);
            Shape {
                partitions,
                max_message_bytes: outlet.max_message_bytes(topic),
                keyless,
            }
        };
        let shapes: Vec<Shape> = self.topics.iter().zip(&self.keyless).map(shape).collect();
        let measure = self.measure.load(Ordering::Relaxed);
        let refusing = self.refusals.of(batch.partition, &rows.offsets());
        lay_out(batch, rows, &self.routes, &shapes, measure, &refusing)
    }

    /// A record of this route, which came of one of these rows, was not written.
    pub(super) fn failed(
        &self,
        partition: &TopicPartition,
        rows: &Range<i64>,
        error: &DeliveryError,
    ) {
        self.refusals.learn(partition, rows, &error.refused);
        if error.code == RECORD_TOO_LARGE {
            self.measure.store(true, Ordering::Relaxed);
        }
    }
}

impl Refusal {
    /// Gives the batch back with it.
    pub(super) fn of<R: Rows>(self, rows: R, permit: Permit) -> Undelivered<R> {
        match self {
            Refusal::Failure(failure) => Undelivered::Failure {
                failure,
                rows,
                permit,
            },
            Refusal::Stop {
                code,
                message,
                offset,
            } => Undelivered::Stop {
                code,
                message,
                offset,
            },
        }
    }
}

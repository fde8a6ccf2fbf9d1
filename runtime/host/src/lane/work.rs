//! One batch through the guest and into the delivery.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use millstream_engine::{self as engine, Failure, Plan};

use super::failed::{Failed, panic_text};
use super::rows::{HeaderTable, rows};
use super::slot::Batch;
use super::{Common, Live};
use crate::delivery::{Delivery, Handover, Undelivered};
use crate::failure::{Verdict, verdict};
use crate::guests::AnyGuest;
use crate::source::{Rows, Source, TopicPartition};
use crate::watchdog::{Phase, Pulse};

pub(super) enum Outcome<R> {
    /// On its way. The instance, if it can be used again.
    Delivered(Option<Box<dyn AnyGuest>>),
    /// The delivery has no use for it.
    Stale(Option<Box<dyn AnyGuest>>),
    /// To be tried again after a pause, for this reason.
    Again(Batch<R>, Duration, String),
    /// The transform is to stop.
    Stopped(Box<Failed>),
    /// Given up in the middle: its partition is wanted elsewhere.
    Abandoned,
}

pub(super) async fn work<S: Source, D: Delivery<Rows = S::Rows>>(
    common: &Common<S, D>,
    live: &Live<D>,
    pulse: &Pulse,
    partition: &TopicPartition,
    generation: u64,
    mut batch: Batch<S::Rows>,
    instance: Option<Box<dyn AnyGuest>>,
) -> Outcome<S::Rows> {
    pulse.phase(Phase::Guest);
    let span = (
        batch.rows.offset(0),
        batch.rows.offset(batch.rows.len() - 1),
    );
    // A panic in a host import unwinds through the call to here; the instance goes with it, the rows stay.
    let called = AssertUnwindSafe(call(common, live, partition, &batch.rows, instance))
        .catch_unwind()
        .await;
    let (plan, instance) = match called {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => {
            batch.attempt += 1;
            return match verdict(&failure, batch.attempt) {
                Verdict::Again(pause) => Outcome::Again(batch, pause, failure.to_string()),
                Verdict::Stop => stopped(&failure, partition, span),
            };
        }
        Err(panic) => {
            let failed = Failed::panicked(partition, &panic_text(&*panic));
            return Outcome::Stopped(Box::new(failed.at(partition, Some(span))));
        }
    };
    pulse.phase(Phase::Delivery);
    let Batch {
        rows,
        permit,
        taken,
        ..
    } = batch;
    let route = std::sync::Arc::clone(&live.route);
    let handover = Handover {
        partition: partition.clone(),
        generation,
        rows,
        plan,
        route,
        permit,
        taken,
    };
    match common.delivery.deliver(handover).await {
        Ok(()) => Outcome::Delivered(instance),
        Err(Undelivered::Stale) => Outcome::Stale(instance),
        Err(Undelivered::Failure(failure)) => stopped(&failure, partition, span),
        Err(Undelivered::Stop {
            code,
            message,
            offset,
        }) => Outcome::Stopped(Box::new(
            Failed::new(code, message).at(partition, Some((offset, offset))),
        )),
    }
}

/// Calls the guest, in a new instance if there is none. The instance comes back if it can be used again.
async fn call<S: Source, D: Delivery<Rows = S::Rows>>(
    common: &Common<S, D>,
    live: &Live<D>,
    partition: &TopicPartition,
    batch: &S::Rows,
    instance: Option<Box<dyn AnyGuest>>,
) -> Result<(Plan, Option<Box<dyn AnyGuest>>), Failure> {
    let mut instance = match instance {
        Some(instance) => instance,
        None => live.guests.create().await?,
    };
    let answer = {
        let headers = HeaderTable::of(batch, live.reads);
        let table = rows(batch, &headers);
        let shown = engine::Batch {
            topic: partition.topic(),
            partition: partition.partition(),
            rows: &table,
        };
        instance.apply(shown).await
    };
    common.stats.called(batch.len(), instance.cpu());
    let plan = answer?;
    let reusable = !instance.wants_replacing();
    Ok((plan, reusable.then_some(instance)))
}

fn stopped<R>(failure: &Failure, partition: &TopicPartition, span: (i64, i64)) -> Outcome<R> {
    Outcome::Stopped(Box::new(
        Failed::new(failure.code(), failure.to_string()).at(partition, Some(span)),
    ))
}

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
use crate::guests::AnyGuest;
use crate::source::{Rows, Source, TopicPartition};
use crate::watchdog::{Phase, Pulse};

type Instance = Option<Box<dyn AnyGuest>>;

pub(super) enum Outcome<R> {
    /// On its way: the instance, if it can be used again, and whether this was a row to blame.
    Delivered(Instance, bool),
    /// The delivery has no use for it.
    Stale(Instance),
    /// The call failed, after so much CPU time.
    Failed(Batch<R>, Failure, Duration),
    /// The transform is to stop.
    Stopped(Box<Failed>),
    /// Given up in the middle: its partition is wanted elsewhere.
    Abandoned,
}

/// Why there is no plan.
enum NoPlan {
    /// There is no instance: no row is to blame for that.
    NoInstance(Failure),
    /// The call failed.
    Call(Failure, Duration),
}

pub(super) async fn work<S: Source, D: Delivery<Rows = S::Rows>>(
    common: &Common<S, D>,
    live: &Live<D>,
    pulse: &Pulse,
    partition: &TopicPartition,
    generation: u64,
    mut batch: Batch<S::Rows>,
    instance: Instance,
) -> Outcome<S::Rows> {
    pulse.phase(Phase::Guest);
    let span = (
        batch.rows.offset(0),
        batch.rows.offset(batch.rows.len() - 1),
    );
    let (plan, instance) = match &batch.blamed {
        Some(blamed) => (
            Plan::reject_all(batch.rows.len(), blamed.code, &blamed.reason),
            instance,
        ),
        None => {
            // A panic in a host import unwinds through the call to here; the instance goes with it, the rows stay.
            let called = AssertUnwindSafe(call(common, live, partition, &batch.rows, instance))
                .catch_unwind()
                .await;
            batch.calls += 1;
            match called {
                Ok(Ok(answer)) => answer,
                Ok(Err(NoPlan::Call(failure, cpu))) => {
                    return Outcome::Failed(batch, failure, cpu);
                }
                Ok(Err(NoPlan::NoInstance(failure))) if failure.is_guests_fault() => {
                    let failed = Failed::new(failure.code(), failure.to_string());
                    return Outcome::Stopped(Box::new(failed.at(partition, Some(span))));
                }
                Ok(Err(NoPlan::NoInstance(failure))) => {
                    return Outcome::Failed(batch, failure, Duration::ZERO);
                }
                Err(panic) => {
                    let failed = Failed::panicked(partition, &panic_text(&*panic));
                    return Outcome::Stopped(Box::new(failed.at(partition, Some(span))));
                }
            }
        }
    };
    pulse.phase(Phase::Delivery);
    let Batch {
        rows,
        permit,
        taken,
        end,
        calls,
        blamed,
    } = batch;
    let to_blame = blamed.is_some();
    let handover = Handover {
        partition: partition.clone(),
        generation,
        rows,
        plan,
        route: std::sync::Arc::clone(&live.route),
        permit,
        taken,
        attempts: calls,
        failed: to_blame,
    };
    match common.delivery.deliver(handover).await {
        Ok(()) => Outcome::Delivered(instance, to_blame),
        Err(Undelivered::Stale) => Outcome::Stale(instance),
        Err(Undelivered::Failure {
            failure,
            rows,
            permit,
        }) => {
            let batch = Batch {
                rows,
                permit,
                taken,
                end,
                calls,
                blamed,
            };
            Outcome::Failed(batch, failure, Duration::ZERO)
        }
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
    instance: Instance,
) -> Result<(Plan, Instance), NoPlan> {
    let (mut instance, starting) = match instance {
        Some(instance) => (instance, Duration::ZERO),
        None => {
            let new = live.guests.create().await.map_err(NoPlan::NoInstance)?;
            let cpu = new.cpu();
            (new, cpu)
        }
    };
    let answer = {
        let headers = HeaderTable::of(batch, live.reads);
        let table = rows(batch, &headers);
        let from = batch.origin().unwrap_or(partition);
        let shown = engine::Batch {
            topic: from.topic(),
            partition: from.partition(),
            rows: &table,
        };
        instance.apply(shown).await.and_then(|mut plan| {
            // What the guest was not shown is written all the same, each time that its row is.
            if !live.reads.headers {
                plan.count_headers(shown, |row, into| batch.headers(row, into))?;
            }
            Ok(plan)
        })
    };
    // A search makes an instance for each of its calls: what `configure` takes counts as much as the call.
    let cpu = starting + instance.cpu();
    common.stats.called(batch.len(), cpu);
    let plan = answer.map_err(|failure| NoPlan::Call(failure, cpu))?;
    let reusable = !instance.wants_replacing();
    Ok((plan, reusable.then_some(instance)))
}

//! What a lane does about what became of a batch.

use std::time::Duration;

use millstream_engine::Failure;
use tokio::time::Instant;

use super::failed::Failed;
use super::slot::{Batch, Blamed};
use super::work::Outcome;
use super::{Lane, Live, Report};
use crate::delivery::Delivery;
use crate::failure::{Incident, Verdict};
use crate::source::{Rows as _, Source};

impl<S: Source, D: Delivery<Rows = S::Rows>> Lane<S, D> {
    /// `rows` and `end` are the batch's.
    pub(super) fn settle(
        &mut self,
        at: usize,
        live: &Live<D>,
        outcome: Outcome<S::Rows>,
        rows: usize,
        end: Option<i64>,
    ) {
        let slot = &mut self.slots[at];
        match outcome {
            Outcome::Delivered(instance, blamed) => {
                if !blamed {
                    live.blame.lock().passed(rows);
                }
                if slot.incident.is_some() {
                    let stats = &self.common.stats;
                    stats.partition(&slot.partition, |numbers| numbers.retried());
                }
                slot.passed(rows, &self.common.limits);
                if let Some(end) = end {
                    self.common
                        .delivery
                        .skip(&slot.partition, slot.generation, end);
                }
                self.instance = instance;
            }
            Outcome::Stale(instance) => {
                slot.stale = true;
                self.instance = instance;
            }
            Outcome::Failed(batch, failure, cpu) => self.failed(at, live, batch, &failure, cpu),
            Outcome::Stopped(failed) => self.stop(at, *failed),
            // If the partition was revoked, the next command takes it away. If another one of this lane's was, it goes on.
            Outcome::Abandoned => slot.abandoned(),
        }
    }

    /// A guest call failed: has it tried again, or finds the rows to blame.
    fn failed(
        &mut self,
        at: usize,
        live: &Live<D>,
        mut batch: Batch<S::Rows>,
        failure: &Failure,
        cpu: Duration,
    ) {
        let (slot, now) = (&mut self.slots[at], Instant::now());
        let rows = batch.rows.len();
        let span = (batch.rows.offset(0), batch.rows.offset(rows - 1));
        let incident = slot.incident.get_or_insert_with(Incident::new);
        let verdict = incident.failed(failure, rows, cpu, now, &live.policy);
        let stats = &self.common.stats;
        if incident.waiting().is_none() {
            stats.partition(&slot.partition, |numbers| numbers.retried());
        }
        match verdict {
            Verdict::Pause(pause) => {
                let attempts = incident.waiting().map_or(1, |waiting| waiting.attempts);
                slot.rest(now + pause);
                slot.held.push_front(batch);
                stats.partition(&slot.partition, |numbers| {
                    numbers.retry(attempts, pause, failure.to_string());
                });
                let text = format!(
                    "{}, offsets {} to {}: {failure}",
                    slot.partition, span.0, span.1
                );
                let _ = self.common.reports.send(Report::Trouble(text));
            }
            Verdict::Again => slot.held.push_front(batch),
            Verdict::Halve => {
                for half in batch.halves().into_iter().rev() {
                    slot.held.push_front(half);
                }
            }
            Verdict::Blame => {
                if let Some(share) = live.blame.lock().blamed(live.policy.stop_above) {
                    let most = live.policy.stop_above;
                    let message = format!(
                        "{share} % of the latest records made the module fail, the last one with: {failure}. failures.stop-above allows \
                         {most} %: the module seems to be at fault, not its records. Deploy one that works"
                    );
                    let failed = Failed::new("stop-above", message);
                    let failed = failed.at(&slot.partition, Some(span));
                    self.stop(at, failed);
                    return;
                }
                batch.blamed = Some(Blamed {
                    code: failure.code(),
                    reason: failure.to_string(),
                });
                slot.held.push_front(batch);
            }
            Verdict::Stop { code, message } => {
                let failed = Failed::new(code, message).at(&slot.partition, Some(span));
                self.stop(at, failed);
            }
        }
    }

    /// Halts before the batch in hand.
    fn stop(&mut self, at: usize, failed: Failed) {
        let slot = &mut self.slots[at];
        slot.back_to = slot.working_on.map(|span| span.0);
        self.fail(failed);
    }
}

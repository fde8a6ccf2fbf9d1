//! Transactions of the broker in memory, which end as a test says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Memory;
use super::flown::Run;
use crate::delivery::{Committed, DeliveryError, ExactlyOnce, Transactions};
use crate::source::TopicPartition;
use crate::stats::Stats;

/// After which a transaction is given up that is too much for the broker.
const TIMEOUT: Duration = Duration::from_secs(6);

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is aborted.
    Aborted,
    /// It is committed, and the answer gets lost.
    CommittedUnknown,
    /// It is not committed, and the answer gets lost.
    AbortedUnknown,
}

#[derive(Default)]
pub(super) struct State {
    /// What the open transaction holds; `None` where there are none.
    pub(super) open: Option<Vec<Run>>,
    /// The next commits end so; the others work.
    endings: VecDeque<Ending>,
    /// Of the group: offsets of a member of an older one are refused.
    generation: u64,
    over: bool,
    /// Transactions of more batches are given up.
    most: Option<usize>,
}

/// Transactions of one member of the group.
#[derive(Debug, Clone)]
pub struct MemoryTransactions {
    memory: Memory,
}

impl Memory {
    /// A transactional delivery onto this broker. What is written shows when it is committed.
    #[must_use]
    pub fn exactly_once(
        &self,
        stats: Arc<Stats>,
    ) -> ExactlyOnce<Memory, MemoryTransactions, Memory> {
        let mut state = self.inner.state.lock();
        state.transaction.open = Some(Vec::new());
        state.transaction.over = true;
        drop(state);
        let transactions = MemoryTransactions {
            memory: self.clone(),
        };
        ExactlyOnce::new(Arc::new(self.clone()), transactions, self.clone(), stats)
    }

    /// The next commit that is not spoken for ends so.
    pub fn end_next(&self, ending: Ending) {
        let mut state = self.inner.state.lock();
        state.transaction.endings.push_back(ending);
    }

    /// Transactions of more batches than this are given up, as by a broker that is too slow for them.
    pub fn no_transaction_past(&self, batches: usize) {
        self.inner.state.lock().transaction.most = Some(batches);
    }

    /// The group goes on to another generation, as in a rebalance.
    pub fn next_generation(&self) {
        self.inner.state.lock().transaction.generation += 1;
    }
}

impl Transactions for MemoryTransactions {
    type Member = u64;

    fn member(&self) -> u64 {
        self.memory.inner.state.lock().transaction.generation
    }

    fn is_over(&self) -> bool {
        self.memory.inner.state.lock().transaction.over
    }

    async fn renew(&self) -> Result<(), DeliveryError> {
        let mut state = self.memory.inner.state.lock();
        state.transaction.open = Some(Vec::new());
        state.transaction.over = false;
        Ok(())
    }

    async fn commit(
        &self,
        member: u64,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<(), DeliveryError> {
        // Everything that was sent has to be there first.
        loop {
            let mut room = std::pin::pin!(self.memory.inner.room.notified());
            room.as_mut().enable();
            if self.memory.inner.in_flight.load(Ordering::Acquire) == 0 {
                break;
            }
            room.await;
        }
        let (written, most) = {
            let mut state = self.memory.inner.state.lock();
            let written = state.transaction.open.replace(Vec::new());
            (written.unwrap_or_default(), state.transaction.most)
        };
        if most.is_some_and(|most| written.len() > most) {
            tokio::time::sleep(TIMEOUT).await;
            return Err(DeliveryError::new(
                "operation-timed-out",
                "the broker is too slow",
            ));
        }
        let mut state = self.memory.inner.state.lock();
        if member != state.transaction.generation {
            return Err(DeliveryError::new(
                "illegal-generation",
                "the group has gone on",
            ));
        }
        let ending = state.transaction.endings.pop_front();
        if matches!(ending, None | Some(Ending::CommittedUnknown)) {
            written.into_iter().for_each(|run| state.append(run));
            state.commit(commits);
        }
        state.transaction.over = matches!(
            ending,
            Some(Ending::CommittedUnknown | Ending::AbortedUnknown)
        );
        match ending {
            None => Ok(()),
            Some(_) => Err(DeliveryError::new(
                "told-to-fail",
                "the test said how it ends",
            )),
        }
    }

    async fn abort(&self) -> Result<(), DeliveryError> {
        let mut state = self.memory.inner.state.lock();
        state.transaction.open = Some(Vec::new());
        // As with Kafka, what was on its way may be reported after the abort.
        let on_their_way = state.held.iter_mut().filter(|flown| !flown.purged);
        let purged = on_their_way.map(|flown| {
            flown.purged = true;
            flown.records()
        });
        let records = purged.sum();
        self.memory
            .inner
            .in_flight
            .fetch_sub(records, Ordering::AcqRel);
        Ok(())
    }
}

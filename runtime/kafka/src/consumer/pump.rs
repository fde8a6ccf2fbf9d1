//! Empties librdkafka's queues into the stashes as soon as something comes, and pauses and resumes partitions as [`super::intake`] wants
//! it, on the runtime that made the consumer.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;

use super::intake::{Intake, Limits};
use super::list_of;
use super::queue::Inner;
use crate::error::KafkaError;
use crate::ffi::client::Client;
use crate::ffi::consume;
use crate::topic_partition::TopicPartition;

/// Where queues say that there is something to do about them. Weak, because it is used under a queue's lock, where none may be
/// dropped.
pub(super) type Ripe = mpsc::UnboundedSender<Weak<Inner>>;

/// The only place where partitions are paused and resumed.
#[derive(Debug)]
pub(super) struct Tap {
    intake: Mutex<Intake>,
    /// What is decided is told to librdkafka before anything else is.
    turn: Mutex<()>,
    client: Arc<Client>,
}

impl Tap {
    pub(super) fn new(client: Arc<Client>, limits: Limits) -> Arc<Tap> {
        Arc::new(Tap {
            intake: Mutex::new(Intake::new(limits)),
            turn: Mutex::default(),
            client,
        })
    }

    /// For what is over in nanoseconds.
    pub(super) fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock()
    }

    /// Keeps partitions as they are while it is held.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock()
    }

    pub(super) fn pause(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> {
        let _turn = self.turn();
        self.intake().park(partitions);
        consume::pause(&self.client, &list_of(partitions))
    }

    pub(super) fn resume(&self, partitions: &[TopicPartition]) -> Result<(), KafkaError> {
        let _turn = self.turn();
        self.intake().unpark(partitions);
        consume::resume(&self.client, &list_of(partitions))
    }

    /// Does what is due. Waits for librdkafka's own thread, with thousands of partitions for milliseconds.
    fn regulate(&self) {
        let _turn = self.turn();
        let orders = self.intake().orders();
        let mut result = Ok(());
        if !orders.pause.is_empty() {
            result = consume::pause(&self.client, &list_of(&orders.pause));
        }
        if !orders.resume.is_empty() {
            result = result.and(consume::resume(&self.client, &list_of(&orders.resume)));
        }
        if let Err(error) = result {
            tracing::warn!(%error, "what is fetched ahead could not be bounded");
        }
    }
}

/// Ends once the consumer and its queues are gone. Must be called within a runtime.
pub(super) fn start(tap: Arc<Tap>) -> Ripe {
    let (ripe, mut queues) = mpsc::unbounded_channel::<Weak<Inner>>();
    tokio::spawn(async move {
        while let Some(queue) = queues.recv().await {
            if let Some(queue) = queue.upgrade() {
                queue.stock();
            }
            if !tap.intake().is_due() {
                continue;
            }
            let tap = Arc::clone(&tap);
            // Fails only while the runtime ends.
            let _ = tokio::task::spawn_blocking(move || tap.regulate()).await;
        }
    });
    ripe
}

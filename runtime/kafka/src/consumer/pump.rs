//! Empties librdkafka's queues into the stashes as soon as something comes, on the runtime that made the consumer.

use std::sync::Weak;

use tokio::sync::mpsc;

use super::queue::Inner;

/// Where queues say that they are no longer empty. Weak, because it is used under a queue's lock, where none may be dropped.
pub(super) type Ripe = mpsc::UnboundedSender<Weak<Inner>>;

/// Ends once the consumer and its queues are gone. Must be called within a runtime.
pub(super) fn start() -> Ripe {
    let (ripe, mut queues) = mpsc::unbounded_channel::<Weak<Inner>>();
    tokio::spawn(async move {
        while let Some(queue) = queues.recv().await {
            if let Some(queue) = queue.upgrade() {
                queue.stock();
            }
        }
    });
    ripe
}

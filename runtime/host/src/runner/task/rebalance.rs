//! Partitions on their way in and out: assigned, opened, parked, revoked, lost, let go.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable, Aborted};
use tokio::time::{Instant, sleep};

use super::{AGAIN, Done, Task};
use crate::delivery::{Delivery, DeliveryError, Opened};
use crate::lane::{Failed, NewPartition};
use crate::runner::assignment::{Fetched, Stage};
use crate::source::{Event, Source, TopicPartition};

impl<S: Source, D: Delivery<Rows = S::Rows>> Task<S, D> {
    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Assigned(partitions) if self.draining.is_some() => {
                self.source.release(&partitions)
            }
            Event::Assigned(partitions) => self.open(partitions),
            Event::Revoked(partitions) => {
                self.revoke(partitions, Instant::now() + self.config.drain_within)
            }
            Event::Lost(partitions) => {
                self.delivery.lose(&partitions);
                // Nobody waits for the lanes: what they still have in hand is stale.
                drop(self.lanes.remove(&partitions, Instant::now()));
                self.let_go(&partitions);
            }
            Event::Trouble { code, message } => self.trouble(format!("{message} ({code})")),
            Event::Failed { code, message } => {
                self.source_over = true;
                self.fail(Failed::new(code, message));
            }
        }
    }

    pub(super) fn open(&mut self, partitions: Vec<TopicPartition>) {
        let number = self.number();
        for partition in &partitions {
            self.assignment.set(partition, Stage::Opening(number));
        }
        self.tell_owned();
        self.ask_committed(number, partitions, Duration::ZERO);
    }

    /// Opens partitions that were begun before.
    fn reopen(&mut self, partitions: Vec<(TopicPartition, Fetched<S::Queue>)>) {
        if partitions.is_empty() {
            return;
        }
        let number = self.number();
        let partitions: Vec<_> = partitions
            .into_iter()
            .map(|(partition, fetched)| {
                let stage = Stage::Reopening { number, fetched };
                self.assignment.set(&partition, stage);
                partition
            })
            .collect();
        self.ask_committed(number, partitions, Duration::ZERO);
    }

    pub(super) fn ask_committed(
        &mut self,
        number: u64,
        partitions: Vec<TopicPartition>,
        after: Duration,
    ) {
        let Some(revision) = &self.revision else {
            return;
        };
        let (stamp, starts) = (revision.routes.stamp, revision.starts.clone());
        let begun = partitions
            .iter()
            .any(|partition| self.assignment.is_begun(partition));
        let delivery = Arc::clone(&self.delivery);
        let (handle, registration) = AbortHandle::new_pair();
        self.openings.insert(number, handle);
        let asking = async move {
            sleep(after).await;
            let opened = delivery.open(&partitions, stamp, &starts, begun).await;
            Done::Opened(number, partitions, opened)
        };
        let asking = Abortable::new(asking, registration);
        self.beside.push(Box::pin(async move {
            asking.await.unwrap_or_else(|Aborted| Done::Cancelled)
        }));
    }

    /// Partitions that waited for a newer revision may have it now.
    pub(super) fn unpark(&mut self) {
        let Some(stamp) = self.revision.as_ref().map(|revision| revision.routes.stamp) else {
            return;
        };
        let ready = self
            .assignment
            .which(|stage| matches!(stage, Stage::Parked { stamp: newer, .. } if *newer <= stamp));
        let mut parked = Vec::new();
        for partition in ready {
            if let Some(Stage::Parked { queue, .. }) = self.assignment.remove(&partition) {
                parked.push((partition, Fetched { queue, from: None }));
            }
        }
        self.reopen(parked);
    }

    pub(super) fn opened(
        &mut self,
        number: u64,
        partitions: Vec<TopicPartition>,
        result: Result<Vec<Opened>, DeliveryError>,
    ) {
        self.openings.remove(&number);
        let opened = match result {
            Ok(opened) => opened,
            Err(error) => {
                self.trouble(format!("committed offsets cannot be read: {error}"));
                self.ask_committed(number, partitions, AGAIN);
                return;
            }
        };
        let mut begin = Vec::new();
        let mut begun = Vec::new();
        for (partition, opened) in std::iter::zip(partitions, opened) {
            if !self.assignment.is_opening(&partition, number) {
                continue;
            }
            match self.assignment.remove(&partition) {
                Some(Stage::Reopening { fetched, .. }) => begun.push((partition, opened, fetched)),
                _ => begin.push((partition, opened)),
            }
        }
        let at: Vec<_> = begin
            .iter()
            .map(|(partition, opened)| (partition.clone(), opened.offset()))
            .collect();
        match self.source.begin(&at) {
            Ok(queues) => {
                let now = std::iter::zip(begin, queues);
                begun.extend(now.map(|((partition, opened), queue)| {
                    let from = Some(opened.offset());
                    (partition, opened, Fetched { queue, from })
                }));
            }
            Err(error) => {
                tracing::debug!(%error, "partitions could not be begun");
                let partitions: Vec<_> = at.into_iter().map(|(partition, _)| partition).collect();
                self.delivery.lose(&partitions);
                partitions
                    .iter()
                    .for_each(|partition| self.assignment.set(partition, Stage::Refused));
            }
        }
        let mut added = Vec::new();
        let mut uncommitted = Vec::new();
        for (partition, opened, fetched) in begun {
            let this = std::slice::from_ref(&partition);
            match opened {
                Opened::At { offset, generation } => {
                    let Fetched { queue, from } = fetched;
                    if from.is_none() {
                        self.source.resume(this);
                    }
                    self.assignment.set(&partition, Stage::Running);
                    added.push(NewPartition {
                        partition,
                        queue,
                        generation,
                        position: offset,
                        seek: from != Some(offset),
                    });
                }
                Opened::Uncommitted { .. } => uncommitted.push((partition, fetched)),
                Opened::Newer { stamp, .. } => {
                    let Fetched { queue, from } = fetched;
                    if from.is_some() {
                        self.source.pause(this);
                    }
                    self.assignment
                        .set(&partition, Stage::Parked { stamp, queue });
                }
            }
        }
        self.lanes.add(added);
        self.reopen(uncommitted);
        self.unpark();
    }

    pub(super) fn revoke(&mut self, partitions: Vec<TopicPartition>, deadline: Instant) {
        let running = self
            .assignment
            .which(|stage| matches!(stage, Stage::Running));
        // The group has its answer when they are closed, not before.
        let going = self
            .assignment
            .which(|stage| matches!(stage, Stage::Closing));
        let (closing, others): (Vec<_>, Vec<_>) = partitions
            .into_iter()
            .filter(|partition| !going.contains(partition))
            .partition(|partition| running.contains(partition));
        self.let_go(&others);
        if closing.is_empty() {
            return;
        }
        for partition in &closing {
            self.assignment.set(partition, Stage::Closing);
        }
        let let_go = self.lanes.remove(&closing, deadline);
        let (delivery, name) = (Arc::clone(&self.delivery), Arc::clone(&self.config.name));
        self.beside.push(Box::pin(async move {
            let_go.await;
            for closed in delivery.close(&closing, deadline).await {
                if closed.abandoned > 0 {
                    tracing::warn!(
                        transform = &*name,
                        "{} was let go with {} batches in flight: its next owner writes them again from offset {}",
                        closed.partition,
                        closed.abandoned,
                        closed.committed
                    );
                }
            }
            Done::LetGo(closing)
        }));
    }

    /// Forgets partitions and tells the group.
    pub(super) fn let_go(&mut self, partitions: &[TopicPartition]) {
        if partitions.is_empty() {
            return;
        }
        for partition in partitions {
            let number = match self.assignment.remove(partition) {
                Some(Stage::Opening(number) | Stage::Reopening { number, .. }) => number,
                _ => continue,
            };
            // The answer would open it behind our back. Others of the same question are asked for anew, in the end by the same number.
            if let Some(handle) = self.openings.remove(&number) {
                handle.abort();
                let others = self.assignment.which(
                    |stage| matches!(stage, Stage::Opening(other) | Stage::Reopening { number: other, .. } if *other == number),
                );
                let others: Vec<_> = others
                    .into_iter()
                    .filter(|other| !partitions.contains(other))
                    .collect();
                if !others.is_empty() {
                    self.ask_committed(number, others, Duration::ZERO);
                }
            }
        }
        self.source.release(partitions);
        self.tell_owned();
    }
}

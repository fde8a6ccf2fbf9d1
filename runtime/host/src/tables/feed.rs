//! One reading of a table's topic: from where it was left into the index, until it is told to end or cannot go on.
//!
//! Runs on a thread of its own.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use millstream_kafka::{
    KafkaError, Settings,
    follower::{Followed, Follower},
};

use super::{
    Shared,
    index::Writer,
    progress::Heard,
    room::{Share, TooLarge},
};

/// Changes that make a version worth its while, and the time after which fewer do.
const PUBLISH_CHANGES: usize = 10_000;
const PUBLISH_AFTER: Duration = Duration::from_millis(10);
/// Changes that are kept at most while calls still look into the version that would be written to.
const MOST_UNSEEN: usize = 100_000;
/// How long there may be nothing to read before it is looked whether to go on.
const POLL: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(1);

/// Why a reading is over.
#[derive(Debug)]
pub(super) enum Ended {
    /// It was told to.
    Told,
    /// The table is larger than it may be.
    TooLarge(TooLarge),
    /// The topic cannot be read on from there.
    Broken(KafkaError),
}

pub(super) struct Feed<'a> {
    pub(super) shared: &'a Shared,
    pub(super) share: &'a mut Share,
    pub(super) writer: &'a mut Writer,
    pub(super) stop: &'a AtomicBool,
}

impl Feed<'_> {
    pub(super) fn run(mut self, settings: &Settings, from: &BTreeMap<i32, i64>) -> Ended {
        let mut follower = match Follower::new(settings, &self.shared.topic, from) {
            Ok(follower) => follower,
            Err(error) => return Ended::Broken(error),
        };
        let mut heard = Heard::default();
        let mut published = Instant::now();
        while !self.stop.load(Relaxed) {
            let writer = &mut *self.writer;
            let read = follower.next(POLL, |followed| match followed {
                Followed::Record {
                    partition,
                    offset,
                    key,
                    value,
                } => {
                    heard.record(partition, offset);
                    match (key, value) {
                        (Some(key), Some(value)) => writer.put(key, value),
                        (Some(key), None) => writer.delete(key),
                        // Nothing could ever be found by it.
                        (None, _) => {}
                    }
                    false
                }
                Followed::End { partition } => {
                    heard.end(partition);
                    true
                }
            });
            let (idle, end) = match read {
                Ok(read) => (read.is_none(), read.unwrap_or(false)),
                Err(error) => return Ended::Broken(error),
            };
            if idle {
                self.writer.settle();
            }
            let worth = end
                || idle
                || self.writer.unseen() >= PUBLISH_CHANGES
                || published.elapsed() >= PUBLISH_AFTER;
            if worth && self.publish(&mut heard) {
                published = Instant::now();
                let bytes = self.shared.index.version().bytes();
                if let Err(too_large) = self.share.hold(bytes, self.shared) {
                    return Ended::TooLarge(too_large);
                }
            }
        }
        Ended::Told
    }

    /// Shows what was read, and says how far that is. `false`: calls still look into the version that would be written to.
    fn publish(&mut self, heard: &mut Heard) -> bool {
        while self.writer.unseen() > 0 && !self.writer.publish() {
            if self.writer.unseen() < MOST_UNSEEN || self.stop.load(Relaxed) {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        if self.shared.progress.tell(heard) {
            self.shared.progress.ready();
        }
        true
    }
}

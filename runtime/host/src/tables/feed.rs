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
    key_field::KeyField,
    progress::Heard,
    rows::{Held, Refused},
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
    /// It cannot be kept as it is.
    Refused(Refused),
    /// The topic cannot be read on from there.
    Broken(KafkaError),
}

pub(super) struct Feed<'a> {
    pub(super) shared: &'a Shared,
    pub(super) held: &'a mut Held,
    pub(super) stop: &'a AtomicBool,
}

impl Feed<'_> {
    pub(super) fn run(mut self, settings: &Settings, from: &BTreeMap<i32, i64>) -> Ended {
        let mut follower = match Follower::new(settings, &self.shared.of.topic, from) {
            Ok(follower) => follower,
            Err(error) => return Ended::Broken(error),
        };
        let pointer = self.shared.of.key_field.as_deref();
        let mut key_field = pointer.map(KeyField::new);
        let mut heard = Heard::default();
        let mut published = Instant::now();
        while !self.stop.load(Relaxed) {
            let (held, mut changed) = (&mut *self.held, Ok(()));
            let read = follower.next(POLL, |followed| match followed {
                Followed::Record {
                    partition,
                    offset,
                    key,
                    value,
                } => {
                    heard.record(partition, offset);
                    changed = held.change(key, value, key_field.as_mut());
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
            if let Err(refused) = changed {
                return Ended::Refused(refused);
            }
            if idle {
                self.held.settle();
            }
            let worth = end
                || idle
                || self.held.unseen() >= PUBLISH_CHANGES
                || published.elapsed() >= PUBLISH_AFTER;
            if !worth {
                continue;
            }
            match self.publish(&mut heard) {
                Ok(true) => published = Instant::now(),
                Ok(false) => continue,
                Err(refused) => return Ended::Refused(refused),
            }
            if let Err(refused) = self.held.fits(self.shared) {
                return Ended::Refused(refused);
            }
        }
        Ended::Told
    }

    /// Shows what was read, and says how far that is. `false`: calls still look into the version that would be written to.
    fn publish(&mut self, heard: &mut Heard) -> Result<bool, Refused> {
        let progress = &self.shared.progress;
        while !self.held.publish(|| progress.with(heard))? {
            if self.held.unseen() < MOST_UNSEEN || self.stop.load(Relaxed) {
                return Ok(false);
            }
            std::thread::sleep(PAUSE);
        }
        if progress.tell(heard) {
            progress.ready();
        }
        Ok(true)
    }
}

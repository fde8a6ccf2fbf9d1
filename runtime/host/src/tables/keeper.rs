//! Keeps one table: reads its topic for as long as anybody wants it, and begins anew where that is what it takes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use millstream_kafka::{Settings, TopicPartition, admin::Admin, consumer::TopicIdentity};

use super::{
    Shared,
    feed::{Ended, Feed},
    index::Writer,
    room::{Room, Share, TooLarge},
};

/// How often it is looked whether the topic is still the same one, and has as many partitions.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two attempts at what may pass by itself.
const RETRY: Duration = Duration::from_secs(3);

pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Settings,
    pub(super) admin: Admin,
    pub(super) room: Arc<Room>,
}

/// A topic as it is now.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// `None`: the broker has none to tell.
    id: Option<String>,
    /// First offset and end by partition.
    extents: BTreeMap<i32, (i64, i64)>,
}

impl Found {
    fn is_another(&self, read: &Found) -> bool {
        self.id != read.id
    }

    fn has_other_partitions(&self, read: &Found) -> bool {
        !self.extents.keys().eq(read.extents.keys())
    }
}

/// Ends a thread with whoever waits for it.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Keeper {
    /// For ever: whoever spawns it aborts it.
    pub(super) async fn keep(self) {
        let mut read: Option<Found> = None;
        let mut kept = None;
        loop {
            let found = match self.look().await {
                Ok(found) => found,
                Err(why) => {
                    self.shared.progress.trouble(Some(why));
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            if read.as_ref().is_some_and(|read| found.is_another(read)) {
                let topic = &*self.shared.topic;
                tracing::warn!(
                    topic,
                    "the topic of a table was created anew: it is read from its beginning"
                );
                kept = None;
            }
            let (writer, share) = kept.take().unwrap_or_else(|| self.anew());
            self.shared.progress.extents(found.extents.clone());
            let ended = self.read(&found, writer, share).await;
            read = Some(found);
            let Some((ended, writer, share)) = ended else {
                tokio::time::sleep(RETRY).await;
                continue;
            };
            match ended {
                Ended::Told => kept = Some((writer, share)),
                Ended::TooLarge(too_large) => {
                    drop((writer, share));
                    self.too_large(&too_large).await;
                }
                Ended::Broken(error) => {
                    let topic = &*self.shared.topic;
                    tracing::warn!(
                        topic,
                        "cannot follow the topic of a table: {error}; trying again"
                    );
                    self.shared.progress.trouble(Some(error.to_string()));
                    // What was deleted from the topic meanwhile cannot be known if records are gone unread.
                    kept = (!error.is_lost_offset()).then_some((writer, share));
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// An empty table.
    fn anew(&self) -> (Writer, Share) {
        self.shared.progress.begin();
        let writer = Writer::new(Arc::clone(&self.shared.index));
        (writer, Share::new(Arc::clone(&self.room)))
    }

    /// Reads until the topic changes, or cannot be read any more. `None`: a bug ended the reading.
    async fn read(
        &self,
        found: &Found,
        mut writer: Writer,
        mut share: Share,
    ) -> Option<(Ended, Writer, Share)> {
        let stop = Stop(Arc::default());
        let (shared, settings) = (Arc::clone(&self.shared), self.settings.clone());
        let told = Arc::clone(&stop.0);
        let from = self.shared.progress.nexts();
        let mut reading = tokio::task::spawn_blocking(move || {
            let feed = Feed {
                shared: &shared,
                share: &mut share,
                writer: &mut writer,
                stop: &told,
            };
            let ended = feed.run(&settings, &from);
            (ended, writer, share)
        });
        loop {
            tokio::select! {
                ended = &mut reading => {
                    if let Err(error) = &ended {
                        tracing::error!(topic = &*self.shared.topic, "reading a table ended: {error}");
                    }
                    return ended.ok();
                },
                () = tokio::time::sleep(LOOK_EVERY) => match self.look().await {
                    Ok(now) => {
                        if now.is_another(found) || now.has_other_partitions(found) {
                            stop.0.store(true, Relaxed);
                        } else {
                            self.shared.progress.extents(now.extents);
                            self.shared.progress.trouble(None);
                        }
                    }
                    Err(why) => self.shared.progress.trouble(Some(why)),
                },
            }
        }
    }

    /// Waits until somebody allows it to be larger.
    async fn too_large(&self, TooLarge { why, limit }: &TooLarge) {
        let topic = &self.shared.topic;
        tracing::error!(topic = &**topic, "a table is too large: {why}");
        self.shared
            .progress
            .fail(format!("the table of {topic:?} is too large: {why}"));
        drop(Writer::new(Arc::clone(&self.shared.index)));
        while self.shared.limit.load(Relaxed) <= *limit {
            self.shared.raised.notified().await;
        }
    }

    async fn look(&self) -> Result<Found, String> {
        let topic = &self.shared.topic;
        let missing = || format!("the topic {topic:?} does not exist: create it");
        let failed = |error: millstream_kafka::KafkaError| error.to_string();
        let identities = self.admin.identities(&[topic]).await.map_err(failed)?;
        let id = match identities.into_iter().next() {
            Some(TopicIdentity::Is(id)) => Some(id),
            Some(TopicIdentity::Missing) => return Err(missing()),
            Some(TopicIdentity::Unknown) | None => None,
        };
        let count = self.admin.partitions(topic).await.map_err(failed)?;
        let partitions: Vec<_> = (0..count.ok_or_else(missing)?)
            .map(|partition| TopicPartition::new(Arc::clone(topic), partition))
            .collect();
        let mut extents = BTreeMap::new();
        for (partition, extent) in self.admin.extents(&partitions).await.map_err(failed)? {
            let extent = extent.map_err(failed)?;
            extents.insert(partition.partition(), (extent.start, extent.end));
        }
        Ok(Found { id, extents })
    }
}

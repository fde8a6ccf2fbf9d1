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
    disk::{Copy, Disk, DiskError, Wanted},
    feed::{Ended, Feed},
    progress::Heard,
    room::{Room, TooLarge},
    rows::{Held, Refused, Seen},
    unlike,
};

/// How often it is looked whether the topic is still the same one, and has as many partitions.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two attempts at what may pass by itself.
const RETRY: Duration = Duration::from_secs(3);
/// A table that follows may be so far behind, however short deletions last: what is that young is hardly compacted.
const BEHIND: Duration = Duration::from_secs(60);
/// Kafka's default of `delete.retention.ms`.
const DELETIONS_LAST: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Settings,
    pub(super) admin: Admin,
    pub(super) room: Arc<Room>,
    /// Where it goes if it is too large for memory.
    pub(super) disk: Option<Arc<Disk>>,
}

/// A topic as it is now.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// `None`: the broker has none to tell.
    id: Option<String>,
    /// First offset and end by partition.
    extents: BTreeMap<i32, (i64, i64)>,
}

/// Why a topic could not be looked at.
struct Unseen {
    why: String,
    /// What was read of it is of no use.
    is_final: bool,
}

impl Unseen {
    fn now(why: String) -> Unseen {
        let is_final = false;
        Unseen { why, is_final }
    }
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
                Err(Unseen { why, is_final }) => {
                    if is_final {
                        kept = None;
                        drop(Held::in_memory(&self.shared, &self.room));
                        self.shared.progress.fail(why);
                    } else {
                        self.shared.progress.trouble(Some(why));
                    }
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            if read.as_ref().is_some_and(|read| found.is_another(read)) {
                let topic = &*self.shared.of.topic;
                tracing::warn!(
                    topic,
                    "the topic of a table was created anew: it is read from its beginning"
                );
                kept = None;
            }
            let held = match kept.take() {
                Some(held) => held,
                None => match self.begin(&found).await {
                    Ok(held) => held,
                    Err(error) => {
                        self.wait(error).await;
                        continue;
                    }
                },
            };
            self.shared.progress.extents(found.extents.clone());
            let ended = self.read(&found, held).await;
            let Some((ended, held)) = ended else {
                read = Some(found);
                tokio::time::sleep(RETRY).await;
                continue;
            };
            match ended {
                Ended::Told => kept = Some(held),
                Ended::Refused(refused) => {
                    kept = self.refused(refused, held, &found).await;
                }
                Ended::Broken(error) => {
                    let topic = &*self.shared.of.topic;
                    tracing::warn!(
                        topic,
                        "cannot follow the topic of a table: {error}; trying again"
                    );
                    self.shared.progress.trouble(Some(error.to_string()));
                    // What was deleted from the topic meanwhile cannot be known if records are gone unread.
                    kept = (!error.is_lost_offset()).then_some(held);
                    tokio::time::sleep(RETRY).await;
                }
            }
            read = Some(found);
        }
    }

    /// A table that is read from its beginning, or from where its copy on the disk is.
    async fn begin(&self, found: &Found) -> Result<Held, DiskError> {
        let (shared, name) = (&self.shared, self.shared.of.name());
        shared.progress.begin();
        // What calls looked into before holds its memory, or its copy, no longer than they do.
        let empty = Held::in_memory(shared, &self.room);
        match &self.disk {
            Some(disk) if disk.has(&name) => {
                let opened = self.open(disk, found).await?;
                let Some((copy, nexts)) = opened else {
                    disk.delete(&name)?;
                    return Ok(empty);
                };
                shared.progress.resume(&nexts);
                Ok(Held::on_disk(shared, copy))
            }
            _ => Ok(empty),
        }
    }

    /// Opens a table's copy. `None`: brokers cannot tell its topic from another of the same name, and so nobody can tell
    /// whether the copy is its own.
    async fn open(
        &self,
        disk: &Arc<Disk>,
        found: &Found,
    ) -> Result<Option<(Copy, BTreeMap<i32, i64>)>, DiskError> {
        let Some(topic_id) = found.id.clone() else {
            return Ok(None);
        };
        let wanted = Wanted {
            name: self.shared.of.name(),
            topic_id,
            by_field: self.shared.of.key_field.is_some(),
            began: self.shared.progress.began(),
            extents: found.extents.clone(),
            deletions_last: self.deletions_last().await,
        };
        let disk = Arc::clone(disk);
        blocking(move || disk.open(&wanted)).await.map(Some)
    }

    /// For how long the topic shows that a row was deleted.
    async fn deletions_last(&self) -> Duration {
        // Of a topic whose settings this host may not see, Kafka's default.
        let config = self.admin.topic_config(&self.shared.of.topic).await.ok();
        let millis =
            config.and_then(|config| config.others.get("delete.retention.ms")?.parse().ok());
        millis.map_or(DELETIONS_LAST, Duration::from_millis)
    }

    /// Reads until the topic changes, or cannot be read any more. `None`: it has to begin anew, for too much may have happened
    /// meanwhile, or a bug ended the reading.
    async fn read(&self, found: &Found, mut held: Held) -> Option<(Ended, Held)> {
        let stop = Stop(Arc::default());
        let (shared, settings) = (Arc::clone(&self.shared), self.settings.clone());
        let told = Arc::clone(&stop.0);
        let from = self.shared.progress.nexts();
        let too_long = self.deletions_last().await.max(BEHIND);
        let mut reading = tokio::task::spawn_blocking(move || {
            let feed = Feed {
                shared: &shared,
                held: &mut held,
                stop: &told,
            };
            let ended = feed.run(&settings, &from);
            (ended, held)
        });
        loop {
            tokio::select! {
                ended = &mut reading => {
                    if let Err(error) = &ended {
                        tracing::error!(topic = &*self.shared.of.topic, "reading a table ended: {error}");
                    }
                    return ended.ok();
                },
                () = tokio::time::sleep(LOOK_EVERY) => match self.look().await {
                    Ok(now) => {
                        if now.is_another(found) || now.has_other_partitions(found) {
                            stop.0.store(true, Relaxed);
                        } else if self.shared.progress.has_been_stale_for(too_long) {
                            let topic = &*self.shared.of.topic;
                            tracing::warn!(topic, "brokers were away for so long that deletions may have been compacted away: the table is read anew");
                            stop.0.store(true, Relaxed);
                            let _ = reading.await;
                            return None;
                        } else {
                            self.shared.progress.extents(now.extents);
                            self.shared.progress.trouble(None);
                        }
                    }
                    Err(Unseen { is_final: true, .. }) => stop.0.store(true, Relaxed),
                    Err(Unseen { why, .. }) => self.shared.progress.trouble(Some(why)),
                },
            }
        }
    }

    /// It cannot be kept as it is: in memory, or where it is on the disk. `None`: it has to begin anew.
    async fn refused(&self, refused: Refused, held: Held, found: &Found) -> Option<Held> {
        match refused {
            Refused::TooLarge(too_large) => match &self.disk {
                Some(disk) => match self.to_disk(disk, held, found).await {
                    Ok(Some(held)) => return Some(held),
                    Ok(None) => self.too_large(&too_large).await,
                    Err(DiskError::TooLarge(why)) => {
                        self.too_large(&TooLarge { why, ..too_large }).await;
                    }
                    Err(error) => self.wait(error).await,
                },
                None => {
                    drop(held);
                    self.too_large(&too_large).await;
                }
            },
            Refused::Disk(DiskError::TooLarge(why)) => {
                drop(held);
                let limit = self.shared.limit.load(Relaxed);
                self.too_large(&TooLarge { why, limit }).await;
            }
            Refused::Disk(error) => {
                drop(held);
                self.wait(error).await;
            }
        }
        None
    }

    /// Takes a table to the disk that has become too large for memory. Calls look into what is in memory until it is there.
    /// `None`: it cannot go there.
    async fn to_disk(
        &self,
        disk: &Arc<Disk>,
        held: Held,
        found: &Found,
    ) -> Result<Option<Held>, DiskError> {
        let Some((mut copy, _)) = self.open(disk, found).await? else {
            return Ok(None);
        };
        let topic = &*self.shared.of.topic;
        tracing::info!(
            topic,
            "a table is too large for its memory and goes to the disk"
        );
        let rows = self.shared.rows.load_full();
        let (nexts, complete) = self.shared.progress.with(&Heard::default());
        let copy = blocking(move || {
            if let (Seen::Memory(version), Held::Memory { made, .. }) = (rows.now(), &held) {
                copy.take_over(&version, made, nexts, complete)?;
            }
            Ok(copy)
        })
        .await?;
        Ok(Some(Held::on_disk(&self.shared, copy)))
    }

    /// Until it may work again. Calls wait as well.
    async fn wait(&self, error: DiskError) {
        let topic = &*self.shared.of.topic;
        tracing::warn!(
            topic,
            "the copy of a table on the disk cannot be used: {error}; trying again"
        );
        self.shared.progress.begin();
        drop(Held::in_memory(&self.shared, &self.room));
        self.shared.progress.trouble(Some(error.to_string()));
        if let (DiskError::Damaged(_), Some(disk)) = (&error, &self.disk)
            && let Err(error) = disk.delete(&self.shared.of.name())
        {
            tracing::warn!(
                topic,
                "the damaged copy of a table cannot be deleted: {error}"
            );
        }
        tokio::time::sleep(RETRY).await;
    }

    /// Waits until somebody allows it to be larger.
    async fn too_large(&self, TooLarge { why, limit }: &TooLarge) {
        let topic = &self.shared.of.topic;
        tracing::error!(topic = &**topic, "a table is too large: {why}");
        self.shared
            .progress
            .fail(format!("the table of {topic:?} is too large: {why}"));
        drop(Held::in_memory(&self.shared, &self.room));
        if let Some(disk) = &self.disk
            && let Err(error) = disk.delete(&self.shared.of.name())
        {
            tracing::warn!(
                topic = &**topic,
                "the copy of a table that is too large cannot be deleted: {error}"
            );
        }
        while self.shared.limit.load(Relaxed) <= *limit {
            self.shared.raised.notified().await;
        }
    }

    async fn look(&self) -> Result<Found, Unseen> {
        let topic = &self.shared.of.topic;
        let missing = || Unseen::now(format!("the topic {topic:?} does not exist: create it"));
        let failed = |error: millstream_kafka::KafkaError| Unseen::now(error.to_string());
        let identities = self.admin.identities(&[topic]).await.map_err(failed)?;
        let id = match identities.into_iter().next() {
            Some(TopicIdentity::Is(id)) => Some(id),
            Some(TopicIdentity::Missing) => return Err(missing()),
            Some(TopicIdentity::Unknown) | None => None,
        };
        let count = self.admin.partitions(topic).await.map_err(failed)?;
        let count = count.ok_or_else(missing)?;
        let which = match self.shared.of.part {
            None => 0..count,
            Some(part) if part.count == count => part.partition..part.partition + 1,
            Some(part) => {
                return Err(Unseen {
                    why: unlike(&[(topic, count), ("the source", part.count)]),
                    is_final: true,
                });
            }
        };
        let partitions: Vec<_> = which
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

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, DiskError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(DiskError::Damaged(error.to_string())))
}

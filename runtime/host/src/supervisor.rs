//! From what is deployed to what runs.
//!
//! Every host follows the revision log and does the same: it runs every transform that is there, at its newest revision, and
//! its group gives it its share of the partitions. Nobody is told what to do. One task a transform: revisions of different
//! transforms never wait for each other.
//!
//! A transform that failed stays failed, with its reason, until a new revision comes or the host starts again; what may pass
//! by itself (a broker that is away) is tried again.

mod prepare;
mod redrive;
mod transform;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use millstream_engine::{Description, Engine, Failure, Limits, Module};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use redrive::Redrives;
pub use view::{State, View};

use crate::{
    check::HostLimits,
    deployments::{record::Revision, state::Deployments},
    guests::Guests,
    logs::LogSink,
    manifest::{Manifest, Scope},
    modules::Modules,
    tables::{Kept, NotReady, Parts, Shelf},
    wire::Wiring,
};

/// What all transforms of a host are made with.
pub struct Workshop {
    pub host: String,
    pub engine: Engine,
    pub modules: Modules,
    pub limits: HostLimits,
    pub shelf: Arc<Shelf>,
    pub wiring: Wiring,
    pub sink: LogSink,
    /// See [`HostConfig::native_guests`](crate::host::HostConfig::native_guests).
    pub native_guests: Option<Arc<dyn Guests>>,
}

impl Workshop {
    /// The tables that a manifest names, which are read from now on if they were not.
    ///
    /// # Errors
    /// If partitions of topics do not match that have to.
    async fn tables(&self, manifest: &Manifest) -> Result<BTreeMap<String, Kept>, NotReady> {
        let mut kept = BTreeMap::new();
        for (name, asked) in &manifest.tables {
            let (topic, memory) = (&*asked.topic, asked.memory());
            let table = match asked.scope {
                Scope::Host => {
                    let key_field = asked.key_field.as_deref();
                    Kept::Whole(self.shelf.table(topic, key_field, memory))
                }
                Scope::Partition => {
                    let sources = manifest.source.topics.iter().map(String::as_str);
                    let topics: Vec<&str> = std::iter::once(topic).chain(sources).collect();
                    let count = self.shelf.partitions_of_all(&topics).await?;
                    Kept::Parts(Arc::new(Parts::new(&self.shelf, topic, memory, count)))
                }
            };
            kept.insert(name.clone(), table);
        }
        Ok(kept)
    }

    /// What a module says of itself.
    pub(crate) async fn describe(
        &self,
        module: &Module,
        settings: &[(String, String)],
        limits: &Limits,
    ) -> Result<Description, Failure> {
        let (module, settings, limits) = (module.clone(), settings.to_vec(), limits.clone());
        let describing = async move { module.describe(&settings, &limits).await };
        let described = self.wiring.aside(describing).await;
        described.unwrap_or_else(|error| Err(Failure::Host(error)))
    }
}

struct Entry {
    desired: watch::Sender<Arc<Revision>>,
    view: Arc<View>,
    task: JoinHandle<()>,
}

pub struct Supervisor {
    workshop: Arc<Workshop>,
    entries: Mutex<BTreeMap<String, Entry>>,
    redrives: Redrives,
    stop: watch::Sender<Option<Instant>>,
}

impl Supervisor {
    pub fn new(workshop: Arc<Workshop>) -> Self {
        Supervisor {
            workshop,
            entries: Mutex::default(),
            redrives: Redrives::default(),
            stop: watch::Sender::new(None),
        }
    }

    pub fn workshop(&self) -> &Arc<Workshop> {
        &self.workshop
    }

    /// Makes what runs follow what is deployed. Does not wait.
    pub fn follow(&self, deployments: &Deployments) {
        if self.stop.borrow().is_some() {
            return;
        }
        let mut entries = self.entries.lock();
        // A transform that was deleted keeps its entry until it has come to its end; deployed again, it gets a new one.
        entries.retain(|_, entry| !entry.task.is_finished());
        for revision in deployments.all() {
            match entries.get(&revision.name) {
                Some(entry) => {
                    entry.desired.send_if_modified(|desired| {
                        let newer = desired.number < revision.number;
                        if newer {
                            *desired = Arc::clone(revision);
                        }
                        newer
                    });
                }
                None if revision.is_delete() => {}
                None => {
                    entries.insert(revision.name.clone(), self.begin(revision));
                }
            }
        }
        drop(entries);
        self.redrives.follow(&self.workshop, deployments);
    }

    /// What this host knows of the redrive of a transform that it is at.
    pub fn redrive(&self, name: &str, number: u64) -> Option<Arc<View>> {
        self.redrives.view(name, number)
    }

    /// Whether this host has let go of a redrive.
    pub fn has_left_redrive(&self, name: &str, number: u64) -> bool {
        self.redrives.has_left(name, number)
    }

    fn begin(&self, revision: &Arc<Revision>) -> Entry {
        let (desired, receiver) = watch::channel(Arc::clone(revision));
        let view = Arc::new(View::new(&revision.name));
        let task = transform::Transform::new(
            Arc::clone(&self.workshop),
            Arc::clone(&view),
            receiver,
            self.stop.subscribe(),
            None,
        );
        Entry {
            desired,
            view,
            task: tokio::spawn(task.run()),
        }
    }

    /// What this host knows of a transform.
    pub fn view(&self, name: &str) -> Option<Arc<View>> {
        let entries = self.entries.lock();
        let entry = entries
            .get(name)
            .filter(|entry| !entry.task.is_finished())?;
        Some(Arc::clone(&entry.view))
    }

    /// Every transform that this host runs, has failed to run, or is about to end.
    pub fn views(&self) -> Vec<Arc<View>> {
        let entries = self.entries.lock();
        let entries = entries.values().filter(|entry| !entry.task.is_finished());
        entries.map(|entry| Arc::clone(&entry.view)).collect()
    }

    /// Finishes what is in flight, commits, and leaves every group; returns at the deadline at the latest.
    pub async fn drain(&self, within: Duration) {
        let deadline = Instant::now() + within;
        self.stop.send_replace(Some(deadline));
        let entries = std::mem::take(&mut *self.entries.lock());
        let tasks = entries.into_iter().map(|(name, entry)| (name, entry.task));
        for (name, task) in tasks.chain(self.redrives.end(deadline)) {
            // A little longer than the deadline: leaving a group takes a round trip.
            if tokio::time::timeout_at(deadline + Duration::from_secs(1), task)
                .await
                .is_err()
            {
                tracing::warn!(
                    transform = name,
                    "did not end in time: its last batches will be read again"
                );
            }
        }
    }
}

//! The host: one object that holds everything, for whoever serves it.
//!
//! [`Host::new`] makes it, [`Host::bring_up`] waits for brokers, sets the control topics up and begins to follow the log; both
//! while the API already answers, truthfully, that it is not ready. Everything that it is asked to change goes through
//! the revision log and comes back through it, on this host as on any other.
//!
//! Knows nothing of HTTP.

mod answers;
mod background;
mod config;
mod delete;
mod deploy;
#[doc(hidden)]
pub mod fuzzing;
mod letters;
mod module;
mod ready;
mod redrive;
mod tables;
mod tasks;
mod telling;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use millstream_engine::Engine;
use millstream_kafka::{admin::Admin, log::LogWriter};
use tokio::sync::watch;

pub use answers::{Detail, Elsewhere, Position, Summary, Summed};
pub use config::{HostConfig, StartError};
pub use delete::{DeleteError, Deleted};
pub use deploy::{Backlog, DeployError, Deployed, Upload};
pub use letters::{Letter, LetterFilter, LettersError};
pub use module::ModuleFetchError;
pub use ready::NotReady;
pub use redrive::{RedriveError, RedriveStatus};

use crate::{
    control_topics::ControlTopics,
    deployments::{
        Writer, kafka::KafkaLog, record::Revision, redrive::Redrive, state::Deployments,
    },
    logs::{Line, LogBook, LogSink},
    metrics::Metrics,
    modules::Modules,
    status::StatusBoard,
    supervisor::{Supervisor, Workshop},
    tables::Shelf,
    wire::{Wiring, WiringOptions},
};

/// Until tables are on the disk when a host ends. What is not there then is read once more.
const TABLES_WITHIN: Duration = Duration::from_secs(10);
/// How long a change that is in the log may take until this host has read it.
const READ_BACK_WITHIN: Duration = Duration::from_secs(10);

/// Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    config: HostConfig,
    admin: Admin,
    topics: ControlTopics,
    writer: Writer<KafkaLog>,
    log_writer: LogWriter,
    /// What the tail of the log has come to.
    deployments: watch::Sender<Arc<Deployments>>,
    supervisor: Arc<Supervisor>,
    metrics: Metrics,
    book: Arc<LogBook>,
    board: Arc<StatusBoard>,
    told: telling::Told,
    lines: parking_lot::Mutex<Option<tokio::sync::mpsc::Receiver<Line>>>,
    tasks: tasks::Tasks,
    caught_up: AtomicBool,
    brokers: parking_lot::Mutex<Result<(), String>>,
    draining: AtomicBool,
}

impl Host {
    /// Makes a host. Nothing is connected yet.
    ///
    /// # Errors
    /// If what it was given cannot work.
    pub fn new(config: HostConfig) -> Result<Host, StartError> {
        config.check()?;
        let engine = Engine::new(config.engine.clone())?;
        let settings = &config.settings;
        let admin = match &config.embedded {
            Some(broker) => Admin::embedded(settings, broker.clone())?,
            None => Admin::new(settings)?,
        };
        let topics = ControlTopics::new(&config.prefix);
        let modules = match &config.modules_folder {
            Some(folder) => Modules::Folder(folder.clone()),
            None => Modules::in_topic(settings, &topics.modules)?,
        };
        let wiring = Wiring::new(WiringOptions {
            settings: settings.clone(),
            admin: admin.clone(),
            prefix: config.prefix.clone(),
            host: config.host_id.clone(),
            workers: config.workers,
            budget: config.in_flight,
        })
        .map_err(|error| StartError::Threads(error.to_string()))?;
        let place = config.table_disk.as_ref();
        let shelf = Shelf::new(settings.clone(), admin.clone(), config.table_memory, place);
        let shelf = shelf.map_err(|error| StartError::Tables {
            folder: place.map_or_else(PathBuf::new, |place| place.folder.clone()),
            error,
        })?;
        let (sink, lines) = LogSink::channel();
        let host = config.host_id.clone();
        let supervisor = Arc::new(Supervisor::new(Arc::new(Workshop {
            host,
            engine,
            modules,
            limits: config.limits(),
            shelf: Arc::new(shelf),
            wiring,
            sink,
            native_guests: config.native_guests.clone(),
        })));
        let inner = Inner {
            writer: Writer::new(KafkaLog::new(
                settings,
                &admin,
                &config.prefix,
                &topics.deployments,
            )?),
            log_writer: LogWriter::new(settings)?,
            deployments: watch::Sender::new(Arc::default()),
            metrics: Metrics::new(&config.host_id, Arc::clone(&supervisor)),
            supervisor,
            book: Arc::default(),
            board: Arc::default(),
            told: telling::Told::default(),
            lines: parking_lot::Mutex::new(Some(lines)),
            tasks: tasks::Tasks::default(),
            caught_up: AtomicBool::new(false),
            brokers: parking_lot::Mutex::new(Err(format!(
                "the brokers at {} have not answered yet",
                settings.brokers()
            ))),
            draining: AtomicBool::new(false),
            admin,
            topics,
            config,
        };
        Ok(Host {
            inner: Arc::new(inner),
        })
    }

    pub fn id(&self) -> &str {
        &self.inner.config.host_id
    }

    pub fn prefix(&self) -> &str {
        &self.inner.config.prefix
    }

    /// Where other programs reach the brokers. The host itself uses an embedded one's own port, which only librdkafka understands.
    pub fn brokers(&self) -> &str {
        match &self.inner.config.embedded {
            Some(broker) => broker.bootstrap_servers(),
            None => self.inner.config.settings.brokers(),
        }
    }

    pub fn is_embedded(&self) -> bool {
        self.inner.config.embedded.is_some()
    }

    /// Hosts of the installation that were heard of lately, this one included.
    pub fn hosts(&self) -> BTreeSet<String> {
        let mut hosts = self.inner.board.hosts();
        hosts.insert(self.id().to_owned());
        hosts
    }

    /// All numbers, for Prometheus.
    ///
    /// # Errors
    /// If they cannot be formatted, which would be a bug.
    pub fn metrics(&self) -> Result<String, std::fmt::Error> {
        self.inner.metrics.text()
    }

    /// The newest lines of a transform's log. `None`: there neither is nor was such a transform.
    pub fn logs(&self, name: &str, lines: usize) -> Option<Vec<Line>> {
        self.deployments().latest(name)?;
        Some(self.inner.book.tail(name, lines))
    }

    /// The newest lines, and those that come after them; those of other transforms have to be passed over.
    pub fn follow_logs(
        &self,
        name: &str,
        lines: usize,
    ) -> Option<(Vec<Line>, tokio::sync::broadcast::Receiver<Line>)> {
        self.deployments().latest(name)?;
        Some(self.inner.book.follow(name, lines))
    }

    /// Creates a topic. `false`: it was there.
    ///
    /// # Errors
    /// If brokers refuse or cannot be asked.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
    ) -> Result<bool, millstream_kafka::error::KafkaError> {
        self.inner.admin.create_topic(name, partitions, &[]).await
    }

    /// How many partitions a topic has. `None`: it does not exist.
    ///
    /// # Errors
    /// If brokers cannot be asked.
    pub async fn partitions(
        &self,
        topic: &str,
    ) -> Result<Option<i32>, millstream_kafka::error::KafkaError> {
        self.inner.admin.partitions(topic).await
    }

    /// Parts of the host that do not get on, in words: lanes that are stuck, tasks that have ended.
    pub fn stuck(&self) -> Vec<String> {
        let watchdog = self.inner.supervisor.workshop().wiring.watchdog();
        let mut stuck: Vec<String> = watchdog.stuck().iter().map(ToString::to_string).collect();
        stuck.extend(self.inner.tasks.ended());
        stuck
    }

    /// Finishes what is in flight, commits, and leaves; returns at the latest a second after `within`.
    pub async fn drain(&self, within: Duration) {
        self.inner.draining.store(true, Relaxed);
        self.inner.supervisor.drain(within).await;
        telling::say_goodbye(&self.inner, Duration::from_secs(2)).await;
        self.inner.tasks.abort();
        let shelf = &self.inner.supervisor.workshop().shelf;
        shelf.close(TABLES_WITHIN).await;
    }

    fn deployments(&self) -> Arc<Deployments> {
        Arc::clone(&self.inner.deployments.borrow())
    }

    /// Waits until this host has read a revision, so that whoever made it finds it in the next answer.
    async fn read_back(&self, revision: &Revision) {
        self.read_until(|seen| {
            seen.latest(&revision.name)
                .is_some_and(|latest| latest.number >= revision.number)
        })
        .await;
    }

    /// The same for a redrive.
    async fn read_redrive_back(&self, redrive: &Redrive) {
        self.read_until(|seen| {
            seen.redrives(&redrive.name)
                .any(|read| read.number == redrive.number && read.state == redrive.state)
        })
        .await;
    }

    async fn read_until(&self, mut there: impl FnMut(&Deployments) -> bool) {
        let mut deployments = self.inner.deployments.subscribe();
        let there = deployments.wait_for(|seen| there(seen));
        // Late is no error: the change is made.
        let _ = tokio::time::timeout(READ_BACK_WITHIN, there).await;
    }
}

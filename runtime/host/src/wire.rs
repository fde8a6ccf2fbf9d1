//! The one file that wires a transform's real parts: a Kafka consumer as its source, delivery to Kafka, at least or exactly
//! once, and a runner between them. Everything else in this crate would work with other parts.

use std::{sync::Arc, time::Duration};

use millstream_kafka::{
    admin::Admin,
    consumer::{Consumer, ConsumerOptions},
    producer::ProducerOptions,
    settings::Settings,
};

use crate::{
    budget::Budget,
    delivery::{
        AtLeastOnce, Copied, ExactlyOnce, KafkaOffsets, KafkaOutlet, KafkaTransactions, Outlet,
        ProducerPool,
    },
    manifest::{Guarantee, Manifest},
    names,
    runner::{self, RunnerConfig, RunnerHandle, Shared},
    schedule::{Account, Schedule},
    source::{KafkaSource, LetterSource, Selection, Source},
    stats::Stats,
    watchdog::{self, Watchdog},
};

/// Fetched ahead by one transform, at most: a few batches for each of its partitions, and many for those with a backlog.
const FETCH_MEMORY: u64 = 16 << 20;
/// That memory is shared out among at least so many partitions.
const FEWEST_PARTITIONS: usize = 4;

/// How a host's share of work is sized.
#[derive(Clone, Debug)]
pub struct WiringOptions {
    pub settings: Settings,
    pub admin: Admin,
    pub prefix: String,
    /// This host's own: no other has transactions under it.
    pub host: String,
    /// Threads that run lanes.
    pub workers: usize,
    /// Bytes in flight, all transforms together.
    pub budget: u64,
}

/// What all transforms of a host share of the data plane.
pub struct Wiring {
    options: WiringOptions,
    shared: Shared,
    /// Of modules that are asked to describe themselves, all together.
    checks: Account,
    /// Kept for its threads; lanes run nowhere else.
    lanes: Option<tokio::runtime::Runtime>,
}

impl Wiring {
    /// # Errors
    /// If no threads can be had.
    pub fn new(options: WiringOptions) -> std::io::Result<Self> {
        let lanes = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.workers)
            .thread_name("lane")
            .enable_all()
            .build()?;
        let shared = Shared {
            lanes: lanes.handle().clone(),
            schedule: Schedule::new(options.workers),
            budget: Budget::new(options.budget),
            watchdog: Watchdog::new(watchdog::DEFAULT_LIMIT),
        };
        let checks = shared.schedule.account();
        Ok(Wiring {
            options,
            shared,
            checks,
            lanes: Some(lanes),
        })
    }

    pub fn watchdog(&self) -> &Watchdog {
        &self.shared.watchdog
    }

    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Runs what guests do outside of any transform's lanes where lanes run, in turns like theirs: the threads that fetch and
    /// commit are not to wait for a guest.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let task = self.shared.lanes.spawn(self.checks.run(work));
        task.await.map_err(|error| error.to_string())
    }

    /// Starts a transform, or a redrive of one.
    pub(crate) fn start(
        &self,
        shape: Shape,
        revision: runner::Revision,
        reads: Reads,
        stats: &Arc<Stats>,
    ) -> Result<RunnerHandle, String> {
        let member: Arc<str> = match &reads {
            Reads::Sources => Arc::clone(&revision.routes.transform),
            Reads::Letters { member, .. } => Arc::clone(member),
        };
        let mut options = ConsumerOptions::new(names::group(&self.options.prefix, &member));
        options.fetch_memory = FETCH_MEMORY;
        // As many as there were at the first deploy; a topic that grew since takes a little more memory. Few partitions get
        // much each: a fetch of a megabyte costs the broker, and this host, less than four of a quarter.
        options.expected_partitions = revision.starts.offsets.len().max(FEWEST_PARTITIONS);
        let consumer =
            Consumer::new(&self.options.settings, &options).map_err(|error| error.to_string())?;
        let source = KafkaSource::new(consumer.clone());
        let outlet = |pool| KafkaOutlet::new(pool, self.options.admin.clone());
        let parts = Parts {
            member,
            shape,
            revision,
            consumer,
            stats: Arc::clone(stats),
        };
        Ok(match reads {
            Reads::Sources => self.run(parts, source, outlet),
            Reads::Letters { selection, .. } => {
                let source = LetterSource::new(source, selection);
                self.run(parts, source, |pool| Copied::new(outlet(pool)))
            }
        })
    }

    fn run<S, P>(
        &self,
        parts: Parts,
        source: S,
        outlet: impl FnOnce(ProducerPool) -> P,
    ) -> RunnerHandle
    where
        S: Source,
        P: Outlet<Rows = S::Rows>,
    {
        let Parts {
            member,
            shape,
            revision,
            consumer,
            stats,
        } = parts;
        let mut config = RunnerConfig::new(Arc::clone(&member));
        config.lanes = shape
            .lanes
            .map_or(self.options.workers, |lanes| lanes as usize)
            .max(1);
        config.commit_every = shape.commit_every;
        let offsets = KafkaOffsets::new(consumer.clone());
        let shared = &self.shared;
        match shape.delivery {
            Guarantee::AtLeastOnce => {
                let settings = self.options.settings.clone();
                let pool = ProducerPool::new(settings, ProducerOptions::default());
                let outlet = Arc::new(outlet(pool));
                let delivery = AtLeastOnce::new(outlet, offsets, Arc::clone(&stats));
                runner::start(config, revision, source, delivery, stats, shared)
            }
            Guarantee::ExactlyOnce => {
                let WiringOptions { prefix, host, .. } = &self.options;
                let options = ProducerOptions {
                    transactional_id: Some(names::transactional_id(prefix, &member, host)),
                    ..ProducerOptions::default()
                };
                let settings = self.options.settings.clone();
                let pool = ProducerPool::transactional(settings, options);
                let transactions = KafkaTransactions::new(pool.clone(), consumer);
                let outlet = Arc::new(outlet(pool));
                let delivery = ExactlyOnce::new(outlet, transactions, offsets, Arc::clone(&stats));
                runner::start(config, revision, source, delivery, stats, shared)
            }
        }
    }
}

/// What a runner reads.
pub(crate) enum Reads {
    /// The transform's sources, as the transform.
    Sources,
    /// Chosen dead letters, as a member of a group of its own.
    Letters {
        member: Arc<str>,
        selection: Arc<dyn Selection>,
    },
}

/// What a runner is made of, whatever it reads.
struct Parts {
    member: Arc<str>,
    shape: Shape,
    revision: runner::Revision,
    consumer: Consumer,
    stats: Arc<Stats>,
}

/// What of a deployment is settled when its transform starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    lanes: Option<u32>,
    delivery: Guarantee,
    commit_every: Duration,
}

impl Shape {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let delivery = manifest.delivery;
        Self {
            lanes: manifest.lanes,
            delivery,
            commit_every: manifest
                .commit_interval
                .unwrap_or_else(|| delivery.commit_interval()),
        }
    }
}

impl Drop for Wiring {
    fn drop(&mut self) {
        if let Some(lanes) = self.lanes.take() {
            // A guest call in progress must not hold up the end, and whoever drops this may be a task itself.
            lanes.shutdown_background();
        }
    }
}

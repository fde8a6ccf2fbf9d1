//! The one file that wires a transform's real parts: a Kafka consumer as its source, at-least-once delivery to Kafka, and a
//! runner between them. Everything else in this crate would work with other parts.

use std::sync::Arc;

use millstream_kafka::{
    admin::Admin,
    consumer::{Consumer, ConsumerOptions},
    producer::ProducerOptions,
    settings::Settings,
};

use crate::{
    budget::Budget,
    delivery::{AtLeastOnce, KafkaOffsets, KafkaOutlet, ProducerPool},
    names,
    runner::{self, RunnerConfig, RunnerHandle, Shared},
    schedule::Schedule,
    source::KafkaSource,
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
    /// Threads that run lanes.
    pub workers: usize,
    /// Bytes in flight, all transforms together.
    pub budget: u64,
}

/// What all transforms of a host share of the data plane.
pub struct Wiring {
    options: WiringOptions,
    shared: Shared,
    producers: ProducerPool,
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
        // By equal settings, and all transforms have equal settings so far.
        let producers = ProducerPool::new(options.settings.clone(), ProducerOptions::default());
        Ok(Wiring {
            options,
            shared,
            producers,
            lanes: Some(lanes),
        })
    }

    pub fn watchdog(&self) -> &Watchdog {
        &self.shared.watchdog
    }

    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Starts a transform.
    pub(crate) fn start(
        &self,
        lanes: Option<u32>,
        revision: runner::Revision,
        stats: &Arc<Stats>,
    ) -> Result<RunnerHandle, String> {
        let name = Arc::clone(&revision.routes.transform);
        let mut options = ConsumerOptions::new(names::group(&self.options.prefix, &name));
        options.fetch_memory = FETCH_MEMORY;
        // As many as there were at the first deploy; a topic that grew since takes a little more memory. Few partitions get
        // much each: a fetch of a megabyte costs the broker, and this host, less than four of a quarter.
        options.expected_partitions = revision.starts.len().max(FEWEST_PARTITIONS);
        let consumer =
            Consumer::new(&self.options.settings, &options).map_err(|error| error.to_string())?;
        let outlet = Arc::new(KafkaOutlet::new(
            self.producers.clone(),
            self.options.admin.clone(),
        ));
        let delivery = AtLeastOnce::new(
            outlet,
            KafkaOffsets::new(consumer.clone()),
            Arc::clone(stats),
        );
        let mut config = RunnerConfig::new(name);
        config.lanes = lanes
            .map_or(self.options.workers, |lanes| lanes as usize)
            .max(1);
        Ok(runner::start(
            config,
            revision,
            KafkaSource::new(consumer),
            delivery,
            Arc::clone(stats),
            &self.shared,
        ))
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

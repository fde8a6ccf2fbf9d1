//! Topics, through Kafka's own admin protocol.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Kafka;
use crate::names::fresh;
use crate::wait::{PATIENCE, wait_until};

pub(super) const LIMIT: Duration = Duration::from_secs(30);

impl Kafka {
    /// Creates a topic under a name never used before, which starts with `stem`.
    pub fn topic(&self, stem: &str, partitions: i32) -> String {
        self.topic_with(stem, partitions, &[])
    }

    /// The same with topic configuration, such as `("cleanup.policy", "compact")`.
    pub fn topic_with(&self, stem: &str, partitions: i32, config: &[(&str, &str)]) -> String {
        let name = fresh(stem);
        self.create_topic(&name, partitions, config);
        name
    }

    /// Creates a topic of exactly this name, and waits until the broker knows it.
    pub fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let topic = NewTopic {
            name,
            num_partitions: partitions,
            // As the broker's default says.
            replication: TopicReplication::Fixed(-1),
            config: config.to_vec(),
        };
        let results =
            block_on(self.admin().create_topics([&topic], &options())).expect("create a topic");
        for result in results {
            result.unwrap_or_else(|(name, code)| panic!("create topic {name}: {code}"));
        }
        wait_until(
            &format!("{name} has {partitions} partitions"),
            PATIENCE,
            || (self.partitions(name) == partitions).then_some(()),
        );
    }

    /// Grows a topic to `partitions`.
    pub fn add_partitions(&self, name: &str, partitions: usize) {
        let wanted = NewPartitions::new(name, partitions);
        let results = block_on(self.admin().create_partitions([&wanted], &options()))
            .expect("add partitions");
        for result in results {
            result.unwrap_or_else(|(name, code)| panic!("add partitions to {name}: {code}"));
        }
    }

    pub fn delete_topic(&self, name: &str) {
        let results =
            block_on(self.admin().delete_topics(&[name], &options())).expect("delete a topic");
        for result in results {
            result.unwrap_or_else(|(name, code)| panic!("delete topic {name}: {code}"));
        }
    }

    /// Deletes a topic and waits until it is gone.
    pub fn drop_topic(&self, name: &str) {
        self.delete_topic(name);
        wait_until(&format!("{name} is gone"), PATIENCE, || {
            (self.partitions(name) == 0).then_some(())
        });
    }

    /// Sets one of a topic's settings.
    pub fn configure_topic(&self, name: &str, setting: &str, value: &str) {
        let change = AlterConfig::new(ResourceSpecifier::Topic(name)).set(setting, value);
        let results =
            block_on(self.admin().alter_configs([&change], &options())).expect("alter a topic");
        for result in results {
            result.unwrap_or_else(|(_, code)| panic!("set {setting} of {name}: {code}"));
        }
    }

    /// Deletes the records of a partition before this offset, as retention does.
    pub fn delete_records(&self, name: &str, partition: i32, before: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(name, partition, Offset::Offset(before))
            .expect("an offset");
        let deleted =
            block_on(self.admin().delete_records(&list, &options())).expect("delete records");
        for element in deleted.elements() {
            element
                .error()
                .unwrap_or_else(|error| panic!("delete records of {name}: {error}"));
        }
    }

    /// How many partitions a topic has; 0 when there is no such topic.
    pub fn partitions(&self, name: &str) -> i32 {
        let metadata = self
            .observer()
            .fetch_metadata(None, LIMIT)
            .expect("metadata");
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        topic.map_or(0, |topic| i32::try_from(topic.partitions().len()).unwrap())
    }

    /// Names of all topics that start with `prefix`.
    pub fn topics_named(&self, prefix: &str) -> Vec<String> {
        let metadata = self
            .observer()
            .fetch_metadata(None, LIMIT)
            .expect("metadata");
        metadata
            .topics()
            .iter()
            .map(|topic| topic.name().to_owned())
            .filter(|name| name.starts_with(prefix))
            .collect()
    }

    /// The log end offset of every partition, summed: markers of transactions count.
    pub fn end_offsets(&self, name: &str) -> Vec<i64> {
        let observer = self.observer();
        (0..self.partitions(name))
            .map(|partition| {
                observer
                    .fetch_watermarks(name, partition, LIMIT)
                    .expect("watermarks")
                    .1
            })
            .collect()
    }

    /// The log start offset of a partition.
    pub fn start_offset(&self, name: &str, partition: i32) -> i64 {
        self.observer()
            .fetch_watermarks(name, partition, LIMIT)
            .expect("watermarks")
            .0
    }

    /// What a group committed for every partition of a topic.
    pub fn committed(&self, group: &str, topic: &str) -> Vec<Option<i64>> {
        let commits = self.commits(group, topic);
        let offset = |(offset, _): (i64, String)| offset;
        commits
            .into_iter()
            .map(|commit| commit.map(offset))
            .collect()
    }

    /// The same with each commit's metadata.
    pub fn commits(&self, group: &str, topic: &str) -> Vec<Option<(i64, String)>> {
        let consumer: BaseConsumer = self
            .config()
            .set("group.id", group)
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..self.partitions(topic) {
            list.add_partition(topic, partition);
        }
        // A coordinator that has just moved is found after a while.
        let committed = wait_until("the group's coordinator answers", LIMIT, || {
            consumer.committed_offsets(list.clone(), LIMIT).ok()
        });
        committed
            .elements()
            .iter()
            .map(|element| match element.offset() {
                Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
                _ => None,
            })
            .collect()
    }

    /// Whether every partition of every topic has all its copies in sync.
    pub(super) fn all_in_sync(&self) -> bool {
        let Ok(metadata) = self.observer().fetch_metadata(None, LIMIT) else {
            return false;
        };
        let partitions = metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions());
        let mut in_sync = partitions.map(|one| one.isr().len() == one.replicas().len());
        in_sync.all(|whole| whole) && metadata.brokers().len() == self.nodes()
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.brokers());
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config().create().expect("an admin client")
    }

    fn observer(&self) -> BaseConsumer {
        self.config()
            .set("group.id", "observer")
            .create()
            .expect("a consumer")
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(LIMIT))
        .request_timeout(Some(LIMIT))
}

/// The admin client's futures are woken by librdkafka's thread: no runtime is needed.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

//! The data plane on the real client, against the broker inside the process.

mod plane_support;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_host::delivery::{AtLeastOnce, KafkaOffsets, KafkaOutlet, ProducerPool};
use millstream_host::runner::{self, RunnerConfig, RunnerHandle, Shared};
use millstream_host::source::{Event, KafkaSource, Queue as _, Source as _, TopicPartition};
use millstream_host::stats::Stats;
use millstream_kafka::Settings;
use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::{Consumer, ConsumerOptions};
use millstream_kafka::embedded::EmbeddedBroker;
use millstream_kafka::producer::{
    BaseHeaders, Flight, Key, Outgoing, Producer, ProducerOptions, Value,
};
use plane_support::{pass, revision, shared};

const PARTITIONS: i32 = 4;

struct Cluster {
    broker: EmbeddedBroker,
    settings: Settings,
    admin: Admin,
    pool: ProducerPool,
}

async fn cluster() -> Cluster {
    let broker = EmbeddedBroker::start(None).await.expect("a broker");
    let settings = Settings::embedded(&broker, &[]).expect("settings");
    for topic in ["in", "out"] {
        broker.create_topic(topic, PARTITIONS).expect("a topic");
    }
    broker.create_topic("dead", 1).expect("a topic");
    let admin = Admin::embedded(&settings, broker.clone()).expect("an admin");
    let pool = ProducerPool::new(settings.clone(), ProducerOptions::default());
    Cluster {
        broker,
        settings,
        admin,
        pool,
    }
}

impl Cluster {
    fn host(&self, shared: &Shared) -> RunnerHandle {
        let mut options = ConsumerOptions::new("millstream.t");
        options.session_timeout = Duration::from_secs(6);
        let consumer = Consumer::new(&self.settings, &options).expect("a consumer");
        let stats = Stats::new();
        let outlet = Arc::new(KafkaOutlet::new(self.pool.clone(), self.admin.clone()));
        let delivery = AtLeastOnce::new(
            outlet,
            KafkaOffsets::new(consumer.clone()),
            Arc::clone(&stats),
        );
        let mut config = RunnerConfig::new("t");
        config.lanes = 2;
        runner::start(
            config,
            revision(1, pass()),
            KafkaSource::new(consumer),
            delivery,
            stats,
            shared,
        )
    }

    /// Numbered records, `n % 4` to a partition.
    async fn produce(&self, range: std::ops::Range<usize>) {
        let producer =
            Producer::new(&self.settings, &ProducerOptions::default()).expect("a producer");
        let topic = producer.topic("in").expect("a topic");
        producer.partitions(&topic).await.expect("partitions");
        let (sender, done) = tokio::sync::oneshot::channel();
        let mut flight = Flight::detached(Vec::new(), move |result| {
            let _ = sender.send(result);
        });
        for number in range {
            let value = number.to_string();
            let partition = number as i32 % PARTITIONS;
            let record = || Outgoing {
                topic: &topic,
                partition,
                key: Key::Bytes(if partition == 0 { b"a" } else { b"key" }),
                value: Value::Copy(value.as_bytes()),
                headers: BaseHeaders::None,
                added: &[("h", Some(b"1"))],
                timestamp: 1_700_000_000_000,
            };
            while producer.send(&mut flight, record()).is_err() {
                producer.ready().await;
            }
        }
        flight.seal();
        done.await.expect("done").expect("delivered");
    }

    /// How often each number came out, and whether first occurrences kept the order of their input partition.
    async fn read(&self, until: usize) -> HashMap<usize, usize> {
        let consumer =
            Consumer::new(&self.settings, &ConsumerOptions::new("reader")).expect("a consumer");
        let source = KafkaSource::new(consumer);
        source.subscribe(&["out".into()]).expect("subscribed");
        let mut queues = Vec::new();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        let mut last: HashMap<usize, usize> = HashMap::new();
        let patience = Instant::now() + Duration::from_secs(60);
        while seen.len() < until {
            assert!(
                Instant::now() < patience,
                "{} of {until} came out",
                seen.len()
            );
            if let Ok(Event::Assigned(partitions)) =
                tokio::time::timeout(Duration::from_millis(20), source.next_event()).await
            {
                let at: Vec<_> = partitions
                    .into_iter()
                    .map(|partition| (partition, 0))
                    .collect();
                queues.extend(source.begin(&at).expect("begun"));
            }
            for queue in &mut queues {
                let taken = queue.take(10_000, usize::MAX >> 1);
                for row in 0..taken.rows.len() {
                    let value =
                        std::str::from_utf8(taken.rows.value(row).expect("a value")).expect("text");
                    let number: usize = value.parse().expect("a number");
                    let count = seen.entry(number).or_default();
                    *count += 1;
                    if *count == 1 {
                        let before = last.insert(number % PARTITIONS as usize, number);
                        assert!(
                            before.is_none_or(|before| before < number),
                            "{number} came after {before:?}"
                        );
                    }
                    let headers: Vec<_> = taken.rows.headers(row).collect();
                    assert_eq!(headers, [("h", Some(&b"1"[..]))]);
                    assert_eq!(taken.rows.timestamp(row), 1_700_000_000_000);
                }
            }
        }
        source.close().await;
        seen
    }
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < patience, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn records_in(handle: &RunnerHandle) -> u64 {
    handle.stats().snapshot().records_in
}

async fn drain(handle: &RunnerHandle) {
    handle
        .drain(tokio::time::Instant::now() + Duration::from_secs(10))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_go_through_once_with_headers_and_timestamps_and_offsets_are_kept() {
    let cluster = cluster().await;
    cluster.produce(0..20_000).await;
    let host = cluster.host(&shared(32 << 20));
    until("all are through", || records_in(&host) == 20_000).await;
    drain(&host).await;
    let seen = cluster.read(20_000).await;
    assert!(seen.values().all(|count| *count == 1));
    // Another host goes on where this one stopped.
    cluster.produce(20_000..21_000).await;
    let host = cluster.host(&shared(32 << 20));
    until("the rest is through", || records_in(&host) == 1_000).await;
    drain(&host).await;
    assert_eq!(records_in(&host), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_come_and_go_under_load_lose_nothing_and_share_partitions() {
    let cluster = cluster().await;
    cluster.produce(0..10_000).await;
    let shared = shared(32 << 20);
    let first = cluster.host(&shared);
    until("it has begun", || records_in(&first) > 0).await;
    let second = cluster.host(&shared);
    for round in 1..8 {
        cluster
            .produce(round * 5_000 + 5_000..round * 5_000 + 10_000)
            .await;
    }
    // Not as soon as both have some: what one has let go of the other need not have yet, and this coordinator may give out what
    // has not been let go of.
    until("each partition is with one of the two", || {
        let (first, second) = (first.partitions(), second.partitions());
        let both: HashSet<TopicPartition> = first.iter().chain(&second).cloned().collect();
        !first.is_empty()
            && !second.is_empty()
            && both.len() == 4
            && first.len() + second.len() == 4
    })
    .await;
    cluster.produce(45_000..50_000).await;
    drain(&first).await;
    until("the other has them all", || second.partitions().len() == 4).await;
    cluster.produce(50_000..55_000).await;
    // None is missing, and all are in order. That none comes twice is up to the coordinator: this one gives assignments out
    // before every member has asked for its own, and takes no last commits until then. (Kafka's does not, see `e2e::rollout`.)
    cluster.read(55_000).await;
    drain(&second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_goes_away_is_waited_for() {
    let cluster = cluster().await;
    cluster.produce(0..4_000).await;
    let host = cluster.host(&shared(32 << 20));
    until("it has begun", || records_in(&host) == 4_000).await;
    cluster.broker.set_up(false).expect("down");
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.broker.set_up(true).expect("up");
    cluster.produce(4_000..8_000).await;
    until("the rest is through", || records_in(&host) >= 8_000).await;
    drain(&host).await;
}

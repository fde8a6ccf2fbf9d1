//! The data plane on librdkafka's mock cluster, whose brokers answer with whatever error they are told to.
//!
//! The mock acknowledges transactions and keeps nothing of them: what is aborted stays visible, and offsets that were added to
//! a transaction are forgotten. So a [`Truth`] stands between the delivery and the client. Every record says in a header which
//! transaction it is part of, and those count whose commit was reported as done; offsets of a transaction count with it.
//! What that cannot show: a client that reports a commit as done which the broker refused. A real broker shows that
//! (`tests/tests/e2e`).

#![allow(unreachable_pub)]

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use millstream_host::delivery::{
    AtLeastOnce, Committed, DeliveryError, Done, ExactlyOnce, Identity, KafkaFlight, KafkaOffsets,
    KafkaOutlet, KafkaTopic, KafkaTransactions, Offsets, OutHeaders, Outgoing, Outlet,
    ProducerPool, SendError, Transactions,
};
use millstream_host::runner::{self, RunnerConfig, RunnerHandle};
use millstream_host::source::{Event, KafkaSource, Queue as _, Source as _, TopicPartition};
use millstream_host::stats::Stats;
use millstream_kafka::Settings;
use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::{Consumer, ConsumerOptions, Fetched, Member};
use millstream_kafka::embedded::EmbeddedBroker;
use millstream_kafka::producer::{self, BaseHeaders, Flight, Producer, ProducerOptions};
use parking_lot::Mutex;

use crate::plane_support::{native, revision, shared};

pub const PARTITIONS: i32 = 4;
/// The header that says which transaction a record is part of.
const TRANSACTION: &str = "transaction";

/// What readers of committed records would see, and a group have committed, on a broker that keeps transactions.
#[derive(Debug, Clone, Default)]
struct Truth(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    /// The number of the open one.
    open: u64,
    committed: HashSet<u64>,
    offsets: HashMap<TopicPartition, Committed>,
}

impl Truth {
    fn ended(&self, committed: Option<&[(TopicPartition, Committed)]>) {
        let mut shown = self.0.lock();
        if let Some(offsets) = committed {
            let open = shown.open;
            shown.committed.insert(open);
            shown.offsets.extend(offsets.iter().cloned());
        }
        shown.open += 1;
    }
}

/// Writes into each record which transaction it is part of.
struct Numbering {
    outlet: KafkaOutlet,
    truth: Truth,
}

impl Outlet for Numbering {
    type Rows = Fetched;
    type Topic = KafkaTopic;
    type Flight = KafkaFlight;

    async fn topic(&self, name: &str) -> Result<KafkaTopic, DeliveryError> {
        self.outlet.topic(name).await
    }
    fn partitions(&self, topic: &KafkaTopic) -> i32 {
        self.outlet.partitions(topic)
    }
    fn max_message_bytes(&self, topic: &KafkaTopic) -> u64 {
        self.outlet.max_message_bytes(topic)
    }
    fn begin(&self, rows: Option<Fetched>, patched: Vec<u8>, done: Done) -> KafkaFlight {
        self.outlet.begin(rows, patched, done)
    }
    fn hold(&self, flight: &mut KafkaFlight, topic: &KafkaTopic) {
        self.outlet.hold(flight, topic);
    }
    fn rows<'a>(&self, flight: &'a KafkaFlight) -> Option<&'a Fetched> {
        self.outlet.rows(flight)
    }
    fn send(
        &self,
        flight: &mut KafkaFlight,
        record: &Outgoing<'_, KafkaTopic>,
    ) -> Result<(), SendError> {
        let number = self.truth.0.lock().open.to_string();
        let mut list = record.headers.list.to_vec();
        list.push((TRANSACTION, Some(number.as_bytes())));
        let headers = OutHeaders {
            base: record.headers.base,
            list: &list,
        };
        let numbered = Outgoing {
            topic: record.topic,
            partition: record.partition,
            key: record.key,
            value: record.value.clone(),
            headers,
            timestamp: record.timestamp,
        };
        self.outlet.send(flight, &numbered)
    }
    async fn ready(&self, topic: &KafkaTopic) {
        self.outlet.ready(topic).await;
    }
    fn seal(&self, flight: KafkaFlight) {
        self.outlet.seal(flight);
    }
    fn recover(&self, reason: &DeliveryError) {
        self.outlet.recover(reason);
    }
}

/// Keeps the account of what was committed.
struct Accounting {
    transactions: KafkaTransactions,
    truth: Truth,
}

impl Transactions for Accounting {
    type Member = Member;

    fn member(&self) -> Member {
        self.transactions.member()
    }
    fn is_over(&self) -> bool {
        self.transactions.is_over()
    }
    async fn renew(&self) -> Result<(), DeliveryError> {
        let renewed = self.transactions.renew().await;
        self.truth.ended(None);
        renewed
    }
    async fn commit(
        &self,
        member: Member,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<(), DeliveryError> {
        let ended = self.transactions.commit(member, commits).await;
        self.truth.ended(ended.is_ok().then_some(commits));
        ended
    }
    async fn abort(&self) -> Result<(), DeliveryError> {
        let ended = self.transactions.abort().await;
        self.truth.ended(None);
        ended
    }
}

/// A group's offsets, those of transactions among them.
struct TrueOffsets {
    offsets: KafkaOffsets,
    truth: Truth,
}

impl Offsets for TrueOffsets {
    async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Committed>>, DeliveryError> {
        let found = self.offsets.committed(partitions).await?;
        let shown = self.truth.0.lock();
        let truly = |(partition, found)| shown.offsets.get(partition).cloned().or(found);
        Ok(std::iter::zip(partitions, found).map(truly).collect())
    }
    async fn commit(
        &self,
        commits: &[(TopicPartition, Committed)],
    ) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let results = self.offsets.commit(commits).await?;
        let worked = std::iter::zip(commits, &results).filter(|(_, result)| result.is_ok());
        let worked = worked.map(|(commit, _)| commit.clone());
        self.truth.0.lock().offsets.extend(worked);
        Ok(results)
    }
    async fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Range<i64>>, DeliveryError> {
        self.offsets.extents(partitions).await
    }

    async fn identities(&self, topics: &[Arc<str>]) -> Result<Vec<Identity>, DeliveryError> {
        self.offsets.identities(topics).await
    }
}

/// A mock cluster with the topics of one transform.
pub struct Mock {
    pub broker: EmbeddedBroker,
    settings: Settings,
    admin: Admin,
    truth: Truth,
}

/// Which numbers came out, in the order of each input partition.
#[derive(Debug, Default)]
pub struct Arrived {
    /// How often each came.
    pub times: HashMap<usize, usize>,
    /// Numbers whose first time came after that of a later one.
    pub reordered: Vec<usize>,
    /// Of aborted transactions.
    pub hidden: usize,
}

impl Mock {
    pub async fn start() -> Mock {
        let broker = EmbeddedBroker::start(None).await.expect("a broker");
        let settings = Settings::embedded(&broker, &[]).expect("settings");
        for topic in ["in", "out"] {
            broker.create_topic(topic, PARTITIONS).expect("a topic");
        }
        broker.create_topic("dead", 1).expect("a topic");
        let admin = Admin::embedded(&settings, broker.clone()).expect("an admin");
        Mock {
            broker,
            settings,
            admin,
            truth: Truth::default(),
        }
    }

    /// A transform from `in` to `out` on the real clients, as `wire.rs` puts it together. Small batches, a guest that takes its
    /// time and frequent commits: a run of some thousand records makes requests of every kind many times.
    pub fn host(&self, exactly_once: bool) -> RunnerHandle {
        let options = ConsumerOptions::new("millstream.t");
        let consumer = Consumer::new(&self.settings, &options).expect("a consumer");
        let stats = Stats::new();
        let mut config = RunnerConfig::new("t");
        config.lanes = 2;
        config.batch.records = 50;
        config.commit_every = Duration::from_millis(100);
        config.lag_every = Duration::from_millis(200);
        let first = revision(
            1,
            native(|_| {
                std::thread::sleep(Duration::from_millis(5));
                Ok(millstream_engine::Output::default())
            }),
        );
        let (source, shared) = (KafkaSource::new(consumer.clone()), shared(32 << 20));
        let offsets = KafkaOffsets::new(consumer.clone());
        let outlet = |pool| KafkaOutlet::new(pool, self.admin.clone());
        if exactly_once {
            let options = ProducerOptions {
                transactional_id: Some("millstream.t.here".to_owned()),
                ..ProducerOptions::default()
            };
            let pool = ProducerPool::transactional(self.settings.clone(), options);
            let truth = || self.truth.clone();
            let transactions = Accounting {
                transactions: KafkaTransactions::new(pool.clone(), consumer),
                truth: truth(),
            };
            let outlet = Numbering {
                outlet: outlet(pool),
                truth: truth(),
            };
            let offsets = TrueOffsets {
                offsets,
                truth: truth(),
            };
            let delivery =
                ExactlyOnce::new(Arc::new(outlet), transactions, offsets, Arc::clone(&stats));
            runner::start(config, first, source, delivery, stats, &shared)
        } else {
            let pool = ProducerPool::new(self.settings.clone(), ProducerOptions::default());
            let delivery = AtLeastOnce::new(Arc::new(outlet(pool)), offsets, Arc::clone(&stats));
            runner::start(config, first, source, delivery, stats, &shared)
        }
    }

    /// Numbered records, `n % 4` to a partition.
    pub async fn produce(&self, range: std::ops::Range<usize>) {
        let producer =
            Producer::new(&self.settings, &ProducerOptions::default()).expect("a producer");
        let topic = producer.topic("in").expect("a topic");
        // What is injected may hit this producer's connection.
        while producer.partitions(&topic).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (sender, done) = tokio::sync::oneshot::channel();
        let mut flight = Flight::detached(Vec::new(), move |result| {
            let _ = sender.send(result);
        });
        for number in range {
            let (value, partition) = (number.to_string(), number as i32 % PARTITIONS);
            let key = format!("k{partition}");
            let record = || producer::Outgoing {
                topic: &topic,
                partition,
                key: producer::Key::Bytes(key.as_bytes()),
                value: producer::Value::Copy(value.as_bytes()),
                headers: BaseHeaders::None,
                added: &[],
                timestamp: 1_700_000_000_000,
            };
            while producer.send(&mut flight, record()).is_err() {
                producer.ready().await;
            }
        }
        flight.seal();
        done.await.expect("done").expect("delivered");
    }

    /// Reads all that is in `out`, and forgets what is part of aborted transactions.
    pub async fn read(&self, exactly_once: bool) -> Arrived {
        let consumer =
            Consumer::new(&self.settings, &ConsumerOptions::new("reader")).expect("a consumer");
        let partitions: Vec<_> = (0..PARTITIONS)
            .map(|partition| TopicPartition::new("out", partition))
            .collect();
        let extents = consumer.extents(&partitions).await.expect("extents");
        let ends = extents
            .into_iter()
            .map(|(partition, extent)| (partition, extent.expect("one")));
        let mut left: HashMap<_, _> = ends
            .filter(|(_, extent)| extent.end > extent.start)
            .map(|(partition, extent)| (partition, extent.end))
            .collect();
        let committed = self.truth.0.lock().committed.clone();
        let source = KafkaSource::new(consumer);
        source.subscribe(&["out".into()]).expect("subscribed");
        let (mut queues, mut arrived) = (Vec::new(), Arrived::default());
        let mut last: HashMap<usize, usize> = HashMap::new();
        while !left.is_empty() {
            let event = tokio::time::timeout(Duration::from_millis(20), source.next_event());
            if let Ok(Event::Assigned(assigned)) = event.await {
                let at: Vec<_> = assigned
                    .into_iter()
                    .map(|partition| (partition, 0))
                    .collect();
                let begun = source.begin(&at).expect("begun");
                queues.extend(
                    std::iter::zip(at, begun).map(|((partition, _), queue)| (partition, queue)),
                );
            }
            for (partition, queue) in &mut queues {
                let taken = queue.take(10_000, usize::MAX >> 1).rows;
                for row in 0..taken.len() {
                    let number = text(taken.value(row).expect("a value"))
                        .parse()
                        .expect("a number");
                    let transaction = taken.headers(row).find(|(name, _)| *name == TRANSACTION);
                    let transaction = transaction.and_then(|(_, value)| text(value?).parse().ok());
                    if exactly_once
                        && !transaction.is_some_and(|number| committed.contains(&number))
                    {
                        arrived.hidden += 1;
                        continue;
                    }
                    let times = arrived.times.entry(number).or_default();
                    *times += 1;
                    if *times == 1 {
                        let last = last.entry(number % PARTITIONS as usize).or_insert(number);
                        if number < *last {
                            arrived.reordered.push(number);
                        }
                        *last = number.max(*last);
                    }
                }
                let reached = taken.next_offset();
                if left
                    .get(partition)
                    .is_some_and(|end| reached.is_some_and(|at| at >= *end))
                {
                    left.remove(partition);
                }
            }
        }
        source.close().await;
        arrived
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

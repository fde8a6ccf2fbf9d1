//! A broker, clients, and waiting for conditions.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use millstream_kafka::consumer::{
    Consumer, ConsumerEvent, ConsumerOptions, Fetched, PartitionQueue,
};
use millstream_kafka::embedded::EmbeddedBroker;
use millstream_kafka::producer::{
    BaseHeaders, DeliveryError, Flight, HeaderList, Key, Outgoing, Producer, ProducerOptions, Value,
};
use millstream_kafka::{Settings, TopicPartition};
use tokio::sync::oneshot;

pub(crate) struct World {
    pub(crate) broker: EmbeddedBroker,
    pub(crate) settings: Settings,
}

impl World {
    pub(crate) async fn new() -> World {
        let broker = EmbeddedBroker::start(None).await.unwrap();
        let settings = Settings::embedded(&broker, &[]).unwrap();
        World { broker, settings }
    }

    pub(crate) fn topic(&self, name: &str, partitions: i32) {
        assert!(self.broker.create_topic(name, partitions).unwrap());
    }

    pub(crate) fn consumer(&self, group: &str) -> Consumer {
        Consumer::new(&self.settings, &ConsumerOptions::new(group)).unwrap()
    }

    pub(crate) fn producer(&self) -> Producer {
        self.producer_with(ProducerOptions::default())
    }

    pub(crate) fn producer_with(&self, options: ProducerOptions) -> Producer {
        Producer::new(&self.settings, &options).unwrap()
    }

    /// The queue of a partition that a member of a new group reads from its beginning.
    pub(crate) async fn reader(
        &self,
        topic: &str,
        partitions: i32,
    ) -> (Consumer, Vec<PartitionQueue>) {
        let options = ConsumerOptions::new(format!("readers-of-{topic}"));
        self.reader_with(&options, topic, partitions).await
    }

    pub(crate) async fn reader_with(
        &self,
        options: &ConsumerOptions,
        topic: &str,
        partitions: i32,
    ) -> (Consumer, Vec<PartitionQueue>) {
        let consumer = Consumer::new(&self.settings, options).unwrap();
        consumer.subscribe(&[topic]).unwrap();
        let ConsumerEvent::Assign(assigned) = event(&consumer).await else {
            panic!("no assignment")
        };
        assert_eq!(assigned.len(), partitions as usize);
        let queues = assigned
            .iter()
            .map(|partition| consumer.queue(partition).unwrap())
            .collect();
        let offsets: Vec<_> = assigned
            .into_iter()
            .map(|partition| (partition, 0))
            .collect();
        consumer.assign(&offsets).unwrap();
        (consumer, queues)
    }
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("{what}: nothing for 30 s"))
}

/// The next rebalance.
pub(crate) async fn event(consumer: &Consumer) -> ConsumerEvent {
    within("an event", async {
        loop {
            match consumer.next_event().await {
                ConsumerEvent::Error(error) if !error.is_fatal() => {}
                event => return event,
            }
        }
    })
    .await
}

pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}

/// Takes until there are this many records.
pub(crate) async fn take(queue: &PartitionQueue, count: usize) -> Vec<Fetched> {
    let mut batches: Vec<Fetched> = Vec::new();
    until("records", || {
        let have: usize = batches.iter().map(Fetched::len).sum();
        if have >= count {
            return Some(());
        }
        let taken = queue.take(count - have, usize::MAX);
        assert_eq!(taken.error, None);
        if !taken.batch.is_empty() {
            batches.push(taken.batch);
        }
        None
    })
    .await;
    batches
}

/// One record of a batch, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp: i64,
}

pub(crate) fn owned(batches: &[Fetched]) -> Vec<Owned> {
    batches
        .iter()
        .flat_map(|batch| {
            (0..batch.len()).map(|row| Owned {
                key: batch.key(row).map(<[u8]>::to_vec),
                value: batch.value(row).map(<[u8]>::to_vec),
                headers: batch
                    .headers(row)
                    .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
                    .collect(),
                timestamp: batch.timestamp(row),
            })
        })
        .collect()
}

/// A flight's end, to be awaited.
pub(crate) type Landed = oneshot::Receiver<Result<(), DeliveryError>>;

pub(crate) fn landing() -> (
    impl FnOnce(Result<(), DeliveryError>) + Send + 'static,
    Landed,
) {
    let (send, landed) = oneshot::channel();
    (
        move |result| {
            let _ = send.send(result);
        },
        landed,
    )
}

pub(crate) async fn landed(landed: Landed) -> Result<(), DeliveryError> {
    within("a flight's end", landed).await.expect("told once")
}

/// A record by value.
pub(crate) fn record<'a>(
    topic: &'a millstream_kafka::producer::Topic,
    partition: i32,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: HeaderList<'a>,
) -> Outgoing<'a> {
    Outgoing {
        topic,
        partition,
        key: key.map_or(Key::Null, Key::Bytes),
        value: value.map_or(Value::Null, Value::Copy),
        headers: BaseHeaders::List(headers),
        added: &[],
        timestamp: 1_700_000_000_000,
    }
}

/// Writes values to a partition and waits for them.
pub(crate) async fn write(producer: &Producer, topic: &str, partition: i32, values: &[&[u8]]) {
    let topic = producer.topic(topic).unwrap();
    let (done, end) = landing();
    let mut flight = Flight::detached(Vec::new(), done);
    for value in values {
        producer
            .send(
                &mut flight,
                record(&topic, partition, None, Some(value), &[]),
            )
            .unwrap();
    }
    flight.seal();
    landed(end).await.unwrap();
}

pub(crate) fn at(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(Arc::from(topic), partition)
}

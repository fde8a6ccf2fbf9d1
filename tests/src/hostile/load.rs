//! A steady load, and how long each record takes until an independent reader sees what came of it.
//!
//! Open loop: a record is due when it is due, whatever became of those before it, and its latency counts from then.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::client::Producer;
use crate::record::Record;
use crate::wait::{PATIENCE, wait_until};

const VALUE: usize = 400;

/// Writes to one topic and reads another, until it is stopped. Both have one partition.
pub struct Load {
    began: Instant,
    rate: u32,
    /// How many records there will be; as good as endless until it is stopped.
    end: Arc<AtomicU64>,
    /// Of each record, in the order of reading: its number and its latency.
    seen: Arc<Mutex<Vec<(u64, Duration)>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// `rate` records a second to `source`, each of which comes out of `out` once.
    pub fn start(brokers: &str, source: &str, out: &str, rate: u32) -> Self {
        let reader = reader(brokers, out);
        let mut load = Self {
            began: Instant::now(),
            rate,
            end: Arc::new(AtomicU64::new(u64::MAX)),
            seen: Arc::default(),
            threads: Vec::new(),
        };
        let (began, end, seen) = (load.began, Arc::clone(&load.end), Arc::clone(&load.seen));
        load.threads.push(std::thread::spawn(move || {
            let due = |n| began + offset(n, rate);
            while (seen.lock().unwrap().len() as u64) < end.load(Ordering::Acquire) {
                let Some(message) = reader.poll(Duration::from_millis(50)) else {
                    continue;
                };
                let (message, now) = (message.expect("read the output"), Instant::now());
                let number = message
                    .payload()
                    .and_then(|value| value.first_chunk())
                    .expect("a number");
                let number = u64::from_le_bytes(*number);
                let latency = now.saturating_duration_since(due(number));
                seen.lock().unwrap().push((number, latency));
            }
        }));
        let (end, source) = (Arc::clone(&load.end), source.to_owned());
        let producer = Producer::with(
            brokers,
            &[
                ("linger.ms", "0"),
                ("compression.type", "none"),
                ("socket.nagle.disable", "true"),
            ],
        );
        load.threads.push(std::thread::spawn(move || {
            for n in 0_u64.. {
                std::thread::sleep(
                    (began + offset(n, rate)).saturating_duration_since(Instant::now()),
                );
                if n >= end.load(Ordering::Acquire) {
                    break;
                }
                let mut value = vec![0; VALUE];
                value[..8].copy_from_slice(&n.to_le_bytes());
                producer.send(&source, &Record::new(n.to_le_bytes(), value));
            }
            producer.flush();
        }));
        load
    }

    /// How many records were due at this time.
    fn number(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began).as_nanos();
        u64::try_from(since * u128::from(self.rate) / 1_000_000_000).unwrap()
    }

    fn await_seen(&self, count: u64) {
        wait_until(
            &format!("{count} records of the load have come out"),
            PATIENCE,
            || (self.seen.lock().unwrap().len() as u64 >= count).then_some(()),
        );
    }

    /// Waits until so many more records have come out than were due by now.
    #[track_caller]
    pub fn await_more(&self, count: u64) {
        self.await_seen(self.number(Instant::now()) + count);
    }

    /// How long those took that were due between these times.
    #[track_caller]
    pub fn between(&self, from: Instant, to: Instant) -> Latency {
        let (from, to) = (self.number(from), self.number(to));
        self.await_seen(to);
        let seen = self.seen.lock().unwrap();
        let mut took: Vec<Duration> = seen
            .iter()
            .filter(|(number, _)| (from..to).contains(number))
            .map(|(_, latency)| *latency)
            .collect();
        took.sort_unstable();
        let at = |share: f64| {
            let place = (took.len() as f64 * share) as usize;
            took.get(place.min(took.len().saturating_sub(1)))
                .copied()
                .unwrap_or_default()
        };
        Latency {
            count: took.len(),
            median: at(0.5),
            p99: at(0.99),
            highest: at(1.0),
        }
    }

    /// Ends the load; every record has to have come out once, in order.
    #[track_caller]
    pub fn stop(mut self) {
        let count = self.number(Instant::now()) + 1;
        self.end.store(count, Ordering::Release);
        self.await_seen(count);
        for thread in self.threads.drain(..) {
            thread.join().expect("the load");
        }
        let seen = self.seen.lock().unwrap();
        let wrong = (0..).zip(seen.iter()).find(|(n, (seen, _))| n != seen);
        assert_eq!(wrong, None, "a record is missing, doubled or out of order");
        assert_eq!(seen.len() as u64, count);
    }
}

fn offset(n: u64, rate: u32) -> Duration {
    Duration::from_nanos(n * 1_000_000_000 / u64::from(rate))
}

fn reader(brokers: &str, topic: &str) -> BaseConsumer {
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "latency")
        .set("socket.nagle.disable", "true")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let mut partitions = TopicPartitionList::new();
    partitions
        .add_partition_offset(topic, 0, Offset::Beginning)
        .expect("an offset");
    reader.assign(&partitions).expect("assign");
    reader
}

/// How long the records of some time took.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    pub count: usize,
    pub median: Duration,
    pub p99: Duration,
    pub highest: Duration,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p99, highest] =
            [self.median, self.p99, self.highest].map(|took| took.as_secs_f64() * 1000.0);
        write!(f, "{median:5.1} {p99:6.1} {highest:6.1}")
    }
}

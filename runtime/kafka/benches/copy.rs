//! Copies a topic to another through a consumer, flights and a producer, and prints what a record costs in CPU time of
//! this process (the kernel's part included).
//!
//!     cargo bench -p millstream-kafka                          # the embedded broker, whose own CPU is counted as well
//!     BENCH_BROKERS=localhost:9092 cargo bench -p millstream-kafka
//!
//! BENCH_RECORDS (200,000; the embedded broker holds no more) and BENCH_PARTITIONS (32) change the size.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use millstream_kafka::admin::Admin;
use millstream_kafka::consumer::{Consumer, ConsumerEvent, ConsumerOptions, PartitionQueue};
use millstream_kafka::embedded::EmbeddedBroker;
use millstream_kafka::producer::{
    BaseHeaders, Flight, Key, Outgoing, Producer, ProducerOptions, SendError, Topic, Value,
};
use millstream_kafka::{KafkaError, Settings};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const VALUE: usize = 463;

fn number(name: &str, default: usize) -> Result<usize> {
    std::env::var(name).map_or(Ok(default), |text| Ok(text.parse()?))
}

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(run())
}

async fn run() -> Result<()> {
    let (records, partitions) = (
        number("BENCH_RECORDS", 200_000)?,
        number("BENCH_PARTITIONS", 32)?,
    );
    let (settings, admin) = match std::env::var("BENCH_BROKERS") {
        Ok(brokers) => {
            let settings = Settings::new(&brokers, &[])?;
            let admin = Admin::new(&settings)?;
            (settings, admin)
        }
        Err(_) => {
            let broker = EmbeddedBroker::start(None).await?;
            let settings = Settings::embedded(&broker, &[])?;
            let admin = Admin::embedded(&settings, broker)?;
            (settings, admin)
        }
    };
    let stamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let (from, to) = (format!("bench-{stamp}-in"), format!("bench-{stamp}-out"));
    for topic in [&from, &to] {
        admin
            .create_topic(topic, i32::try_from(partitions)?, &[])
            .await?;
    }
    let producer = Producer::new(&settings, &ProducerOptions::default())?;
    fill(&producer, &producer.topic(&from)?, records, partitions).await?;
    let consumer = Consumer::new(
        &settings,
        &ConsumerOptions {
            expected_partitions: partitions,
            ..ConsumerOptions::new(&from)
        },
    )?;
    consumer.subscribe(&[&from])?;
    let queues = assigned(&consumer).await?;

    let (cpu, began) = (cpu(), Instant::now());
    copy(&producer, &producer.topic(&to)?, &queues, records).await?;
    let (cpu, took) = (self::cpu() - cpu, began.elapsed());
    let each = |time: Duration| time.as_nanos() / records as u128;
    println!(
        "{records} records of {VALUE} bytes, {partitions} partitions, {}",
        if admin.is_embedded() {
            "embedded broker"
        } else {
            "real brokers"
        }
    );
    println!(
        "{} ns of CPU a record, {} ns of time ({:.0} records/s)",
        each(cpu),
        each(took),
        records as f64 / took.as_secs_f64()
    );
    producer.close(Duration::from_secs(10)).await;
    consumer.close().await?;
    Ok(())
}

async fn assigned(consumer: &Consumer) -> Result<Vec<PartitionQueue>> {
    loop {
        match consumer.next_event().await {
            ConsumerEvent::Assign(partitions) => {
                let queues = partitions
                    .iter()
                    .map(|partition| consumer.queue(partition))
                    .collect::<std::result::Result<_, _>>()?;
                let offsets: Vec<_> = partitions
                    .into_iter()
                    .map(|partition| (partition, 0))
                    .collect();
                consumer.assign(&offsets)?;
                return Ok(queues);
            }
            ConsumerEvent::Error(error) if error.is_fatal() => return Err(error.into()),
            _ => {}
        }
    }
}

async fn send(producer: &Producer, flight: &mut Flight, made: Outgoing<'_>) -> Result<()> {
    loop {
        match producer.send(flight, made.clone()) {
            Ok(()) => return Ok(()),
            Err(SendError::QueueFull) => producer.ready().await,
            Err(error) => return Err(error.into()),
        }
    }
}

async fn fill(producer: &Producer, topic: &Topic, records: usize, partitions: usize) -> Result<()> {
    let value = vec![b'x'; VALUE];
    for partition in 0..partitions {
        let mut flight = Flight::detached(value.clone(), |_| {});
        for record in (partition..records).step_by(partitions) {
            let key = format!("{record:016}");
            let made = Outgoing {
                topic,
                partition: i32::try_from(partition)?,
                key: Key::Bytes(key.as_bytes()),
                value: Value::Patched(0..VALUE),
                headers: BaseHeaders::None,
                added: &[],
                // An old one would fall to retention while it is read.
                timestamp: -1,
            };
            send(producer, &mut flight, made).await?;
        }
    }
    producer.flush(Duration::from_secs(60)).await?;
    Ok(())
}

async fn copy(
    producer: &Producer,
    topic: &Topic,
    queues: &[PartitionQueue],
    records: usize,
) -> Result<()> {
    let mut copied = 0;
    while copied < records {
        let before = copied;
        for queue in queues {
            let taken = queue.take(1000, 1 << 20);
            if let Some(error) = taken.error {
                return Err(error.into());
            }
            let rows = taken.batch.len();
            if rows == 0 {
                continue;
            }
            copied += rows;
            let mut flight = Flight::new(taken.batch, Vec::new(), |result| {
                if let Err(error) = result {
                    eprintln!("{error}");
                }
            });
            for row in 0..rows {
                let timestamp = flight.rows().map_or(-1, |rows| rows.timestamp(row));
                let partition = queue.partition().partition();
                let (key, value, headers) = (Key::Row(row), Value::Row(row), BaseHeaders::None);
                send(
                    producer,
                    &mut flight,
                    Outgoing {
                        topic,
                        partition,
                        key,
                        value,
                        headers,
                        added: &[],
                        timestamp,
                    },
                )
                .await?;
            }
        }
        if copied == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let flushed: std::result::Result<(), KafkaError> =
        producer.flush(Duration::from_secs(60)).await;
    Ok(flushed?)
}

/// CPU time of this process so far, user and system.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // utime and stime, in hundredths of a second on every Linux there is; the name before may contain spaces.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

//! How long an event takes from being produced to being visible in the output, at a steady rate.
//!
//! Open loop: event i is due at i / rate whatever became of those before, and its latency counts from then, so that a stall
//! shows in all events that it held up and not only in the one it hit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use comfy_table::Table;
use millstream_tests::kafka::Heap;
use millstream_tests::{Kafka, KafkaOptions, fresh};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList, producer::DefaultProducerContext};

use crate::contestant::Contestant;
use crate::job::Job;
use crate::versions;

const VALUE: usize = 463;
/// After the last event is due, how long outputs are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Args {
    /// Who takes part, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "millstream,streams")]
    contestants: Vec<Contestant>,
    /// Events a second, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "5000,50000,150000")]
    rates: Vec<u32>,
    /// Seconds that count, after as many that warm
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// Partitions of each topic
    #[arg(long, default_value_t = 4)]
    partitions: i32,
    /// Writes what was slow when into files NAME-RATE.csv of this folder: the time in ms, the highest latency of the events
    /// due in each 10 ms
    #[arg(long)]
    timeline: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    // Collecting a small heap's garbage would stop the broker for 20 ms in every 1.4 s, which is what p99 would show.
    let kafka = Kafka::start(&KafkaOptions {
        heap: Heap::Usual,
        ..KafkaOptions::default()
    });
    let mut table = Table::new();
    table.set_header([
        "contestant",
        "events/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "highest",
    ]);
    for rate in &args.rates {
        // Without a transform first: what broker, generator and reader take.
        let contestants = args.contestants.iter().copied().map(Some);
        for contestant in std::iter::once(None).chain(contestants) {
            let name = contestant.map_or("(broker alone)", Contestant::name);
            let events = measure(&kafka, contestant, *rate, args)
                .with_context(|| format!("{name} at {rate}/s"))?;
            if let Some(folder) = &args.timeline {
                timeline(&events, *rate, &folder.join(format!("{name}-{rate}.csv")))?;
            }
            let mut micros: Vec<u32> = events.into_iter().map(|(_, micros)| micros).collect();
            micros.sort_unstable();
            let at = |share: f64| {
                let index = (micros.len() as f64 * share) as usize;
                f64::from(micros[index.min(micros.len() - 1)]) / 1000.0
            };
            let figures = [0.5, 0.99, 0.999, 1.0].map(|share| format!("{:.1}", at(share)));
            eprintln!("{name} at {rate}/s: {figures:?}");
            let mut row = vec![name.to_owned(), rate.to_string()];
            row.extend(figures);
            table.add_row(row);
        }
    }
    println!("{}\n{table}", versions::text());
    Ok(())
}

/// One line for each slice of time.
fn timeline(events: &[(u64, u32)], rate: u32, file: &Path) -> anyhow::Result<()> {
    const SLICE_MS: u64 = 10;
    let mut slices = BTreeMap::<u64, u32>::new();
    for (event, micros) in events {
        let slice = event * 1_000 / u64::from(rate) / SLICE_MS;
        let highest = slices.entry(slice).or_default();
        *highest = (*highest).max(*micros);
    }
    let line = |(slice, micros): (u64, u32)| {
        format!("{},{:.1}\n", slice * SLICE_MS, f64::from(micros) / 1000.0)
    };
    let lines: String = slices.into_iter().map(line).collect();
    std::fs::write(file, lines).with_context(|| format!("write {}", file.display()))
}

/// Each event that counts, by its number, with its latency in microseconds; `None`: from the input itself.
fn measure(
    kafka: &Kafka,
    contestant: Option<Contestant>,
    rate: u32,
    args: &Args,
) -> anyhow::Result<Vec<(u64, u32)>> {
    let [source, out] =
        ["latency-in", "latency-out"].map(|stem| kafka.topic(stem, args.partitions));
    let rejected = kafka.topic("rejected", 1);
    let measured = match contestant {
        None => offer_and_read(kafka, &source, &source, rate, args),
        Some(contestant) => {
            let mut child = start(contestant, kafka, &source, &out, &rejected)?;
            millstream_tests::reaper::kill_at_end(child.id());
            let measured = crate::protocol::start(&mut child)
                .and_then(|_pipes| offer_and_read(kafka, &source, &out, rate, args));
            let _ = child.kill();
            child.wait()?;
            millstream_tests::reaper::spare(child.id());
            measured
        }
    };
    for topic in [&source, &out, &rejected] {
        kafka.delete_topic(topic);
    }
    measured
}

fn start(
    contestant: Contestant,
    kafka: &Kafka,
    source: &str,
    out: &str,
    rejected: &str,
) -> anyhow::Result<Child> {
    let mut command = contestant.command(Job::Copy)?;
    command
        .args(["--job", "copy", "--brokers", kafka.brokers()])
        .args(["--source", source, "--rejected", rejected])
        .args(["--output", &format!("copy={out}")])
        // It is never done: it ends when it is killed.
        .args(["--events", "1000000000000", "--group", &fresh("bench")]);
    Ok(command.spawn()?)
}

fn offer_and_read(
    kafka: &Kafka,
    source: &str,
    out: &str,
    rate: u32,
    args: &Args,
) -> anyhow::Result<Vec<(u64, u32)>> {
    let load = Load {
        rate,
        seconds: args.seconds * 2,
        began: Instant::now() + Duration::from_secs(2),
    };
    let reader = Reader::new(kafka, out, args.partitions)?;
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| load.offer(kafka.brokers(), source));
        let read = reader.read(&load);
        sent.join()
            .map_err(|_| anyhow::anyhow!("the generator panicked"))??;
        read
    })
}

struct Load {
    rate: u32,
    seconds: u32,
    began: Instant,
}

impl Load {
    fn events(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.seconds)
    }

    fn due(&self, event: u64) -> Instant {
        self.began + Duration::from_nanos(event * 1_000_000_000 / u64::from(self.rate))
    }

    /// Produces each event when it is due. Its value begins with its number.
    fn offer(&self, brokers: &str, topic: &str) -> anyhow::Result<()> {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("socket.nagle.disable", "true")
            .set("queue.buffering.max.messages", "5000000")
            .set("queue.buffering.max.kbytes", "2000000")
            .create()?;
        let mut value = vec![b'x'; VALUE];
        let mut event = 0;
        while event < self.events() {
            std::thread::sleep(self.due(event).saturating_duration_since(Instant::now()));
            while event < self.events() && self.due(event) <= Instant::now() {
                value[..8].copy_from_slice(&event.to_le_bytes());
                let key = event.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
                match producer.send(BaseRecord::to(topic).key(&key[..]).payload(&value)) {
                    Ok(()) => event += 1,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Err((error, _)) => return Err(error.into()),
                }
            }
        }
        Ok(producer.flush(PATIENCE)?)
    }
}

struct Reader(BaseConsumer);

impl Reader {
    fn new(kafka: &Kafka, topic: &str, partitions: i32) -> anyhow::Result<Self> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", kafka.brokers())
            .set("group.id", "latency")
            .set("socket.nagle.disable", "true")
            .set("enable.auto.commit", "false")
            .create()?;
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        Ok(Self(consumer))
    }

    /// Reads all events, and returns the latencies of the second half.
    fn read(&self, load: &Load) -> anyhow::Result<Vec<(u64, u32)>> {
        let (all, mut seen) = (load.events(), 0);
        let mut late = Vec::with_capacity(usize::try_from(all / 2)?);
        let deadline = load.due(all) + PATIENCE;
        while seen < all {
            ensure!(
                Instant::now() < deadline,
                "{} of {all} events did not come out within {PATIENCE:?} of the last",
                all - seen
            );
            let Some(message) = self.0.poll(Duration::from_millis(100)) else {
                continue;
            };
            let (message, now) = (message?, Instant::now());
            let number = message.payload().and_then(|value| value.first_chunk());
            let event = u64::from_le_bytes(*number.context("an output without a number")?);
            seen += 1;
            if event >= all / 2 {
                let latency = now.saturating_duration_since(load.due(event));
                let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
                late.push((event, micros));
            }
        }
        Ok(late)
    }
}

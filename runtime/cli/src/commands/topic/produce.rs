//! `millstream topic produce`: a record for every line.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::Brokers;
use super::brokers::Connection;
use super::record::JsonRecord;
use crate::output::{self, Complaint, escape, numbers};

/// Write records: one for every line of a file or of standard input
///
/// A line is the record's value; with --key-separator what is before the separator is its key. With --jsonl a line is an
/// object with key, value, headers, timestamp and partition, as `topic consume --format json` prints it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Topic to write to
    topic: String,
    /// File to read; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// What separates the key from the value in a line
    #[arg(short, long, value_name = "TEXT", conflicts_with = "jsonl")]
    key_separator: Option<String>,
    /// Lines are JSON objects that hold whole records
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    brokers: Brokers,
}

const EXAMPLES: &str = "Examples:
  echo 'u1:{\"type\":\"swipe\"}' | millstream topic produce swipes --key-separator :
  millstream topic produce swipes events.txt
  millstream topic consume old --format json | millstream topic produce new --jsonl";

/// What becomes of the records sent; the opaque number of each is its line.
#[derive(Default)]
struct Deliveries {
    delivered: AtomicU64,
    first_error: Mutex<Option<(usize, KafkaError)>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, line: usize) {
        match result {
            Ok(_) => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                if let Ok(mut first) = self.first_error.lock() {
                    first.get_or_insert_with(|| (line, error.clone()));
                }
            }
        }
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    if args.key_separator.as_deref() == Some("") {
        return Err(Complaint::new("--key-separator", "is empty")
            .help("give the text between key and value, such as :")
            .usage()
            .into());
    }
    let mut connection = args.brokers.connection().await?;
    connection
        .config
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "30000");
    let delivered = tokio::task::spawn_blocking(move || produce(&args, &connection)).await??;
    output::note(format_args!(
        "Wrote {}.",
        numbers::counted(delivered, "record")
    ));
    Ok(())
}

fn produce(args: &Args, connection: &Connection) -> anyhow::Result<u64> {
    let (name, input): (String, Box<dyn BufRead>) = if args.file.as_os_str() == "-" {
        if std::io::stdin().is_terminal() {
            output::note("One record a line; Ctrl-D ends.");
        }
        (
            "standard input".to_owned(),
            Box::new(std::io::stdin().lock()),
        )
    } else {
        let name = escape(&args.file.to_string_lossy()).into_owned();
        let file = std::fs::File::open(&args.file).map_err(|error| {
            Complaint::new(&name, format!("cannot be read: {error}")).help("- reads standard input")
        })?;
        (
            name,
            Box::new(std::io::BufReader::with_capacity(1 << 18, file)),
        )
    };
    let producer: BaseProducer<Deliveries> = connection.client(Deliveries::default())?;
    // Asked before anything is sent, so that a wrong topic or address is told at once rather than after a timeout.
    let consumer: rdkafka::consumer::BaseConsumer = connection.consumer()?;
    connection.partitions(&consumer, &args.topic)?;
    drop(consumer);
    for (index, line) in input.split(b'\n').enumerate() {
        let number = index + 1;
        let wrong = |reason: String| Complaint::new(format!("{name}, line {number}"), reason);
        let mut line = line.map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let record = match (args.jsonl, &args.key_separator) {
            (true, _) if line.iter().all(u8::is_ascii_whitespace) => continue,
            (true, _) => Outgoing::from_json(&line).map_err(|reason| {
                wrong(reason).help(r#"a record is an object such as {"key":"u1","value":"…","headers":[["name","value"]]}"#)
            })?,
            (false, None) => Outgoing { value: Some(line), ..Outgoing::default() },
            (false, Some(separator)) => Outgoing::split(&line, separator.as_bytes()).ok_or_else(|| {
                wrong(format!("has no key: there is no '{}' in it", escape(separator))).help("every line needs the separator of --key-separator")
            })?,
        };
        record
            .send(&producer, &args.topic, number)
            .map_err(|error| failed(&name, &args.topic, number, &error, connection))?;
        check(&producer, &name, args, connection)?;
    }
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(50));
        check(&producer, &name, args, connection)?;
    }
    Ok(producer.context().delivered.load(Ordering::Relaxed))
}

fn check(
    producer: &BaseProducer<Deliveries>,
    name: &str,
    args: &Args,
    connection: &Connection,
) -> anyhow::Result<()> {
    let first = producer
        .context()
        .first_error
        .lock()
        .ok()
        .and_then(|mut first| first.take());
    match first {
        Some((line, error)) => Err(failed(name, &args.topic, line, &error, connection)),
        None => Ok(()),
    }
}

fn failed(
    name: &str,
    topic: &str,
    line: usize,
    error: &KafkaError,
    connection: &Connection,
) -> anyhow::Error {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => Complaint::new(format!("{name}, line {line}"), "the record is too large for the topic")
            .help("the limit is the topic's max.message.bytes, and the client's: --kafka message.max.bytes=…")
            .into(),
        Some(RDKafkaErrorCode::UnknownPartition) => Complaint::new(format!("{name}, line {line}"), format!("{} has no such partition", escape(topic)))
            .help("leave the partition out to have it chosen by key")
            .into(),
        _ => connection.about_topic(topic, error).context(format!("{name}, line {line}")),
    }
}

#[derive(Default)]
struct Outgoing {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    timestamp: Option<i64>,
    partition: Option<i32>,
}

impl Outgoing {
    fn from_json(line: &[u8]) -> Result<Outgoing, String> {
        let record: JsonRecord =
            serde_json::from_slice(line).map_err(|error| format!("is not a record: {error}"))?;
        let headers = record
            .headers
            .iter()
            .map(|header| Ok((header.0.clone(), header.value_bytes()?)));
        Ok(Outgoing {
            key: record.key_bytes()?,
            value: record.value_bytes()?,
            headers: headers.collect::<Result<_, String>>()?,
            timestamp: record.timestamp,
            partition: record.partition,
        })
    }

    fn split(line: &[u8], separator: &[u8]) -> Option<Outgoing> {
        let at = line
            .windows(separator.len())
            .position(|window| window == separator)?;
        let (key, value) = (line[..at].to_vec(), line[at + separator.len()..].to_vec());
        Some(Outgoing {
            key: Some(key),
            value: Some(value),
            ..Outgoing::default()
        })
    }

    /// Hands the record to the producer, waiting for room in its queue.
    fn send(
        &self,
        producer: &BaseProducer<Deliveries>,
        topic: &str,
        line: usize,
    ) -> Result<(), KafkaError> {
        loop {
            let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, line);
            if let Some(key) = &self.key {
                record = record.key(key);
            }
            if let Some(value) = &self.value {
                record = record.payload(value);
            }
            if let Some(partition) = self.partition {
                record = record.partition(partition);
            }
            if let Some(timestamp) = self.timestamp {
                record = record.timestamp(timestamp);
            }
            if !self.headers.is_empty() {
                let mut headers = OwnedHeaders::new_with_capacity(self.headers.len());
                for (name, value) in &self.headers {
                    headers = headers.insert(Header {
                        key: name,
                        value: value.as_deref(),
                    });
                }
                record = record.headers(headers);
            }
            match producer.send(record) {
                Ok(()) => {
                    producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    producer.poll(Duration::from_millis(20));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_its_first_separator() {
        let record = Outgoing::split(b"u1::a::b", b"::").expect("split");
        assert_eq!(
            (record.key.as_deref(), record.value.as_deref()),
            (Some(&b"u1"[..]), Some(&b"a::b"[..]))
        );
        assert!(Outgoing::split(b"no separator", b"\t").is_none());
        assert_eq!(
            Outgoing::split(b":", b":").expect("split").key.as_deref(),
            Some(&b""[..])
        );
    }
}

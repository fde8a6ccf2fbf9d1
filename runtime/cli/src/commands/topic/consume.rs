//! `millstream topic consume`: a line for every record.

use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::Brokers;
use super::brokers::Connection;
use super::record::{JsonHeader, JsonRecord, text_or_base64};
use crate::authoring::trial::Record;
use crate::output::{self, escape, escape_bytes, escape_json, numbers};

/// Read records: one line for each, up to the end of the topic
///
/// Control characters in records come out escaped, so that no record can steer the terminal. The order is that of each
/// partition. Nothing is committed: reading leaves no trace on the brokers.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Topic to read
    topic: String,
    /// Where to begin: earliest, latest, or -N for the last N records of each partition
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "earliest",
        allow_hyphen_values = true
    )]
    from: From,
    /// The same as --from earliest, as Kafka's own tool calls it
    #[arg(long, hide = true, conflicts_with = "from")]
    from_beginning: bool,
    /// Stop after so many records
    #[arg(short = 'n', long, alias = "count", value_name = "N")]
    max: Option<u64>,
    /// Go on with new records until interrupted
    #[arg(short, long)]
    follow: bool,
    /// How a record is shown
    #[arg(long, value_enum, default_value_t = Format::Value)]
    format: Format,
    #[command(flatten)]
    brokers: Brokers,
}

const EXAMPLES: &str = "Examples:
  millstream topic consume swipes.likes --max 5
  millstream topic consume swipes.likes --from latest -f
  millstream topic consume swipes.rejected --format json | jq .headers";

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// The value as text; (null) where there is none
    Value,
    /// Key and value, with a tab between
    KeyValue,
    /// The whole record as a JSON object
    Json,
}

/// Where in a topic to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Earliest,
    Latest,
    Last(i64),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<From, String> {
        match text {
            "earliest" => Ok(From::Earliest),
            "latest" => Ok(From::Latest),
            _ => text
                .strip_prefix('-')
                .and_then(|count| count.parse::<u32>().ok())
                .map(|count| From::Last(count.into()))
                .ok_or_else(|| "write earliest, latest, or -N".to_owned()),
        }
    }
}

impl From {
    /// The offset to begin at, between the first and the next one of a partition.
    fn offset(self, first: i64, next: i64) -> i64 {
        match self {
            From::Earliest => first,
            From::Latest => next,
            From::Last(count) => (next - count).max(first),
        }
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let connection = reading(&args.brokers).await?;
    let count = tokio::task::spawn_blocking(move || consume(&args, &connection)).await??;
    output::note(format_args!("{}.", numbers::counted(count, "record")));
    Ok(())
}

/// Records of a topic up to its end, at most so many. Nothing is committed.
pub(crate) async fn read_records(
    brokers: &Brokers,
    topic: &str,
    from: From,
    max: usize,
) -> anyhow::Result<Vec<Record>> {
    let connection = reading(brokers).await?;
    let topic = topic.to_owned();
    let read = move || {
        let consumer: BaseConsumer = connection.consumer()?;
        let unread = assign(&connection, &consumer, &topic, from, false)?;
        let mut records = Vec::new();
        if unread != 0 && max != 0 {
            read(&connection, &consumer, &topic, unread, false, |message| {
                records.extend(message.map(record));
                Ok(records.len() < max)
            })?;
        }
        Ok(records)
    };
    tokio::task::spawn_blocking(read).await?
}

fn record(message: &mut BorrowedMessage<'_>) -> Record {
    Record {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        timestamp: message.timestamp().to_millis().unwrap_or(-1),
        headers: millstream_kafka::log::headers(message),
    }
}

/// A connection for reading what is committed, up to the end.
async fn reading(brokers: &Brokers) -> anyhow::Result<Connection> {
    let mut connection = brokers.connection().await?;
    connection
        .config
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest");
    Ok(connection)
}

/// Assigns the topic's partitions that have anything to read; answers how many.
fn assign(
    connection: &Connection,
    consumer: &BaseConsumer,
    topic: &str,
    from: From,
    follow: bool,
) -> anyhow::Result<usize> {
    let mut unread = 0;
    let mut assignment = TopicPartitionList::new();
    for partition in connection.partitions(consumer, topic)? {
        let (first, next) = connection.watermarks(consumer, topic, partition)?;
        let offset = from.offset(first, next);
        if follow || offset < next {
            assignment
                .add_partition_offset(topic, partition, Offset::Offset(offset))
                .map_err(|error| connection.about_topic(topic, &error))?;
            unread += 1;
        }
    }
    if unread != 0 {
        consumer
            .assign(&assignment)
            .map_err(|error| connection.about_topic(topic, &error))?;
    }
    Ok(unread)
}

/// Prints records until the end of every partition, the asked number of records, or for ever.
fn consume(args: &Args, connection: &Connection) -> anyhow::Result<u64> {
    let consumer: BaseConsumer = connection.consumer()?;
    let from = if args.from_beginning {
        From::Earliest
    } else {
        args.from
    };
    let unread = assign(connection, &consumer, &args.topic, from, args.follow)?;
    if unread == 0 || args.max == Some(0) {
        return Ok(0);
    }
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
    let mut count = 0;
    let ended = read(
        connection,
        &consumer,
        &args.topic,
        unread,
        args.follow,
        |message| {
            let Some(message) = message else {
                // Nothing more for the moment: what there is should be seen.
                output::give_up_if_closed(out.flush());
                return Ok(true);
            };
            output::give_up_if_closed(writeln!(out, "{}", text(message, args.format)?));
            count += 1;
            Ok(args.max != Some(count))
        },
    );
    output::give_up_if_closed(out.flush());
    ended.map(|()| count)
}

/// Hands over records, and nothing where there is none for the moment, until the end of every partition, or until told to stop.
fn read(
    connection: &Connection,
    consumer: &BaseConsumer<DefaultConsumerContext>,
    topic: &str,
    mut unread: usize,
    follow: bool,
    mut each: impl FnMut(Option<&mut BorrowedMessage<'_>>) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    while unread > 0 {
        let message = match consumer.poll(Duration::ZERO) {
            Some(message) => message,
            None => {
                each(None)?;
                let Some(message) = consumer.poll(Duration::from_millis(200)) else {
                    continue;
                };
                message
            }
        };
        match message {
            Ok(mut message) => {
                if !each(Some(&mut message))? {
                    break;
                }
            }
            Err(KafkaError::PartitionEOF(_)) if follow => {}
            Err(KafkaError::PartitionEOF(_)) => unread -= 1,
            Err(error) => return Err(connection.about_topic(topic, &error)),
        }
    }
    Ok(())
}

fn text(message: &mut BorrowedMessage<'_>, format: Format) -> anyhow::Result<String> {
    let shown = |bytes: Option<&[u8]>| {
        bytes.map_or_else(
            || "(null)".to_owned(),
            |bytes| escape_bytes(bytes).into_owned(),
        )
    };
    Ok(match format {
        Format::Value => shown(message.payload()),
        Format::KeyValue => format!("{}\t{}", shown(message.key()), shown(message.payload())),
        Format::Json => escape_json(&serde_json::to_string(&json(message))?).into_owned(),
    })
}

fn json(message: &mut BorrowedMessage<'_>) -> JsonRecord {
    let headers = millstream_kafka::log::headers(message)
        .iter()
        .map(|(name, value)| JsonHeader::new(name, value.as_deref()))
        .collect();
    let (key, key_base64) = text_or_base64(message.key());
    let (value, value_base64) = text_or_base64(message.payload());
    JsonRecord {
        topic: Some(escape(message.topic()).into_owned()),
        partition: Some(message.partition()),
        offset: Some(message.offset()),
        timestamp: message.timestamp().to_millis(),
        key,
        key_base64,
        value,
        value_base64,
        headers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_begin_stays_within_the_partition() {
        assert_eq!(From::Earliest.offset(5, 9), 5);
        assert_eq!(From::Latest.offset(5, 9), 9);
        assert_eq!(From::Last(2).offset(5, 9), 7);
        assert_eq!(From::Last(100).offset(5, 9), 5);
    }

    #[test]
    fn where_to_begin_is_read_strictly() {
        assert_eq!("-10".parse(), Ok(From::Last(10)));
        for wrong in ["", "10", "--10", "-x", "Earliest"] {
            assert!(wrong.parse::<From>().is_err(), "{wrong}");
        }
    }
}

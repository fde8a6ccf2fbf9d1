//! How a producer is set up.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rdkafka::config::ClientConfig;

use super::pace;
use crate::settings::Settings;

/// Kafka's default for a topic's `max.message.bytes`.
pub(crate) const DEFAULT_LIMIT: usize = 1_048_588;

/// A producer's own settings; everything else comes from [`Settings`].
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// Shown in brokers' logs.
    pub client_id: String,
    /// How batches are compressed.
    pub compression: Compression,
    /// How long a record waits for company at most once its sender has no more for the moment; `linger.ms` in the
    /// settings comes first. While more and more come it waits until its batch is full, though no longer than about 50 ms.
    /// Zero: it does not wait.
    pub linger: Duration,
    /// The smallest `max.message.bytes` among the topics written to, in bytes. Batches stay below it, because a broker
    /// refuses a whole batch for its size; one record above it still goes, alone.
    pub smallest_limit: usize,
    /// The largest among them. Records above it are refused here.
    pub largest_limit: usize,
    /// Values that may wait for their acknowledgement, in bytes.
    pub queue_bytes: u64,
    /// Records that may wait for their acknowledgement.
    pub queue_records: u32,
    /// A record that is refused for good makes the producer fail, with all that is behind it: none overtakes it.
    pub gapless: bool,
    /// Everything is sent in transactions, under this id, which only one producer in the world holds.
    pub transactional_id: Option<String>,
}

/// A transaction that is open for longer is aborted by the broker: a killed host holds readers up for this long at most.
const TRANSACTION_LASTS: Duration = Duration::from_secs(10);

impl Default for ProducerOptions {
    /// 5 ms, Kafka's usual limits, 64 MiB and 100,000 records in flight.
    fn default() -> Self {
        Self {
            client_id: "millstream".into(),
            compression: Compression::None,
            linger: Duration::from_millis(5),
            smallest_limit: DEFAULT_LIMIT,
            largest_limit: DEFAULT_LIMIT,
            queue_bytes: 64 << 20,
            queue_records: 100_000,
            gapless: false,
            transactional_id: None,
        }
    }
}

impl ProducerOptions {
    /// What holds: the settings' own, if there is one (librdkafka has checked that it is a number of milliseconds).
    pub(super) fn linger(&self, settings: &Settings) -> Duration {
        let given = settings
            .given("linger.ms")
            .or_else(|| settings.given("queue.buffering.max.ms"));
        let given = given.and_then(|given| given.parse().ok());
        given
            .and_then(|given: f64| Duration::try_from_secs_f64(given / 1000.0).ok())
            .unwrap_or(self.linger)
    }

    pub(crate) fn config(&self, settings: &Settings) -> ClientConfig {
        let linger = self.linger(settings);
        let mut config = settings.config(&self.client_id);
        // The other name of what is set below.
        config.remove("queue.buffering.max.ms");
        let mut set = |name: &str, value: String| {
            config.set(name, value);
        };
        set("acks", "all".into());
        set("enable.idempotence", "true".into());
        set(
            "queue.buffering.max.messages",
            self.queue_records.max(1).to_string(),
        );
        set(
            "queue.buffering.max.kbytes",
            (self.queue_bytes / 1024).clamp(1, 2_000_000).to_string(),
        );
        set("linger.ms", pace::own_limit(linger).as_millis().to_string());
        // The batch's header and librdkafka's rounding stay below the limit too.
        set(
            "batch.size",
            self.smallest_limit
                .saturating_sub(512)
                .clamp(1, 1_000_000)
                .to_string(),
        );
        set(
            "message.max.bytes",
            self.largest_limit.clamp(1000, 1_000_000_000).to_string(),
        );
        if self.compression != Compression::None {
            set("compression.type", self.compression.to_string());
        }
        if let Some(id) = &self.transactional_id {
            in_transactions(&mut config, id);
        } else {
            // Nothing is given up for being late: the caller bounds what waits, and brokers come back.
            config.set("message.timeout.ms", "0");
            config.set("enable.gapless.guarantee", self.gapless.to_string());
        }
        config
    }
}

/// Makes this a producer that sends everything in transactions, under this id.
pub(crate) fn in_transactions(config: &mut ClientConfig, id: &str) {
    let lasts = TRANSACTION_LASTS.as_millis();
    config.set("transactional.id", id);
    config.set("transaction.timeout.ms", lasts.to_string());
    // A record is of no use after its transaction.
    config.set("message.timeout.ms", lasts.to_string());
    // librdkafka wants no request to outlast it either.
    let requests = config.get("socket.timeout.ms");
    let requests = requests.and_then(|given| given.parse::<u128>().ok());
    if requests.is_some_and(|given| given > lasts) {
        config.set("socket.timeout.ms", lasts.to_string());
    }
}

/// A codec for batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Compression {
    /// As they are (or as `--kafka compression.type=` says).
    #[default]
    None,
    /// gzip
    Gzip,
    /// Snappy
    Snappy,
    /// LZ4
    Lz4,
    /// Zstandard
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd]
            .into_iter()
            .find(|codec| codec.to_string() == text)
            .ok_or_else(|| format!("{text:?} is not a codec: use none, gzip, snappy, lz4 or zstd"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The linger in milliseconds, and what librdkafka is told.
    fn linger(given: Option<(&str, &str)>) -> (f64, Option<String>) {
        let given: Vec<_> = given
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let settings = Settings::new("localhost:9092", &given).unwrap();
        let options = ProducerOptions::default();
        let config = options.config(&settings);
        assert_eq!(config.get("queue.buffering.max.ms"), None);
        (
            options.linger(&settings).as_secs_f64() * 1000.0,
            config.get("linger.ms").map(str::to_owned),
        )
    }

    #[test]
    fn a_request_in_a_transaction_waits_no_longer_than_the_transaction_lasts() {
        let given = ["60000", "5000"].map(|wait| {
            let given = [("socket.timeout.ms".to_owned(), wait.to_owned())];
            let settings = Settings::new("localhost:9092", &given).unwrap();
            let options = ProducerOptions::default();
            let plain = options.config(&settings);
            let transactional_id = Some("id".to_owned());
            let options = ProducerOptions {
                transactional_id,
                ..options
            };
            let name = "socket.timeout.ms";
            [plain, options.config(&settings)].map(|config| config.get(name).map(str::to_owned))
        });
        let wanted = [["60000", "10000"], ["5000", "5000"]];
        assert_eq!(given, wanted.map(|each| each.map(|wait| Some(wait.into()))));
    }

    #[test]
    fn a_linger_in_the_settings_counts_by_either_name() {
        let told = |millis: &str| Some(millis.to_owned());
        assert_eq!(linger(None), (5.0, told("2000")));
        assert_eq!(linger(Some(("linger.ms", "20"))), (20.0, told("2000")));
        assert_eq!(linger(Some(("linger.ms", "0.5"))), (0.5, told("2000")));
        assert_eq!(linger(Some(("linger.ms", "0"))), (0.0, told("0")));
        assert_eq!(
            linger(Some(("queue.buffering.max.ms", "5000"))),
            (5000.0, told("5000"))
        );
    }
}

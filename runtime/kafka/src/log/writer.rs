//! Writers of logs.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::KafkaError as Native;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::util::Timeout;

use crate::admin::off_the_workers;
use crate::consumer::blocking;
use crate::error::{ErrorCode, KafkaError};
use crate::settings::Settings;

/// How long an acknowledgement may take.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);

/// A killed writer holds readers up for this long at most.
const TRANSACTION_LASTS: Duration = Duration::from_secs(10);

/// A producer whose last drop happens on a thread of its own.
struct Closing(Option<FutureProducer>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(producer) = self.0.take() {
            off_the_workers(producer);
        }
    }
}

impl Closing {
    fn get(&self) -> Result<&FutureProducer, KafkaError> {
        self.0
            .as_ref()
            .ok_or_else(|| KafkaError::new("write", ErrorCode::State, "the writer was closed"))
    }
}

fn make(
    settings: &Settings,
    transactional_id: Option<&str>,
    action: &str,
) -> Result<Arc<Closing>, KafkaError> {
    let mut config = settings.config("millstream-log");
    config.set("acks", "all");
    config.set("enable.idempotence", "true");
    config.set("linger.ms", "1");
    if let Some(id) = transactional_id {
        config.set("transactional.id", id);
        config.set(
            "transaction.timeout.ms",
            TRANSACTION_LASTS.as_millis().to_string(),
        );
        // librdkafka wants records not to outlive their transaction.
        config.set(
            "message.timeout.ms",
            TRANSACTION_LASTS.as_millis().to_string(),
        );
    } else {
        config.set(
            "message.timeout.ms",
            ACKNOWLEDGED_WITHIN.as_millis().to_string(),
        );
    }
    let producer = config
        .create()
        .map_err(|error| KafkaError::from_rdkafka(action, &error))?;
    Ok(Arc::new(Closing(Some(producer))))
}

/// Writes under a transactional id, which only one writer in the world holds: whoever inits last fences the others.
pub struct TransactionalWriter {
    producer: Arc<Closing>,
    open: bool,
}

impl TransactionalWriter {
    /// Takes the id over and waits until what its last holder left undecided is aborted.
    pub async fn init(
        settings: &Settings,
        transactional_id: &str,
        timeout: Duration,
    ) -> Result<TransactionalWriter, KafkaError> {
        let action = format!("take over transactional id {transactional_id:?}");
        let producer = make(settings, Some(transactional_id), &action)?;
        let (initial, said) = (Arc::clone(&producer), action.clone());
        blocking(&action, move || {
            initial
                .get()?
                .init_transactions(timeout)
                .map_err(|error| KafkaError::from_rdkafka(&*said, &error))
        })
        .await?;
        Ok(TransactionalWriter {
            producer,
            open: false,
        })
    }

    /// Adds a record to the transaction, which the first one begins. Acknowledged by the commit.
    pub async fn write(
        &mut self,
        topic: &str,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), KafkaError> {
        let action = || format!("write to {topic}/{partition}");
        let producer = self.producer.get()?;
        if !self.open {
            producer
                .begin_transaction()
                .map_err(|error| KafkaError::from_rdkafka(action(), &error))?;
            self.open = true;
        }
        let mut record = FutureRecord::<[u8], [u8]>::to(topic)
            .partition(partition)
            .key(key);
        record.payload = value;
        // The report is not waited for: a record that fails makes the commit fail.
        producer
            .send_result(record)
            .map(drop)
            .map_err(|(error, _)| KafkaError::from_rdkafka(action(), &error))
    }

    /// Makes what was written visible, all of it or nothing. On an error the transaction is aborted as far as that is
    /// possible; after [`KafkaError::is_fenced`] somebody else holds the id and this writer is of no use. A time-out leaves
    /// it open what happened: read the log.
    pub async fn commit(&mut self) -> Result<(), KafkaError> {
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        let producer = Arc::clone(&self.producer);
        blocking("commit a transaction", move || {
            let producer = producer.get()?;
            let mut attempts = 0;
            loop {
                attempts += 1;
                let Err(error) = producer.commit_transaction(ACKNOWLEDGED_WITHIN) else {
                    return Ok(());
                };
                if let Native::Transaction(transaction) = &error {
                    if transaction.is_retriable() && attempts < 3 {
                        continue;
                    }
                    if transaction.txn_requires_abort() {
                        let _ = producer.abort_transaction(ACKNOWLEDGED_WITHIN);
                    }
                }
                return Err(explain("commit a transaction", &error, producer));
            }
        })
        .await
    }

    /// Drops what was written since the last commit.
    pub async fn abort(&mut self) -> Result<(), KafkaError> {
        if !std::mem::take(&mut self.open) {
            return Ok(());
        }
        let producer = Arc::clone(&self.producer);
        blocking("abort a transaction", move || {
            let producer = producer.get()?;
            producer
                .abort_transaction(ACKNOWLEDGED_WITHIN)
                .map_err(|error| explain("abort a transaction", &error, producer))
        })
        .await
    }
}

/// Fencing shows up as a fatal error whose cause lies deeper.
fn explain(action: &str, error: &Native, producer: &FutureProducer) -> KafkaError {
    match producer.client().fatal_error() {
        Some((code, reason)) => KafkaError::new(action, code, reason).fatal(),
        None => KafkaError::from_rdkafka(action, error),
    }
}

impl std::fmt::Debug for TransactionalWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionalWriter")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Writes plainly: each record acknowledged by all in-sync replicas. Clones share one producer.
#[derive(Clone)]
pub struct LogWriter {
    producer: Arc<Closing>,
}

impl LogWriter {
    /// Connects when it is first used.
    pub fn new(settings: &Settings) -> Result<LogWriter, KafkaError> {
        make(settings, None, "make a Kafka producer").map(|producer| LogWriter { producer })
    }

    /// Appends and gives the record's offset. Several may be under way at once; their order is that of the calls.
    /// Fails after 30 s without an acknowledgement: then the record may be there or not.
    pub async fn append(
        &self,
        topic: &str,
        partition: i32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<i64, KafkaError> {
        let action = || format!("write to {topic}/{partition}");
        let mut record = FutureRecord::<[u8], [u8]>::to(topic)
            .partition(partition)
            .key(key);
        record.payload = value;
        let sent = self
            .producer
            .get()?
            .send(record, Timeout::After(ACKNOWLEDGED_WITHIN))
            .await;
        sent.map(|delivery| delivery.offset)
            .map_err(|(error, _)| KafkaError::from_rdkafka(action(), &error))
    }
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogWriter").finish_non_exhaustive()
    }
}

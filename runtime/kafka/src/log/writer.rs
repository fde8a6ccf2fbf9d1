//! Writers of logs.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::KafkaError as Native;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::polled::{Report, Reports, polled};
use crate::consumer::blocking;
use crate::error::{ErrorCode, KafkaError};
use crate::producer::in_transactions;
use crate::settings::Settings;

/// How long an acknowledgement may take.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);

/// Between two attempts to send where librdkafka's queue is full.
const FULL_PAUSE: Duration = Duration::from_millis(100);

type Shared = Arc<BaseProducer<Reports>>;
type Record<'a> = BaseRecord<'a, [u8], [u8], Box<oneshot::Sender<Report>>>;

fn make(
    settings: &Settings,
    transactional_id: Option<&str>,
    action: &str,
) -> Result<Shared, KafkaError> {
    let mut config = settings.config("millstream-log");
    config.set("acks", "all");
    config.set("enable.idempotence", "true");
    config.set("linger.ms", "1");
    if let Some(id) = transactional_id {
        in_transactions(&mut config, id);
    } else {
        config.set(
            "message.timeout.ms",
            ACKNOWLEDGED_WITHIN.as_millis().to_string(),
        );
    }
    polled(&config, action)
}

/// A record, and where its report will come.
fn record<'a>(
    topic: &'a str,
    partition: i32,
    key: &'a [u8],
    value: Option<&'a [u8]>,
) -> (Record<'a>, oneshot::Receiver<Report>) {
    let (sender, report) = oneshot::channel();
    let mut record = BaseRecord::with_opaque_to(topic, Box::new(sender))
        .partition(partition)
        .key(key);
    record.payload = value;
    (record, report)
}

/// Writes under a transactional id, which only one writer in the world holds: whoever inits last fences the others.
pub struct TransactionalWriter {
    producer: Shared,
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
        if !self.open {
            self.producer
                .begin_transaction()
                .map_err(|error| KafkaError::from_rdkafka(action(), &error))?;
            self.open = true;
        }
        // The report is not waited for: a record that fails makes the commit fail.
        let (record, _) = record(topic, partition, key, value);
        self.producer
            .send(record)
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
                return Err(explain("commit a transaction", &error, &producer));
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
            producer
                .abort_transaction(ACKNOWLEDGED_WITHIN)
                .map_err(|error| explain("abort a transaction", &error, &producer))
        })
        .await
    }
}

/// Fencing shows up as a fatal error whose cause lies deeper.
fn explain(action: &str, error: &Native, producer: &BaseProducer<Reports>) -> KafkaError {
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
    producer: Shared,
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
        let (mut record, report) = record(topic, partition, key, value);
        let deadline = Instant::now() + ACKNOWLEDGED_WITHIN;
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((error, back)) => {
                    let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                    if !full || Instant::now() >= deadline {
                        return Err(KafkaError::from_rdkafka(action(), &error));
                    }
                    record = back;
                }
            }
            sleep(FULL_PAUSE).await;
        }
        match report.await {
            Ok(report) => report.map_err(|error| KafkaError::from_rdkafka(action(), &error)),
            // All records get one for as long as the producer is there.
            Err(_) => Err(KafkaError::new(
                action(),
                ErrorCode::State,
                "the writer was closed",
            )),
        }
    }
}

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogWriter").finish_non_exhaustive()
    }
}

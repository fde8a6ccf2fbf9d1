//! The revision log in Kafka.
//!
//! On a real broker a claim is a transactional producer under the installation's one id: its initialisation fences whoever
//! had the id before. The embedded broker has one host and no transactions: a lock is the claim, and records are appended.

use std::{sync::Arc, time::Duration};

use millstream_kafka::{
    admin::Admin,
    error::{ErrorCode, KafkaError},
    log::{self, LogWriter, TransactionalWriter},
    settings::Settings,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::log::{LogError, LogRecord, RevisionLog};

/// One round trip to a healthy cluster takes milliseconds; a coordinator that moves takes seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

pub struct KafkaLog {
    settings: Settings,
    topic: String,
    kind: Kind,
}

enum Kind {
    Transactional {
        id: String,
    },
    Plain {
        writer: LogWriter,
        turn: Arc<Mutex<()>>,
    },
}

/// See [`RevisionLog::Claim`].
pub enum Claim {
    Transactional(Box<TransactionalWriter>),
    Plain(OwnedMutexGuard<()>),
}

impl KafkaLog {
    /// # Errors
    /// If no client can be made of the settings.
    pub fn new(
        settings: &Settings,
        admin: &Admin,
        prefix: &str,
        topic: &str,
    ) -> Result<Self, KafkaError> {
        let kind = if admin.is_embedded() {
            Kind::Plain {
                writer: LogWriter::new(settings)?,
                turn: Arc::default(),
            }
        } else {
            // No transform has an empty name, so none has this transactional id.
            Kind::Transactional {
                id: format!("{prefix}..deployments"),
            }
        };
        Ok(KafkaLog {
            settings: settings.clone(),
            topic: topic.to_owned(),
            kind,
        })
    }
}

impl RevisionLog for KafkaLog {
    type Claim = Claim;

    async fn claim(&self) -> Result<Claim, LogError> {
        match &self.kind {
            Kind::Transactional { id } => {
                let writer = TransactionalWriter::init(&self.settings, id, TIMEOUT)
                    .await
                    .map_err(log_error)?;
                Ok(Claim::Transactional(Box::new(writer)))
            }
            Kind::Plain { turn, .. } => Ok(Claim::Plain(Arc::clone(turn).lock_owned().await)),
        }
    }

    async fn read_to_end(&self, offset: i64) -> Result<(Vec<LogRecord>, i64), LogError> {
        let records = log::read_range(&self.settings, &self.topic, 0, offset, i64::MAX, TIMEOUT)
            .await
            .map_err(log_error)?;
        let next = records.last().map_or(offset, |record| record.offset + 1);
        Ok((records, next))
    }

    async fn write(&self, claim: Claim, key: Vec<u8>, value: Vec<u8>) -> Result<(), LogError> {
        match (claim, &self.kind) {
            (Claim::Transactional(mut writer), _) => {
                let written = writer.write(&self.topic, 0, &key, Some(&value)).await;
                if let Err(error) = written {
                    // The next claim ends the transaction if this does not.
                    let _ = writer.abort().await;
                    return Err(log_error(error));
                }
                writer.commit().await.map_err(log_error)
            }
            (Claim::Plain(_turn), Kind::Plain { writer, .. }) => writer
                .append(&self.topic, 0, &key, Some(&value))
                .await
                .map(drop)
                .map_err(log_error),
            (Claim::Plain(_), Kind::Transactional { .. }) => Err(LogError::Fenced),
        }
    }
}

fn log_error(error: KafkaError) -> LogError {
    // A concurrent claim also shows as its aborting the transaction that we had begun.
    let overtaken = matches!(
        error.code(),
        ErrorCode::ConcurrentTransactions
            | ErrorCode::InvalidTransactionalState
            | ErrorCode::InvalidProducerIdMapping
    );
    if error.is_fenced() || overtaken {
        LogError::Fenced
    } else {
        LogError::Broker(error.to_string())
    }
}

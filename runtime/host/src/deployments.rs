//! The revision log: what is deployed, as a Kafka topic that never holds a losing revision.
//!
//! A change claims the log, which fences whoever else was about to write; reads it to the end; decides; writes and commits
//! in one transaction. Between the claim and the commit nobody else can have committed, so what was decided on still holds.
//! Whoever is fenced starts over and finds out who won. A commit whose outcome is unknown is settled the same way: the
//! next claim ends the transaction, and the request's id says whether it counted.
//!
//! Knows nothing of what a deployment means, nor of how hosts carry it out.

pub mod kafka;
pub mod log;
pub mod record;
pub mod redrive;
pub mod state;

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use self::{
    log::{LogError, RevisionLog},
    record::Revision,
    redrive::Redrive,
    state::Deployments,
};

/// Claims in a row before a change is given up: with each of them somebody else has written something.
const ATTEMPTS: u32 = 8;

/// A change that was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError<E> {
    /// What was asked for does not fit what is deployed.
    #[error("{0}")]
    Refused(E),
    /// Others were faster each time.
    #[error("other hosts change deployments at the same time: try again")]
    Contended,
    #[error("cannot write to the log of deployments: {0}")]
    Broker(String),
}

/// A change that is in the log.
#[derive(Clone, Debug)]
pub enum Changed<T = Revision> {
    /// It was written now.
    Written(Arc<T>),
    /// The same request had been carried out before.
    Before(Arc<T>),
}

/// What the log is made of.
pub trait Entry: Sized {
    fn key(&self) -> String;

    /// # Errors
    /// Never in practice.
    fn encode(&self) -> Result<Vec<u8>, serde_json::Error>;

    /// What a request has become, if it was carried out.
    fn by_request<'d>(seen: &'d Deployments, id: &str) -> Option<&'d Arc<Self>>;
}

impl Entry for Revision {
    fn key(&self) -> String {
        self.key()
    }

    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.encode()
    }

    fn by_request<'d>(seen: &'d Deployments, id: &str) -> Option<&'d Arc<Self>> {
        seen.by_request(id)
    }
}

impl Entry for Redrive {
    fn key(&self) -> String {
        self.key()
    }

    fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.encode()
    }

    fn by_request<'d>(seen: &'d Deployments, id: &str) -> Option<&'d Arc<Self>> {
        seen.redrive_by_request(id)
    }
}

/// The one way to write to the log.
pub struct Writer<L> {
    log: L,
    /// What was read so far, and where reading goes on. The lock is held through a change: one at a time.
    seen: Mutex<(Deployments, i64)>,
}

impl<L: RevisionLog> Writer<L> {
    pub fn new(log: L) -> Self {
        Writer {
            log,
            seen: Mutex::default(),
        }
    }

    /// What the log says at this moment.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn current(&self) -> Result<Deployments, LogError> {
        let mut seen = self.seen.lock().await;
        self.catch_up(&mut seen).await?;
        Ok(seen.0.clone())
    }

    /// Writes what `decide` makes of what is deployed. It is asked again whenever somebody else was faster.
    ///
    /// # Errors
    /// What `decide` says, or that the log could not be written.
    pub async fn change<T: Entry, E>(
        &self,
        request_id: &str,
        mut decide: impl FnMut(&Deployments) -> Result<T, E>,
    ) -> Result<Changed<T>, ChangeError<E>> {
        let mut seen = self.seen.lock().await;
        let mut trouble = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                // Apart from each other, or two hosts fence each other in turn.
                tokio::time::sleep(Duration::from_millis(
                    rand::random_range(5..50) << attempt.min(5),
                ))
                .await;
            }
            let claim = match self.log.claim().await {
                Ok(claim) => claim,
                Err(LogError::Fenced) => continue,
                Err(LogError::Broker(why)) => {
                    trouble = Some(why);
                    continue;
                }
            };
            if let Err(error) = self.catch_up(&mut seen).await {
                return Err(ChangeError::Broker(error.to_string()));
            }
            if let Some(before) = T::by_request(&seen.0, request_id) {
                return Ok(Changed::Before(Arc::clone(before)));
            }
            let entry = decide(&seen.0).map_err(ChangeError::Refused)?;
            let value = entry
                .encode()
                .map_err(|error| ChangeError::Broker(error.to_string()))?;
            match self.log.write(claim, entry.key().into_bytes(), value).await {
                Ok(()) => return Ok(Changed::Written(Arc::new(entry))),
                Err(LogError::Fenced) => {}
                Err(LogError::Broker(why)) => trouble = Some(why),
            }
        }
        Err(trouble.map_or(ChangeError::Contended, ChangeError::Broker))
    }

    async fn catch_up(&self, seen: &mut (Deployments, i64)) -> Result<(), LogError> {
        let (records, next) = self.log.read_to_end(seen.1).await?;
        for record in &records {
            seen.0.read(record);
        }
        seen.1 = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

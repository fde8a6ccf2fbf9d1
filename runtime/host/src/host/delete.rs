//! A delete: a revision like any other, and if asked for the end of the committed offsets.

use std::{sync::Arc, time::Duration};

use millstream_kafka::TopicPartition;
use tokio::time::Instant;

use super::{
    Host, NotReady,
    deploy::{new_request_id, used_before},
};
use crate::{
    deployments::{
        ChangeError, Changed,
        log::LogError,
        record::{Change, Revision},
    },
    names,
};

/// How long members may take to leave the group: a drain, and a round trip.
const GROUP_EMPTY_WITHIN: Duration = Duration::from_secs(15);

pub struct Deleted {
    pub revision: Arc<Revision>,
    pub offsets_deleted: bool,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    #[error("there is no transform \"{0}\"")]
    Unknown(String),
    #[error("{0}")]
    NotReady(#[from] NotReady),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Broker(String),
}

impl From<LogError> for DeleteError {
    fn from(error: LogError) -> Self {
        DeleteError::Broker(error.to_string())
    }
}

impl Host {
    /// Deletes a transform. With `offsets`, one of its name starts afresh afterwards; without, it goes on where this one
    /// was.
    ///
    /// # Errors
    /// If there is none, or the log cannot be written.
    pub async fn delete(
        &self,
        name: &str,
        offsets: bool,
        request_id: Option<String>,
        by: Option<&str>,
    ) -> Result<Deleted, DeleteError> {
        self.ready()?;
        let request_id = request_id.unwrap_or_else(new_request_id);
        let before = self.inner.writer.current().await?;
        let topics = before
            .live(name)
            .and_then(|live| live.deployment())
            .map(|d| d.manifest.source.topics.clone());
        let changed = self
            .inner
            .writer
            .change(&request_id, |seen| {
                seen.live(name).ok_or_else(|| name.to_owned())?;
                let mut revision = self.next(seen, name, &request_id, by, Change::Delete);
                // From now on commits of before do not count, even where they cannot be deleted.
                revision.resets = revision.resets.saturating_add(u64::from(offsets));
                Ok(revision)
            })
            .await
            .map_err(|error| match error {
                ChangeError::Refused(name) => DeleteError::Unknown(name),
                ChangeError::Contended => DeleteError::Conflict(error.to_string()),
                ChangeError::Broker(why) => DeleteError::Broker(why),
            })?;
        let (Changed::Written(revision) | Changed::Before(revision)) = changed;
        if revision.name != name || !revision.is_delete() {
            let why = used_before(&request_id, &revision.name);
            return Err(DeleteError::Conflict(why));
        }
        tracing::info!(transform = name, revision = revision.number, by, "deleted");
        self.read_back(&revision).await;
        let mut warnings = Vec::new();
        // The embedded broker cannot delete any; there, that they do not count is enough.
        if offsets
            && !self.is_embedded()
            && let Err(why) = self.delete_offsets(name, &topics.unwrap_or_default()).await
        {
            warnings.push(format!(
                "the group \"{}\" still has its offsets in Kafka ({why}); a transform of this name starts afresh all the same",
                names::group(self.prefix(), name)
            ));
        }
        Ok(Deleted {
            revision,
            offsets_deleted: offsets,
            warnings,
        })
    }

    async fn delete_offsets(&self, name: &str, topics: &[String]) -> Result<(), String> {
        let group = names::group(self.prefix(), name);
        let deadline = Instant::now() + GROUP_EMPTY_WITHIN;
        loop {
            match self.inner.admin.group_members(&group).await {
                Ok(Some(0) | None) => break,
                Ok(Some(members)) if Instant::now() > deadline => {
                    return Err(format!("it has {members} members yet"));
                }
                Ok(Some(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
                Err(error) => return Err(error.to_string()),
            }
        }
        let mut partitions = Vec::new();
        for topic in topics {
            let count = self
                .inner
                .admin
                .partitions(topic)
                .await
                .map_err(|error| error.to_string())?
                .unwrap_or(0);
            let topic: Arc<str> = Arc::from(topic.as_str());
            partitions.extend(
                (0..count).map(|partition| TopicPartition::new(Arc::clone(&topic), partition)),
            );
        }
        self.inner
            .admin
            .delete_group_offsets(&group, &partitions)
            .await
            .map_err(|error| error.to_string())
    }
}

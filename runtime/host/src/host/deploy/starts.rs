//! Where partitions begin that nobody has committed for.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use millstream_kafka::{TopicPartition, admin, consumer::TopicIdentity};

use super::DeployError;
use crate::{
    deployments::{record::Deployment, state::Deployments},
    host::Host,
    manifest::{Manifest, Start},
    problem::Problem,
};

pub(super) type Resolved = BTreeMap<String, BTreeMap<i32, i64>>;

impl Host {
    /// The ids of the source topics that are there, by their names.
    pub(super) async fn topic_ids(
        &self,
        manifest: &Manifest,
    ) -> Result<BTreeMap<String, String>, DeployError> {
        let names: Vec<&str> = manifest.source.topics.iter().map(String::as_str).collect();
        let found = self.inner.admin.identities(&names).await?;
        let known = std::iter::zip(names, found).filter_map(|(name, identity)| match identity {
            TopicIdentity::Is(id) => Some((name.to_owned(), id)),
            TopicIdentity::Missing | TopicIdentity::Unknown => None,
        });
        Ok(known.collect())
    }

    /// Resolves `start` for every partition that the sources have now. Sources that are about to be created have none:
    /// their partitions begin at their beginning.
    pub(super) async fn resolve_starts(
        &self,
        manifest: &Manifest,
        file: &str,
    ) -> Result<Resolved, DeployError> {
        let mut partitions = Vec::new();
        for topic in &manifest.source.topics {
            let count = self.inner.admin.partitions(topic).await?.unwrap_or(0);
            let topic: Arc<str> = Arc::from(topic.as_str());
            partitions.extend(
                (0..count).map(|partition| TopicPartition::new(Arc::clone(&topic), partition)),
            );
        }
        if partitions.is_empty() {
            return Ok(Resolved::new());
        }
        let start = match manifest.source.start {
            Start::Earliest => admin::Start::Earliest,
            Start::Latest => admin::Start::Latest,
            Start::Time(at) => {
                admin::Start::Time(UNIX_EPOCH + Duration::from_millis(at.max(0).unsigned_abs()))
            }
            Start::Last(records) => admin::Start::Last(records),
        };
        let mut resolved = Resolved::new();
        for (at, offset) in self.inner.admin.start_offsets(&partitions, start).await? {
            let offset = offset.map_err(|error| {
                let message = format!(
                    "cannot be resolved for partition {} of \"{}\": {error}",
                    at.partition(),
                    at.topic()
                );
                DeployError::Invalid(vec![Problem::new(format!("{file}: source.start"), message)])
            })?;
            resolved
                .entry(at.topic().to_string())
                .or_default()
                .insert(at.partition(), offset);
        }
        Ok(resolved)
    }
}

/// Whether a topic is another one than the live revision was deployed for.
fn is_anew(live: &Deployment, topic: &str, ids: &BTreeMap<String, String>) -> bool {
    let ids = (live.topic_ids.get(topic), ids.get(topic));
    matches!(ids, (Some(was), Some(now)) if was != now)
}

/// Whether any of its topics is.
pub(super) fn any_anew(live: &Deployment, ids: &BTreeMap<String, String>) -> bool {
    let mut topics = live.manifest.source.topics.iter();
    topics.any(|topic| is_anew(live, topic, ids))
}

/// A topic that the live revision reads keeps what was resolved for it then, once and for all: a partition that is not
/// in it appeared later, and `latest` must not make it skip what came before this deploy. All of a topic that was created anew has
/// appeared later.
pub(super) fn carry_over(
    manifest: &Manifest,
    seen: &Deployments,
    resolved: &Resolved,
    ids: &BTreeMap<String, String>,
) -> Resolved {
    let live = seen.live(&manifest.name).and_then(|live| live.deployment());
    let of_topic = |topic: &String| {
        let read = live.filter(|live| live.manifest.source.topics.contains(topic));
        let starts = match read {
            Some(live) if is_anew(live, topic, ids) => None,
            Some(live) => live.starts.get(topic),
            None => resolved.get(topic),
        };
        (topic.clone(), starts.cloned().unwrap_or_default())
    };
    manifest.source.topics.iter().map(of_topic).collect()
}

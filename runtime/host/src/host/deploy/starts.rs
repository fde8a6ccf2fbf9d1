//! Where partitions begin that nobody has committed for.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use millstream_kafka::{TopicPartition, admin};

use super::DeployError;
use crate::{
    deployments::state::Deployments,
    host::Host,
    manifest::{Manifest, Start},
    problem::Problem,
};

pub(super) type Resolved = BTreeMap<String, BTreeMap<i32, i64>>;

impl Host {
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

/// A topic that the live revision reads keeps what was resolved for it then, once and for all: a partition that is not
/// in it appeared later, and `latest` must not make it skip what came before this deploy.
pub(super) fn carry_over(manifest: &Manifest, seen: &Deployments, resolved: &Resolved) -> Resolved {
    let live = seen.live(&manifest.name).and_then(|live| live.deployment());
    let of_topic = |topic: &String| {
        let read = live.filter(|live| live.manifest.source.topics.contains(topic));
        let starts = match read {
            Some(live) => live.starts.get(topic),
            None => resolved.get(topic),
        };
        (topic.clone(), starts.cloned().unwrap_or_default())
    };
    manifest.source.topics.iter().map(of_topic).collect()
}

//! From a revision in the log to one that a runner can run.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use millstream_engine::{Description, Limits};

use super::{View, Workshop};
use crate::{
    check,
    delivery::{Letters, OutputRoute, Routes, Stamp, Starts},
    deployments::record::{Deployment, Revision},
    failure::FailurePolicy,
    guests::{Component, Guests, WithTables},
    logs::{GuestObserver, Voice},
    manifest::{FailuresAsked, Manifest},
    modules::ModuleError,
    runner,
    source::TopicPartition,
    tables::{self, Joined, Kept, NotReady},
};

/// How long tables may take to be ready before somebody is told how far they are.
const TABLES_WITHIN: Duration = Duration::from_secs(2);

/// Tables by the names that a module has for them.
pub(super) type Held = BTreeMap<String, Kept>;

/// A revision that cannot run.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It does not get better by itself.
    Failed(String),
    /// It may.
    Later(String),
    /// Its tables are being read: how far that is.
    Reading(String),
}

impl From<NotReady> for Unfit {
    fn from(why: NotReady) -> Unfit {
        match why {
            NotReady::Reading(progress) => Unfit::Reading(progress),
            NotReady::Failed(why) => Unfit::Failed(why),
        }
    }
}

pub(super) async fn prepare(
    workshop: &Workshop,
    view: &View,
    voice: &Arc<Voice>,
    revision: &Revision,
    deployment: &Deployment,
    held: &Held,
) -> Result<runner::Revision, Unfit> {
    tables::ready(held.values(), TABLES_WITHIN).await?;
    let bytes = workshop
        .modules
        .fetch(&deployment.module)
        .await
        .map_err(|error| match error {
            ModuleError::Kafka(_) => Unfit::Later(error.to_string()),
            ModuleError::Damaged { .. } | ModuleError::Folder { .. } => {
                Unfit::Failed(error.to_string())
            }
        })?;
    let module = workshop.engine.load(&bytes).await.map_err(|error| {
        let message = format!("{}: {error}", deployment.module.file);
        if error.is_modules_fault() {
            Unfit::Failed(message)
        } else {
            Unfit::Later(message)
        }
    })?;
    drop(bytes);
    let limits = check::effective_limits(&deployment.manifest, &workshop.limits);
    let settings = deployment.manifest.step.settings.clone();
    let description = workshop
        .describe(&module, &settings, &limits)
        .await
        .map_err(|failure| {
            let message = format!("{}: {failure}", deployment.module.file);
            if failure.is_guests_fault() {
                Unfit::Failed(message)
            } else {
                Unfit::Later(message)
            }
        })?;
    let routes = routes(revision, deployment, &description)?;
    let tables = Arc::new(joined(deployment, &description, held)?);
    let module = module.with_tables(Arc::<Joined>::clone(&tables));
    let observer = Arc::new(GuestObserver {
        voice: Arc::clone(voice),
        revision: revision.number,
        counters: view.counters_for(&description.counters),
    });
    let reads = description.needs();
    let policy = policy(&deployment.manifest.failures, &limits);
    let guests: Arc<dyn Guests> = match &workshop.native_guests {
        Some(native) => Arc::clone(native),
        None => Arc::new(WithTables {
            guests: Component {
                module,
                settings,
                limits,
                description,
                observer,
            },
            tables,
        }),
    };
    Ok(runner::Revision {
        routes,
        topics: deployment
            .manifest
            .source
            .topics
            .iter()
            .map(|topic| Arc::from(topic.as_str()))
            .collect(),
        guests,
        reads,
        policy,
        starts: starts(deployment),
    })
}

fn routes(
    revision: &Revision,
    deployment: &Deployment,
    description: &Description,
) -> Result<Routes, Unfit> {
    let output = |name: &String| match deployment.manifest.outputs.get(name) {
        Some(topic) => Ok(OutputRoute {
            name: Arc::from(name.as_str()),
            topic: Arc::from(topic.as_str()),
        }),
        None => Err(says_otherwise(deployment, "output", name)),
    };
    Ok(Routes {
        transform: Arc::from(revision.name.as_str()),
        stamp: Stamp {
            revision: revision.number,
            reset: revision.resets,
        },
        digest: Arc::from(deployment.module.digest.as_str()),
        step: 0,
        outputs: description
            .outputs
            .iter()
            .map(output)
            .collect::<Result<_, _>>()?,
        letters: letters(&deployment.manifest),
    })
}

/// The tables in the order that the module has them in.
fn joined(
    deployment: &Deployment,
    description: &Description,
    held: &Held,
) -> Result<Joined, Unfit> {
    let table = |name: &String| match held.get(name) {
        Some(table) => Ok(table.clone()),
        None => Err(says_otherwise(deployment, "table", name)),
    };
    let tables = description.tables.iter().map(table);
    Ok(Joined(tables.collect::<Result<_, _>>()?))
}

/// It was checked at the deploy: the module answers differently now.
fn says_otherwise(deployment: &Deployment, what: &str, name: &str) -> Unfit {
    Unfit::Failed(format!(
        "{} declares the {what} \"{name}\", which it did not when it was deployed: \
         for the same settings `configure` has to answer the same; fix the module and deploy it again",
        deployment.module.file
    ))
}

fn letters(manifest: &Manifest) -> Letters {
    let asked = &manifest.failures;
    Letters {
        topic: Arc::from(manifest.rejected_topic.as_str()),
        rejected: asked.rejected,
        failed: asked.traps,
        oversized: asked.oversized,
        refused: asked.refused,
        cut: asked.cut,
    }
}

fn policy(asked: &FailuresAsked, limits: &Limits) -> FailurePolicy {
    let default = FailurePolicy::default();
    FailurePolicy {
        retry_for: asked.retry_for.unwrap_or(default.retry_for),
        stop_above: asked.stop_above.unwrap_or(default.stop_above),
        search_cpu: FailurePolicy::search_cpu(limits.batch_time),
    }
}

fn starts(deployment: &Deployment) -> Starts {
    let of_topic = |(topic, partitions): (&String, &BTreeMap<i32, i64>)| {
        let topic: Arc<str> = Arc::from(topic.as_str());
        let named = partitions.iter().map(move |(partition, offset)| {
            (TopicPartition::new(Arc::clone(&topic), *partition), *offset)
        });
        named.collect::<Vec<_>>()
    };
    let topics = deployment.topic_ids.iter();
    Starts {
        offsets: deployment.starts.iter().flat_map(of_topic).collect(),
        topics: topics
            .map(|(name, id)| (Arc::from(name.as_str()), Arc::from(id.as_str())))
            .collect(),
        lost_offsets: deployment.manifest.failures.lost_offsets,
    }
}

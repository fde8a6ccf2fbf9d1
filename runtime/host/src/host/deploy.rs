//! A deploy: check everything, write the module, write the revision.

mod backlog;
mod starts;

use std::{collections::BTreeMap, sync::Arc};

use millstream_engine::{Description, LoadError, Parts};
use millstream_kafka::error::KafkaError;

use super::{Host, NotReady};
use crate::{
    check::{self, Facts, Findings, TopicFacts},
    deployments::{
        ChangeError, Changed,
        log::LogError,
        record::{Change, Deployment, Described, ModuleRef, Revision},
        state::Deployments,
    },
    logs,
    manifest::Manifest,
    modules::ModuleError,
    problem::Problem,
    supervisor::{State, View},
};

/// A topic that is created where the broker has no say: one partition a core of a small cluster.
const NEW_PARTITIONS: i32 = 4;

/// What was uploaded.
pub struct Upload {
    /// What problems call the manifest.
    pub file: String,
    /// The manifest.
    pub text: String,
    /// File name and bytes of each step's module, in order.
    pub modules: Vec<(String, Vec<u8>)>,
    pub create_topics: bool,
    /// The live revision that this means to replace, 0 for none. `None`: whichever there is now.
    pub expected_revision: Option<u64>,
    pub request_id: Option<String>,
    pub by: Option<String>,
}

pub struct Deployed {
    pub revision: Arc<Revision>,
    pub backlog: Vec<Backlog>,
    /// Nothing was written: the live revision says the same, or this request was carried out before.
    pub unchanged: bool,
    pub created_topics: Vec<String>,
    pub warnings: Vec<String>,
}

/// Records between where the transform begins and the end of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    pub topic: String,
    pub partitions: u32,
    pub records: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    Invalid(Vec<Problem>),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    NotReady(#[from] NotReady),
    #[error("{0}")]
    Broker(String),
    #[error("{0}")]
    Internal(String),
}

impl From<KafkaError> for DeployError {
    fn from(error: KafkaError) -> Self {
        DeployError::Broker(error.to_string())
    }
}

impl From<LogError> for DeployError {
    fn from(error: LogError) -> Self {
        DeployError::Broker(error.to_string())
    }
}

impl Host {
    /// Carries an upload out, or refuses it whole.
    ///
    /// # Errors
    /// Everything that is wrong with it; nothing is left half done then, but topics that were created stay.
    pub async fn deploy(&self, upload: Upload) -> Result<Deployed, DeployError> {
        self.ready()?;
        let request_id = upload.request_id.clone().unwrap_or_else(new_request_id);
        let before = self.inner.writer.current().await?;
        let manifest = Manifest::parse(&upload.file, &upload.text).map_err(DeployError::Invalid)?;
        if let Some(done) = before.by_request(&request_id) {
            let done = Arc::clone(done);
            is_deploy_of(&manifest.name, &done).map_err(DeployError::Conflict)?;
            return self
                .answer(done, true, Findings::default(), Vec::new())
                .await;
        }
        let [(file, bytes)] = upload.modules.as_slice() else {
            let message = format!(
                "has one step, but {} modules came with it: send one",
                upload.modules.len()
            );
            return Err(DeployError::Invalid(vec![Problem::new(
                upload.file,
                message,
            )]));
        };
        let (mut findings, described) =
            self.check(&manifest, &upload, file, bytes, &before).await?;
        let doubts = self.doubts_about_tables(&manifest).await;
        findings.warnings.extend(doubts);
        let digest = crate::modules::digest(bytes);
        let topic_ids = self.topic_ids(&manifest).await?;
        if let Some(same) = self.same(&before, &manifest, &upload.text, &digest, &topic_ids) {
            return self.answer(same, true, findings, Vec::new()).await;
        }
        let resolved = self.resolve_starts(&manifest, &upload.file).await?;
        let created = self.create_missing(&findings).await?;
        let module = self
            .keep(&before, &digest, bytes, file, &request_id)
            .await?;
        let wanted = Wanted {
            number_before: before
                .latest(&manifest.name)
                .map_or(0, |latest| latest.number),
            expected: upload.expected_revision,
        };
        let changed = self
            .inner
            .writer
            .change(&request_id, |seen| {
                wanted.check(&manifest.name, seen)?;
                let deployment = Deployment {
                    starts: starts::carry_over(&manifest, seen, &resolved, &topic_ids),
                    topic_ids: topic_ids.clone(),
                    manifest: manifest.clone(),
                    text: upload.text.clone(),
                    module: module.clone(),
                    described: described.clone(),
                };
                Ok(self.next(
                    seen,
                    &manifest.name,
                    &request_id,
                    upload.by.as_deref(),
                    Change::Deploy(Box::new(deployment)),
                ))
            })
            .await
            .map_err(|error| match error {
                ChangeError::Refused(why) => DeployError::Conflict(why),
                ChangeError::Contended => DeployError::Conflict(error.to_string()),
                ChangeError::Broker(why) => DeployError::Broker(why),
            })?;
        let (revision, unchanged) = match changed {
            Changed::Written(revision) => (revision, false),
            Changed::Before(revision) => {
                is_deploy_of(&manifest.name, &revision).map_err(DeployError::Conflict)?;
                (revision, true)
            }
        };
        tracing::info!(
            transform = revision.name,
            revision = revision.number,
            by = revision.by,
            "deployed"
        );
        self.answer(revision, unchanged, findings, created).await
    }

    /// The next revision of a name.
    pub(super) fn next(
        &self,
        seen: &Deployments,
        name: &str,
        request_id: &str,
        by: Option<&str>,
        change: Change,
    ) -> Revision {
        let latest = seen.latest(name);
        Revision {
            name: name.to_owned(),
            number: latest.map_or(1, |latest| latest.number + 1),
            at: logs::now(),
            by: by.map(str::to_owned),
            host: self.id().to_owned(),
            request_id: request_id.to_owned(),
            resets: latest.map_or(0, |latest| latest.resets),
            change,
        }
    }

    async fn answer(
        &self,
        revision: Arc<Revision>,
        unchanged: bool,
        findings: Findings,
        created_topics: Vec<String>,
    ) -> Result<Deployed, DeployError> {
        self.read_back(&revision).await;
        let backlog = match revision.deployment() {
            // It is deployed, whether it can be counted or not.
            Some(deployment) => self
                .backlog(&revision, deployment, revision.number == 1 && !unchanged)
                .await
                .unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Deployed {
            revision,
            backlog,
            unchanged,
            created_topics,
            warnings: findings.warnings,
        })
    }

    async fn check(
        &self,
        manifest: &Manifest,
        upload: &Upload,
        file: &str,
        bytes: &[u8],
        before: &Deployments,
    ) -> Result<(Findings, Described), DeployError> {
        let found = self.inner.admin.topics().await?;
        let topics: BTreeMap<String, TopicFacts> = found
            .into_iter()
            .map(|(name, partitions)| (name, TopicFacts { partitions }))
            .collect();
        let others = before.all_live().filter_map(|revision| {
            let manifest = &revision.deployment()?.manifest;
            let written = manifest
                .written_topics()
                .map(|(_, topic)| topic.to_owned())
                .collect();
            Some((
                revision.name.clone(),
                (manifest.source.topics.clone(), written),
            ))
        });
        let host = self.inner.config.limits();
        let facts = Facts {
            prefix: self.prefix(),
            topics: &topics,
            create_topics: upload.create_topics,
            embedded: self.is_embedded(),
            host: host.clone(),
            others: &others.collect(),
        };
        let mut findings = check::manifest(manifest, &upload.file, &facts);
        let described = match self.describe_module(manifest, file, bytes).await? {
            Ok(description) => {
                findings.problems.extend(check::description(
                    manifest,
                    &upload.file,
                    file,
                    &description,
                ));
                described(&description)
            }
            Err(problem) => {
                findings.problems.push(problem);
                Described::default()
            }
        };
        if findings.problems.is_empty() {
            Ok((findings, described))
        } else {
            Err(DeployError::Invalid(findings.problems))
        }
    }

    /// Compiles the module and asks it what it is. The inner error is the module's fault.
    async fn describe_module(
        &self,
        manifest: &Manifest,
        file: &str,
        bytes: &[u8],
    ) -> Result<Result<Description, Problem>, DeployError> {
        if bytes.is_empty() {
            return Ok(Err(Problem::new(
                file,
                "the file is empty: build the component again",
            )));
        }
        let workshop = self.inner.supervisor.workshop();
        let module = match workshop.engine.load(bytes).await {
            Ok(module) => module,
            Err(error @ LoadError::Host(_)) => {
                return Err(DeployError::Internal(error.to_string()));
            }
            Err(error) => return Ok(Err(Problem::new(file, error.to_string()))),
        };
        let limits = check::effective_limits(manifest, &self.inner.config.limits());
        let settings = &manifest.step.settings;
        match workshop.describe(&module, settings, &limits).await {
            Ok(description) => Ok(Ok(description)),
            Err(failure) if failure.is_guests_fault() => Ok(Err(Problem::new(
                file,
                format!("its `configure` does not go through: {failure}"),
            ))),
            Err(failure) => Err(DeployError::Internal(failure.to_string())),
        }
    }

    /// The live revision, if it says the same and works.
    fn same(
        &self,
        before: &Deployments,
        manifest: &Manifest,
        text: &str,
        digest: &str,
        topic_ids: &BTreeMap<String, String>,
    ) -> Option<Arc<Revision>> {
        let live = before.live(&manifest.name)?;
        let deployment = live.deployment()?;
        let same = deployment.manifest == *manifest
            && deployment.text == text
            && deployment.module.digest == digest
            // It asks for topics to be read that were created anew.
            && !starts::any_anew(deployment, topic_ids);
        // A failed transform is tried again by a new revision: that is how a person asks for it.
        (same && !self.has_failed(live)).then(|| Arc::clone(live))
    }

    /// Whether it has failed on this host, or on another by what that said last.
    fn has_failed(&self, live: &Revision) -> bool {
        let failed_here = |view: Arc<View>| view.state().0 == State::Failed;
        let said = self.inner.board.of(&live.name);
        let mut said = said.values();
        self.view(&live.name).is_some_and(failed_here)
            || said.any(|said| said.state == State::Failed.as_str() && said.revision == live.number)
    }

    async fn create_missing(&self, findings: &Findings) -> Result<Vec<String>, DeployError> {
        let mut created = Vec::new();
        for topic in &findings.missing_topics {
            let partitions = if self.is_embedded() {
                NEW_PARTITIONS
            } else {
                -1
            };
            if self
                .inner
                .admin
                .create_topic(topic, partitions, &[])
                .await?
            {
                created.push(topic.clone());
            }
        }
        Ok(created)
    }

    /// Where the module's bytes are: those of a live revision, if they are whole, or written anew.
    async fn keep(
        &self,
        before: &Deployments,
        digest: &str,
        bytes: &[u8],
        file: &str,
        request_id: &str,
    ) -> Result<ModuleRef, DeployError> {
        let modules = &self.inner.supervisor.workshop().modules;
        if let Some(module) = before.with_module(digest).and_then(|r| r.deployment()).map(|d| d.module.clone())
            // "Deploy it again" has to heal a module whose chunks are damaged.
            && modules.fetch(&module).await.is_ok()
        {
            return Ok(ModuleRef {
                file: file.to_owned(),
                ..module
            });
        }
        modules
            .store(bytes, file, request_id)
            .await
            .map_err(|error| match error {
                ModuleError::Kafka(error) => DeployError::Broker(error.to_string()),
                other => DeployError::Internal(other.to_string()),
            })
    }
}

/// What the client takes for granted.
struct Wanted {
    number_before: u64,
    expected: Option<u64>,
}

impl Wanted {
    fn check(&self, name: &str, seen: &Deployments) -> Result<(), String> {
        let (wanted, found) = match self.expected {
            Some(expected) => (expected, seen.live(name).map_or(0, |live| live.number)),
            None => (
                self.number_before,
                seen.latest(name).map_or(0, |latest| latest.number),
            ),
        };
        if wanted == found {
            return Ok(());
        }
        let expected = match wanted {
            0 => format!("\"{name}\" was not expected to be there"),
            number => format!("\"{name}\" was expected to be at revision {number}"),
        };
        let Some(winner) = seen.latest(name) else {
            return Err(format!("{expected}, but there is no such transform"));
        };
        let who = winner
            .by
            .as_deref()
            .map_or_else(String::new, |by| format!(" by {by}"));
        let what = if winner.is_delete() {
            "deleted"
        } else {
            "deployed"
        };
        Err(format!(
            "{expected}, but revision {} was {what}{who} through host {}: look at it with `millstream describe {name}`, then deploy again",
            winner.number, winner.host
        ))
    }
}

fn described(description: &Description) -> Described {
    let Parts {
        keys,
        values,
        headers,
        timestamps,
        offsets,
    } = description.reads;
    let reads = [
        (keys, "keys"),
        (values, "values"),
        (headers, "headers"),
        (timestamps, "timestamps"),
        (offsets, "offsets"),
    ];
    Described {
        reads: reads
            .iter()
            .filter(|(read, _)| *read)
            .map(|(_, name)| (*name).to_owned())
            .collect(),
        fields: description.fields.iter().map(ToString::to_string).collect(),
        outputs: description.outputs.clone(),
        counters: description.counters.clone(),
    }
}

/// `Err`: the request was another one.
fn is_deploy_of(name: &str, done: &Revision) -> Result<(), String> {
    if done.name == name && !done.is_delete() {
        return Ok(());
    }
    Err(used_before(&done.request_id, &done.name))
}

pub(super) fn used_before(request_id: &str, name: &str) -> String {
    format!(
        "the request id {request_id:?} was used before, for another change, of {name:?}: give each request one of its own"
    )
}

pub(super) fn new_request_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

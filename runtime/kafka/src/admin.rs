//! Topics, their settings and extents, groups from outside; and the wait for brokers at start.
//!
//! One face for a real cluster and for the embedded broker, which has no admin requests: what it cannot answer is answered
//! from what is known of it, or refused with a reason. Nothing here blocks an async worker.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;

use crate::consumer::{Extent, PerPartition, TopicIdentity, blocking, extents, identities, millis};
use crate::embedded::EmbeddedBroker;
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::{Client, Kind};
use crate::ffi::list::List;
use crate::ffi::metadata::{self, Which};
use crate::ffi::produce::TopicHandle;
use crate::ffi::{groups, offsets};
use crate::producer::ProducerOptions;
use crate::settings::Settings;
use crate::topic_partition::TopicPartition;

mod wait;

/// An administrator; clones are the same one.
#[derive(Debug, Clone)]
pub struct Admin {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    embedded: Option<EmbeddedBroker>,
    client: Arc<Client>,
    /// Made when first needed: it has a thread that looks around ten times a second.
    safe: OnceLock<AdminClient<DefaultClientContext>>,
}

/// What matters of a topic's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    /// The largest record batch that it takes, in bytes.
    pub max_message_bytes: usize,
    /// `delete`, `compact` or both.
    pub cleanup_policy: String,
    /// All others, by name.
    pub others: BTreeMap<String, String>,
}

impl TopicConfig {
    /// Whether only the newest record of a key is sure to be kept.
    pub fn is_compacted(&self) -> bool {
        self.cleanup_policy
            .split(',')
            .any(|policy| policy.trim() == "compact")
    }

    /// Whether old records go by age or size.
    pub fn deletes(&self) -> bool {
        self.cleanup_policy
            .split(',')
            .any(|policy| policy.trim() == "delete")
    }
}

/// Where to start reading a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At what is kept of its beginning.
    Earliest,
    /// At its end as it is now.
    Latest,
    /// At the first record that is not older; at the end if there is none.
    Time(SystemTime),
    /// This many offsets before its end, or at its beginning.
    Last(u64),
}

impl Admin {
    /// For a real cluster. Connects when it is first asked something.
    pub fn new(settings: &Settings) -> Result<Admin, KafkaError> {
        Admin::make(settings, None)
    }

    /// For the embedded broker, to which `settings` lead.
    pub fn embedded(settings: &Settings, broker: EmbeddedBroker) -> Result<Admin, KafkaError> {
        Admin::make(settings, Some(broker))
    }

    fn make(settings: &Settings, embedded: Option<EmbeddedBroker>) -> Result<Admin, KafkaError> {
        // A consumer without a group: unlike a producer's, its questions about a topic never create it.
        let client = Client::new(
            Kind::Consumer,
            &settings.config("millstream-admin"),
            0,
            false,
            "make a Kafka client",
        )?;
        Ok(Admin {
            inner: Arc::new(Inner {
                settings: settings.clone(),
                embedded,
                client,
                safe: OnceLock::new(),
            }),
        })
    }

    /// Whether the broker is the embedded one.
    pub fn is_embedded(&self) -> bool {
        self.inner.embedded.is_some()
    }

    /// Waits until a broker answers, with a line in the log every few seconds. Wrong credentials and failed TLS handshakes
    /// are an error at once: [`KafkaError::is_authentication`].
    pub async fn wait_for_brokers(&self) -> Result<(), KafkaError> {
        wait::for_brokers(&self.inner.settings).await
    }

    /// Every topic and its count of partitions.
    pub async fn topics(&self) -> Result<BTreeMap<String, i32>, KafkaError> {
        let (client, timeout) = (Arc::clone(&self.inner.client), millis(self.timeout()));
        let topics = blocking("list topics", move || {
            metadata::fetch(&client, Which::All, timeout)
        })
        .await?;
        Ok(topics
            .into_iter()
            .filter(|topic| topic.code == ErrorCode::NoError)
            .map(|topic| (topic.name, topic.partitions))
            .collect())
    }

    /// A topic's count of partitions, `None` if there is no such topic. Never creates it.
    pub async fn partitions(&self, topic: &str) -> Result<Option<i32>, KafkaError> {
        let action = format!("look for topic {topic:?}");
        let (client, timeout, name) = (
            Arc::clone(&self.inner.client),
            millis(self.timeout()),
            topic.to_owned(),
        );
        let found = blocking(&action, move || {
            let handle = TopicHandle::new(&client, &name)?;
            metadata::fetch(&client, Which::One(&handle), timeout)
        })
        .await?;
        match found.into_iter().find(|found| found.name == topic) {
            None => Ok(None),
            Some(found) => match found.code {
                ErrorCode::NoError => Ok(Some(found.partitions)),
                ErrorCode::UnknownTopic
                | ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownPartition => Ok(None),
                code => Err(KafkaError::new(action, code, "")),
            },
        }
    }

    /// The same for a topic that has to be there.
    pub async fn partitions_of(&self, topic: &str) -> Result<i32, KafkaError> {
        let missing = || {
            let action = format!("count the partitions of {topic:?}");
            KafkaError::new(action, ErrorCode::UnknownTopicOrPartition, "")
        };
        self.partitions(topic).await?.ok_or_else(missing)
    }

    /// Creates a topic with the brokers' default replication; `false` if it is there already. The embedded broker
    /// ignores `config`. Brokers may need a moment until all of them know it.
    pub async fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        config: &[(&str, &str)],
    ) -> Result<bool, KafkaError> {
        if let Some(broker) = &self.inner.embedded {
            return broker.create_topic(name, partitions);
        }
        let action = format!("create topic {name:?}");
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(-1));
        for (name, value) in config {
            topic = topic.set(name, value);
        }
        let options = self.options();
        let result = self
            .safe()?
            .create_topics([&topic], &options)
            .await
            .map_err(|error| KafkaError::from_rdkafka(&*action, &error))?;
        match result.into_iter().next() {
            Some(Ok(_)) => Ok(true),
            Some(Err((_, ErrorCode::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, code))) => Err(KafkaError::new(action, code, "")),
            None => Err(KafkaError::new(
                action,
                ErrorCode::Fail,
                "no answer about it",
            )),
        }
    }

    /// A topic's settings.
    pub async fn topic_config(&self, topic: &str) -> Result<TopicConfig, KafkaError> {
        if self.is_embedded() {
            let max_message_bytes = ProducerOptions::default().largest_limit;
            return Ok(TopicConfig {
                max_message_bytes,
                cleanup_policy: "delete".into(),
                others: BTreeMap::new(),
            });
        }
        let action = format!("read the settings of topic {topic:?}");
        let options = self.options();
        let result = self
            .safe()?
            .describe_configs([&ResourceSpecifier::Topic(topic)], &options)
            .await
            .map_err(|error| KafkaError::from_rdkafka(&*action, &error))?;
        let found = match result.into_iter().next() {
            Some(Ok(found)) => found,
            Some(Err(code)) => return Err(KafkaError::new(action, code, "")),
            None => {
                return Err(KafkaError::new(
                    action,
                    ErrorCode::Fail,
                    "no answer about it",
                ));
            }
        };
        let mut others: BTreeMap<String, String> = found
            .entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect();
        let max_message_bytes = others
            .remove("max.message.bytes")
            .and_then(|bytes| bytes.parse().ok())
            .ok_or_else(|| {
                KafkaError::new(&*action, ErrorCode::Fail, "no max.message.bytes among them")
            })?;
        let cleanup_policy = others.remove("cleanup.policy").unwrap_or_default();
        Ok(TopicConfig {
            max_message_bytes,
            cleanup_policy,
            others,
        })
    }

    /// What partitions hold now, to a reader of committed records.
    pub async fn extents(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<PerPartition<Extent>, KafkaError> {
        extents(&self.inner.client, partitions, self.timeout()).await
    }

    /// What all partitions of a topic hold now, by their number. `None`: there is no such topic.
    pub async fn topic_extents(
        &self,
        topic: &str,
    ) -> Result<Option<BTreeMap<i32, Extent>>, KafkaError> {
        let Some(count) = self.partitions(topic).await? else {
            return Ok(None);
        };
        let topic: Arc<str> = Arc::from(topic);
        let all: Vec<_> = (0..count)
            .map(|partition| TopicPartition::new(Arc::clone(&topic), partition))
            .collect();
        let extents = self.extents(&all).await?.into_iter();
        let numbered = extents.map(|(at, extent)| Ok((at.partition(), extent?)));
        numbered.collect::<Result<_, _>>().map(Some)
    }

    /// Which topics stand behind these names now, in the same order.
    pub async fn identities(&self, names: &[&str]) -> Result<Vec<TopicIdentity>, KafkaError> {
        identities(
            &self.inner.client,
            names,
            self.timeout(),
            self.is_embedded(),
        )
        .await
    }

    /// The offset where each partition is to be started.
    pub async fn start_offsets(
        &self,
        partitions: &[TopicPartition],
        start: Start,
    ) -> Result<PerPartition<i64>, KafkaError> {
        let extents = self.extents(partitions).await?;
        let by = |choose: &dyn Fn(&TopicPartition, Extent) -> Result<i64, KafkaError>| {
            extents
                .iter()
                .map(|(partition, extent)| {
                    (
                        partition.clone(),
                        extent.clone().and_then(|extent| choose(partition, extent)),
                    )
                })
                .collect()
        };
        let time = match start {
            Start::Earliest => return Ok(by(&|_, extent| Ok(extent.start))),
            Start::Latest => return Ok(by(&|_, extent| Ok(extent.end))),
            Start::Last(count) => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                return Ok(by(&|_, extent| {
                    Ok(extent.end.saturating_sub(count).max(extent.start))
                }));
            }
            Start::Time(time) => time,
        };
        if self.is_embedded() {
            let reason = "the embedded broker cannot look records up by time: start at earliest, latest or -N";
            return Err(KafkaError::new(
                "find where to start",
                ErrorCode::NotImplemented,
                reason,
            ));
        }
        let time = time.duration_since(UNIX_EPOCH).map_or(0, |time| {
            i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
        });
        let asked: Vec<_> = partitions
            .iter()
            .map(|partition| (partition.clone(), time))
            .collect();
        let found = offsets::list(&self.inner.client, &asked, self.timeout()).await?;
        let found: BTreeMap<_, _> = found
            .into_iter()
            .map(|entry| (entry.partition.clone(), entry))
            .collect();
        Ok(by(&|partition, extent| match found.get(partition) {
            Some(entry) if entry.code != ErrorCode::NoError => Err(KafkaError::new(
                format!("look up the offsets of {partition}"),
                entry.code,
                "",
            )),
            // No record is as young.
            Some(entry) if entry.offset < 0 => Ok(extent.end),
            Some(entry) => Ok(entry.offset),
            None => Err(KafkaError::new(
                format!("look up the offsets of {partition}"),
                ErrorCode::UnknownPartition,
                "",
            )),
        }))
    }

    /// Forgets what a group has committed for these partitions. The group must have no member that reads their topics; one
    /// that does not exist is fine. The embedded broker cannot forget: an error with code `NotImplemented`.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), KafkaError> {
        if self.is_embedded() {
            let reason = "the embedded broker forgets offsets only when it ends";
            return Err(KafkaError::new(
                format!("delete offsets of group {group:?}"),
                ErrorCode::NotImplemented,
                reason,
            ));
        }
        if partitions.is_empty() {
            return Ok(());
        }
        let mut list = List::new();
        for partition in partitions {
            list.add(partition, -1001, "");
        }
        match groups::delete_offsets(&self.inner.client, group, list, self.timeout()).await {
            Err(error) if error.code() == ErrorCode::GroupIdNotFound => Ok(()),
            other => other,
        }
    }

    /// How many members a group has now; `None` where that cannot be known (the embedded broker).
    pub async fn group_members(&self, group: &str) -> Result<Option<usize>, KafkaError> {
        if self.is_embedded() {
            return Ok(None);
        }
        groups::members(&self.inner.client, group, self.timeout())
            .await
            .map(Some)
    }

    /// How long one of these requests may take.
    pub fn timeout(&self) -> Duration {
        self.inner.settings.request_timeout()
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.timeout()))
            .operation_timeout(Some(self.timeout()))
    }

    fn safe(&self) -> Result<&AdminClient<DefaultClientContext>, KafkaError> {
        if self.inner.safe.get().is_none() {
            let made = self.inner.settings.config("millstream-admin").create();
            let made =
                made.map_err(|error| KafkaError::from_rdkafka("make a Kafka client", &error))?;
            if let Err(second) = self.inner.safe.set(made) {
                // Somebody else was faster.
                off_the_workers(second);
            }
        }
        self.inner
            .safe
            .get()
            .ok_or_else(|| KafkaError::new("make a Kafka client", ErrorCode::Fail, "it vanished"))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(safe) = self.safe.take() {
            off_the_workers(safe);
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("settings", &self.settings)
            .field("embedded", &self.embedded.is_some())
            .finish_non_exhaustive()
    }
}

/// Drops a client whose drop joins threads.
pub(crate) fn off_the_workers<T: Send + 'static>(client: T) {
    let spawned = std::thread::Builder::new()
        .name("kafka-close".into())
        .spawn(move || drop(client));
    if let Err(error) = spawned {
        tracing::warn!(%error, "a Kafka client was closed without a thread for it");
    }
}

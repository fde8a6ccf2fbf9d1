//! The four topics in which an installation keeps itself.
//!
//! Hosts create them where they are missing, and refuse to start on ones that could lose a deployment. One partition each:
//! order matters more than throughput here, and a reader needs a single position.

use std::time::Duration;

use millstream_kafka::{
    admin::{Admin, TopicConfig},
    error::KafkaError,
};

/// Their names under an installation's prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlTopics {
    /// The revision log.
    pub deployments: String,
    /// Chunks of modules.
    pub modules: String,
    /// What hosts and their transforms are doing.
    pub status: String,
    /// What guests say.
    pub logs: String,
}

/// Brokers stamp the records: they refuse those of a host whose clock is an hour ahead, and would remove what one writes whose
/// clock is a week behind.
const STAMPED: (&str, &str) = ("message.timestamp.type", "LogAppendTime");
/// Log lines are kept for a week, or until there are 256 MiB of them.
const LOGS_CONFIG: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    STAMPED,
    ("retention.ms", "604800000"),
    ("retention.bytes", "268435456"),
];
/// A short segment lets compaction get at superseded status records.
const STATUS_CONFIG: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.ms", "3600000"),
    STAMPED,
];
const KEPT_CONFIG: &[(&str, &str)] = &[("cleanup.policy", "compact"), STAMPED];

#[derive(Debug, thiserror::Error)]
pub enum ControlTopicsError {
    #[error(
        "the topic \"{topic}\" has cleanup.policy={policy}, which would lose {what}: set it with \
         `kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy={wanted}`, \
         or use another --prefix"
    )]
    Policy {
        topic: String,
        policy: String,
        wanted: &'static str,
        what: &'static str,
    },
    #[error(
        "the topic \"{topic}\" has {partitions} partitions, but has to have one: delete it if nothing is deployed, or use another --prefix"
    )]
    Partitions { topic: String, partitions: i32 },
    #[error("cannot set up the topic \"{topic}\": {source}")]
    Kafka { topic: String, source: KafkaError },
}

impl ControlTopicsError {
    /// Whether the same attempt may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self, ControlTopicsError::Kafka { source, .. } if source.is_transient() || source.is_unknown_topic())
    }
}

impl ControlTopics {
    pub fn new(prefix: &str) -> Self {
        let name = |what: &str| format!("_{prefix}.{what}");
        ControlTopics {
            deployments: name("deployments"),
            modules: name("modules"),
            status: name("status"),
            logs: name("logs"),
        }
    }

    /// Creates what is missing and checks what is there.
    ///
    /// # Errors
    /// If a topic is not fit for its purpose, or brokers cannot be asked.
    pub async fn ensure(&self, admin: &Admin) -> Result<(), ControlTopicsError> {
        self.ensure_one(admin, &self.deployments, KEPT_CONFIG, Some("deployments"))
            .await?;
        self.ensure_one(admin, &self.modules, KEPT_CONFIG, Some("modules"))
            .await?;
        self.ensure_one(
            admin,
            &self.status,
            STATUS_CONFIG,
            Some("the status of hosts"),
        )
        .await?;
        self.ensure_one(admin, &self.logs, LOGS_CONFIG, None).await
    }

    /// `kept`: what a policy other than `compact` would lose.
    async fn ensure_one(
        &self,
        admin: &Admin,
        topic: &str,
        config: &[(&str, &str)],
        kept: Option<&'static str>,
    ) -> Result<(), ControlTopicsError> {
        let failed = |source| ControlTopicsError::Kafka {
            topic: topic.to_owned(),
            source,
        };
        let created = admin.create_topic(topic, 1, config).await.map_err(failed)?;
        if created || admin.is_embedded() {
            return Ok(());
        }
        if let Some(partitions) = admin.partitions(topic).await.map_err(failed)?
            && partitions != 1
        {
            return Err(ControlTopicsError::Partitions {
                topic: topic.to_owned(),
                partitions,
            });
        }
        let Some(what) = kept else { return Ok(()) };
        let policy = settled_config(admin, topic)
            .await
            .map_err(failed)?
            .cleanup_policy;
        if policy != "compact" {
            return Err(ControlTopicsError::Policy {
                topic: topic.to_owned(),
                policy,
                wanted: "compact",
                what,
            });
        }
        Ok(())
    }
}

/// The topic's settings. A topic that another host has just created has none on brokers that have not heard of it yet.
async fn settled_config(admin: &Admin, topic: &str) -> Result<TopicConfig, KafkaError> {
    let mut attempts = 0;
    loop {
        match admin.topic_config(topic).await {
            Err(error)
                if attempts < 20 && !error.is_authentication() && !error.is_authorization() =>
            {
                attempts += 1;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            settled => return settled,
        }
    }
}

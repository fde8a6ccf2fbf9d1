//! Plain Kafka clients for the commands, and what goes wrong with them in words.

use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Brokers;
use crate::args;
use crate::output::{Complaint, escape};

/// How long brokers have to answer the first question.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client is made from, and what to call the brokers.
pub(super) struct Connection {
    pub(super) config: ClientConfig,
    pub(super) name: String,
}

impl Brokers {
    /// Finds out where the brokers are: as given, or as the host says.
    pub(super) async fn connection(&self) -> anyhow::Result<Connection> {
        args::unique("--kafka", &self.properties)?;
        let name = match &self.brokers {
            Some(brokers) => brokers.clone(),
            None => self.server.client()?.host().await?.brokers,
        };
        let mut config = ClientConfig::new();
        config
            .set("client.id", "millstream-cli")
            .set("socket.keepalive.enable", "true");
        for pair in &self.properties {
            config.set(&pair.key, &pair.value);
        }
        if name.trim().is_empty() {
            return Err(Complaint::new("--brokers", "is empty")
                .help("give it as HOST:PORT")
                .usage()
                .into());
        }
        config.set("bootstrap.servers", &name);
        Ok(Connection {
            config,
            name: escape(&name).into_owned(),
        })
    }
}

impl Connection {
    /// Makes a client.
    pub(super) fn client<C: ClientContext, T: FromClientConfigAndContext<C>>(
        &self,
        context: C,
    ) -> anyhow::Result<T> {
        self.config.create_with_context(context).map_err(|error| match error {
            KafkaError::ClientConfig(_, reason, name, value) => {
                let shown = if name.contains("password") { "…" } else { value.as_str() };
                Complaint::new(format!("--kafka {}={}", escape(&name), escape(shown)), escape(&reason))
                    .help("the properties are those of librdkafka: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md")
                    .usage()
                    .into()
            }
            other => self.complain("cannot make a client", &other),
        })
    }

    /// Makes a consumer that joins no group and commits nothing; the client wants a group's name all the same.
    pub(super) fn consumer(&self) -> anyhow::Result<BaseConsumer> {
        let mut config = self.config.clone();
        // Left in, a producer's own properties would each be warned of.
        for producers in [
            "partitioner",
            "linger.ms",
            "enable.idempotence",
            "message.timeout.ms",
        ] {
            config.remove(producers);
        }
        config
            .set("group.id", "millstream-cli")
            .set("enable.auto.commit", "false");
        Connection {
            config,
            name: self.name.clone(),
        }
        .client(rdkafka::consumer::DefaultConsumerContext)
    }

    /// The partitions of a topic.
    pub(super) fn partitions<C: rdkafka::consumer::ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: &str,
    ) -> anyhow::Result<Vec<i32>> {
        let metadata = consumer
            .fetch_metadata(Some(topic), PATIENCE)
            .map_err(|error| self.complain("no broker answers", &error))?;
        let Some(topic_metadata) = metadata
            .topics()
            .iter()
            .find(|metadata| metadata.name() == topic)
        else {
            return Err(unknown_topic(topic));
        };
        if let Some(error) = topic_metadata.error() {
            let error = KafkaError::MetadataFetch(RDKafkaErrorCode::from(error));
            return Err(self.about_topic(topic, &error));
        }
        if topic_metadata.partitions().is_empty() {
            return Err(unknown_topic(topic));
        }
        Ok(topic_metadata
            .partitions()
            .iter()
            .map(|partition| partition.id())
            .collect())
    }

    /// The first and the next offset of a partition.
    pub(super) fn watermarks<C: rdkafka::consumer::ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: &str,
        partition: i32,
    ) -> anyhow::Result<(i64, i64)> {
        consumer
            .fetch_watermarks(topic, partition, PATIENCE)
            .map_err(|error| self.about_topic(topic, &error))
    }

    /// An error of the brokers.
    pub(super) fn complain(&self, what: &str, error: &KafkaError) -> anyhow::Error {
        let code = error.rdkafka_error_code();
        let help = match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                "check the user name and the password: --kafka sasl.username=… --kafka sasl.password=…"
            }
            Some(RDKafkaErrorCode::SSL) => {
                "check the certificates: --kafka security.protocol=…, ssl.ca.location=…"
            }
            _ => "check that a broker runs there; --brokers says where, --kafka how to be let in",
        };
        Complaint::new(&self.name, format!("{what}: {}", reason(error)))
            .help(help)
            .into()
    }

    /// An error of the brokers about a topic.
    pub(super) fn about_topic(&self, topic: &str, error: &KafkaError) -> anyhow::Error {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => unknown_topic(topic),
            Some(RDKafkaErrorCode::InvalidTopic) => Complaint::new(escape(topic), "is not a topic's name")
                .help("a topic's name consists of letters, digits, '.', '_' and '-'")
                .into(),
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Complaint::new(escape(topic), "the brokers do not allow it")
                .help("ask whoever runs them for the right to use this topic, or say who you are with --kafka sasl.username=…")
                .into(),
            _ => self.complain(&format!("topic {}", escape(topic)), error),
        }
    }
}

fn unknown_topic(topic: &str) -> anyhow::Error {
    Complaint::new(escape(topic), "there is no such topic")
        .help(format!(
            "create it: `millstream topic create {}`",
            escape(topic)
        ))
        .into()
}

/// librdkafka's own words for an error, without the Rust wrapper's.
pub(super) fn reason(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::AllBrokersDown,
        ) => "it cannot be reached".to_owned(),
        Some(code) => code.to_string(),
        None => escape(&error.to_string()).into_owned(),
    }
}

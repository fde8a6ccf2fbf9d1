//! How to reach the brokers: what every client of an installation shares.
//!
//! Promises: properties that the delivery contract rests on cannot be changed from outside, nor can any make the client
//! load code or run programs; a bad one is refused with librdkafka's own words; secrets show up in no message and in no
//! `Debug`. Does not talk to any broker.

use std::fmt;
use std::time::Duration;

use rdkafka::config::ClientConfig;

use crate::consumer::ConsumerOptions;
use crate::embedded::EmbeddedBroker;
use crate::error::KafkaError;
use crate::producer::ProducerOptions;

mod owned;

/// Why a property is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kafka property {name}: {reason}: {remedy}")]
pub struct SettingsError {
    /// The property.
    pub name: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Brokers and client properties.
#[derive(Clone)]
pub struct Settings {
    brokers: String,
    properties: Vec<(String, String)>,
    embedded: bool,
}

impl Settings {
    /// For clients of the embedded broker in its own process.
    pub fn embedded(
        broker: &EmbeddedBroker,
        properties: &[(String, String)],
    ) -> Result<Settings, SettingsError> {
        Settings::new(broker.direct(), properties).map(|settings| Settings {
            embedded: true,
            ..settings
        })
    }

    /// Whether they lead to the embedded broker.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }
    /// `brokers`: `host:port`, several separated by commas. `properties`: librdkafka's, as `--kafka key=value` gives them.
    pub fn new(brokers: &str, properties: &[(String, String)]) -> Result<Settings, SettingsError> {
        let refuse = |name: &str, reason: String, remedy: &str| SettingsError {
            name: name.into(),
            reason,
            remedy: remedy.into(),
        };
        check_brokers(brokers).map_err(|reason| {
            refuse(
                "bootstrap.servers",
                reason,
                "give --brokers as host:port[,host:port…]",
            )
        })?;
        let mut checked = ClientConfig::new();
        for (index, (name, value)) in properties.iter().enumerate() {
            if properties[..index]
                .iter()
                .any(|(earlier, _)| earlier == name)
            {
                return Err(refuse(name, "given twice".into(), "give it once"));
            }
            if let Some(owned) = owned::find(name) {
                return Err(refuse(name, owned.reason.into(), owned.remedy));
            }
            // One at a time, so that the message is about this one.
            let mut alone = ClientConfig::new();
            alone.set(name, value);
            if let Err(error) = alone.create_native_config() {
                let reason = match &error {
                    _ if owned::is_secret(name) => "its value is not valid (and not shown)".into(),
                    rdkafka::error::KafkaError::ClientConfig(_, reason, ..) => reason.clone(),
                    other => other.to_string(),
                };
                return Err(refuse(
                    name,
                    reason,
                    "see librdkafka's CONFIGURATION.md for names and values",
                ));
            }
            checked.set(name, value);
        }
        let settings = Settings {
            brokers: brokers.to_owned(),
            properties: properties.to_vec(),
            embedded: false,
        };
        settings.check_together()?;
        Ok(settings)
    }

    /// Some combinations, certificates and keys are looked at only when a client is made, and each kind of client has properties of
    /// the host's own beside these. Making one connects to nobody.
    fn check_together(&self) -> Result<(), SettingsError> {
        use crate::ffi::client::{Client, Kind};
        let transactional = ProducerOptions {
            transactional_id: Some("check".to_owned()),
            ..ProducerOptions::default()
        };
        let clients = [
            (Kind::Consumer, ConsumerOptions::new("check").config(self)),
            (Kind::Producer, ProducerOptions::default().config(self)),
            (Kind::Producer, transactional.config(self)),
        ];
        for (kind, mut config) in clients {
            // Without brokers it has nobody to connect to.
            config.remove("bootstrap.servers");
            let made = Client::new(kind, &config, 0, false, "use these properties");
            made.map_err(|error: KafkaError| SettingsError {
                name: self
                    .properties
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                reason: error.message().to_owned(),
                remedy: "change one of them".into(),
            })?;
        }
        Ok(())
    }

    /// As given.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// A property that was given.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// How long a request about metadata, offsets or groups may take.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    pub(crate) fn config(&self, client_id: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        // The safe API would derive librdkafka's log level from the `log` crate, which nobody sets up here.
        config.set_log_level(rdkafka::config::RDKafkaLogLevel::Info);
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", client_id);
        // Reconnecting after a broker's restart should not take the ten seconds that librdkafka goes up to.
        self.set_unless_given(&mut config, "reconnect.backoff.max.ms", "2000");
        // Requests are written whole: holding a small one back until the one before is acknowledged costs up to 40 ms.
        self.set_unless_given(&mut config, "socket.nagle.disable", "true");
        // Metrics that brokers may ask clients for (KIP-714): a histogram behind a lock that every record read goes through.
        self.set_unless_given(&mut config, "enable.metrics.push", "false");
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// For a client that reads partitions of its own choice, committed records only, and is told where they end.
    pub(crate) fn following(&self, client_id: &str) -> ClientConfig {
        let mut config = self.config(client_id);
        // librdkafka wants a group to assign partitions; nothing is ever committed to it.
        config.set("group.id", client_id);
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        let wait = if self.is_embedded() { "10" } else { "100" };
        self.set_unless_given(&mut config, "fetch.wait.max.ms", wait);
        config
    }

    pub(crate) fn set_unless_given(&self, config: &mut ClientConfig, name: &str, value: &str) {
        if self.given(name).is_none() {
            config.set(name, value);
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, String)| {
            let value = if owned::is_public(name) {
                value.clone()
            } else {
                "…".into()
            };
            (name.clone(), value)
        };
        f.debug_struct("Settings")
            .field("brokers", &self.brokers)
            .field(
                "properties",
                &self.properties.iter().map(shown).collect::<Vec<_>>(),
            )
            .finish()
    }
}

fn check_brokers(brokers: &str) -> Result<(), String> {
    for broker in brokers.split(',') {
        let broker = broker.trim();
        let (host, port) = match broker.rsplit_once(':') {
            // `[::1]` has colons and no port.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (broker, None),
        };
        if host.is_empty()
            || host
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || c == '/')
        {
            return Err(format!("{broker:?} is not a broker's address"));
        }
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(format!("{broker:?} has no valid port"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! Client properties.
use crate::error::KafkaError;
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Kafka property {name}: {reason}. {remedy}")]
pub struct SettingsError { pub name: String, pub reason: String, pub remedy: String }
#[derive(Clone, Debug)]
pub struct Settings;
impl Settings {
    /// `brokers`: `host:port`, comma-separated. `properties`: what `--kafka key=value` gave.
    pub fn new(brokers: &str, properties: &[(String, String)]) -> Result<Settings, SettingsError> { unimplemented!("{brokers}{properties:?}") }
    pub fn brokers(&self) -> &str { unimplemented!() }
}
#[allow(unused)] fn k(_: KafkaError) {}

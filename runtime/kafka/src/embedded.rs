//! A broker inside the process.
use std::sync::Arc;
use crate::error::KafkaError;
#[derive(Debug, Clone)]
pub struct EmbeddedBroker { x: Arc<()> }
impl EmbeddedBroker {
    /// Some(port): listens there for bootstrapping, or fails (`ErrorCode::InvalidArgument`) if taken. None: any port.
    pub async fn start(port: Option<u16>) -> Result<EmbeddedBroker, KafkaError> { let _ = port; unimplemented!() }
    /// `127.0.0.1:port`
    pub fn bootstrap_servers(&self) -> &str { let _ = &self.x; unimplemented!() }
    /// False if it was there.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<bool, KafkaError> { unimplemented!("{name}{partitions}") }
    /// What a partition keeps at most, bytes: then the oldest go, silently (see log start offsets in `Admin::extents`).
    pub const RETAINED_BYTES: usize = 5 << 20;
    /// Records kept at most per partition.
    pub const RETAINED_RECORDS: usize = 100_000;
    /// Partitions of a topic that a client brings about by using it.
    pub const DEFAULT_PARTITIONS: i32 = 4;
}

//! A broker inside the process: librdkafka's mock cluster, with one broker.
//!
//! It speaks Kafka's protocol, so other clients (kcat, Java) can use it, and it keeps everything in memory. Its limits are
//! the mock's:
//! - a partition keeps [`EmbeddedBroker::RETAINED_BYTES`] and [`EmbeddedBroker::RETAINED_RECORDS`], and then drops its oldest batches without a word.
//!   Log start offsets ([`crate::admin::Admin::extents`]) tell: what starts above 0 has lost something;
//! - no admin requests, no group descriptions, no lookup by time; topics are created here, or by using them (then with
//!   [`EmbeddedBroker::DEFAULT_PARTITIONS`]);
//! - transactions are acknowledged and mean nothing;
//! - it listens on any free port and answers some requests in a way that only librdkafka understands. Other programs use a
//!   port in front of it, where that is mended.

mod front;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::consumer::blocking;
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::mock::Mock;

/// Kafka's protocol numbers for [`EmbeddedBroker::fail_requests`].
pub use rdkafka::types::RDKafkaApiKey as Request;
/// Errors for [`EmbeddedBroker::fail_requests`].
pub use rdkafka::types::RDKafkaRespErr as Injected;

/// A running broker; clones are the same one. It ends with the last of them.
#[derive(Debug, Clone)]
pub struct EmbeddedBroker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    mock: Option<Mock>,
    bootstrap: String,
    direct: String,
    front: JoinHandle<()>,
}

impl EmbeddedBroker {
    /// What a partition keeps, in bytes of record batches.
    pub const RETAINED_BYTES: usize = 5 << 20;
    /// How many records it keeps.
    pub const RETAINED_RECORDS: usize = 100_000;
    /// Partitions of a topic that a client brings about by using it.
    pub const DEFAULT_PARTITIONS: i32 = 4;

    /// Starts on a loopback port: the one given (an error if it is taken, with code `InvalidArgument`), or any. Needs a
    /// Tokio runtime that lives as long as the port is to be served.
    pub async fn start(port: Option<u16>) -> Result<EmbeddedBroker, KafkaError> {
        const ACTION: &str = "start the embedded broker";
        let port = port.unwrap_or(0);
        let refused = |error: std::io::Error| {
            let reason = format!("port {port} cannot be used: {error}");
            KafkaError::new(ACTION, ErrorCode::InvalidArgument, reason)
        };
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(refused)?;
        let bootstrap = listener.local_addr().map_err(refused)?;
        let mock = blocking(ACTION, || Mock::new(1)).await?;
        let direct = mock.bootstrap_servers();
        let behind = direct
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| {
                KafkaError::new(
                    ACTION,
                    ErrorCode::State,
                    format!("it listens on {direct:?}"),
                )
            })?;
        let front = tokio::spawn(front::serve(listener, bootstrap.port(), behind));
        Ok(EmbeddedBroker {
            inner: Arc::new(Inner {
                mock: Some(mock),
                bootstrap: bootstrap.to_string(),
                direct,
                front,
            }),
        })
    }

    /// Where clients start, as `127.0.0.1:port`.
    pub fn bootstrap_servers(&self) -> &str {
        &self.inner.bootstrap
    }

    /// Where the broker really listens: for librdkafka in this process.
    pub fn direct(&self) -> &str {
        &self.inner.direct
    }

    /// Creates a topic; `false` if it is there already (with however many partitions).
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<bool, KafkaError> {
        let action = || format!("create topic {name:?}");
        if !is_topic_name(name) {
            let reason = "a topic's name is 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-', and neither '.' nor '..'";
            return Err(KafkaError::new(action(), ErrorCode::InvalidTopic, reason));
        }
        if !(1..=1000).contains(&partitions) {
            let reason = format!("{partitions} partitions: the embedded broker takes 1 to 1000");
            return Err(KafkaError::new(
                action(),
                ErrorCode::InvalidPartitions,
                reason,
            ));
        }
        self.mock()?.create_topic(name, partitions)
    }

    /// For tests: the next requests of this kind fail, with one of these errors each.
    pub fn fail_requests(&self, request: Request, errors: &[Injected]) -> Result<(), KafkaError> {
        self.mock()?.fail_requests(request as i16, errors);
        Ok(())
    }

    /// For tests: requests are counted from now on.
    pub fn watch_requests(&self) -> Result<(), KafkaError> {
        self.mock()?.watch_requests();
        Ok(())
    }

    /// For tests: how many of this kind came since [`EmbeddedBroker::watch_requests`].
    pub fn requests(&self, request: Request) -> Result<usize, KafkaError> {
        Ok(self.mock()?.requests(request as i16))
    }

    /// For tests: connections are refused from now on (`false`), or taken again.
    pub fn set_up(&self, up: bool) -> Result<(), KafkaError> {
        self.mock()?.set_up(up);
        Ok(())
    }

    /// For tests: every answer takes this long.
    pub fn set_delay(&self, delay: std::time::Duration) -> Result<(), KafkaError> {
        self.mock()?.set_delay(crate::consumer::millis(delay));
        Ok(())
    }

    fn mock(&self) -> Result<&Mock, KafkaError> {
        self.inner.mock.as_ref().ok_or_else(|| {
            KafkaError::new("use the embedded broker", ErrorCode::State, "it has ended")
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.front.abort();
        // Ending the mock waits for its thread, which must not happen on an async worker.
        let mock = self.mock.take();
        let _ = std::thread::Builder::new()
            .name("kafka-embedded-end".into())
            .spawn(move || drop(mock));
    }
}

/// Kafka's rule.
fn is_topic_name(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

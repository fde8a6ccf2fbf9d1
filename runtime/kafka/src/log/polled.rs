//! A producer, and the thread that takes its reports.
//!
//! rdkafka has one as well (`FutureProducer`), which asks ten times a second, and in the last millisecond of each tenth, too short
//! a time for librdkafka to wait for, again and again: a hundredth of a core for a producer that has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError as Native;
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, ProducerContext};
use tokio::sync::oneshot;

use crate::error::{ErrorCode, KafkaError};

/// Reports are taken as they come. It takes up to so long to notice that nobody has the producer any more.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// What became of a record: its offset.
pub(super) type Report = Result<i64, Native>;

/// Tells who sent a record what became of it.
pub(super) struct Reports;

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<oneshot::Sender<Report>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sender: Self::DeliveryOpaque) {
        let report = match result {
            Ok(record) => Ok(record.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        // Not everybody waits for it.
        let _ = sender.send(report);
    }
}

/// The thread ends, and closes the producer, once it is the last to have it.
pub(super) fn polled(
    config: &ClientConfig,
    action: &str,
) -> Result<Arc<BaseProducer<Reports>>, KafkaError> {
    let producer: BaseProducer<Reports> = config
        .create_with_context(Reports)
        .map_err(|error| KafkaError::from_rdkafka(action, &error))?;
    let producer = Arc::new(producer);
    let polled = Arc::clone(&producer);
    std::thread::Builder::new()
        .name("log-reports".into())
        .spawn(move || {
            while Arc::strong_count(&polled) > 1 {
                polled.poll(LOOKS_EVERY);
            }
        })
        .map_err(|error| {
            let reason = format!("no thread: {error}");
            KafkaError::new(action, ErrorCode::CriticalSystemResource, reason)
        })?;
    Ok(producer)
}

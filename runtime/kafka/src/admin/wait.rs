//! Waiting for brokers that are away, and telling them from brokers that refuse.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::bindings as rd;

use crate::consumer::blocking;
use crate::error::{ErrorCode, KafkaError};
use crate::ffi::client::{Client, Kind};
use crate::ffi::metadata::{self, Which};
use crate::ffi::queue::Queue;
use crate::settings::Settings;

const LOG_EVERY: Duration = Duration::from_secs(5);
/// One attempt; short, so that a refusal is noticed soon.
const ATTEMPT_MS: i32 = 500;
/// A broker that goes down amid a handshake looks like a TLS failure once; a wrong certificate does every time.
const TLS_FAILURES: u32 = 3;

pub(super) async fn for_brokers(settings: &Settings) -> Result<(), KafkaError> {
    let action = format!("reach the brokers at {}", settings.brokers());
    // A client of its own, whose errors nobody else reads.
    let client = Client::new(
        Kind::Consumer,
        &settings.config("millstream-probe"),
        rd::RD_KAFKA_EVENT_ERROR,
        false,
        &action,
    )?;
    let errors = Queue::main(&client)
        .ok_or_else(|| KafkaError::new(&*action, ErrorCode::CriticalSystemResource, "no queue"))?;
    let began = Instant::now();
    let mut last_line: Option<Instant> = None;
    let mut tls_failures = 0;
    let mut reason = String::from("no answer");
    loop {
        let asked = Arc::clone(&client);
        let answer = blocking(&action, move || {
            metadata::fetch(&asked, Which::None, ATTEMPT_MS)
        })
        .await;
        while let Some(event) = errors.poll(0) {
            let Err(error) = event.check(&action) else {
                continue;
            };
            if error.code() == ErrorCode::SSL {
                tls_failures += 1;
            }
            if error.is_authentication()
                && (error.code() != ErrorCode::SSL || tls_failures >= TLS_FAILURES)
            {
                return Err(error);
            }
            if error.code() != ErrorCode::AllBrokersDown {
                reason = error.message().to_owned();
            }
        }
        match answer {
            Ok(_) => return Ok(()),
            Err(error) if error.is_authentication() => return Err(error),
            Err(_) => {}
        }
        if last_line.is_none_or(|at| at.elapsed() >= LOG_EVERY)
            && began.elapsed() >= Duration::from_secs(1)
        {
            last_line = Some(Instant::now());
            tracing::warn!(brokers = settings.brokers(), "waiting for Kafka: {reason}");
        }
        // An attempt that fails at once must not spin.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

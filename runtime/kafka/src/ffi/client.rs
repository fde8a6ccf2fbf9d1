//! A librdkafka client: made from a configuration, destroyed on a thread of its own.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::thread;

use rdkafka::bindings as rd;
use rdkafka::config::ClientConfig;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use crate::error::KafkaError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Consumer,
    Producer,
}

/// A live client. Everything that came out of it holds an `Arc` of it.
#[derive(Debug)]
pub(crate) struct Client {
    rk: NonNull<rd::rd_kafka_t>,
}

// SAFETY: librdkafka's client handle is thread-safe: all functions that take it lock inside.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// `events`: those that queues hand out instead of serving them by callback. `reports`: delivery reports go to the
    /// flights of produced records; only `produce` may then send.
    pub(crate) fn new(
        kind: Kind,
        config: &ClientConfig,
        events: i32,
        reports: bool,
        action: &str,
    ) -> Result<Arc<Client>, KafkaError> {
        crate::init();
        let native = config
            .create_native_config()
            .map_err(|error| KafkaError::from_rdkafka(action, &error))?;
        let kind = match kind {
            Kind::Consumer => rd::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            Kind::Producer => rd::rd_kafka_type_t::RD_KAFKA_PRODUCER,
        };
        let mut reason = [0 as c_char; 512];
        // SAFETY: `native` owns a valid configuration, `reason` is writable for the length given; on success librdkafka
        // takes the configuration, so it is forgotten below, and only then.
        let rk = unsafe {
            rd::rd_kafka_conf_set_events(native.ptr(), events);
            rd::rd_kafka_conf_set_log_cb(native.ptr(), Some(on_log));
            if reports {
                // Only a client that is polled for ever: elsewhere errors would pile up unread.
                rd::rd_kafka_conf_set_error_cb(native.ptr(), Some(on_error));
                rd::rd_kafka_conf_set_dr_msg_cb(native.ptr(), Some(super::flight::on_report));
            }
            rd::rd_kafka_new(kind, native.ptr(), reason.as_mut_ptr(), reason.len())
        };
        let Some(rk) = NonNull::new(rk) else {
            // SAFETY: librdkafka terminates what it writes within the length given.
            let reason = unsafe { text(reason.as_ptr()) };
            return Err(KafkaError::new(
                action,
                RDKafkaErrorCode::InvalidArgument,
                reason,
            ));
        };
        std::mem::forget(native);
        Ok(Arc::new(Client { rk }))
    }

    pub(crate) fn ptr(&self) -> *mut rd::rd_kafka_t {
        self.rk.as_ptr()
    }

    /// The fatal error that made this client useless, if any.
    pub(crate) fn fatal(&self, action: &str) -> Option<KafkaError> {
        let mut reason = [0 as c_char; 512];
        // SAFETY: the client lives, `reason` is writable for the length given.
        let code =
            unsafe { rd::rd_kafka_fatal_error(self.ptr(), reason.as_mut_ptr(), reason.len()) };
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: terminated by librdkafka.
        let reason = unsafe { text(reason.as_ptr()) };
        Some(KafkaError::new(action, code.into(), reason).fatal())
    }

    /// Records and reports that wait inside.
    pub(crate) fn waiting(&self) -> usize {
        // SAFETY: the client lives.
        usize::try_from(unsafe { rd::rd_kafka_outq_len(self.ptr()) }).unwrap_or(0)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        struct Handle(*mut rd::rd_kafka_t, c_int);
        // SAFETY: see `Client`.
        unsafe impl Send for Handle {}
        impl Handle {
            fn destroy(self) {
                // SAFETY: this was the last `Arc`, so no queue, message, topic or event of the client is left.
                unsafe { rd::rd_kafka_destroy_flags(self.0, self.1) };
            }
        }
        // A consumer that failed for good refuses to leave its group, and librdkafka would then wait for that for ever, with a
        // thread that takes a whole core.
        let flags = match self.fatal("") {
            Some(_) => rd::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE,
            None => 0,
        };
        // The last drop may happen on an async worker, or inside one of the client's own callbacks: joining its threads
        // from there would block or never end.
        let handle = Handle(self.ptr(), flags);
        let spawned = thread::Builder::new()
            .name("kafka-destroy".into())
            .spawn(move || handle.destroy());
        if let Err(error) = spawned {
            // Leaking beats a deadlock: the caller may be one of the client's own threads.
            tracing::error!(%error, "cannot start a thread to close a Kafka client: it is leaked");
        }
    }
}

/// # Safety
/// `text` is null or a terminated string that lives during the call.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// Brokers may send codes that this librdkafka does not know; its enum must then not be read as one.
pub(crate) fn code_of(raw: i32) -> RDKafkaErrorCode {
    RDKafkaRespErr::try_from(raw).map_or(RDKafkaErrorCode::Unknown, Into::into)
}

/// Takes librdkafka's error object apart and frees it. `None` if it is null.
pub(crate) fn error_of(error: *mut rd::rd_kafka_error_t, action: &str) -> Option<KafkaError> {
    if error.is_null() {
        return None;
    }
    // SAFETY: not null, so a live error object, which is ours to free; its text is copied before.
    unsafe {
        let code = rd::rd_kafka_error_code(error);
        let message = text(rd::rd_kafka_error_string(error));
        let fatal = rd::rd_kafka_error_is_fatal(error) != 0;
        rd::rd_kafka_error_destroy(error);
        let made = KafkaError::new(action, code.into(), message);
        Some(if fatal { made.fatal() } else { made })
    }
}

/// Errors are events or results; what is left for the callback is worth a line in the log at most.
unsafe extern "C" fn on_error(
    _: *mut rd::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    _: *mut c_void,
) {
    // SAFETY: librdkafka passes a terminated string.
    let reason = unsafe { text(reason) };
    tracing::debug!(target: "millstream_kafka::librdkafka", code = %code_of(code), "{reason}");
}

unsafe extern "C" fn on_log(
    _: *const rd::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: librdkafka passes terminated strings.
    let (facility, line) = unsafe { (text(facility), text(line)) };
    if is_meant(&facility, &line) {
        return;
    }
    // librdkafka reports every lost connection as an error, although it reconnects by itself, and once more as an event.
    if facility == "FAIL" || facility == "ERROR" {
        tracing::debug!(target: "millstream_kafka::librdkafka", facility, "{line}");
        return;
    }
    match level {
        0..=2 => tracing::error!(target: "millstream_kafka::librdkafka", facility, "{line}"),
        3 | 4 => tracing::warn!(target: "millstream_kafka::librdkafka", facility, "{line}"),
        5 | 6 => tracing::info!(target: "millstream_kafka::librdkafka", facility, "{line}"),
        _ => tracing::debug!(target: "millstream_kafka::librdkafka", facility, "{line}"),
    }
}

/// Whether a line warns of what is meant to be so. Other warnings about properties are worth reading.
fn is_meant(facility: &str, line: &str) -> bool {
    const MEANT: [&str; 3] = [
        // One set of properties serves consumers and producers; that each ignores the other's is meant.
        "property and will be ignored",
        // No record may come before one that was refused: producers are made to fail instead.
        "enable.gapless.guarantee is experimental",
        // The embedded broker is a client without brokers; all others are given some.
        "No `bootstrap.servers` configured",
    ];
    facility == "CONFWARN" && MEANT.iter().any(|text| line.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_what_is_meant_are_dropped_and_others_are_not() {
        for meant in [
            "[thrd:app]: Configuration property acks is a producer property and will be ignored by this consumer instance",
            "[thrd:app]: Configuration property enable.gapless.guarantee is experimental: When set to `true`, any error",
            "[thrd:app]: No `bootstrap.servers` configured: client will not be able to connect to Kafka cluster",
        ] {
            assert!(is_meant("CONFWARN", meant), "{meant}");
        }
        let misconfigured = "[thrd:app]: Configuration property `sasl.mechanism` set to `PLAIN` but `security.protocol` is not configured for SASL";
        assert!(!is_meant("CONFWARN", misconfigured));
        assert!(!is_meant(
            "FAIL",
            "enable.gapless.guarantee is experimental"
        ));
    }
}

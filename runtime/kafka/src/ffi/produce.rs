//! Producing: topic handles, records, waiting for reports.

use std::ffi::CString;
use std::ops::Range;
use std::os::raw::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use rd::rd_kafka_vtype_t as vtype;
use rdkafka::bindings as rd;

use super::client::{Client, error_of};
use super::flight::Sender;
use super::message::OwnedHeaders;
use crate::error::{ErrorCode, KafkaError};

/// A topic of one client.
#[derive(Debug)]
pub(crate) struct TopicHandle {
    topic: NonNull<rd::rd_kafka_topic_t>,
    client: Arc<Client>,
}

// SAFETY: topic handles are reference-counted and locked inside librdkafka.
unsafe impl Send for TopicHandle {}
// SAFETY: as above.
unsafe impl Sync for TopicHandle {}

impl TopicHandle {
    pub(crate) fn new(client: &Arc<Client>, name: &str) -> Result<TopicHandle, KafkaError> {
        let invalid = || {
            KafkaError::new(
                format!("use topic {name:?}"),
                ErrorCode::InvalidTopic,
                "not a topic's name",
            )
        };
        let text = CString::new(name).map_err(|_| invalid())?;
        // SAFETY: the client lives, the name is terminated and copied; the default configuration is used for null.
        let topic =
            unsafe { rd::rd_kafka_topic_new(client.ptr(), text.as_ptr(), std::ptr::null_mut()) };
        let topic = NonNull::new(topic).ok_or_else(invalid)?;
        Ok(TopicHandle {
            topic,
            client: Arc::clone(client),
        })
    }

    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_topic_t {
        self.topic.as_ptr()
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: owned, given back once, while the client lives.
        unsafe { rd::rd_kafka_topic_destroy(self.ptr()) }
    }
}

/// A value: named where it is not copied, so that it cannot point to anything but the flight's own memory.
pub(crate) enum Payload<'a> {
    Null,
    Row(usize),
    Patched(Range<usize>),
    Copy(&'a [u8]),
}

/// A key; always copied.
pub(crate) enum RecordKey<'a> {
    Null,
    Row(usize),
    Bytes(&'a [u8]),
}

pub(crate) enum Headers {
    None,
    Owned(OwnedHeaders),
    /// The row's own, taken out of its message.
    Take(usize),
}

pub(crate) struct Record<'a> {
    pub(crate) topic: &'a TopicHandle,
    pub(crate) partition: i32,
    pub(crate) key: RecordKey<'a>,
    pub(crate) payload: Payload<'a>,
    pub(crate) headers: Headers,
    /// 0 means "now" to librdkafka.
    pub(crate) timestamp: i64,
}

pub(crate) enum Refused {
    /// A row or range that the flight does not have.
    NotThere,
    Kafka(KafkaError),
}

/// Hands one record to `client`, the topic's own. Nothing is sent and nothing changed if it is refused.
pub(crate) fn produce(
    client: &Client,
    flight: &mut Sender,
    record: Record<'_>,
) -> Result<(), Refused> {
    // A topic handle of another client would be a use after free once that client goes.
    if !std::ptr::eq(client, Arc::as_ptr(record.topic.client())) {
        return Err(Refused::Kafka(KafkaError::new(
            "produce",
            ErrorCode::InvalidArgument,
            "the topic belongs to another producer",
        )));
    }
    let (payload, flags) = match record.payload {
        Payload::Null => (None, 0),
        Payload::Row(row) => (flight.row(row).ok_or(Refused::NotThere)?, 0),
        Payload::Patched(range) => (Some(flight.patched(range).ok_or(Refused::NotThere)?), 0),
        Payload::Copy(bytes) => (Some(bytes), rd::RD_KAFKA_MSG_F_COPY),
    };
    let (payload, length) = raw(payload);
    let key = match record.key {
        RecordKey::Null => None,
        RecordKey::Row(row) => flight.key(row).ok_or(Refused::NotThere)?,
        RecordKey::Bytes(bytes) => Some(bytes),
    };
    let (key, key_length) = raw(key);
    let (headers, taken) = match record.headers {
        Headers::None => (None, None),
        Headers::Owned(headers) => (Some(headers), None),
        Headers::Take(row) => (flight.detach_headers(row), Some(row)),
    };
    let headers = headers.map_or(std::ptr::null_mut(), OwnedHeaders::into_raw);

    let mut parts = [const {
        rd::rd_kafka_vu_t {
            vtype: vtype::RD_KAFKA_VTYPE_END,
            u: rd::rd_kafka_vu_s__bindgen_ty_1 { i64_: 0 },
        }
    }; 8];
    let mut count = 0;
    let mut push = |vtype, u| {
        parts[count] = rd::rd_kafka_vu_t { vtype, u };
        count += 1;
    };
    type Part = rd::rd_kafka_vu_s__bindgen_ty_1;
    type Memory = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1;
    push(
        vtype::RD_KAFKA_VTYPE_RKT,
        Part {
            rkt: record.topic.ptr(),
        },
    );
    push(
        vtype::RD_KAFKA_VTYPE_PARTITION,
        Part {
            i32_: record.partition,
        },
    );
    push(vtype::RD_KAFKA_VTYPE_MSGFLAGS, Part { i: flags });
    push(
        vtype::RD_KAFKA_VTYPE_VALUE,
        Part {
            mem: Memory {
                ptr: payload,
                size: length,
            },
        },
    );
    push(
        vtype::RD_KAFKA_VTYPE_KEY,
        Part {
            mem: Memory {
                ptr: key,
                size: key_length,
            },
        },
    );
    push(
        vtype::RD_KAFKA_VTYPE_TIMESTAMP,
        Part {
            i64_: record.timestamp,
        },
    );
    push(
        vtype::RD_KAFKA_VTYPE_OPAQUE,
        Part {
            ptr: flight.depart(),
        },
    );
    if !headers.is_null() {
        push(vtype::RD_KAFKA_VTYPE_HEADERS, Part { headers });
    }
    // SAFETY: client and topic live and belong together. The key is copied; the value is copied, or lies in the flight's
    // core, which lives until the report on this record (`depart` counted it) and whose bytes never change: librdkafka
    // reads a value up to its report and never after. Headers are taken over on success only.
    let error = unsafe { rd::rd_kafka_produceva(client.ptr(), parts.as_ptr(), count) };
    let Some(error) = error_of(error, "produce") else {
        return Ok(());
    };
    flight.stay();
    // SAFETY: refused, so the headers are ours again.
    let headers = unsafe { OwnedHeaders::from_raw(headers) };
    if let (Some(headers), Some(row)) = (headers, taken) {
        flight.attach_headers(row, headers);
    }
    Err(Refused::Kafka(error))
}

/// Null is no value; an empty one is a pointer that is not null.
fn raw(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((std::ptr::null_mut(), 0), |bytes| {
        (bytes.as_ptr().cast_mut().cast(), bytes.len())
    })
}

/// Serves delivery reports for up to `timeout_ms`; says how many events it served.
pub(crate) fn poll(client: &Client, timeout_ms: i32) -> i32 {
    // SAFETY: the client lives.
    unsafe { rd::rd_kafka_poll(client.ptr(), timeout_ms) }
}

/// Has what waits for company sent now, and serves delivery reports meanwhile: until everything is acknowledged, but no longer
/// than `timeout_ms`.
pub(crate) fn flush(client: &Client, timeout_ms: i32) {
    // SAFETY: the client lives. Running out of time is no failure here.
    unsafe { rd::rd_kafka_flush(client.ptr(), timeout_ms) };
}

/// Fails everything that is not acknowledged yet; the reports come through `poll`.
pub(crate) fn purge(client: &Client) {
    // SAFETY: the client lives.
    unsafe {
        rd::rd_kafka_purge(
            client.ptr(),
            rd::RD_KAFKA_PURGE_F_QUEUE | rd::RD_KAFKA_PURGE_F_INFLIGHT,
        )
    };
}

/// Makes the client fatally failed, as a lost transactional state or a fenced epoch would.
#[cfg(test)]
pub(crate) fn fail_for_test(client: &Client, reason: &str) {
    let reason = CString::new(reason).expect("no NUL");
    // SAFETY: the client lives, the reason is terminated and copied.
    unsafe {
        rd::rd_kafka_test_fatal_error(
            client.ptr(),
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            reason.as_ptr(),
        )
    };
}

//! The least that librdkafka can be made to do: a loop over its C functions that copies a topic, without a host, a sandbox or
//! Rust's wrapper. Idempotent and acknowledged by all replicas as the host is, with the same client settings and allocator;
//! values are not copied, headers are moved, and a message lives until the report on what was made of it. Offsets are committed once a second,
//! after everything read before is acknowledged.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::os::raw::c_char;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rdkafka::bindings as rd;

use crate::host::Args;
use crate::job::Job;
use crate::protocol::{self, WARM_AFTER, say};

/// Messages taken at once.
const BATCH: usize = 1000;
const COMMIT_EVERY: Duration = Duration::from_secs(1);

static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(args.job == Job::Copy, "the bare loop only copies");
    let (_, to) = args
        .output
        .first()
        .and_then(|output| output.split_once('='))
        .context("--output NAME=TOPIC is missing")?;
    let clients = Clients::new(args, to)?;
    protocol::wait_for_go()?;
    clients.copy(&args.source, args.events)?;
    protocol::wait_for_end()?;
    // The process ends here, and the clients with it.
    Ok(())
}

struct Clients {
    consumer: *mut rd::rd_kafka_t,
    queue: *mut rd::rd_kafka_queue_t,
    producer: *mut rd::rd_kafka_t,
    topic: *mut rd::rd_kafka_topic_t,
}

impl Clients {
    fn new(args: &Args, to: &str) -> anyhow::Result<Self> {
        let consumer = [
            ("bootstrap.servers", args.brokers.as_str()),
            ("group.id", &args.group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "true"),
            ("auto.offset.reset", "earliest"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.queue.backoff.ms", "5"),
        ];
        let producer = [
            ("bootstrap.servers", args.brokers.as_str()),
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
            ("queue.buffering.max.messages", "1000000"),
            ("partitioner", "murmur2_random"),
        ];
        let to = CString::new(to)?;
        // SAFETY: both configurations are live; the callback keeps the rules of its own comment; names are terminated.
        unsafe {
            let consumer = client(rd::rd_kafka_type_t::RD_KAFKA_CONSUMER, &consumer, false)?;
            rd::rd_kafka_poll_set_consumer(consumer);
            let producer = client(rd::rd_kafka_type_t::RD_KAFKA_PRODUCER, &producer, true)?;
            let topic = rd::rd_kafka_topic_new(producer, to.as_ptr(), null_mut());
            ensure!(!topic.is_null(), "no handle of the topic");
            Ok(Self {
                consumer,
                queue: rd::rd_kafka_queue_get_consumer(consumer),
                producer,
                topic,
            })
        }
    }

    fn copy(&self, source: &str, events: u64) -> anyhow::Result<()> {
        let name = CString::new(source)?;
        // SAFETY: the list is ours; the clients live.
        unsafe {
            let topics = rd::rd_kafka_topic_partition_list_new(1);
            rd::rd_kafka_topic_partition_list_add(topics, name.as_ptr(), -1);
            let error = rd::rd_kafka_subscribe(self.consumer, topics);
            rd::rd_kafka_topic_partition_list_destroy(topics);
            check("subscribe", error)?;
        }
        let mut read = 0;
        let mut warm = false;
        let mut committed = Instant::now();
        let mut messages = [null_mut(); BATCH];
        while read < events {
            // SAFETY: the array has room for as many; the clients live.
            let count = unsafe {
                rd::rd_kafka_consume_batch_queue(self.queue, 100, messages.as_mut_ptr(), BATCH)
            };
            for message in &messages[..usize::try_from(count)?] {
                read += self.forward(*message)?;
            }
            // SAFETY: the producer lives.
            unsafe { rd::rd_kafka_poll(self.producer, 0) };
            if !warm && read >= events / WARM_AFTER {
                warm = true;
                say(format_args!("warm {read}"))?;
            }
            if committed.elapsed() >= COMMIT_EVERY {
                self.commit()?;
                committed = Instant::now();
            }
        }
        self.commit()?;
        let written = ACKNOWLEDGED.load(Relaxed);
        say(format_args!("done {read} {written} 0"))
    }

    /// Produces what a message holds; it is freed with the report. Says how many events it was.
    fn forward(&self, message: *mut rd::rd_kafka_message_t) -> anyhow::Result<u64> {
        // SAFETY: librdkafka gave a live message, which is freed once: here if it is an error, by the callback if it was
        // produced. Value and key stay where they are until then.
        unsafe {
            let m = &*message;
            if m.err != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                let error = m.err;
                rd::rd_kafka_message_destroy(message);
                check("consume", error)?;
            }
            let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
            let timestamp = rd::rd_kafka_message_timestamp(message, &raw mut kind);
            // A copy has its record's headers; that there are none shows only when they are parsed.
            let mut headers = null_mut();
            rd::rd_kafka_message_detach_headers(message, &raw mut headers);
            let parts = self.record(m, timestamp, message.cast(), headers);
            // Without headers, the last part is left out.
            let count = parts.len() - usize::from(headers.is_null());
            loop {
                let error = rd::rd_kafka_produceva(self.producer, parts.as_ptr(), count);
                if error.is_null() {
                    return Ok(1);
                }
                let code = rd::rd_kafka_error_code(error);
                rd::rd_kafka_error_destroy(error);
                if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL {
                    check("produce", code)?;
                }
                rd::rd_kafka_poll(self.producer, 10);
            }
        }
    }

    fn record(
        &self,
        message: &rd::rd_kafka_message_t,
        timestamp: i64,
        opaque: *mut c_void,
        headers: *mut rd::rd_kafka_headers_t,
    ) -> [rd::rd_kafka_vu_t; 6] {
        use rd::rd_kafka_vtype_t as kind;
        type Part = rd::rd_kafka_vu_s__bindgen_ty_1;
        type Memory = rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1;
        let memory = |ptr, size| Part {
            mem: Memory { ptr, size },
        };
        [
            (kind::RD_KAFKA_VTYPE_RKT, Part { rkt: self.topic }),
            (
                kind::RD_KAFKA_VTYPE_VALUE,
                memory(message.payload, message.len),
            ),
            (
                kind::RD_KAFKA_VTYPE_KEY,
                memory(message.key, message.key_len),
            ),
            (kind::RD_KAFKA_VTYPE_TIMESTAMP, Part { i64_: timestamp }),
            (kind::RD_KAFKA_VTYPE_OPAQUE, Part { ptr: opaque }),
            (kind::RD_KAFKA_VTYPE_HEADERS, Part { headers }),
        ]
        .map(|(vtype, u)| rd::rd_kafka_vu_t { vtype, u })
    }

    /// Waits until all that was produced is acknowledged, then commits what was read.
    fn commit(&self) -> anyhow::Result<()> {
        // SAFETY: the clients live.
        unsafe {
            check("flush", rd::rd_kafka_flush(self.producer, 60_000))?;
            ensure!(FAILED.load(Relaxed) == 0, "a record could not be written");
            let error = rd::rd_kafka_commit(self.consumer, std::ptr::null(), 1);
            if error != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__NO_OFFSET {
                check("commit", error)?;
            }
        }
        Ok(())
    }
}

/// # Safety
/// None beyond what librdkafka asks of its caller; all arguments are Rust values.
unsafe fn client(
    kind: rd::rd_kafka_type_t,
    settings: &[(&str, &str)],
    reports: bool,
) -> anyhow::Result<*mut rd::rd_kafka_t> {
    let mut reason = [0 as c_char; 512];
    // SAFETY: the configuration is live until the client takes it; texts are terminated and copied; `reason` is writable
    // for the length given, and terminated.
    unsafe {
        let config = rd::rd_kafka_conf_new();
        for (name, value) in settings {
            let (name_, value_) = (CString::new(*name)?, CString::new(*value)?);
            let set = rd::rd_kafka_conf_set(
                config,
                name_.as_ptr(),
                value_.as_ptr(),
                reason.as_mut_ptr(),
                reason.len(),
            );
            if set != rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                bail!(
                    "{name}: {}",
                    CStr::from_ptr(reason.as_ptr()).to_string_lossy()
                );
            }
        }
        if reports {
            rd::rd_kafka_conf_set_dr_msg_cb(config, Some(on_report));
        }
        let client = rd::rd_kafka_new(kind, config, reason.as_mut_ptr(), reason.len());
        if client.is_null() {
            bail!("{}", CStr::from_ptr(reason.as_ptr()).to_string_lossy());
        }
        Ok(client)
    }
}

/// Frees the message that a record was made of.
unsafe extern "C" fn on_report(
    _: *mut rd::rd_kafka_t,
    report: *const rd::rd_kafka_message_t,
    _: *mut c_void,
) {
    // SAFETY: the report is live during the call, and its opaque is the message that `forward` gave, which nobody else
    // has.
    unsafe {
        let report = &*report;
        rd::rd_kafka_message_destroy(report._private.cast());
        match report.err {
            rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => &ACKNOWLEDGED,
            _ => &FAILED,
        }
        .fetch_add(1, Relaxed);
    }
}

fn check(what: &str, error: rd::rd_kafka_resp_err_t) -> anyhow::Result<()> {
    ensure!(
        error == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        "{what}: {error:?}"
    );
    Ok(())
}

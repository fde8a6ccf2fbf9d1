//! The memory of produced records: kept until librdkafka has reported on every one of them.

use std::ops::Range;
use std::os::raw::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rdkafka::bindings as rd;

use super::client::{code_of, text};
use super::message::OwnedHeaders;
use crate::consumer::Fetched;
use crate::error::ErrorCode;
use crate::error::KafkaError;
use crate::producer::{self, DeliveryError, RefusedRecord, Rows};

/// More than a flight can ever send.
const OPEN: usize = usize::MAX / 2;

pub(crate) type Done = Box<dyn FnOnce(Result<(), DeliveryError>) + Send>;

pub(crate) enum Source {
    None,
    Fetched(Fetched),
    Other(Box<dyn Rows>),
}

/// Pinned by its `Arc`. Nothing in it that a record may point to is ever changed while it lives.
pub(crate) struct Core {
    /// Records without a report. While the handle may still send: `OPEN` less the reports so far, so that a lane that
    /// sends does not write to what the reports' thread writes to.
    outstanding: AtomicUsize,
    failure: Mutex<Option<DeliveryError>>,
    done: Mutex<Option<Done>>,
    patched: Vec<u8>,
    source: Source,
}

/// The sending side of a core. Dropping it says that nothing more will be sent.
pub(crate) struct Sender {
    core: Arc<Core>,
    /// Records that were accepted.
    sent: usize,
}

impl Sender {
    pub(crate) fn new(source: Source, patched: Vec<u8>, done: Done) -> Sender {
        let core = Arc::new(Core {
            outstanding: AtomicUsize::new(OPEN),
            failure: Mutex::new(None),
            done: Mutex::new(Some(done)),
            patched,
            source,
        });
        // One reference stands for everything outstanding; `Core::settle` takes it back at the last report.
        let _ = Arc::into_raw(Arc::clone(&core));
        Sender { core, sent: 0 }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.core.source
    }

    #[inline]
    pub(crate) fn row(&self, row: usize) -> Option<Option<&[u8]>> {
        match &self.core.source {
            Source::None => None,
            Source::Fetched(rows) => (row < rows.len()).then(|| rows.value(row)),
            Source::Other(rows) => (row < rows.len()).then(|| rows.value(row)),
        }
    }

    #[inline]
    pub(crate) fn key(&self, row: usize) -> Option<Option<&[u8]>> {
        match &self.core.source {
            Source::None => None,
            Source::Fetched(rows) => (row < rows.len()).then(|| rows.key(row)),
            Source::Other(rows) => (row < rows.len()).then(|| rows.key(row)),
        }
    }

    #[inline]
    pub(crate) fn patched(&self, range: Range<usize>) -> Option<&[u8]> {
        self.core.patched.get(range)
    }

    /// Records a failure that no report will tell, and lets go. `done` gets it.
    pub(crate) fn fail(&self, error: DeliveryError) {
        self.core.failure.lock().get_or_insert(error);
    }

    /// Counts one more record, before it is produced; gives the opaque pointer to produce it with.
    pub(super) fn depart(&mut self) -> *mut c_void {
        self.sent += 1;
        Arc::as_ptr(&self.core).cast_mut().cast::<c_void>()
    }

    /// The record was not produced after all.
    pub(super) fn stay(&mut self) {
        self.sent -= 1;
    }

    /// Takes a row's headers out of its message.
    pub(super) fn detach_headers(&mut self, row: usize) -> Option<OwnedHeaders> {
        let Source::Fetched(rows) = &self.core.source else {
            return None;
        };
        // SAFETY: headers are reachable through the handle alone, and it is borrowed mutably: none is borrowed, nobody
        // else parses. Reports never touch headers of fetched messages.
        unsafe { rows.message(row)?.detach_headers() }
    }

    /// Puts them back after a refusal.
    pub(super) fn attach_headers(&mut self, row: usize, headers: OwnedHeaders) {
        let Source::Fetched(rows) = &self.core.source else {
            return;
        };
        if let Some(message) = rows.message(row) {
            // SAFETY: as in `detach_headers`.
            unsafe { message.attach_headers(headers) }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // SAFETY: what `OPEN` holds beyond the records is settled once, here: they keep one each until their reports.
        unsafe { Core::settle(Arc::as_ptr(&self.core), OPEN - self.sent) }
    }
}

impl Core {
    /// So many of what was counted are settled. At the last, `done` runs and the core is freed (unless a handle is left).
    ///
    /// # Safety
    /// `core` came from a `Sender`, and this settles what was counted and not yet settled.
    unsafe fn settle(core: *const Core, count: usize) {
        // SAFETY: something is outstanding, so the reference that `Sender::new` left keeps the core alive.
        let last = unsafe { (*core).outstanding.fetch_sub(count, Ordering::AcqRel) } == count;
        if !last {
            return;
        }
        // SAFETY: nothing is outstanding any more, so that reference is nobody's but ours.
        let core = unsafe { Arc::from_raw(core) };
        let failure = core.failure.lock().take();
        let done = core.done.lock().take();
        if let Some(done) = done {
            let result = failure.map_or(Ok(()), Err);
            if catch_unwind(AssertUnwindSafe(|| done(result))).is_err() {
                tracing::error!("what was to be done after a delivery panicked");
            }
        }
    }
}

impl Core {
    /// A record was not delivered.
    ///
    /// # Safety
    /// `message` is live, and of this core.
    unsafe fn failed(&self, message: *const rd::rd_kafka_message_t, code: ErrorCode) {
        // SAFETY: the caller's promise. The pointers are of this length or null, and live as long as the message. What a broker
        // says of a record is not read: librdkafka has freed it by now (2.12.1). Whether there is something tells records that are
        // to blame from those of a batch that is refused as a whole.
        let (topic, partition, blamed, key, value) = unsafe {
            let bytes = |start: *mut c_void, length: usize| {
                (!start.is_null())
                    .then(|| std::slice::from_raw_parts(start.cast_const().cast::<u8>(), length))
            };
            (
                text(rd::rd_kafka_topic_name((*message).rkt)),
                (*message).partition,
                !rd::rd_kafka_message_produce_errstr(message).is_null(),
                bytes((*message).key, (*message).key_len),
                bytes((*message).payload, (*message).len),
            )
        };
        let error = KafkaError::new("deliver a record", code, "");
        let refused = (blamed && producer::is_about_the_record(code)).then(|| RefusedRecord {
            fingerprint: producer::fingerprint(&topic, key, value),
            reason: error.message().to_owned(),
        });
        let error = || DeliveryError {
            topic,
            partition,
            error,
            refused: Vec::new(),
        };
        let mut failure = self.failure.lock();
        let failure = failure.get_or_insert_with(error);
        if let Some(refused) = refused
            && failure.refused.len() < producer::MOST
        {
            failure.refused.push(refused);
        }
    }
}

/// librdkafka's delivery report: once for every record that `produce` accepted.
pub(super) unsafe extern "C" fn on_report(
    _: *mut rd::rd_kafka_t,
    message: *const rd::rd_kafka_message_t,
    _: *mut c_void,
) {
    // SAFETY: librdkafka passes a live message, whose opaque pointer is the core that `produce` gave it (clients with
    // reports produce through `produce` only). The code is read as a number, see `code_of`.
    unsafe {
        let core = (*message)._private.cast::<Core>().cast_const();
        let raw = (&raw const (*message).err).cast::<i32>().read();
        if raw != 0 {
            (*core).failed(message, code_of(raw));
        }
        Core::settle(core, 1);
    }
}

/// What Miri can run: everything but librdkafka. `cargo +nightly miri test -p millstream-kafka --lib flight`.
#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// On its way to librdkafka, whose threads report.
    struct Opaque(*mut c_void);

    // SAFETY: as librdkafka has it: a core outlives the reports on it, on whatever thread they come.
    unsafe impl Send for Opaque {}

    fn report(opaque: &Opaque) {
        // SAFETY: numbers and pointers, all of which may be zero.
        let mut message: rd::rd_kafka_message_t = unsafe { std::mem::zeroed() };
        message._private = opaque.0;
        // SAFETY: a live message without an error; each opaque pointer is reported on once.
        unsafe {
            on_report(
                std::ptr::null_mut(),
                &raw const message,
                std::ptr::null_mut(),
            )
        }
    }

    #[test]
    fn a_flight_ends_once_and_after_its_last_report_whoever_comes_last() {
        let (rounds, records) = if cfg!(miri) { (6, 7) } else { (300, 50) };
        for round in 0..rounds {
            let ended = Arc::new(AtomicUsize::new(0));
            let reported = Arc::new(AtomicUsize::new(0));
            let (counts, all) = (Arc::clone(&ended), Arc::clone(&reported));
            let done: Done = Box::new(move |result| {
                assert!(result.is_ok());
                assert_eq!(all.load(Ordering::SeqCst), records);
                counts.fetch_add(1, Ordering::SeqCst);
            });
            let mut sender = Sender::new(Source::None, vec![7; 16], done);
            thread::scope(|scope| {
                let queues = [(); 2].map(|()| {
                    let (queue, waiting) = mpsc::channel::<Opaque>();
                    let reported = Arc::clone(&reported);
                    scope.spawn(move || {
                        for opaque in waiting {
                            reported.fetch_add(1, Ordering::SeqCst);
                            report(&opaque);
                        }
                    });
                    queue
                });
                for record in 0..records {
                    let opaque = Opaque(sender.depart());
                    if record % 5 == round % 5 {
                        // Refused, and produced at the second attempt.
                        sender.stay();
                        sender.depart();
                    }
                    assert_eq!(sender.patched(3..5), Some(&[7, 7][..]));
                    queues[record % 2]
                        .send(opaque)
                        .expect("a thread that reports");
                }
                if round % 2 == 0 {
                    drop(sender);
                    drop(queues);
                } else {
                    drop(queues);
                    scope.spawn(move || drop(sender));
                }
            });
            assert_eq!(ended.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn a_flight_that_sends_nothing_ends_with_its_handle() {
        let (send, receive) = mpsc::channel();
        let done: Done =
            Box::new(move |result| send.send(result.is_ok()).expect("a test that waits"));
        drop(Sender::new(Source::None, Vec::new(), done));
        assert_eq!(receive.recv(), Ok(true));
    }
}

//! A queue of a client, the events on it, and its waking of whoever waits.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::bindings as rd;
use tokio::sync::Notify;

use super::client::{Client, code_of, text};
use super::list::List;
use crate::error::KafkaError;

type Wake = Box<dyn Fn() + Send + Sync>;

pub(crate) struct Queue {
    queue: NonNull<rd::rd_kafka_queue_t>,
    /// Boxed twice: librdkafka keeps a thin pointer to the inner box.
    wake: Mutex<Option<Box<Wake>>>,
    client: Arc<Client>,
}

// SAFETY: librdkafka's queues are thread-safe; `wake` is Send + Sync.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    /// # Safety
    /// `queue` belongs to `client` and this call's caller holds a reference to it, which is handed over.
    pub(super) unsafe fn adopt(
        client: &Arc<Client>,
        queue: *mut rd::rd_kafka_queue_t,
    ) -> Option<Queue> {
        let queue = NonNull::new(queue)?;
        Some(Queue {
            queue,
            wake: Mutex::new(None),
            client: Arc::clone(client),
        })
    }

    /// A fresh one, for the answer to one request.
    pub(crate) fn new(client: &Arc<Client>) -> Option<Queue> {
        // SAFETY: the client lives; a new queue is ours.
        unsafe { Queue::adopt(client, rd::rd_kafka_queue_new(client.ptr())) }
    }

    /// The client's own.
    pub(crate) fn main(client: &Arc<Client>) -> Option<Queue> {
        // SAFETY: the client lives; the reference returned is ours.
        unsafe { Queue::adopt(client, rd::rd_kafka_queue_get_main(client.ptr())) }
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    /// Entries waiting.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the queue lives.
        unsafe { rd::rd_kafka_queue_length(self.ptr()) }
    }

    /// Ends a wait on this queue.
    pub(crate) fn interrupt(&self) {
        // SAFETY: the queue lives.
        unsafe { rd::rd_kafka_queue_yield(self.ptr()) }
    }

    /// Calls `wake` whenever the queue goes from empty to not, on librdkafka's threads and under the queue's lock: it
    /// must neither block nor touch a queue, nor drop the last handle to this one.
    pub(crate) fn set_wake(&self, wake: Wake) {
        let wake = Box::new(wake);
        let opaque: *const Wake = &*wake;
        let mut held = self.wake.lock();
        // SAFETY: `opaque` points into a box that `self.wake` keeps until the callback is replaced or switched off, and
        // both take the queue's lock, under which callbacks run: no call is under way when the box is freed.
        unsafe {
            rd::rd_kafka_queue_cb_event_enable(
                self.ptr(),
                Some(on_event),
                opaque.cast_mut().cast::<c_void>(),
            )
        };
        *held = Some(wake);
    }

    /// No wake-ups any more. They belong to what is below: from here on another handle to the same queue may set its own.
    pub(crate) fn silence(&self) {
        let mut held = self.wake.lock();
        if held.is_some() {
            // SAFETY: the queue lives; switching the callback off waits for one under way (the queue's lock).
            unsafe { rd::rd_kafka_queue_cb_event_enable(self.ptr(), None, std::ptr::null_mut()) };
            *held = None;
        }
    }

    /// Wakes `notify`.
    pub(crate) fn notify(&self, notify: &Arc<Notify>) {
        let notify = Arc::clone(notify);
        self.set_wake(Box::new(move || notify.notify_one()));
    }

    /// The next event, if there is one; serves callbacks on the way.
    pub(crate) fn poll(&self, timeout_ms: i32) -> Option<Event> {
        // SAFETY: the queue lives; an event returned is ours to destroy, which `Event` does, before the client it keeps.
        let event = unsafe { rd::rd_kafka_queue_poll(self.ptr(), timeout_ms) };
        NonNull::new(event).map(|event| Event {
            event,
            client: Arc::clone(&self.client),
        })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.silence();
        // SAFETY: no callback of this handle is left, and the reference is given back while `client` still lives.
        unsafe { rd::rd_kafka_queue_destroy(self.ptr()) }
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

unsafe extern "C" fn on_event(_: *mut rd::rd_kafka_t, opaque: *mut c_void) {
    // SAFETY: `set_wake` passed a pointer to a box that lives while this callback is switched on.
    let wake = unsafe { &*opaque.cast_const().cast::<Wake>() };
    if catch_unwind(AssertUnwindSafe(wake)).is_err() {
        tracing::error!("a wake-up of a Kafka queue panicked");
    }
}

/// One event, owned.
#[derive(Debug)]
pub(crate) struct Event {
    event: NonNull<rd::rd_kafka_event_t>,
    /// An event must go before its client.
    #[allow(dead_code)]
    client: Arc<Client>,
}

// SAFETY: an event is used by one thread at a time (it is not Sync) and may be destroyed on any.
unsafe impl Send for Event {}

impl Event {
    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.event.as_ptr()
    }

    pub(crate) fn kind(&self) -> i32 {
        // SAFETY: the event lives.
        unsafe { rd::rd_kafka_event_type(self.ptr()) }
    }

    /// The raw code of the event as a whole.
    pub(crate) fn raw_code(&self) -> i32 {
        // SAFETY: the event lives.
        unsafe { rd::rd_kafka_event_error(self.ptr()) as i32 }
    }

    /// `Err` if the event as a whole says so.
    pub(crate) fn check(&self, action: &str) -> Result<(), KafkaError> {
        match self.raw_code() {
            0 => Ok(()),
            raw => {
                // SAFETY: the event lives, and with it the text.
                let reason = unsafe { text(rd::rd_kafka_event_error_string(self.ptr())) };
                Err(KafkaError::new(action, code_of(raw), reason))
            }
        }
    }

    /// The partitions of a rebalance or commit event, copied.
    pub(crate) fn partitions(&self) -> List {
        // SAFETY: the event lives; its list, possibly null, is only read, and copied before the event goes.
        unsafe { List::copied(rd::rd_kafka_event_topic_partition_list(self.ptr())) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rd::rd_kafka_event_destroy(self.ptr()) }
    }
}

/// A queue for the answer to one request, and the wait for it.
#[derive(Debug)]
pub(crate) struct Reply {
    queue: Queue,
    arrived: Arc<Notify>,
}

impl Reply {
    pub(crate) fn new(client: &Arc<Client>, action: &str) -> Result<Reply, KafkaError> {
        let failed = || {
            KafkaError::new(
                action,
                rdkafka::types::RDKafkaErrorCode::CriticalSystemResource,
                "no queue for the answer",
            )
        };
        let queue = Queue::new(client).ok_or_else(failed)?;
        let arrived = Arc::new(Notify::new());
        queue.notify(&arrived);
        Ok(Reply { queue, arrived })
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Waits; librdkafka answers every request, if only with a time-out. Cancelling drops the answer.
    pub(crate) async fn event(&self) -> Event {
        loop {
            if let Some(event) = self.queue.poll(0) {
                return event;
            }
            self.arrived.notified().await;
        }
    }
}

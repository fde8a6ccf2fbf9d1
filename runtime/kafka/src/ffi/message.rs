//! Fetched messages, and headers.

use std::marker::PhantomData;
use std::os::raw::{c_char, c_void};
use std::ptr::NonNull;

use rdkafka::bindings as rd;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

use super::client::code_of;
use crate::error::ErrorCode;

/// A message that librdkafka handed over: freed once, before its client (whoever holds it sees to that).
#[derive(Debug)]
pub(crate) struct Message(NonNull<rd::rd_kafka_message_t>);

// SAFETY: a message may be read and freed on any thread.
unsafe impl Send for Message {}
// SAFETY: all methods but those on headers only read. Headers are parsed and detached under the lock that
// `HeaderAccess` stands for.
unsafe impl Sync for Message {}

/// Proof that nobody else parses or detaches headers of the same batch meanwhile: parsing is lazy and not thread-safe.
pub(crate) type HeaderAccess<'l> = parking_lot::MutexGuard<'l, ()>;

impl Message {
    /// # Safety
    /// `raw` is a live message that nobody else frees.
    pub(super) unsafe fn adopt(raw: *mut rd::rd_kafka_message_t) -> Option<Message> {
        NonNull::new(raw).map(Message)
    }

    #[inline]
    fn raw(&self) -> &rd::rd_kafka_message_t {
        // SAFETY: owned and live; fields read through this are never written after delivery.
        unsafe { self.0.as_ref() }
    }

    /// What kind of message it is: `NoError` for a record.
    pub(crate) fn code(&self) -> ErrorCode {
        // SAFETY: owned and live; read as a number, see `code_of`.
        code_of(unsafe { (&raw const (*self.0.as_ptr()).err).cast::<i32>().read() })
    }

    #[inline]
    pub(crate) fn is_record(&self) -> bool {
        // SAFETY: as above.
        0 == unsafe { (&raw const (*self.0.as_ptr()).err).cast::<i32>().read() }
    }

    /// Whether it tells that the partition's end was reached.
    pub(crate) fn is_end(&self) -> bool {
        self.code() == ErrorCode::PartitionEOF
    }

    #[inline]
    pub(crate) fn key(&self) -> Option<&[u8]> {
        let raw = self.raw();
        // SAFETY: librdkafka keeps key and payload with the message, at the lengths given.
        unsafe { slice(raw.key, raw.key_len) }
    }

    /// The value; the explanation, if this is not a record.
    #[inline]
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        let raw = self.raw();
        // SAFETY: as above.
        unsafe { slice(raw.payload, raw.len) }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        let raw = self.raw();
        raw.len + raw.key_len
    }

    #[inline]
    pub(crate) fn offset(&self) -> i64 {
        self.raw().offset
    }

    /// -1 if there is none.
    #[inline]
    pub(crate) fn timestamp(&self) -> i64 {
        // SAFETY: owned and live; the kind of timestamp may be left out.
        unsafe { rd::rd_kafka_message_timestamp(self.0.as_ptr(), std::ptr::null_mut()) }
    }

    /// False if there are none for certain. To learn that from librdkafka takes a buffer of its own for each record.
    fn may_have_headers(&self) -> bool {
        let raw = self.raw();
        // SAFETY: owned and live.
        let epoch = unsafe { rd::rd_kafka_message_leader_epoch(self.0.as_ptr()) };
        // Only a batch of format 2 names its leader's epoch. What is null or empty points elsewhere.
        if epoch < 0 || raw.payload.is_null() || raw.len == 0 {
            return true;
        }
        // SAFETY: the payload points into the batch as it was fetched, or decompressed, in one piece, and in format 2 a record does not
        // end with its value: the number of headers comes behind it (Kafka protocol, "Record"), a varint of a byte or more, of which
        // only that of 0 begins with 0. Brokers refuse records without one.
        0 != unsafe { raw.payload.cast::<u8>().add(raw.len).read() }
    }

    /// The headers, parsed at the first call. They last until they are detached, which takes `&mut`.
    pub(crate) fn headers(&self, _access: &HeaderAccess<'_>) -> Option<HeadersRef<'_>> {
        if !self.may_have_headers() {
            return None;
        }
        let mut headers = std::ptr::null_mut();
        // SAFETY: owned and live; nobody else parses (`_access`).
        let code = unsafe { rd::rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        NonNull::new(headers).map(|headers| HeadersRef {
            headers,
            message: PhantomData,
        })
    }

    /// Takes the parsed headers out. A later `headers` parses them anew.
    ///
    /// # Safety
    /// No `HeadersRef` of this message lives, and nobody else touches this message's headers meanwhile.
    pub(super) unsafe fn detach_headers(&self) -> Option<OwnedHeaders> {
        if !self.may_have_headers() {
            return None;
        }
        let mut headers = std::ptr::null_mut();
        // SAFETY: owned and live; alone, as promised. Detached headers are ours.
        let code =
            unsafe { rd::rd_kafka_message_detach_headers(self.0.as_ptr(), &raw mut headers) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        NonNull::new(headers).map(OwnedHeaders)
    }

    /// Puts detached headers back.
    ///
    /// # Safety
    /// As for `detach_headers`.
    pub(super) unsafe fn attach_headers(&self, headers: OwnedHeaders) {
        // SAFETY: owned and live; the message takes the headers over.
        unsafe { rd::rd_kafka_message_set_headers(self.0.as_ptr(), headers.into_raw()) }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: owned, freed once, before its client.
        unsafe { rd::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

/// # Safety
/// Null, or readable for `len` bytes as long as `'a` lasts.
#[inline]
unsafe fn slice<'a>(data: *mut c_void, len: usize) -> Option<&'a [u8]> {
    if data.is_null() {
        return None;
    }
    // SAFETY: as promised.
    Some(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) })
}

/// Headers that a message owns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadersRef<'m> {
    headers: NonNull<rd::rd_kafka_headers_t>,
    message: PhantomData<&'m Message>,
}

// SAFETY: reading parsed headers changes nothing.
unsafe impl Send for HeadersRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for HeadersRef<'_> {}

impl<'m> HeadersRef<'m> {
    /// Those of a message that is rust-rdkafka's, whose own reading panics at a name that is not UTF-8. Parsing is lazy and
    /// not thread-safe, hence `&mut`.
    pub(crate) fn of(message: &'m mut BorrowedMessage<'_>) -> Option<HeadersRef<'m>> {
        let mut headers = std::ptr::null_mut();
        // SAFETY: the message lives, and nobody else parses.
        let code = unsafe { rd::rd_kafka_message_headers(message.ptr(), &raw mut headers) };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        NonNull::new(headers).map(|headers| HeadersRef {
            headers,
            message: PhantomData,
        })
    }

    pub(crate) fn len(self) -> usize {
        // SAFETY: the headers live as long as the message is borrowed.
        unsafe { rd::rd_kafka_header_cnt(self.headers.as_ptr()) }
    }

    pub(crate) fn get(self, index: usize) -> Option<(&'m [u8], Option<&'m [u8]>)> {
        let mut name: *const c_char = std::ptr::null();
        let mut value: *const c_void = std::ptr::null();
        let mut size = 0;
        // SAFETY: the headers live as long as the message is borrowed, and name and value with them: headers are only
        // ever detached under `&mut` of whoever owns the message.
        unsafe {
            let code = rd::rd_kafka_header_get_all(
                self.headers.as_ptr(),
                index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            );
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
                return None;
            }
            Some((
                std::ffi::CStr::from_ptr(name).to_bytes(),
                slice(value.cast_mut(), size),
            ))
        }
    }

    pub(crate) fn cloned(self) -> Option<OwnedHeaders> {
        // SAFETY: the headers live; the copy is ours.
        NonNull::new(unsafe { rd::rd_kafka_headers_copy(self.headers.as_ptr()) }).map(OwnedHeaders)
    }
}

/// Headers that nobody else owns.
#[derive(Debug)]
pub(crate) struct OwnedHeaders(NonNull<rd::rd_kafka_headers_t>);

impl OwnedHeaders {
    pub(crate) fn new(capacity: usize) -> OwnedHeaders {
        // SAFETY: no precondition; librdkafka aborts rather than returning null when memory is out.
        let headers = unsafe { rd::rd_kafka_headers_new(capacity) };
        OwnedHeaders(NonNull::new(headers).expect("librdkafka never returns null headers"))
    }

    pub(crate) fn push(&mut self, name: &str, value: Option<&[u8]>) {
        let (value, size) =
            value.map_or((std::ptr::null(), 0), |value| (value.as_ptr(), value.len()));
        // SAFETY: ours; name and value are copied at the lengths given (a slice is never longer than isize::MAX).
        unsafe {
            rd::rd_kafka_header_add(
                self.0.as_ptr(),
                name.as_ptr().cast(),
                name.len() as isize,
                value.cast(),
                size as isize,
            );
        }
    }

    pub(super) fn into_raw(self) -> *mut rd::rd_kafka_headers_t {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    /// # Safety
    /// `raw` came from `into_raw` and was not taken over by anyone.
    pub(super) unsafe fn from_raw(raw: *mut rd::rd_kafka_headers_t) -> Option<OwnedHeaders> {
        NonNull::new(raw).map(OwnedHeaders)
    }
}

impl Drop for OwnedHeaders {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { rd::rd_kafka_headers_destroy(self.0.as_ptr()) }
    }
}

//! Records as they were fetched.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::ffi::client::Client;
use crate::ffi::message::{HeadersRef, Message, OwnedHeaders};

/// Records of one partition, in order. Keys and values are slices of what was fetched, so holding one record holds its
/// whole fetch response (up to a megabyte). May outlive the consumer's handles, and be dropped on any thread.
#[derive(Debug)]
pub struct Fetched {
    // Before the client: messages must go first.
    messages: Vec<Message>,
    bytes: usize,
    headers: Mutex<()>,
    #[allow(dead_code)]
    client: Arc<Client>,
}

impl Fetched {
    pub(crate) fn new(messages: Vec<Message>, bytes: usize, client: Arc<Client>) -> Fetched {
        Fetched {
            messages,
            bytes,
            headers: Mutex::new(()),
            client,
        }
    }

    pub(crate) fn message(&self, row: usize) -> Option<&Message> {
        self.messages.get(row)
    }

    /// Records in it. Rows are numbered from 0; the methods below panic past the last.
    #[inline]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Keys and values together, in bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// `None` is Kafka's null, which an empty key is not.
    #[inline]
    pub fn key(&self, row: usize) -> Option<&[u8]> {
        self.messages[row].key()
    }

    /// `None` is Kafka's null (a tombstone), which an empty value is not.
    #[inline]
    pub fn value(&self, row: usize) -> Option<&[u8]> {
        self.messages[row].payload()
    }

    /// Where in the partition it stands.
    #[inline]
    pub fn offset(&self, row: usize) -> i64 {
        self.messages[row].offset()
    }

    /// Milliseconds since 1970, by the producer's or the broker's clock; -1 if the record has none.
    #[inline]
    pub fn timestamp(&self, row: usize) -> i64 {
        self.messages[row].timestamp()
    }

    /// The headers in order, repeated names included. Parsed (and copied, by librdkafka) at the first call for a row, so
    /// call it only when they are wanted.
    pub fn headers(&self, row: usize) -> Headers<'_> {
        Headers::of(self.messages[row].headers(&self.headers.lock()))
    }

    pub(crate) fn copied_headers(&self, row: usize) -> Option<OwnedHeaders> {
        self.messages[row].headers(&self.headers.lock())?.cloned()
    }

    /// Keeps the first `at` records and gives the rest away. Panics past the last.
    #[must_use]
    pub fn split_off(&mut self, at: usize) -> Fetched {
        let rest = self.messages.split_off(at);
        let of = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let bytes = rest
            .iter()
            .map(|one| of(one.key()) + of(one.payload()))
            .sum();
        self.bytes -= bytes;
        Fetched::new(rest, bytes, Arc::clone(&self.client))
    }

    /// The first record's offset.
    pub fn first_offset(&self) -> Option<i64> {
        self.messages.first().map(Message::offset)
    }

    /// One past the last record's offset.
    pub fn next_offset(&self) -> Option<i64> {
        self.messages.last().map(|last| last.offset() + 1)
    }
}

/// Headers of one record: an iterator of names and values (`None` is null). A name that is not UTF-8 reads as U+FFFD
/// (forwarding it keeps its bytes); librdkafka cuts names at a NUL.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    headers: Option<HeadersRef<'a>>,
    next: usize,
}

impl<'a> Headers<'a> {
    pub(crate) fn of(headers: Option<HeadersRef<'a>>) -> Headers<'a> {
        Headers { headers, next: 0 }
    }
}

impl Headers<'_> {
    /// Headers left to iterate.
    pub fn len(&self) -> usize {
        self.headers
            .map_or(0, HeadersRef::len)
            .saturating_sub(self.next)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.headers?.get(self.next)?;
        self.next += 1;
        Some((std::str::from_utf8(name).unwrap_or("\u{fffd}"), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Headers<'_> {}

//! One batch on its way out.

use crate::consumer::Fetched;
use crate::error::KafkaError;
use crate::ffi::flight::{Sender, Source};
use crate::ffi::message::OwnedHeaders;

use super::outgoing::{Key, SendError, Value};
use super::refused::RefusedRecord;

/// Rows that records may take their key and value from, in place of fetched ones. Slices stay as they are as long as the
/// rows live: that is what borrowing from `&self` means.
pub trait Rows: Send + Sync {
    /// Rows are numbered from 0 up to this.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Never called with `row >= len()`.
    fn key(&self, row: usize) -> Option<&[u8]>;
    /// Never called with `row >= len()`.
    fn value(&self, row: usize) -> Option<&[u8]>;
}

/// The records made of one batch, and the bytes that they point to. Values of rows and patched values are not copied:
/// they stay here until librdkafka has reported on all records.
///
/// Dropping it is sealing it: `done` is called once, when everything that was sent is settled. It runs on the producer's
/// poll thread (or at once, in the drop, if nothing is outstanding): it should only note the result and wake somebody.
pub struct Flight {
    pub(super) sender: Sender,
}

/// Why a flight failed: the first record that did. Others of the flight may have been delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record for {topic}/{partition} was not delivered: {error}")]
pub struct DeliveryError {
    /// Where the record was to go.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Why it did not.
    pub error: KafkaError,
    /// Records of the flight that a broker refused for what they are.
    pub refused: Vec<RefusedRecord>,
}

impl Flight {
    /// Of fetched rows and `patched`, the bytes of values that replace some of theirs.
    pub fn new(
        rows: Fetched,
        patched: Vec<u8>,
        done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static,
    ) -> Flight {
        Flight {
            sender: Sender::new(Source::Fetched(rows), patched, Box::new(done)),
        }
    }

    /// Of rows of another kind.
    pub fn of(
        rows: Box<dyn Rows>,
        patched: Vec<u8>,
        done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static,
    ) -> Flight {
        Flight {
            sender: Sender::new(Source::Other(rows), patched, Box::new(done)),
        }
    }

    /// Without rows: values are null, copied, or patched.
    pub fn detached(
        patched: Vec<u8>,
        done: impl FnOnce(Result<(), DeliveryError>) + Send + 'static,
    ) -> Flight {
        Flight {
            sender: Sender::new(Source::None, patched, Box::new(done)),
        }
    }

    /// The fetched rows.
    pub fn rows(&self) -> Option<&Fetched> {
        match self.sender.source() {
            Source::Fetched(rows) => Some(rows),
            Source::None | Source::Other(_) => None,
        }
    }

    /// Makes the flight fail with this, whatever becomes of its records (unless one of them failed before).
    pub fn fail(&self, error: DeliveryError) {
        self.sender.fail(error);
    }

    /// Nothing more will be sent.
    pub fn seal(self) {}

    pub(super) fn copied_headers(&self, row: usize) -> Result<Option<OwnedHeaders>, SendError> {
        match self.sender.source() {
            Source::Fetched(rows) if row < rows.len() => Ok(rows.copied_headers(row)),
            Source::Other(rows) if row < rows.len() => Ok(None),
            _ => Err(SendError::NoSuchRow),
        }
    }

    /// Bytes of key and value.
    pub(super) fn size_of(&self, key: &Key<'_>, value: &Value<'_>) -> Result<usize, SendError> {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let key = match key {
            Key::Null => 0,
            Key::Bytes(bytes) => bytes.len(),
            Key::Row(row) => length(self.sender.key(*row).ok_or(SendError::NoSuchRow)?),
        };
        let value = match value {
            Value::Null => 0,
            Value::Copy(bytes) => bytes.len(),
            Value::Patched(range) => range.len(),
            Value::Row(row) => length(self.sender.row(*row).ok_or(SendError::NoSuchRow)?),
        };
        Ok(key + value)
    }
}

impl std::fmt::Debug for Flight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flight")
            .field("rows", &self.rows().map(Fetched::len))
            .finish_non_exhaustive()
    }
}

//! One emitted record, and what of it changes.

use std::convert::Infallible;
use std::{fmt, io};

use serde::Serialize;

use crate::plan::RawPlan;
use crate::reject::Reject;

/// A record that was just emitted. It is its row's record, unchanged, but for what is set here; setting a part again
/// replaces what was set before. There is nothing to call at the end.
///
/// ```
/// use millstream_sdk::prelude::*;
///
/// #[derive(Outputs)]
/// enum Out {
///     Copies,
/// }
///
/// #[transform]
/// fn copy(record: Record<'_>, out: &mut Emitter<Out>) {
///     out.emit(Out::Copies)
///         .key("everyone")
///         .value_with(|value| {
///             value.push(b"copy of ");
///             value.push(record.value().unwrap_or_default());
///         })
///         .header("copied-by", "copy");
/// }
/// ```
#[derive(Debug)]
pub struct Emission<'p> {
    plan: &'p mut RawPlan,
    position: u32,
}

impl<'p> Emission<'p> {
    pub(crate) fn new(plan: &'p mut RawPlan, position: u32) -> Self {
        Emission { plan, position }
    }

    /// A new key.
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        self.set_key(Some(key.as_ref()))
    }

    /// No key.
    pub fn null_key(self) -> Self {
        self.set_key(None)
    }

    fn set_key(self, key: Option<&[u8]>) -> Self {
        let Ok(()) = self.plan.keys.at(self.position, |keys| {
            keys.push(key);
            Ok::<_, Infallible>(())
        });
        self
    }

    /// A new value.
    #[inline]
    pub fn value(self, value: impl AsRef<[u8]>) -> Self {
        self.set_value(Some(value.as_ref()))
    }

    /// No value: a tombstone in a compacted topic.
    pub fn null_value(self) -> Self {
        self.set_value(None)
    }

    #[inline]
    fn set_value(self, value: Option<&[u8]>) -> Self {
        let Ok(()) = self.plan.values.at(self.position, |values| {
            values.push(value);
            Ok::<_, Infallible>(())
        });
        self
    }

    /// A new value, written straight into the answer.
    #[inline]
    pub fn value_with(self, write: impl FnOnce(&mut Buffer<'_>)) -> Self {
        let Ok(this) = self.try_value_with(|buffer| {
            write(buffer);
            Ok::<_, Infallible>(())
        });
        this
    }

    /// A new value, written straight into the answer. An error leaves the value unchanged.
    ///
    /// # Errors
    /// Those of `write`.
    #[inline]
    pub fn try_value_with<E>(
        self,
        write: impl FnOnce(&mut Buffer<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        self.plan.values.at(self.position, |values| {
            values.push_with(|data| write(&mut Buffer(data)))
        })?;
        Ok(self)
    }

    /// A new value: `value` as JSON, without spaces.
    ///
    /// # Errors
    /// `unwritable-json` where `value` has no JSON, such as a map whose keys aren't text.
    pub fn json(self, value: &impl Serialize) -> Result<Self, Reject> {
        self.try_value_with(|buffer| {
            serde_json::to_writer(&mut *buffer.0, value)
                .map_err(|error| Reject::new("unwritable-json", error.to_string()))
        })
    }

    /// Other headers instead of the row's. See also [`header`](Emission::header).
    pub fn headers<N, V>(self, headers: impl IntoIterator<Item = (N, Option<V>)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        self.plan.headers.begin(self.position);
        for (name, value) in headers {
            let value = value.as_ref().map(AsRef::as_ref);
            self.plan
                .headers
                .append(self.position, name.as_ref(), value);
        }
        self
    }

    /// One more header, after those that the record has. Names that begin with `millstream.` are the host's.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.plan
            .added
            .append(self.position, name.as_ref(), Some(value.as_ref()));
        self
    }

    /// One more header, whose value is null.
    pub fn null_header(self, name: impl AsRef<str>) -> Self {
        self.plan.added.append(self.position, name.as_ref(), None);
        self
    }

    /// Another timestamp, in milliseconds since 1970-01-01T00:00Z.
    pub fn timestamp(self, milliseconds: i64) -> Self {
        self.plan
            .timestamps
            .set(self.position, milliseconds.to_le_bytes());
        self
    }

    /// A partition of the output's topic, instead of the one that the key leads to.
    pub fn partition(self, partition: i32) -> Self {
        self.plan
            .partitions
            .set(self.position, partition.to_le_bytes());
        self
    }
}

/// Where a value is written: the end of the answer's column. Also an [`io::Write`] and a [`fmt::Write`].
#[derive(Debug)]
pub struct Buffer<'b>(pub(crate) &'b mut Vec<u8>);

impl Buffer<'_> {
    /// Appends.
    #[inline]
    pub fn push(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.extend_from_slice(bytes.as_ref());
    }

    /// Makes room for this many bytes more.
    pub fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }
}

impl io::Write for Buffer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Buffer<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

//! A record as tests write and compare it.

use rdkafka::Timestamp;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

/// One record, as it is to be written or as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The partition; when written, none leaves it to librdkafka's murmur2 partitioner.
    pub partition: Option<i32>,
    /// Set where it was read.
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds; none is "now" when written, and "has none" when read.
    pub timestamp: Option<i64>,
    /// When read: the timestamp is the broker's.
    pub append_time: bool,
}

impl Record {
    pub fn new(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self {
            key: Some(key.as_ref().to_vec()),
            value: Some(value.as_ref().to_vec()),
            ..Self::default()
        }
    }

    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    pub fn timestamp(mut self, milliseconds: i64) -> Self {
        self.timestamp = Some(milliseconds);
        self
    }

    pub fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), Some(value.to_vec())));
        self
    }

    pub fn null_header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }

    /// The value as text; what is not UTF-8 shows as replacement characters, null as `<null>`.
    pub fn text(&self) -> String {
        self.value.as_ref().map_or_else(
            || "<null>".to_owned(),
            |value| String::from_utf8_lossy(value).into_owned(),
        )
    }

    /// The last header of this name, as text.
    pub fn header_text(&self, name: &str) -> Option<String> {
        let (_, value) = self
            .headers
            .iter()
            .rev()
            .find(|(header, _)| header == name)?;
        Some(String::from_utf8_lossy(value.as_deref()?).into_owned())
    }

    /// What a transform that forwards a record untouched has to preserve.
    pub fn contents(&self) -> impl PartialEq + std::fmt::Debug + '_ {
        (
            self.key.as_deref(),
            self.value.as_deref(),
            &self.headers,
            self.timestamp,
        )
    }

    pub(crate) fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
                .collect()
        });
        let (timestamp, append_time) = match message.timestamp() {
            Timestamp::NotAvailable => (None, false),
            Timestamp::CreateTime(at) => (Some(at), false),
            Timestamp::LogAppendTime(at) => (Some(at), true),
        };
        Self {
            partition: Some(message.partition()),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
            timestamp,
            append_time,
        }
    }
}

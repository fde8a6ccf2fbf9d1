//! Dead letters: rows that could not be processed, as they came, with headers that say where from and why.

use millstream_engine::Header;

use super::Routes;
use crate::source::{Rows, TopicPartition};

/// The host's own headers begin with this. A guest cannot write them, and those of an incoming dead letter are replaced.
pub const HEADER_PREFIX: &str = "millstream.";

/// The code of a record that its output does not take.
pub const TOO_LARGE: &str = "too-large";

/// The code of a record that its output does not take for another reason.
pub const REFUSED: &str = "refused";

/// The row's timestamp, where the topic for dead letters does not take it.
const TIMESTAMP: &str = "millstream.timestamp";
/// Says how large the value was that did not fit.
const VALUE_SIZE: &str = "millstream.value-size";

/// What a dead letter's headers tell of it, as far as it takes to process it once more. A stranger may have written them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told<'a> {
    pub(crate) transform: &'a str,
    pub(crate) code: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) attempts: u32,
    /// The timestamp that it had, where the letter has another one.
    pub(crate) timestamp: Option<i64>,
    /// Whether its value is not all there.
    pub(crate) cut: bool,
}

impl<'a> Told<'a> {
    /// `None`: this is no dead letter.
    pub(crate) fn by(headers: &[Header<'a>]) -> Option<Self> {
        let find = |name: &str| {
            let header = headers.iter().rev().find(|header| header.name == name)?;
            std::str::from_utf8(header.value?).ok()
        };
        let natural = |number: &i64| *number >= 0;
        let partition: i32 = find("millstream.partition")?.parse().ok()?;
        Some(Self {
            transform: find("millstream.transform")?,
            code: find("millstream.code")?,
            topic: find("millstream.topic")?,
            partition: (partition >= 0).then_some(partition)?,
            offset: find("millstream.offset")?.parse().ok().filter(natural)?,
            attempts: find("millstream.attempts")?.parse().ok()?,
            timestamp: find(TIMESTAMP).and_then(|number| number.parse().ok()),
            cut: find(VALUE_SIZE).is_some(),
        })
    }
}

/// Why a row became a dead letter.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) row: u32,
    pub(super) kind: Kind,
    pub(super) code: String,
    pub(super) reason: String,
    /// Calls that the row was part of.
    pub(super) attempts: u32,
    /// So many bytes of the value are written, where all of it does not fit.
    pub(super) cut: Option<usize>,
    /// When it is written, where brokers do not take the row's own timestamp.
    pub(super) at: Option<i64>,
}

/// Who could not process a row: each has its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The guest says that it cannot.
    Rejected,
    /// The guest failed.
    Failed,
    /// What came of it does not fit into its topic.
    Oversized,
    /// What came of it is not taken by its topic.
    Refused,
}

/// The values of a dead letter's own headers.
pub(super) struct Account(Vec<(&'static str, String)>);

impl Account {
    pub(super) fn new(
        letter: &Letter,
        rows: &impl Rows,
        partition: &TopicPartition,
        routes: &Routes,
    ) -> Self {
        let row = letter.row as usize;
        let from = rows.origin().unwrap_or(partition);
        let offset = rows.original_offset(row);
        let attempts = letter.attempts.saturating_add(rows.attempts(row));
        let mut headers = vec![
            ("millstream.topic", from.topic().to_owned()),
            ("millstream.partition", from.partition().to_string()),
            ("millstream.offset", offset.to_string()),
            ("millstream.transform", routes.transform.to_string()),
            ("millstream.step", routes.step.to_string()),
            ("millstream.revision", routes.stamp.revision.to_string()),
            ("millstream.module", routes.digest.to_string()),
            ("millstream.code", letter.code.clone()),
            ("millstream.reason", letter.reason.clone()),
            ("millstream.attempts", attempts.to_string()),
        ];
        if letter.cut.is_some() {
            let whole = rows.value(row).map_or(0, <[u8]>::len);
            headers.push((VALUE_SIZE, whole.to_string()));
        }
        if letter.at.is_some() {
            headers.push((TIMESTAMP, rows.timestamp(row).to_string()));
        }
        Self(headers)
    }

    /// The row's own headers without the host's, then the host's.
    pub(super) fn headers<'a>(&'a self, row: usize, rows: &'a impl Rows) -> Vec<Header<'a>> {
        let mut headers = Vec::new();
        rows.headers(row, &mut headers);
        headers.retain(|header| !header.name.starts_with(HEADER_PREFIX));
        headers.extend(self.0.iter().map(|(name, value)| Header {
            name,
            value: Some(value.as_bytes()),
        }));
        headers
    }
}

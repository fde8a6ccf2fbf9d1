//! Records that a broker refuses for what they are: without a key in a compacted topic, with a timestamp too far from now.
//!
//! Brokers refuse the whole batch and say which of its records are to blame (KIP-467). A record is named by what it is made of, not
//! by where it came from: whoever makes the same one again knows that it will be refused again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::error::ErrorCode;

/// Of one flight, so that a batch of bad records cannot take memory without end. The others are found at the next attempt.
pub(crate) const MOST: usize = 1_000;

/// A record that a broker will not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// See [`fingerprint`].
    pub fingerprint: u64,
    /// What kind of refusal it is, in words.
    pub reason: String,
}

/// Tells records of different content apart. Timestamps are left out, because librdkafka does not report them; headers, because no
/// broker refuses a record for them alone; the partition, because a record without a key goes to another one each time.
#[must_use]
pub fn fingerprint(topic: &str, key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (topic, key, value).hash(&mut hasher);
    hasher.finish()
}

/// Whether this code of a single record is about the record itself.
pub(crate) fn is_about_the_record(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::InvalidRecord | ErrorCode::InvalidTimestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_the_same_content_have_the_same_fingerprint_and_others_another() {
        let of = |topic, key: Option<&str>, value: Option<&str>| {
            fingerprint(topic, key.map(str::as_bytes), value.map(str::as_bytes))
        };
        let one = of("out", Some("k"), Some("v"));
        assert_eq!(one, of("out", Some("k"), Some("v")));
        let others = [
            of("other", Some("k"), Some("v")),
            of("out", None, Some("v")),
            of("out", Some(""), Some("v")),
            of("out", Some("kv"), Some("")),
            of("out", Some("k"), None),
        ];
        assert!(!others.contains(&one));
    }
}

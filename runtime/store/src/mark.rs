//! How far a store is.

use std::collections::BTreeMap;

/// What the rows of a store come from. Written with them, so the two always fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Which topic: its id, which no other topic of the same name has.
    pub topic_id: String,
    /// When it last had everything that its topic had, or if it never had, when it began to be read: whoever reads on within
    /// `delete.retention.ms` from then misses no deletion. Milliseconds since 1970-01-01T00:00Z.
    pub complete_at: u64,
    /// The next offset to read, by partition.
    pub nexts: BTreeMap<i32, i64>,
}

/// Of the encoding: what other versions wrote is read anew from its topic.
const VERSION: &str = "1";

impl Mark {
    /// Lines of text, so that a person who looks into a store sees where it is.
    pub(crate) fn encode(&self) -> String {
        let nexts = self.nexts.iter();
        let nexts: Vec<_> = nexts.map(|(at, next)| format!("{at} {next}\n")).collect();
        let (id, at) = (&self.topic_id, self.complete_at);
        format!("{VERSION}\n{id}\n{at}\n{}", nexts.concat())
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Mark, String> {
        let not_known = || {
            format!(
                "{} is not known",
                String::from_utf8_lossy(bytes).escape_debug()
            )
        };
        Self::parse(bytes).ok_or_else(not_known)
    }

    fn parse(bytes: &[u8]) -> Option<Mark> {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        if lines.next()? != VERSION {
            return None;
        }
        let topic_id = lines.next()?.to_owned();
        let complete_at = lines.next()?.parse().ok()?;
        let next = |line: &str| {
            let (at, next) = line.split_once(' ')?;
            Some((at.parse().ok()?, next.parse().ok()?))
        };
        Some(Mark {
            topic_id,
            complete_at,
            nexts: lines.map(next).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_no_part_of_one_is() {
        let mark = Mark {
            topic_id: "GzKq0".into(),
            complete_at: 1_764_000_000_000,
            nexts: BTreeMap::from([(0, 17), (11, 0)]),
        };
        let text = mark.encode();
        assert_eq!(Mark::decode(text.as_bytes()).unwrap(), mark);
        assert_eq!(
            Mark::decode(Mark::default().encode().as_bytes()).unwrap(),
            Mark::default()
        );
        for wrong in [
            "",
            "1",
            "1\nid",
            "2\nid\n0\n",
            "1\nid\nx\n",
            "1\nid\n0\n3\n",
        ] {
            assert!(Mark::decode(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }
}

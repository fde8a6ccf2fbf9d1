//! What every commit carries beside the offset: which revision of the transform got that far.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Revision and reset number, written as `r<revision>.<reset>` into a commit's metadata.
///
/// An owner whose own stamp is older waits until it has the newer one, so a partition never goes back to an older
/// revision. Stamps compare by revision first; a reset is a revision too, so both only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp {
    /// The deployment's revision.
    pub revision: u64,
    /// How many resets of its offsets there have been.
    pub reset: u64,
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}.{}", self.revision, self.reset)
    }
}

/// All that a commit's metadata says, written `r<revision>.<reset>` and, where brokers tell topics apart, the id of the topic that
/// the offset is of: a topic that is deleted and created again has another one, in which that offset means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose commit it is.
    pub stamp: Stamp,
    /// Of which topic.
    pub topic: Option<TopicId>,
}

/// What brokers know a topic by, besides its name.
pub type TopicId = Arc<str>;

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.topic {
            Some(topic) => write!(f, "{} {topic}", self.stamp),
            None => write!(f, "{}", self.stamp),
        }
    }
}

impl FromStr for Mark {
    type Err = NoStamp;

    fn from_str(text: &str) -> Result<Self, NoStamp> {
        let (stamp, topic) = match text.split_once(' ') {
            Some((_, "")) => return Err(NoStamp),
            Some((stamp, topic)) => (stamp, Some(Arc::from(topic))),
            None => (text, None),
        };
        let stamp = stamp.parse()?;
        Ok(Self { stamp, topic })
    }
}

/// Not a stamp: the commit was made by another tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a revision stamp such as `r3.0`")]
pub struct NoStamp;

impl FromStr for Stamp {
    type Err = NoStamp;

    fn from_str(text: &str) -> Result<Self, NoStamp> {
        let (revision, reset) = text
            .strip_prefix('r')
            .and_then(|rest| rest.split_once('.'))
            .ok_or(NoStamp)?;
        Ok(Self {
            revision: number(revision)?,
            reset: number(reset)?,
        })
    }
}

fn number(text: &str) -> Result<u64, NoStamp> {
    // `parse` alone would take a plus sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoStamp);
    }
    text.parse().map_err(|_| NoStamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_other_tools_commit_is_no_stamp() {
        for text in [
            "",
            "r",
            "r1",
            "1.0",
            "r1.",
            "r.1",
            "r+1.0",
            "r1.0 ",
            "r1.-2",
            "r99999999999999999999.0",
            "NONE",
        ] {
            assert_eq!(text.parse::<Stamp>(), Err(NoStamp), "{text:?}");
            assert_eq!(text.parse::<Mark>(), Err(NoStamp), "{text:?}");
        }
    }

    #[test]
    fn a_later_revision_is_newer_whatever_its_resets() {
        let stamp = |text: &str| text.parse::<Stamp>().expect("a stamp");
        assert!(stamp("r10.0") > stamp("r9.7"));
        assert!(stamp("r9.1") > stamp("r9.0"));
    }

    proptest! {
        #[test]
        fn reads_back_what_it_wrote(revision: u64, reset: u64) {
            let stamp = Stamp { revision, reset };
            prop_assert_eq!(stamp.to_string().parse::<Stamp>(), Ok(stamp));
            for topic in [None, Some(Arc::from("AbC-_0"))] {
                let mark = Mark { stamp, topic };
                prop_assert_eq!(mark.to_string().parse::<Mark>(), Ok(mark));
            }
        }
    }
}

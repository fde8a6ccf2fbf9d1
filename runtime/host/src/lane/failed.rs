//! Why a transform stopped, and before which records.

use std::any::Any;
use std::fmt;

use crate::source::TopicPartition;

/// What stopped a transform. Nothing of the batch in question was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// A stable name of the kind.
    pub code: String,
    /// What happened and, where there is one, what to do; for people. May quote a guest: untrusted text.
    pub message: String,
    /// Where, if at a place.
    pub place: Option<Place>,
}

/// Records of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: TopicPartition,
    /// The first and the last offset of the batch, where there is a batch.
    pub offsets: Option<(i64, i64)>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "{}", self.message),
            Some(Place {
                partition,
                offsets: None,
            }) => write!(f, "{partition}: {}", self.message),
            Some(Place {
                partition,
                offsets: Some((first, last)),
            }) => {
                write!(
                    f,
                    "{partition}, offsets {first} to {last}: {}",
                    self.message
                )
            }
        }
    }
}

impl Failed {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            place: None,
        }
    }

    pub(crate) fn at(mut self, partition: &TopicPartition, offsets: Option<(i64, i64)>) -> Self {
        self.place = Some(Place {
            partition: partition.clone(),
            offsets,
        });
        self
    }

    pub(super) fn panicked(partition: &TopicPartition, text: &str) -> Self {
        Self::new(
            "panic",
            format!("the host panicked while it worked on a batch (a bug in Millstream): {text}"),
        )
        .at(partition, None)
    }

    /// Reading does not go on.
    pub(super) fn broken(
        partition: &TopicPartition,
        position: Option<i64>,
        code: String,
        message: &str,
    ) -> Self {
        let from = position.map_or_else(String::new, |position| {
            format!(" from offset {position} on")
        });
        Self::new(code, format!("cannot be read{from}: {message}")).at(partition, None)
    }
}

pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

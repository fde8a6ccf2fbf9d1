//! Dead letters of a transform, read back from their topic.

use std::{collections::VecDeque, time::Duration};

use millstream_kafka::{
    KafkaError, TopicPartition,
    log::{self, LogRecord},
};

use super::Host;
use crate::delivery::HEADER_PREFIX;

/// The latest records of the topic that are looked through for those that are asked for, a partition.
const LOOKED_THROUGH: i64 = 10_000;
/// How long reading a partition may take.
const READ_WITHIN: Duration = Duration::from_secs(20);

/// Which ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Of this code.
    pub code: Option<String>,
    /// The latest so many.
    pub most: usize,
}

/// A dead letter as it stands in its topic. Everything in it may be a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub partition: i32,
    /// In a list without key, value and the headers of its source: letters may be large.
    pub record: LogRecord,
    /// Bytes; `None` for a null value.
    pub value_size: Option<u64>,
}

impl Letter {
    /// As it stands in its topic.
    #[must_use]
    pub fn new(partition: i32, record: LogRecord) -> Letter {
        let value_size = record.value.as_ref().map(|value| value.len() as u64);
        Letter {
            partition,
            record,
            value_size,
        }
    }

    /// As it stands in a list.
    fn summary(mut self) -> Letter {
        (self.record.key, self.record.value) = (None, None);
        let headers = &mut self.record.headers;
        headers.retain(|(name, _)| name.starts_with(HEADER_PREFIX));
        self
    }

    /// What the host wrote about it: `millstream.NAME`.
    #[must_use]
    pub fn told(&self, name: &str) -> Option<&str> {
        let (_, value) = self.record.headers.iter().rev().find(|(header, _)| {
            header
                .strip_prefix(HEADER_PREFIX)
                .is_some_and(|rest| rest == name)
        })?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    pub(super) fn is(&self, transform: &str, filter: &LetterFilter) -> bool {
        // A topic for rejected rows may be shared.
        self.told("transform") == Some(transform)
            && filter
                .code
                .as_deref()
                .is_none_or(|code| self.told("code") == Some(code))
    }
}

/// Why there are none to show.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    #[error("there is no transform {0:?}")]
    UnknownTransform(String),
    #[error(
        "there is no dead letter at offset {offset} of partition {partition} of {topic:?}: `millstream rejected list` shows those that there are"
    )]
    NoSuchLetter {
        topic: String,
        partition: i32,
        offset: i64,
    },
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl Host {
    pub(super) fn letters_topic(&self, name: &str) -> Result<String, LettersError> {
        let deployments = self.deployments();
        let deployment = deployments.live(name).and_then(|live| live.deployment());
        deployment
            .map(|deployment| deployment.manifest.rejected_topic.clone())
            .ok_or_else(|| LettersError::UnknownTransform(name.to_owned()))
    }

    /// The topic, and the latest dead letters of a transform in the order of their time.
    ///
    /// # Errors
    /// If there is no such transform, or the brokers cannot be read.
    pub async fn letters(
        &self,
        name: &str,
        filter: &LetterFilter,
    ) -> Result<(String, Vec<Letter>), LettersError> {
        let topic = self.letters_topic(name)?;
        let inner = &self.inner;
        let extents = inner.admin.topic_extents(&topic).await?;
        let mut found: Vec<Letter> = Vec::new();
        for (number, extent) in extents.unwrap_or_default() {
            let from = extent.start.max(extent.end - LOOKED_THROUGH);
            if from >= extent.end {
                continue;
            }
            let settings = &inner.config.settings;
            let mut latest = VecDeque::new();
            let each = |record| {
                let letter = Letter::new(number, record);
                if letter.is(name, filter) {
                    latest.push_back(letter.summary());
                }
                if latest.len() > filter.most {
                    latest.pop_front();
                }
            };
            let (to, within) = (extent.end, READ_WITHIN);
            log::for_each_in_range(settings, &topic, number, from, to, within, each).await?;
            found.extend(latest);
            found.sort_by_key(|letter| {
                (
                    letter.record.timestamp,
                    letter.partition,
                    letter.record.offset,
                )
            });
            let first = found.len().saturating_sub(filter.most);
            found.drain(..first);
        }
        Ok((topic, found))
    }

    /// One dead letter of a transform, by its place in their topic.
    ///
    /// # Errors
    /// If there is no such transform or letter, or the brokers cannot be read.
    pub async fn letter(
        &self,
        name: &str,
        partition: i32,
        offset: i64,
    ) -> Result<Letter, LettersError> {
        let topic = self.letters_topic(name)?;
        let missing = || LettersError::NoSuchLetter {
            topic: topic.clone(),
            partition,
            offset,
        };
        let inner = &self.inner;
        let partitions = inner.admin.partitions(&topic).await?.unwrap_or(0);
        if !(0..partitions).contains(&partition) || offset < 0 {
            return Err(missing());
        }
        let asked = [TopicPartition::new(topic.as_str(), partition)];
        let mut extents = inner.admin.extents(&asked).await?.into_iter();
        let extent = extents.next().ok_or_else(missing)?.1?;
        if !(extent.start..extent.end).contains(&offset) {
            return Err(missing());
        }
        let settings = &inner.config.settings;
        let read = log::read_range(settings, &topic, partition, offset, offset + 1, READ_WITHIN);
        let record = read
            .await?
            .into_iter()
            .find(|record| record.offset == offset);
        let letter = Letter::new(partition, record.ok_or_else(missing)?);
        if letter.is(name, &LetterFilter::default()) {
            Ok(letter)
        } else {
            Err(missing())
        }
    }
}

//! Which topics there are, and how many partitions they have. Blocking.

use std::sync::Arc;

use rdkafka::bindings as rd;

use super::client::{Client, code_of, text};
use super::produce::TopicHandle;
use crate::error::{ErrorCode, KafkaError};

pub(crate) struct TopicMetadata {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    pub(crate) code: ErrorCode,
}

#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    All,
    /// No topics: whether a broker answers at all.
    None,
    One(&'a TopicHandle),
}

/// Blocks up to `timeout_ms`.
pub(crate) fn fetch(
    client: &Arc<Client>,
    which: Which<'_>,
    timeout_ms: i32,
) -> Result<Vec<TopicMetadata>, KafkaError> {
    let (all, topic) = match which {
        Which::All => (1, std::ptr::null_mut()),
        Which::None => (0, std::ptr::null_mut()),
        Which::One(topic) => (0, topic.ptr()),
    };
    let mut metadata: *const rd::rd_kafka_metadata = std::ptr::null();
    // SAFETY: the client lives, and the topic with it; the result is ours to destroy.
    let code =
        unsafe { rd::rd_kafka_metadata(client.ptr(), all, topic, &raw mut metadata, timeout_ms) };
    let code = ErrorCode::from(code);
    if code != ErrorCode::NoError || metadata.is_null() {
        return Err(KafkaError::new(
            "ask the brokers for their topics",
            code,
            "",
        ));
    }
    // SAFETY: a successful result holds `topic_cnt` topics with terminated names; it is read, then destroyed once.
    unsafe {
        let count = usize::try_from((*metadata).topic_cnt).unwrap_or(0);
        let topics = (0..count)
            .map(|index| {
                let topic = (*metadata).topics.add(index);
                TopicMetadata {
                    name: text((*topic).topic),
                    partitions: (*topic).partition_cnt,
                    code: code_of((&raw const (*topic).err).cast::<i32>().read()),
                }
            })
            .collect();
        rd::rd_kafka_metadata_destroy(metadata);
        Ok(topics)
    }
}

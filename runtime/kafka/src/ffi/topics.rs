//! Which topics stand behind names: their ids. Asynchronous.

use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::client::{Client, text};
use super::groups::borrowed;
use super::offsets::Options;
use super::queue::Reply;
use crate::error::{ErrorCode, KafkaError};

/// A topic as brokers tell it from others, earlier and later ones of its name among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicIdentity {
    /// Its id, in base64.
    Is(String),
    /// There is no topic of this name now.
    Missing,
    /// The brokers give topics no ids.
    Unknown,
}

/// The identity of each of these, in any order. Never creates a topic.
pub(crate) async fn identities(
    client: &Arc<Client>,
    names: &[&str],
    timeout: Duration,
) -> Result<Vec<(String, TopicIdentity)>, KafkaError> {
    const ACTION: &str = "look topics up";
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let reply = Reply::new(client, ACTION)?;
    request(client, names, timeout, &reply)?;
    let event = reply.event().await;
    event.check(ACTION)?;
    // SAFETY: the event lives; the result and its topics belong to it and are copied.
    unsafe {
        let result = rd::rd_kafka_event_DescribeTopics_result(event.ptr());
        if result.is_null() {
            return Err(KafkaError::new(
                ACTION,
                ErrorCode::Fail,
                "an answer to something else",
            ));
        }
        let mut count = 0;
        let topics = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        (0..count).map(|index| one(*topics.add(index))).collect()
    }
}

fn request(
    client: &Arc<Client>,
    names: &[&str],
    timeout: Duration,
    reply: &Reply,
) -> Result<(), KafkaError> {
    const ACTION: &str = "look topics up";
    let terminated: Result<Vec<CString>, _> =
        names.iter().map(|name| CString::new(*name)).collect();
    let terminated = terminated
        .map_err(|_| KafkaError::new(ACTION, ErrorCode::InvalidTopic, "a name contains a NUL"))?;
    let mut pointers: Vec<_> = terminated.iter().map(|name| name.as_ptr()).collect();
    let options = Options::new(
        client,
        rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        timeout,
        ACTION,
    )?;
    // SAFETY: names, client, options and queue live during the calls, which copy what they need; the collection is ours and
    // destroyed once.
    unsafe {
        let topics =
            rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        rd::rd_kafka_DescribeTopics(client.ptr(), topics, options.ptr(), reply.queue().ptr());
        rd::rd_kafka_TopicCollection_destroy(topics);
    }
    Ok(())
}

/// # Safety
/// `topic` belongs to an event that lives.
unsafe fn one(
    topic: *const rd::rd_kafka_TopicDescription_t,
) -> Result<(String, TopicIdentity), KafkaError> {
    // SAFETY: the caller's promise; what is read is copied.
    unsafe {
        let name = text(rd::rd_kafka_TopicDescription_name(topic));
        let error = rd::rd_kafka_TopicDescription_error(topic);
        match borrowed(error, &format!("look up topic {name:?}")) {
            Ok(()) => {}
            Err(error)
                if [
                    ErrorCode::UnknownTopicOrPartition,
                    ErrorCode::UnknownTopic,
                    ErrorCode::UnknownPartition,
                ]
                .contains(&error.code()) =>
            {
                return Ok((name, TopicIdentity::Missing));
            }
            Err(error) => return Err(error),
        }
        let id = rd::rd_kafka_TopicDescription_topic_id(topic);
        let zero = id.is_null()
            || (rd::rd_kafka_Uuid_most_significant_bits(id) == 0
                && rd::rd_kafka_Uuid_least_significant_bits(id) == 0);
        let identity = if zero {
            TopicIdentity::Unknown
        } else {
            TopicIdentity::Is(text(rd::rd_kafka_Uuid_base64str(id)))
        };
        Ok((name, identity))
    }
}

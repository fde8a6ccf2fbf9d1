//! What a partition holds: first offset, last stable offset, the offset of a time. Asynchronous.

use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::client::{Client, error_of};
use super::list::{Entry, List, entry};
use super::queue::Reply;
use crate::error::{ErrorCode, KafkaError};
use crate::topic_partition::TopicPartition;

/// Kafka's numbers for what is asked; a time is milliseconds since 1970.
pub(crate) const EARLIEST: i64 = -2;
pub(crate) const LATEST: i64 = -1;

pub(super) struct Options(NonNull<rd::rd_kafka_AdminOptions_t>);

impl Options {
    pub(super) fn new(
        client: &Client,
        operation: rd::rd_kafka_admin_op_t,
        timeout: Duration,
        action: &str,
    ) -> Result<Options, KafkaError> {
        let none = || KafkaError::new(action, ErrorCode::CriticalSystemResource, "no options");
        let mut ignored = [0; 128];
        let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the client lives; new options are ours; `ignored` is writable for the length given.
        unsafe {
            let options = rd::rd_kafka_AdminOptions_new(client.ptr(), operation);
            let options = Options(NonNull::new(options).ok_or_else(none)?);
            rd::rd_kafka_AdminOptions_set_request_timeout(
                options.ptr(),
                timeout,
                ignored.as_mut_ptr(),
                ignored.len(),
            );
            Ok(options)
        }
    }

    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }
}

// SAFETY: a plain allocation.
unsafe impl Send for Options {}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rd::rd_kafka_AdminOptions_destroy(self.ptr()) }
    }
}

/// What an offset is that nobody gave (`RD_KAFKA_OFFSET_INVALID`).
const NO_OFFSET: i64 = -1001;

/// Looks the offsets up that readers of committed records see. One entry a partition, in any order.
pub(crate) async fn list(
    client: &Arc<Client>,
    asked: &[(TopicPartition, i64)],
    timeout: Duration,
) -> Result<Vec<Entry>, KafkaError> {
    const ACTION: &str = "look offsets up";
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let reply = Reply::new(client, ACTION)?;
    request(client, asked, timeout, &reply)?;
    let event = reply.event().await;
    event.check(ACTION)?;
    // SAFETY: the event lives; the result and its entries belong to it and are copied.
    unsafe {
        let result = rd::rd_kafka_event_ListOffsets_result(event.ptr());
        if result.is_null() {
            return Err(KafkaError::new(
                ACTION,
                ErrorCode::Fail,
                "an answer to something else",
            ));
        }
        let mut count = 0;
        let infos = rd::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        Ok((0..count)
            .map(|index| {
                answered(entry(rd::rd_kafka_ListOffsetsResultInfo_topic_partition(
                    *infos.add(index),
                )))
            })
            .collect())
    }
}

/// librdkafka says of a partition whose leader did not answer that there was no error, and gives no offset. (-1: there is none.)
fn answered(mut entry: Entry) -> Entry {
    if entry.code == ErrorCode::NoError && entry.offset == NO_OFFSET {
        entry.code = ErrorCode::BrokerTransportFailure;
    }
    entry
}

fn request(
    client: &Arc<Client>,
    asked: &[(TopicPartition, i64)],
    timeout: Duration,
    reply: &Reply,
) -> Result<(), KafkaError> {
    const ACTION: &str = "look offsets up";
    let mut list = List::new();
    for (partition, what) in asked {
        if !list.add(partition, *what, "") {
            return Err(KafkaError::new(
                ACTION,
                ErrorCode::InvalidTopic,
                format!("{partition}: not a topic's name"),
            ));
        }
    }
    let options = Options::new(
        client,
        rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
        timeout,
        ACTION,
    )?;
    // SAFETY: client, options, list and queue live; librdkafka copies what it needs beyond the call.
    unsafe {
        let level = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        if let Some(error) = error_of(
            rd::rd_kafka_AdminOptions_set_isolation_level(options.ptr(), level),
            ACTION,
        ) {
            return Err(error);
        }
        rd::rd_kafka_ListOffsets(client.ptr(), list.ptr(), options.ptr(), reply.queue().ptr());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_that_did_not_answer_is_no_answer() {
        let code = |code, offset| {
            let partition = TopicPartition::new("in", 0);
            let metadata = String::new();
            let entry = Entry {
                partition,
                offset,
                metadata,
                code,
            };
            answered(entry).code
        };
        assert_eq!(
            code(ErrorCode::NoError, -1001),
            ErrorCode::BrokerTransportFailure
        );
        // There is no record as young as was asked for.
        assert_eq!(code(ErrorCode::NoError, -1), ErrorCode::NoError);
        assert_eq!(code(ErrorCode::NoError, 7), ErrorCode::NoError);
        assert_eq!(
            code(ErrorCode::NotLeaderForPartition, -1001),
            ErrorCode::NotLeaderForPartition
        );
    }
}

//! What a group member does with its client: subscribe, answer rebalances, take messages, commit.

use std::ffi::CString;
use std::sync::Arc;

use rdkafka::bindings as rd;
use rdkafka::types::RDKafkaRespErr;

use super::client::{Client, error_of};
use super::list::List;
use super::message::Message;
use super::queue::Queue;
use crate::error::{ErrorCode, KafkaError};
use crate::topic_partition::TopicPartition;

fn check(code: RDKafkaRespErr, action: &str) -> Result<(), KafkaError> {
    match ErrorCode::from(code) {
        ErrorCode::NoError => Ok(()),
        code => Err(KafkaError::new(action, code, "")),
    }
}

/// The queue on which rebalances and errors arrive; the client's main queue is led into it.
pub(crate) fn events(client: &Arc<Client>) -> Option<Queue> {
    // SAFETY: the client lives; the reference returned is ours.
    unsafe {
        rd::rd_kafka_poll_set_consumer(client.ptr());
        Queue::adopt(client, rd::rd_kafka_queue_get_consumer(client.ptr()))
    }
}

/// A partition's own queue, cut off from the consumer's: librdkafka remembers that the application said so, which is
/// why a later assignment does not join them again.
pub(crate) fn partition_queue(client: &Arc<Client>, partition: &TopicPartition) -> Option<Queue> {
    let topic = CString::new(partition.topic()).ok()?;
    // SAFETY: the client lives, the name is terminated and copied; the reference returned is ours.
    unsafe {
        let queue = Queue::adopt(
            client,
            rd::rd_kafka_queue_get_partition(client.ptr(), topic.as_ptr(), partition.partition()),
        )?;
        rd::rd_kafka_queue_forward(queue.ptr(), std::ptr::null_mut());
        Some(queue)
    }
}

/// Up to `max` messages that are there already, in order, given to `into`.
///
/// One at a time, although librdkafka can hand out many at once: `rd_kafka_consume_batch_queue` counts the end of a partition
/// as a record that was read, and every rebalance goes on at the position so counted: one record too far. Nothing in
/// librdkafka's interface puts that right again.
pub(crate) fn take(queue: &Queue, max: usize, mut into: impl FnMut(Message)) -> usize {
    let mut count = 0;
    while count < max {
        // SAFETY: the queue lives; a timeout of 0 never waits. The message is ours, or null if there is none.
        let message = unsafe { Message::adopt(rd::rd_kafka_consume_queue(queue.ptr(), 0)) };
        let Some(message) = message else { break };
        into(message);
        count += 1;
    }
    count
}

pub(crate) fn subscribe(client: &Client, topics: &[&str]) -> Result<(), KafkaError> {
    let action = "subscribe";
    let mut list = List::new();
    for topic in topics {
        if !list.add(&TopicPartition::new(*topic, -1), -1001, "") {
            return Err(KafkaError::new(
                action,
                ErrorCode::InvalidTopic,
                format!("{topic:?} contains a NUL"),
            ));
        }
    }
    // SAFETY: client and list live; the list is copied.
    check(
        unsafe { rd::rd_kafka_subscribe(client.ptr(), list.ptr()) },
        action,
    )
}

pub(crate) fn incremental_assign(client: &Client, list: &List) -> Result<(), KafkaError> {
    // SAFETY: client and list live; the list is copied.
    let error = unsafe { rd::rd_kafka_incremental_assign(client.ptr(), list.ptr()) };
    error_of(error, "take partitions over").map_or(Ok(()), Err)
}

pub(crate) fn incremental_unassign(client: &Client, list: &List) -> Result<(), KafkaError> {
    // SAFETY: client and list live; the list is copied.
    let error = unsafe { rd::rd_kafka_incremental_unassign(client.ptr(), list.ptr()) };
    error_of(error, "let partitions go").map_or(Ok(()), Err)
}

/// Whether what is being revoked is someone else's already.
pub(crate) fn assignment_lost(client: &Client) -> bool {
    // SAFETY: the client lives.
    unsafe { rd::rd_kafka_assignment_lost(client.ptr()) != 0 }
}

/// Waits until the positions moved. From then on the partitions' queues hold nothing from before.
pub(crate) fn seek(client: &Client, list: &List, timeout_ms: i32) -> Result<(), KafkaError> {
    // SAFETY: client and list live; results are written into the list, which is ours alone.
    let error = unsafe { rd::rd_kafka_seek_partitions(client.ptr(), list.ptr(), timeout_ms) };
    error_of(error, "seek").map_or(Ok(()), Err)?;
    first_error(list, "seek")
}

pub(crate) fn pause(client: &Client, list: &List) -> Result<(), KafkaError> {
    // SAFETY: client and list live; results are written into the list.
    check(
        unsafe { rd::rd_kafka_pause_partitions(client.ptr(), list.ptr()) },
        "pause partitions",
    )
}

pub(crate) fn resume(client: &Client, list: &List) -> Result<(), KafkaError> {
    // SAFETY: client and list live; results are written into the list.
    check(
        unsafe { rd::rd_kafka_resume_partitions(client.ptr(), list.ptr()) },
        "resume partitions",
    )
}

/// Blocks. Offsets and metadata are written into the list.
pub(crate) fn committed(client: &Client, list: &List, timeout_ms: i32) -> Result<(), KafkaError> {
    // SAFETY: client and list live; the list is ours alone.
    check(
        unsafe { rd::rd_kafka_committed(client.ptr(), list.ptr(), timeout_ms) },
        "read committed offsets",
    )
}

/// The answer is an `OFFSET_COMMIT` event on `reply`.
pub(crate) fn commit(client: &Client, list: &List, reply: &Queue) -> Result<(), KafkaError> {
    // SAFETY: client, list and queue live; list is copied, the queue is referenced until the answer.
    let code = unsafe {
        rd::rd_kafka_commit_queue(
            client.ptr(),
            list.ptr(),
            reply.ptr(),
            None,
            std::ptr::null_mut(),
        )
    };
    check(code, "commit offsets")
}

/// Leaves the group. Blocks; revocations are answered inside.
pub(crate) fn close(client: &Client) -> Result<(), KafkaError> {
    // SAFETY: the client lives.
    check(
        unsafe { rd::rd_kafka_consumer_close(client.ptr()) },
        "leave the group",
    )
}

fn first_error(list: &List, action: &str) -> Result<(), KafkaError> {
    match list
        .entries()
        .into_iter()
        .find(|entry| entry.code != ErrorCode::NoError)
    {
        None => Ok(()),
        Some(entry) => Err(KafkaError::new(
            action,
            entry.code,
            format!("{}: {}", entry.partition, entry.code),
        )),
    }
}

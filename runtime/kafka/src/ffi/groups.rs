//! Consumer groups from outside: their members, and forgetting their offsets. Asynchronous.

use std::ffi::CString;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;

use super::client::{Client, text};
use super::list::List;
use super::offsets::Options;
use super::queue::Reply;
use crate::error::{ErrorCode, KafkaError};

fn name(group: &str, action: &str) -> Result<CString, KafkaError> {
    CString::new(group).map_err(|_| {
        KafkaError::new(
            action,
            ErrorCode::InvalidGroupId,
            format!("{group:?} contains a NUL"),
        )
    })
}

/// # Safety
/// `error` is null or lives during the call.
pub(super) unsafe fn borrowed(
    error: *const rd::rd_kafka_error_t,
    action: &str,
) -> Result<(), KafkaError> {
    // SAFETY: the caller's promise.
    unsafe {
        if error.is_null() {
            return Ok(());
        }
        match ErrorCode::from(rd::rd_kafka_error_code(error)) {
            ErrorCode::NoError => Ok(()),
            code => Err(KafkaError::new(
                action,
                code,
                text(rd::rd_kafka_error_string(error)),
            )),
        }
    }
}

/// Members now; 0 for a group that is not there.
pub(crate) async fn members(
    client: &Arc<Client>,
    group: &str,
    timeout: Duration,
) -> Result<usize, KafkaError> {
    let action = format!("describe group {group:?}");
    let reply = Reply::new(client, &action)?;
    {
        let group = name(group, &action)?;
        let options = Options::new(
            client,
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
            timeout,
            &action,
        )?;
        let mut groups = [group.as_ptr()];
        // SAFETY: everything lives during the call, and is copied by it.
        unsafe {
            rd::rd_kafka_DescribeConsumerGroups(
                client.ptr(),
                groups.as_mut_ptr(),
                1,
                options.ptr(),
                reply.queue().ptr(),
            )
        };
    }
    let event = reply.event().await;
    event.check(&action)?;
    // SAFETY: the event lives; the result and its groups belong to it.
    unsafe {
        let result = rd::rd_kafka_event_DescribeConsumerGroups_result(event.ptr());
        let mut count = 0;
        let groups = if result.is_null() {
            std::ptr::null_mut()
        } else {
            rd::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count)
        };
        if groups.is_null() || count == 0 {
            return Err(KafkaError::new(
                action,
                ErrorCode::Fail,
                "an answer without the group",
            ));
        }
        match borrowed(
            rd::rd_kafka_ConsumerGroupDescription_error(*groups),
            &action,
        ) {
            Err(error) if error.code() == ErrorCode::GroupIdNotFound => Ok(0),
            Err(error) => Err(error),
            Ok(()) => Ok(rd::rd_kafka_ConsumerGroupDescription_member_count(*groups)),
        }
    }
}

/// Forgets the group's offsets of these partitions. The group must not be reading their topics.
pub(crate) async fn delete_offsets(
    client: &Arc<Client>,
    group: &str,
    partitions: List,
    timeout: Duration,
) -> Result<(), KafkaError> {
    let action = format!("delete offsets of group {group:?}");
    let reply = Reply::new(client, &action)?;
    {
        let group = name(group, &action)?;
        let options = Options::new(
            client,
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS,
            timeout,
            &action,
        )?;
        // SAFETY: everything lives during the calls and is copied by them; the request object is ours and destroyed once.
        unsafe {
            let mut request = [rd::rd_kafka_DeleteConsumerGroupOffsets_new(
                group.as_ptr(),
                partitions.ptr(),
            )];
            rd::rd_kafka_DeleteConsumerGroupOffsets(
                client.ptr(),
                request.as_mut_ptr(),
                1,
                options.ptr(),
                reply.queue().ptr(),
            );
            rd::rd_kafka_DeleteConsumerGroupOffsets_destroy(request[0]);
        }
    }
    let event = reply.event().await;
    event.check(&action)?;
    // SAFETY: the event lives; the result and its groups belong to it.
    unsafe {
        let result = rd::rd_kafka_event_DeleteConsumerGroupOffsets_result(event.ptr());
        let mut count = 0;
        let groups = if result.is_null() {
            std::ptr::null_mut()
        } else {
            rd::rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &raw mut count)
        };
        if groups.is_null() || count == 0 {
            return Err(KafkaError::new(
                action,
                ErrorCode::Fail,
                "an answer without the group",
            ));
        }
        borrowed(rd::rd_kafka_group_result_error(*groups), &action)?;
        let left = List::copied(rd::rd_kafka_group_result_partitions(*groups)).entries();
        let fine = [ErrorCode::NoError, ErrorCode::UnknownTopicOrPartition];
        match left.into_iter().find(|entry| !fine.contains(&entry.code)) {
            None => Ok(()),
            Some(entry) => Err(KafkaError::new(
                action,
                entry.code,
                format!("{}: {}", entry.partition, entry.code),
            )),
        }
    }
}

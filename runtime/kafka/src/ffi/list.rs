//! librdkafka's list of partitions with offsets.

use std::ffi::CString;
use std::os::raw::c_void;
use std::ptr::NonNull;

use rdkafka::bindings as rd;

use super::client::{code_of, text};
use crate::error::ErrorCode;
use crate::topic_partition::TopicPartition;

#[derive(Debug)]
pub(crate) struct List {
    list: NonNull<rd::rd_kafka_topic_partition_list_t>,
}

// SAFETY: a plain tree of allocations without ties to a thread.
unsafe impl Send for List {}

/// One entry, read out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) metadata: String,
    /// `NoError` if all is well.
    pub(crate) code: ErrorCode,
}

impl List {
    pub(crate) fn new() -> List {
        // SAFETY: no precondition; librdkafka aborts rather than returning null when memory is out.
        let list = unsafe { rd::rd_kafka_topic_partition_list_new(16) };
        List {
            list: NonNull::new(list).expect("librdkafka never returns a null list"),
        }
    }

    /// # Safety
    /// `list` is null or a live list.
    pub(super) unsafe fn copied(list: *const rd::rd_kafka_topic_partition_list_t) -> List {
        if list.is_null() {
            return List::new();
        }
        // SAFETY: live, as promised.
        let list = unsafe { rd::rd_kafka_topic_partition_list_copy(list) };
        List {
            list: NonNull::new(list).expect("librdkafka never returns a null list"),
        }
    }

    pub(super) fn ptr(&self) -> *mut rd::rd_kafka_topic_partition_list_t {
        self.list.as_ptr()
    }

    /// `false` if the topic's name cannot be one (it contains a NUL).
    pub(crate) fn add(&mut self, partition: &TopicPartition, offset: i64, metadata: &str) -> bool {
        let Ok(topic) = CString::new(partition.topic()) else {
            return false;
        };
        // SAFETY: the list is ours, the name is copied. The metadata goes into memory from the allocator that
        // librdkafka frees it with.
        unsafe {
            let entry = rd::rd_kafka_topic_partition_list_add(
                self.ptr(),
                topic.as_ptr(),
                partition.partition(),
            );
            (*entry).offset = offset;
            if !metadata.is_empty() {
                let copy = libc::malloc(metadata.len());
                if !copy.is_null() {
                    std::ptr::copy_nonoverlapping(
                        metadata.as_ptr(),
                        copy.cast::<u8>(),
                        metadata.len(),
                    );
                    (*entry).metadata = copy.cast::<c_void>();
                    (*entry).metadata_size = metadata.len();
                }
            }
        }
        true
    }

    pub(crate) fn len(&self) -> usize {
        // SAFETY: the list lives.
        usize::try_from(unsafe { (*self.ptr()).cnt }).unwrap_or(0)
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        // SAFETY: `elems` holds `len` entries while the list lives and is not changed.
        (0..self.len())
            .map(|index| unsafe { entry(&raw const *(*self.ptr()).elems.add(index)) })
            .collect()
    }

    pub(crate) fn partitions(&self) -> Vec<TopicPartition> {
        self.entries()
            .into_iter()
            .map(|entry| entry.partition)
            .collect()
    }
}

/// # Safety
/// `raw` is a live entry.
pub(super) unsafe fn entry(raw: *const rd::rd_kafka_topic_partition_t) -> Entry {
    // SAFETY: live, as promised; name and metadata belong to it. The code is read as a number, because brokers know
    // codes that the enum does not.
    unsafe {
        let code = (&raw const (*raw).err).cast::<i32>().read();
        let metadata = if (*raw).metadata.is_null() {
            String::new()
        } else {
            let bytes =
                std::slice::from_raw_parts((*raw).metadata.cast::<u8>(), (*raw).metadata_size);
            String::from_utf8_lossy(bytes).into_owned()
        };
        Entry {
            partition: TopicPartition::new(text((*raw).topic), (*raw).partition),
            offset: (*raw).offset,
            metadata,
            code: code_of(code),
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rd::rd_kafka_topic_partition_list_destroy(self.ptr()) }
    }
}

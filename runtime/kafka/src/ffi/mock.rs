//! librdkafka's mock cluster. Used rather than `rdkafka::mocking` because that one is tied to a thread and cannot switch
//! the three seconds off that a group waits for its first members.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka::bindings as rd;
use rdkafka::config::ClientConfig;
use rdkafka::types::RDKafkaApiKey as Api;

use super::client::{Client, Kind, text};
use crate::error::{ErrorCode, KafkaError};

/// The mock offers newer versions of some requests than librdkafka itself sends, and hangs up on them: Java's client, which
/// takes the newest that is offered, could not join a group.
const WELL_SERVED: [(Api, i16); 4] = [
    (Api::JoinGroup, 5),
    (Api::SyncGroup, 3),
    (Api::Heartbeat, 3),
    (Api::LeaveGroup, 1),
];

#[derive(Debug)]
pub(crate) struct Mock {
    cluster: NonNull<rd::rd_kafka_mock_cluster_t>,
    /// The cluster must go before it.
    #[allow(dead_code)]
    client: Arc<Client>,
}

// SAFETY: the functions used here lock the cluster or send an operation to its thread.
unsafe impl Send for Mock {}
// SAFETY: as above.
unsafe impl Sync for Mock {}

impl Mock {
    pub(crate) fn new(brokers: i32) -> Result<Mock, KafkaError> {
        const ACTION: &str = "start the embedded broker";
        let client = Client::new(Kind::Producer, &ClientConfig::new(), 0, false, ACTION)?;
        // SAFETY: the client lives, and is kept longer than the cluster.
        let cluster = unsafe { rd::rd_kafka_mock_cluster_new(client.ptr(), brokers) };
        let cluster = NonNull::new(cluster).ok_or_else(|| {
            KafkaError::new(
                ACTION,
                ErrorCode::CriticalSystemResource,
                "no free port on the loopback interface",
            )
        })?;
        // SAFETY: the cluster lives.
        unsafe { rd::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster.as_ptr(), 0) };
        for (api, newest) in WELL_SERVED {
            // SAFETY: the cluster lives; the api is one that it knows.
            unsafe { rd::rd_kafka_mock_set_apiversion(cluster.as_ptr(), api as i16, 0, newest) };
        }
        Ok(Mock { cluster, client })
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        // SAFETY: the cluster lives; the text belongs to it and is copied.
        unsafe { text(rd::rd_kafka_mock_cluster_bootstraps(self.cluster.as_ptr())) }
    }

    pub(crate) fn create_topic(&self, name: &str, partitions: i32) -> Result<bool, KafkaError> {
        let action = format!("create topic {name:?}");
        let text = CString::new(name).map_err(|_| {
            KafkaError::new(&*action, ErrorCode::InvalidTopic, "the name contains a NUL")
        })?;
        // SAFETY: the cluster lives, the name is terminated and copied.
        match ErrorCode::from(unsafe {
            rd::rd_kafka_mock_topic_create(self.cluster.as_ptr(), text.as_ptr(), partitions, 1)
        }) {
            ErrorCode::NoError => Ok(true),
            ErrorCode::TopicAlreadyExists => Ok(false),
            code => Err(KafkaError::new(action, code, "")),
        }
    }

    /// The next requests of this kind fail, one error each.
    pub(crate) fn fail_requests(&self, api: i16, errors: &[rd::rd_kafka_resp_err_t]) {
        // SAFETY: the cluster lives, the errors are copied.
        unsafe {
            rd::rd_kafka_mock_push_request_errors_array(
                self.cluster.as_ptr(),
                api,
                errors.len(),
                errors.as_ptr(),
            )
        }
    }

    /// From now on requests are remembered, for [`Mock::requests`].
    pub(crate) fn watch_requests(&self) {
        // SAFETY: the cluster lives.
        unsafe { rd::rd_kafka_mock_start_request_tracking(self.cluster.as_ptr()) }
    }

    /// How many requests of this kind came since they are watched.
    pub(crate) fn requests(&self, api: i16) -> usize {
        let mut count = 0;
        // SAFETY: the cluster lives; the list and what it names are copies of ours, of the length given, and freed once.
        unsafe {
            let all = rd::rd_kafka_mock_get_requests(self.cluster.as_ptr(), &raw mut count);
            if all.is_null() {
                return 0;
            }
            let of_this_kind = (0..count)
                .filter(|at| rd::rd_kafka_mock_request_api_key(*all.add(*at)) == api)
                .count();
            rd::rd_kafka_mock_request_destroy_array(all, count);
            of_this_kind
        }
    }

    /// Every broker stops or starts to accept connections.
    pub(crate) fn set_up(&self, up: bool) {
        // SAFETY: the cluster lives.
        unsafe {
            if up {
                rd::rd_kafka_mock_broker_set_up(self.cluster.as_ptr(), -1);
            } else {
                rd::rd_kafka_mock_broker_set_down(self.cluster.as_ptr(), -1);
            }
        }
    }

    /// Every answer takes this long.
    pub(crate) fn set_delay(&self, milliseconds: i32) {
        // SAFETY: the cluster lives.
        unsafe { rd::rd_kafka_mock_broker_set_rtt(self.cluster.as_ptr(), -1, milliseconds) };
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once, before its client.
        unsafe { rd::rd_kafka_mock_cluster_destroy(self.cluster.as_ptr()) }
    }
}

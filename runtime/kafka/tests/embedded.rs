//! The crate against its own embedded broker, where that one's limits do not matter. What needs a real Kafka
//! (transactions, admin requests, retention) is tested end to end, elsewhere.

#![allow(clippy::unwrap_used)]

mod embedded {
    mod admin;
    mod delivery;
    mod log;
    mod many;
    mod members;
    mod queues;
    mod records;
    mod stress;
    pub(crate) mod support;
}

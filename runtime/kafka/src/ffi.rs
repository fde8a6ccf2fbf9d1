//! All unsafe code of this crate: librdkafka behind types that cannot be misused.
//!
//! What the types below guarantee outward:
//! - a client is destroyed after every queue, message, topic handle and event that came from it (each holds an `Arc` of
//!   it), and on a thread of its own, because destroying blocks;
//! - a message is owned by one [`message::Message`] and freed once;
//! - bytes that a produced record points to are kept by its [`flight::Core`] until librdkafka has reported on it;
//! - callbacks run Rust code that never unwinds into C.
//!
//! It does not know what records are for.
#![allow(unsafe_code)]

pub(crate) mod client;
pub(crate) mod consume;
pub(crate) mod flight;
pub(crate) mod groups;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod metadata;
pub(crate) mod mock;
pub(crate) mod offsets;
pub(crate) mod produce;
pub(crate) mod queue;
pub(crate) mod topics;
pub(crate) mod transaction;

//! Millstream's host: joins the engine and Kafka.
//!
//! The data plane moves records: a [`source`] hands batches to [`lane`]s, a guest makes a plan of each, a [`delivery`] writes
//! it and moves the offset; a [`runner`] is one transform doing that. The control plane decides what runs: a [`manifest`] is
//! [checked](check), becomes a revision in the log of [`deployments`], and every [`host`] has its [`supervisor`] follow the log.
//! [`wire`] alone puts the real parts together. Knows nothing of HTTP and of command lines.

// The data plane.
pub mod budget;
pub mod delivery;
pub mod failure;
pub mod guests;
pub mod lane;
pub mod memory;
pub mod runner;
pub mod schedule;
pub mod source;
pub mod stats;
pub mod trial;
pub mod watchdog;
pub mod watermark;

// The control plane.
pub mod check;
pub mod control_topics;
pub mod deployments;
pub mod host;
pub mod logs;
pub mod manifest;
pub mod metrics;
pub mod modules;
pub mod names;
pub mod problem;
pub mod status;
pub mod supervisor;
pub mod tables;
pub mod wire;

//! End to end: the real binary, a real broker, real components. One file a subject, in `e2e/`.

// A test that cannot go on says where.
#![allow(clippy::unwrap_used)]

#[path = "e2e/harness.rs"]
mod harness;


pub mod manifest;
pub mod names;
pub mod problem;
pub mod check;
pub mod control_topics;
pub mod deployments;
pub mod modules;

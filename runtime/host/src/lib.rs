
pub mod manifest;
pub mod names;
pub mod problem;

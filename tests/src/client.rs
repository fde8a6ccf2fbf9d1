//! Plain Kafka clients for the tests: write many records fast, read everything there is.

mod producer;
mod reader;

pub use producer::Producer;
pub use reader::{Reader, count, read_all, scan};

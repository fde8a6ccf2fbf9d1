//! Millstream's engine: checks a WebAssembly component, limits it, calls it, and checks what comes back.
//!
//! It knows nothing of Kafka. A batch goes in as borrowed rows (`Batch`), a checked `Plan` over those rows comes out,
//! and whatever a component does in between ends as one of the kinds of `Failure`.

pub mod batch;
pub mod description;
pub mod error;
pub mod guest;
pub mod limits;
pub mod observer;
pub mod output;
pub mod plan;

pub use batch::{Batch, Header, Row};
pub use description::{Description, Parts};
pub use error::{EngineError, Failure, LoadError, Malformed};
pub use guest::Guest;
pub use limits::Limits;
pub use observer::{Deaf, Level, LogLine, LogSource, Observer};
pub use output::{Column, Headers, Output, Patch, Rejections};
pub use plan::{Change, Emit, HeaderList, OutputBuilder, Plan, Rejection, ValueChange};

//! Millstream's engine: checks a WebAssembly component, limits it, calls it, and checks what comes back.
//!
//! It knows nothing of Kafka. A batch goes in as borrowed rows (`Batch`), a checked `Plan` over those rows comes out,
//! and whatever a component does in between ends as one of the kinds of `Failure`.

pub mod batch;
mod budget;
mod cache;
mod check;
mod compile;
mod config;
pub mod description;
pub mod engine;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod guest;
mod imports;
pub mod instance;
pub mod limits;
mod meter;
pub mod module;
pub mod observer;
pub mod output;
pub mod plan;
mod raw;
mod state;
pub mod tables;
mod ticker;

pub use batch::{Batch, Header, Row};
pub use compile::{CompilerProcess, compile_main};
pub use description::{Description, Parts};
pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, Failure, LoadError, Malformed};
pub use guest::Guest;
pub use instance::Instance;
pub use limits::Limits;
pub use millstream_fields::{
    Column as FieldColumn, Extractor, Field, Kind as FieldKind, Lookup, LookupKey, Part, Presence,
    Row as FieldRow,
};
pub use module::{Digest, Module};
pub use observer::{Deaf, Level, LogLine, LogSource, Observer};
pub use output::{Column, Headers, Output, Patch, Rejections};
pub use plan::{Change, Emit, HeaderList, OutputBuilder, Plan, Rejection, ValueChange};
pub use state::LogProbe;
pub use tables::{FixedTables, NoTables, Snapshot, TableError, Tables, Values};

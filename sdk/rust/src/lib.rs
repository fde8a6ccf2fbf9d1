//! Write Millstream transforms in Rust: a function over records, which becomes a WebAssembly component.
//!
//! ```
//! use millstream_sdk::prelude::*;
//! use serde::Deserialize;
//!
//! #[derive(Outputs)]
//! enum Out {
//!     Likes,
//!     Passes,
//! }
//!
//! #[derive(Deserialize)]
//! struct Swipe<'a> {
//!     direction: &'a str,
//! }
//!
//! #[transform]
//! fn route(record: Record<'_>, out: &mut Emitter<Out>) -> Result<(), Reject> {
//!     let swipe: Swipe<'_> = record.json()?;
//!     match swipe.direction {
//!         "right" => out.forward(Out::Likes),
//!         "left" => out.forward(Out::Passes),
//!         other => reject!("bad-direction", "direction is {other:?}"),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! - The signature is the declaration: [`Record`] names the parts that are read ([`Reads`]), [`Emitter`] the [`Outputs`]
//!   and [`Counters`], a third parameter the [`Settings`] or [`State`]. [`Transform`] lists the shapes.
//! - [`Emitter::forward`] passes a record on as it is, which costs next to nothing; [`Emitter::emit`] changes parts of it.
//! - An error rejects the record ([`Reject`]) or fails the batch ([`Failure`]).
//! - [`fields`] that the host takes out of each record cost a fraction of parsing it here; what it looks up in a table comes
//!   the same way. [`tables`] can be asked by keys that the transform makes, too.
//! - [`json`] parses values without copying them; [`testing`] runs a transform in a plain `cargo test`.
//! - [`Batch`] and [`Plan`] are the columns below, for those who want all the speed; [`bindings`] is the contract itself.
//!
//! `cargo build --release --target wasm32-wasip2` makes the component; `millstream new` starts a project that does.

pub mod bindings;
mod columns;
mod component;
mod emission;
mod emitter;
pub mod fields;
pub mod json;
pub mod log;
mod outputs;
mod patch;
mod plan;
pub mod reads;
mod record;
mod reject;
mod settings;
pub mod tables;
pub mod testing;
mod transform;

pub use columns::{Batch, Column, HeaderColumns, Numbers};
pub use emission::{Buffer, Emission};
pub use emitter::Emitter;
pub use fields::{Fields, Rows};
pub use millstream_sdk_macros::{Counters, Fields, Outputs, Settings, Tables, transform};
pub use outputs::{Counters, NoCounters, Outputs};
pub use plan::Plan;
pub use reads::Reads;
pub use record::{Header, HeaderIter, Record};
pub use reject::{Failure, OrReject, Reject};
pub use settings::{FromSetting, Settings, SettingsReader, State};
pub use tables::{Found, NoTables, TableReader, Tables};
pub use transform::{Answer, Transform};

/// What a transform's module wants in scope.
pub mod prelude {
    pub use crate::reads::{Headers, Keys, Offsets, Timestamps, Values};
    pub use crate::{
        Batch, Counters, Emitter, Failure, Fields, FromSetting, OrReject, Outputs, Plan, Record,
        Reject, Rows, Settings, State, Tables, debug, error, info, reject, transform, warn,
    };
}

#[doc(hidden)]
pub mod __private {
    //! What the macros' code calls.
    pub use crate::columns::Columns;
    pub use crate::component::{apply, configure};
    pub use crate::fields::{Declared, DeclaredLookup, DeclaredPart, FieldColumn, FieldType};
    pub use crate::reads::{No, TableChoice};
    pub use crate::transform::shape;

    /// Compiles for transforms alone.
    pub fn check<Shape, T: crate::Transform<Shape>>(_: T) {}
}

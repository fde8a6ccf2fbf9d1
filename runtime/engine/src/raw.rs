//! The crate's only `unsafe`: loading compiled code, and the types that cross the boundary.
//!
//! wasmtime's `Lower`, `Lift` and `ComponentType` are unsafe traits whose contents it hides and may change in any
//! version; they are implemented by hand where a derived type would cost an allocation or a copy a record (`lower`,
//! measured at 22 instead of 38 ns a record) or could not say which limit was passed (`lift`), and derived for
//! everything else (`shapes`). All of it is used through safe functions and types: what a guest does wrong is an error
//! here, never undefined behaviour. This module does not know what the numbers in an answer mean.
#![allow(unsafe_code)]

pub(crate) mod code;
mod lift;
mod lower;
pub(crate) mod shapes;
pub(crate) mod wasi;

pub(crate) use lift::{AnswerTooLarge, Line};
pub(crate) use lower::{BatchArg, BatchTooLarge};

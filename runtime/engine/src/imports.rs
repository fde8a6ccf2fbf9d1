//! Everything that a guest may import, and what it does: see `wit/WASI.md` for the list.
//!
//! Nothing here blocks, and nothing gives away more than the time and random numbers. A guest that breaks a rule of an
//! import traps.

mod contract;
mod denied;
mod names;
mod wasi;

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

pub(crate) use names::{Known, known, split};

use crate::LoadError;
use crate::state::State;

/// What a component's imports are linked to.
pub(crate) fn link(engine: &Engine, component: &Component) -> Result<Linker<State>, LoadError> {
    let mut linker = Linker::new(engine);
    let wrong =
        |e: wasmtime::Error| LoadError::Host(format!("cannot link the host's functions: {e:#}"));
    contract::add(&mut linker).map_err(wrong)?;
    wasi::add(&mut linker).map_err(wrong)?;
    denied::add(engine, &mut linker, component).map_err(wrong)?;
    Ok(linker)
}

//! Turns compiled code back into a component.

use wasmtime::Engine;
use wasmtime::component::Component;

/// Machine code that this program's own compiler wrote: straight from the child process, or from the cache folder
/// after its owner, mode and checksum were checked. Whoever makes one says so.
pub(crate) struct TrustedCode(Vec<u8>);

impl TrustedCode {
    /// The bytes are exactly what the compiler of this very program wrote, and nobody else could have changed them.
    pub(crate) fn from_own_compiler(bytes: Vec<u8>) -> TrustedCode {
        TrustedCode(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Loads compiled code. Fails where it was compiled by another version, configuration or for another CPU, or passes
/// the engine's pool sizes.
pub(crate) fn load(engine: &Engine, code: &TrustedCode) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` runs whatever machine code it is given, so the bytes must be what `precompile_component`
    // wrote, unchanged. `TrustedCode` holds bytes from two places only: the pipe of a compiler process that this
    // process started from its own binary, and a file in the cache folder, which is a real directory of mode 0700 that
    // belongs to this user, in a regular file of this user that nobody else may write, whose SHA-256 matched. Whoever
    // can forge that file can already run code as this user. Version, configuration and CPU features are in the bytes
    // and checked by wasmtime itself.
    unsafe { Component::deserialize(engine, &code.0) }
}

//! What is not public otherwise, for fuzzing alone.

use crate::{LoadError, Plan, check};

/// The check of an upload before it is compiled; the name under which the component exports the contract's `guest`.
///
/// # Errors
/// Why it is refused.
pub fn check_upload(wasm: &[u8], max_bytes: u64) -> Result<String, LoadError> {
    check::check(wasm, max_bytes).map(|checked| checked.guest)
}

/// A plan over the rows `kept` of a batch as one over all of its rows, of which the others are refused.
#[must_use]
pub fn widened(plan: Plan, kept: &[u32], refused: &[u32]) -> Plan {
    plan.widened(kept, refused.iter().map(|row| (*row, "refused", "")))
}

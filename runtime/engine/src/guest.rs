//! The seam between the engine and whoever runs batches: anything that turns a batch into a plan.
//!
//! `Instance` is the sandboxed implementation; tests and benchmarks have native ones.

use std::future::Future;
use std::time::Duration;

use crate::{Batch, Failure, Plan};

/// A guest, ready for batches.
pub trait Guest: Send {
    /// What becomes of these rows. After an error the guest may be called again only if it does not want to be
    /// replaced; never when the future was dropped before it was done.
    fn apply<'a>(
        &'a mut self,
        batch: Batch<'a>,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Bytes of linear memory that it holds.
    fn memory(&self) -> u64;

    /// Whether it should be replaced before its next batch (its memory passed the soft limit, or it failed).
    fn wants_replacing(&self) -> bool;

    /// CPU time of the last call, on whichever threads polled it.
    fn cpu(&self) -> Duration;
}

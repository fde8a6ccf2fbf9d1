//! Memory and tables of guests: a limit for each instance and one budget for all of the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wasmtime::ResourceLimiter;

use crate::{Failure, Limits};

/// Core instances, memories and tables of one component: 38, 1 and 3 in a Python one.
pub(crate) const MAX_CORE_INSTANCES: u32 = 100;
pub(crate) const MAX_MEMORIES: u32 = 8;
pub(crate) const MAX_TABLES: u32 = 20;

/// Bytes of linear memory that all guests of a host may have together.
pub(crate) struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Arc<Budget> {
        Arc::new(Budget {
            limit,
            used: AtomicU64::new(0),
        })
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    fn take(&self, bytes: u64) -> bool {
        let take = |used: u64| used.checked_add(bytes).filter(|&sum| sum <= self.limit);
        self.used.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

/// What one instance takes of the budget, given back when it is dropped.
pub(crate) struct Share {
    budget: Arc<Budget>,
    limit: u64,
    table_elements: usize,
    /// Bytes of this instance's memories.
    memory: u64,
    /// Why growth was refused during this call, if it was.
    refused: Option<Failure>,
}

impl Share {
    pub(crate) fn new(budget: Arc<Budget>, limits: &Limits) -> Share {
        Share {
            budget,
            limit: limits.memory,
            table_elements: limits.table_elements.min(Limits::MAX_TABLE_ELEMENTS) as usize,
            memory: 0,
            refused: None,
        }
    }

    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    pub(crate) fn begin_call(&mut self) {
        self.refused = None;
    }

    /// Why the guest could not have what it asked for: a better reason for its trap than the trap itself.
    pub(crate) fn take_refused(&mut self) -> Option<Failure> {
        self.refused.take()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.memory, Relaxed);
    }
}

/// The host has no memory left for guests. Stops the guest at once, so that it cannot take it for a fault of its own.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BudgetSpent(pub(crate) Failure);

impl ResourceLimiter for Share {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        let total = self.memory + more;
        if total > self.limit {
            self.refused = Some(Failure::Limit {
                what: "memory of one instance",
                limit: mebibytes(self.limit),
                used: mebibytes(total),
            });
            return Ok(false);
        }
        if !self.budget.take(more) {
            return Err(BudgetSpent(Failure::Host(format!(
                "all guests together may have {} of memory: {} are taken and this one asks for {} more; raise \
                 --guest-memory or lower the transforms' limits",
                mebibytes(self.budget.limit),
                mebibytes(self.budget.used()),
                mebibytes(more)
            )))
            .into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            self.refused = Some(Failure::Limit {
                what: "elements of one table",
                limit: self.table_elements.to_string(),
                used: desired.to_string(),
            });
            return Ok(false);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        MAX_TABLES as usize
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES as usize
    }
}

/// For people: in MiB, with one digit where it is not whole.
pub(crate) fn mebibytes(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{:.1} MiB", bytes as f64 / MIB as f64)
    }
}

//! What one instance may use and one call may do. Everything that a guest can make grow has its bound here.

use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// Limits of one guest instance. They hold before the instance exists: start functions count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory of one instance, all its memories together. Default: 256 MiB (StarlingMonkey starts
    /// with 103 MB, Python with 30 MB and grows).
    pub memory: u64,
    /// Bytes of linear memory past which an instance asks to be replaced between two batches. `None`: half of `memory`.
    /// An instance that starts out larger asks once it has used half of what was left to it.
    pub soft_memory: Option<u64>,
    /// CPU time of one call: start functions with `configure`, or one `apply`. Default: 1 s.
    pub batch_time: Duration,
    /// Time on the clock of one call. Generous, because a machine that stalls must not blame good records.
    /// Default: 30 s.
    pub wall_time: Duration,
    /// Bytes that one call may return, all lists together, aliased ones counted each time. Default: 64 MiB.
    pub result_bytes: u64,
    /// Records that one call may have written, repeats included. Default: 100,000.
    pub written_records: u64,
    /// Bytes of keys, values and headers that one call may have written, repeats included; a header counts
    /// [`Limits::HEADER_BYTES`] more than it has. Default: 64 MiB.
    pub written_bytes: u64,
    /// Bytes of values that one call may look up in tables, declared lookups included. Default: 64 MiB.
    pub lookup_bytes: u64,
    /// Keys that one call may look up by `tables.get`, repeats and nulls included. Default: 1,000,000.
    pub lookup_keys: u64,
    /// Elements in one table of an instance. Default: 65,536; at most [`Limits::MAX_TABLE_ELEMENTS`].
    pub table_elements: u32,
    /// Bytes of one log line; the rest of a longer one is cut. Default: 8 KiB.
    pub log_line_bytes: usize,
    /// Log lines of one call; further ones are counted only. Default: 100.
    pub log_lines: usize,
}

impl Limits {
    /// The most elements that any table can have: the engine's pool reserves address space for as many.
    pub const MAX_TABLE_ELEMENTS: u32 = 131_072;

    /// What a header counts beside its name and value in what is written: one that is empty takes memory, too.
    pub const HEADER_BYTES: u64 = 16;

    /// The memory past which an instance that started with `initial` bytes asks to be replaced.
    #[must_use]
    pub fn soft_memory_from(&self, initial: u64) -> u64 {
        let soft = self.soft_memory.unwrap_or(self.memory / 2);
        if initial < soft {
            soft
        } else {
            initial + self.memory.saturating_sub(initial) / 2
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory: 256 * MIB,
            soft_memory: None,
            batch_time: Duration::from_secs(1),
            wall_time: Duration::from_secs(30),
            result_bytes: 64 * MIB,
            written_records: 100_000,
            written_bytes: 64 * MIB,
            lookup_bytes: 64 * MIB,
            lookup_keys: 1_000_000,
            table_elements: 65_536,
            log_line_bytes: 8 * 1024,
            log_lines: 100,
        }
    }
}

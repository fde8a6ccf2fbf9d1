//! How wasmtime is set up: one configuration for the process that compiles and the one that runs, and the pool's sizes.

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures};

use crate::budget::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES, mebibytes};
use crate::{EngineError, Limits};

/// Native stack of a guest's frames; Python and JavaScript recurse deeply.
const WASM_STACK: usize = 1 << 20;
/// Native stack of a call: the guest's frames and the host's functions above them.
const CALL_STACK: usize = 2 << 20;
/// Address space of one memory: the 4 GiB that a guest can name and a guard, which spare all bounds checks.
const MEMORY_RESERVATION: u64 = 4 << 30;
const MEMORY_GUARD: u64 = 32 << 20;
/// Memories and tables to have ready for each instance; a component that needs more leaves room for fewer instances.
const MEMORIES_EACH: u32 = 2;
const TABLES_EACH: u32 = 4;
/// Half of what a process can address, so that the pool never is what exhausts it.
const ADDRESS_SPACE: u64 = 64 << 40;
/// No guest does anything with less.
const LEAST_GUEST_MEMORY: u64 = 4 << 20;

/// What compiling and running must agree on. Only what guests of stock toolchains need is on.
pub(crate) fn common() -> Config {
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::all(), false);
    let needed = WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::BULK_MEMORY_OPT
        | WasmFeatures::SIMD
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::FLOATS
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL;
    config.wasm_features(needed, true);
    // Asynchronous components would triple the fixed cost of a call.
    config.concurrency_support(false);
    config.epoch_interruption(true);
    config.memory_reservation(MEMORY_RESERVATION);
    config.memory_guard_size(MEMORY_GUARD);
    config.max_wasm_stack(WASM_STACK);
    config.async_stack_size(CALL_STACK);
    config
}

/// The configuration of an engine that runs up to `instances` guests with `guest_memory` bytes together.
///
/// # Errors
/// With the arithmetic, where that does not fit.
pub(crate) fn pooled(instances: u32, guest_memory: u64) -> Result<Config, EngineError> {
    if instances == 0 {
        return Err(EngineError::Sizes(
            "--max-instances is 0: at least 1 instance is needed".to_owned(),
        ));
    }
    if guest_memory < LEAST_GUEST_MEMORY {
        return Err(EngineError::Sizes(format!(
            "--guest-memory is {}, at least {} are needed: a Rust guest takes 1.7 MB, a Python one 30 MB, StarlingMonkey \
             103 MB",
            mebibytes(guest_memory),
            mebibytes(LEAST_GUEST_MEMORY)
        )));
    }
    let slot = MEMORY_RESERVATION + MEMORY_GUARD;
    let table = u64::from(Limits::MAX_TABLE_ELEMENTS) * 8;
    let each = u64::from(MEMORIES_EACH) * slot + u64::from(TABLES_EACH) * table + CALL_STACK as u64;
    let needed = u64::from(instances) * each;
    if needed > ADDRESS_SPACE {
        return Err(EngineError::Sizes(format!(
            "--max-instances is {instances}: each instance reserves {} MiB of address space ({MEMORIES_EACH} memories of \
             {} MiB, {TABLES_EACH} tables of {} MiB, a stack of {} MiB), together {} GiB, but there are {} GiB for it: at \
             most {} instances are possible",
            each >> 20,
            slot >> 20,
            table >> 20,
            CALL_STACK >> 20,
            needed >> 30,
            ADDRESS_SPACE >> 30,
            ADDRESS_SPACE / each
        )));
    }
    let largest = guest_memory
        .next_multiple_of(1 << 16)
        .min(MEMORY_RESERVATION);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .max_component_instance_size(4 << 20)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        // Counted only, nothing is reserved for them: a Python component has 38.
        .total_core_instances(instances.saturating_mul(MAX_CORE_INSTANCES))
        .max_core_instance_size(4 << 20)
        .max_memories_per_module(MAX_MEMORIES)
        .max_tables_per_module(MAX_TABLES)
        .total_memories(instances * MEMORIES_EACH)
        .total_tables(instances * TABLES_EACH)
        .total_stacks(instances)
        .table_elements(Limits::MAX_TABLE_ELEMENTS as usize)
        .max_memory_size(largest as usize);
    let mut config = common();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(config)
}

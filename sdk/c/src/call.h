/// What one call of `apply` knows, and what a plan is made of: shared by the record face and the columns face.
#ifndef MS_CALL_H
#define MS_CALL_H

#include <stdarg.h>

#include "arena.h"
#include "millstream/plan.h"
#include "millstream/transform.h"
#include "patch.h"

enum { MS_MOST_COUNTERS = 64 };

/// One call of `apply`.
typedef struct ms_call {
    ms_arena *arena;
    const ms_transform *transform;
    /// The first thing that the transform did and did not declare; null: nothing. It fails the batch.
    ms_bytes misuse;
} ms_call;

/// Remembers the first misuse.
MS_COLD void ms_misuse(ms_call *call, const char *format, ...) MS_FORMAT(2, 3);

/// Why a row cannot be processed, made to fit the contract.
typedef struct ms_reason {
    ms_bytes code;
    ms_bytes text;
} ms_reason;

/// Copies what it is given.
ms_reason ms_reason_of(ms_arena *arena, ms_bytes code, ms_bytes reason);
/// The same of a reason as printf writes it.
ms_reason ms_reason_formatted(ms_arena *arena, const char *code, const char *format, va_list arguments);

/// A plan as far as its last record is concerned: an emission is a view of it.
struct ms_emission {
    ms_call *call;
    const ms_batch *batch;
    uint32_t emitted;
    /// The row after the last one emitted.
    uint32_t next_row;
    /// Whether some row does not come after the one before.
    bool disordered;
    /// Whether the record emitted last may be changed: it was emitted by ms_emit, and is not taken back.
    bool open;
    ms_buffer rows;
    /// Empty until an output other than the first is named.
    ms_buffer outputs;
    ms_column_patch keys;
    ms_column_patch values;
    ms_headers_patch headers;
    ms_headers_patch added;
    ms_numbers_patch timestamps;
    ms_numbers_patch partitions;
    /// Of MS_REJECTED and MS_FAILED: why. The codes are null where nobody said.
    ms_reason pending;
    wit_failure failure;
};

struct ms_plan {
    struct ms_emission raw;
    /// Packed `ms_rejection`s, in the order in which they were made.
    ms_buffer rejected;
    ms_buffer scratch;
    uint64_t counts[MS_MOST_COUNTERS];
};

/// A state of the plan to go back to.
typedef struct ms_mark {
    uint32_t emitted;
    uint32_t next_row;
    bool disordered;
} ms_mark;

struct ms_emitter {
    struct ms_plan plan;
    uint32_t row;
    ms_mark start;
};

void ms_plan_init(ms_plan *plan, ms_call *call, const ms_batch *batch);
/// Says that this row cannot be processed.
void ms_plan_refuse(ms_plan *plan, uint32_t row, ms_reason reason);
ms_mark ms_plan_mark(const ms_plan *plan);
/// Takes back what was emitted since.
void ms_plan_return_to(ms_plan *plan, ms_mark mark);
/// The answer. It leaves out what need not be said.
wit_output ms_plan_finish(ms_plan *plan);
/// Remembers why the batch failed: UTF-8 that lives as long as the call.
ms_status ms_plan_fail(ms_plan *plan, uint8_t kind, ms_bytes reason);

/// Runs a record function over all rows.
ms_status ms_run_records(ms_emitter *out, const ms_batch *batch, void *state);

#endif

/// @file
/// What a function over batches answers with: which rows go where. For those who want all the speed.
#ifndef MILLSTREAM_PLAN_H
#define MILLSTREAM_PLAN_H

#include "emitter.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What becomes of a batch. A row that is neither emitted nor rejected is dropped.
///
/// Records are written in the order in which they are emitted here. Keep rows ascending, and each output partition keeps
/// the order of its input.
typedef struct ms_plan ms_plan;

/// Emits this row as it is. It may be emitted several times, to one output or to more.
void ms_plan_forward(ms_plan *plan, size_t row, unsigned output);
/// Emits this row; the answer says what of it changes.
ms_emission *ms_plan_emit(ms_plan *plan, size_t row, unsigned output);
/// Says that this row cannot be processed, as ms_reject does. Rejecting one again changes nothing; a row that is emitted
/// as well fails the batch.
void ms_plan_reject(ms_plan *plan, size_t row, const char *code, const char *format, ...) MS_FORMAT(4, 5);
/// The same for a code and a reason that are bytes, as ms_reject_bytes takes them.
void ms_plan_reject_bytes(ms_plan *plan, size_t row, ms_bytes code, ms_bytes reason);
/// Adds to the counter of this index. It counts if the host accepts the answer to this batch.
void ms_plan_count(ms_plan *plan, unsigned counter, uint64_t by);
/// Fails the batch, which may succeed later, as ms_fail_transient does: return what it answers.
ms_status ms_plan_fail_transient(ms_plan *plan, const char *format, ...) MS_FORMAT(2, 3);
/// Fails the batch, which never will succeed, as ms_fail_permanent does.
ms_status ms_plan_fail_permanent(ms_plan *plan, const char *format, ...) MS_FORMAT(2, 3);
/// ms_plan_fail_transient for a reason that is bytes, as ms_reject_bytes takes it.
ms_status ms_plan_fail_transient_bytes(ms_plan *plan, ms_bytes reason);
/// ms_plan_fail_permanent for a reason that is bytes, as ms_reject_bytes takes it.
ms_status ms_plan_fail_permanent_bytes(ms_plan *plan, ms_bytes reason);
/// An empty buffer to write into. It is the same one each time: what was written is gone at the next call.
ms_buffer *ms_plan_scratch(ms_plan *plan);

#ifdef __cplusplus
}
#endif
#endif

#include "call.h"

#include <stdlib.h>

#include "text.h"

typedef struct ms_rejection {
    uint32_t row;
    /// Which one it is: of two about one row the first counts.
    uint32_t order;
    ms_reason reason;
} ms_rejection;

void ms_misuse(ms_call *call, const char *format, ...)
{
    if (!ms_is_null(call->misuse))
        return;
    va_list arguments;
    va_start(arguments, format);
    call->misuse = ms_format(call->arena, format, arguments);
    va_end(arguments);
}

void ms_plan_init(ms_plan *plan, ms_call *call, const ms_batch *batch)
{
    memset(plan, 0, sizeof *plan);
    struct ms_emission *raw = &plan->raw;
    ms_arena *arena = call->arena;
    raw->call = call;
    raw->batch = batch;
    raw->rows.arena = raw->outputs.arena = plan->rejected.arena = plan->scratch.arena = arena;
    ms_column_patch_init(&raw->keys, arena);
    ms_column_patch_init(&raw->values, arena);
    ms_headers_patch_init(&raw->headers, arena);
    ms_headers_patch_init(&raw->added, arena);
    ms_numbers_patch_init(&raw->timestamps, arena);
    ms_numbers_patch_init(&raw->partitions, arena);
    ms_reserve(&raw->rows, 4 * (size_t)batch->count);
}

/// From the second output on each record's has to be said, also of those before.
static void push_output(ms_plan *plan, uint16_t output)
{
    struct ms_emission *raw = &plan->raw;
    if (raw->outputs.len == 0) {
        size_t before = 2 * (size_t)raw->emitted;
        ms_reserve(&raw->outputs, raw->rows.capacity / 2 + 2);
        memset(raw->outputs.data, 0, before);
        raw->outputs.len = before;
    }
    ms_append(&raw->outputs, ms_bytes_of(&output, sizeof output));
}

static void push(ms_plan *plan, size_t row, unsigned output)
{
    struct ms_emission *raw = &plan->raw;
    if (output >= raw->call->transform->outputs.count)
        ms_misuse(raw->call, "the transform emits to output %u and declares %zu: add it to `outputs`", output,
                  raw->call->transform->outputs.count);
    if (row >= raw->batch->count)
        ms_misuse(raw->call, "the transform emits row %zu of a batch of %u", row, (unsigned)raw->batch->count);
    ms_append_u32(&raw->rows, (uint32_t)row);
    raw->disordered |= row < raw->next_row;
    raw->next_row = (uint32_t)row + 1;
    if (output != 0 || raw->outputs.len != 0)
        push_output(plan, (uint16_t)output);
    raw->emitted++;
    raw->open = false;
}

void ms_plan_forward(ms_plan *plan, size_t row, unsigned output)
{
    push(plan, row, output);
}

ms_emission *ms_plan_emit(ms_plan *plan, size_t row, unsigned output)
{
    push(plan, row, output);
    plan->raw.open = true;
    return &plan->raw;
}

void ms_plan_count(ms_plan *plan, unsigned counter, uint64_t by)
{
    size_t count = plan->raw.call->transform->counters.count;
    if (counter < count && counter < MS_MOST_COUNTERS)
        plan->counts[counter] += by;
    else
        ms_misuse(plan->raw.call, "the transform counts counter %u and declares %zu: add it to `counters`", counter, count);
}

ms_buffer *ms_plan_scratch(ms_plan *plan)
{
    plan->scratch.len = 0;
    return &plan->scratch;
}

ms_mark ms_plan_mark(const ms_plan *plan)
{
    ms_mark mark = {plan->raw.emitted, plan->raw.next_row, plan->raw.disordered};
    return mark;
}

void ms_plan_return_to(ms_plan *plan, ms_mark mark)
{
    struct ms_emission *raw = &plan->raw;
    if (raw->emitted == mark.emitted)
        return;
    raw->open = false;
    raw->emitted = mark.emitted;
    raw->next_row = mark.next_row;
    raw->disordered = mark.disordered;
    raw->rows.len = 4 * (size_t)mark.emitted;
    if (raw->outputs.len > 2 * (size_t)mark.emitted)
        raw->outputs.len = 2 * (size_t)mark.emitted;
    ms_column_patch_truncate(&raw->keys, mark.emitted);
    ms_column_patch_truncate(&raw->values, mark.emitted);
    ms_headers_patch_truncate(&raw->headers, mark.emitted);
    ms_headers_patch_truncate(&raw->added, mark.emitted);
    ms_numbers_patch_truncate(&raw->timestamps, mark.emitted, sizeof(int64_t));
    ms_numbers_patch_truncate(&raw->partitions, mark.emitted, sizeof(int32_t));
}

void ms_plan_refuse(ms_plan *plan, uint32_t row, ms_reason reason)
{
    ms_rejection rejection = {row, (uint32_t)(plan->rejected.len / sizeof(ms_rejection)), reason};
    ms_append(&plan->rejected, ms_bytes_of(&rejection, sizeof rejection));
}

static void reject_row(ms_plan *plan, size_t row, ms_reason reason)
{
    if (row >= plan->raw.batch->count)
        ms_misuse(plan->raw.call, "the transform rejects row %zu of a batch of %u", row, (unsigned)plan->raw.batch->count);
    ms_plan_refuse(plan, (uint32_t)row, reason);
}

void ms_plan_reject(ms_plan *plan, size_t row, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ms_reason reason = ms_reason_formatted(plan->raw.call->arena, code, format, arguments);
    va_end(arguments);
    reject_row(plan, row, reason);
}

void ms_plan_reject_bytes(ms_plan *plan, size_t row, ms_bytes code, ms_bytes reason)
{
    reject_row(plan, row, ms_reason_of(plan->raw.call->arena, code, reason));
}

static int by_row(const void *left, const void *right)
{
    const ms_rejection *a = left, *b = right;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static wit_rejections rejections(ms_plan *plan, size_t *distinct)
{
    ms_arena *arena = plan->raw.call->arena;
    size_t count = plan->rejected.len / sizeof(ms_rejection);
    // The buffer has no alignment of its own.
    ms_rejection *rejected = ms_arena_take(arena, plan->rejected.len, _Alignof(ms_rejection));
    memcpy(rejected, plan->rejected.data, plan->rejected.len);
    qsort(rejected, count, sizeof *rejected, by_row);
    ms_buffer rows = {arena, NULL, 0, 0};
    ms_column_builder codes, reasons;
    ms_builder_init(&codes, arena);
    ms_builder_init(&reasons, arena);
    for (size_t i = 0; i < count; i++) {
        if (i != 0 && rejected[i].row == rejected[i - 1].row)
            continue;
        ms_append_u32(&rows, rejected[i].row);
        ms_builder_push(&codes, rejected[i].reason.code);
        ms_builder_push(&reasons, rejected[i].reason.text);
    }
    *distinct = rows.len / 4;
    wit_rejections all = {ms_buffer_bytes(&rows), ms_builder_finish(&codes), ms_builder_finish(&reasons)};
    return all;
}

static void finish_column(ms_column_patch *patch, size_t emitted, uint8_t *some, wit_column_patch *to)
{
    *some = ms_positions_len(&patch->at) != 0;
    if (*some) {
        to->at = ms_positions_finish(&patch->at, emitted);
        to->to = ms_builder_finish(&patch->to);
    }
}

static void finish_headers(ms_headers_patch *patch, size_t emitted, uint8_t *some, wit_headers_patch *to)
{
    *some = ms_positions_len(&patch->at) != 0;
    if (*some) {
        to->at = ms_positions_finish(&patch->at, emitted);
        to->to.ends = ms_buffer_bytes(&patch->ends);
        to->to.names = ms_builder_finish(&patch->names);
        to->to.values = ms_builder_finish(&patch->values);
    }
}

static void finish_numbers(ms_numbers_patch *patch, size_t emitted, uint8_t *some, wit_bytes_patch *to)
{
    *some = ms_positions_len(&patch->at) != 0;
    if (*some) {
        to->at = ms_positions_finish(&patch->at, emitted);
        to->to = ms_buffer_bytes(&patch->to);
    }
}

/// Whether some output is not the first: what was taken back may have been all that was not.
static bool any_other(const ms_buffer *outputs)
{
    for (size_t i = 0; i < outputs->len; i++)
        if (outputs->data[i] != 0)
            return true;
    return false;
}

/// Whether a row is among both: rows as packed numbers, ascending in each.
static bool overlap(ms_bytes emitted, ms_bytes rejected)
{
    size_t i = 0, j = 0;
    while (i < emitted.len / 4 && j < rejected.len / 4) {
        uint32_t ours = ms_u32(emitted, i), theirs = ms_u32(rejected, j);
        if (ours == theirs)
            return true;
        if (ours < theirs)
            i++;
        else
            j++;
    }
    return false;
}

wit_output ms_plan_finish(ms_plan *plan)
{
    struct ms_emission *raw = &plan->raw;
    size_t emitted = raw->emitted, rejected = 0;
    wit_output output;
    memset(&output, 0, sizeof output);
    if (plan->rejected.len != 0) {
        output.rejected.some = 1;
        output.rejected.value = rejections(plan, &rejected);
    }
    output.rows.value = ms_buffer_bytes(&raw->rows);
    // As many ascending rows as are not rejected are all of them, unless one of them is rejected too: that fails the batch, and
    // the host sees it only where rows are said.
    output.rows.some = raw->disordered || emitted + rejected != raw->batch->count ||
                       overlap(output.rows.value, output.rejected.value.rows);
    output.outputs.some = any_other(&raw->outputs);
    output.outputs.value = ms_buffer_bytes(&raw->outputs);
    finish_column(&raw->keys, emitted, &output.keys.some, &output.keys.value);
    finish_column(&raw->values, emitted, &output.values.some, &output.values.value);
    finish_headers(&raw->headers, emitted, &output.headers.some, &output.headers.value);
    finish_headers(&raw->added, emitted, &output.added_headers.some, &output.added_headers.value);
    finish_numbers(&raw->timestamps, emitted, &output.timestamps.some, &output.timestamps.value);
    finish_numbers(&raw->partitions, emitted, &output.partitions.some, &output.partitions.value);
    return output;
}

/// The record face: one record after the other, each with an emitter that can take back what it said.
#include "call.h"

#include "text.h"

void ms_forward(ms_emitter *out, unsigned output)
{
    ms_plan_forward(&out->plan, out->row, output);
}

ms_emission *ms_emit(ms_emitter *out, unsigned output)
{
    return ms_plan_emit(&out->plan, out->row, output);
}

void ms_drop(ms_emitter *out)
{
    ms_plan_return_to(&out->plan, out->start);
}

void ms_count(ms_emitter *out, unsigned counter, uint64_t by)
{
    ms_plan_count(&out->plan, counter, by);
}

ms_buffer *ms_scratch(ms_emitter *out)
{
    return ms_plan_scratch(&out->plan);
}

/// The position of the record that an emission is about.
static uint32_t position(const ms_emission *emission)
{
    if (!emission->open)
        ms_misuse(emission->call, "the transform changes a record when it has dropped it or emitted another one: change it "
                                  "right after ms_emit");
    return emission->emitted - 1;
}

void ms_set_key(ms_emission *emission, ms_bytes key)
{
    ms_builder_push(ms_column_patch_at(&emission->keys, position(emission)), key);
}

void ms_set_null_key(ms_emission *emission)
{
    ms_set_key(emission, ms_null());
}

void ms_set_value(ms_emission *emission, ms_bytes value)
{
    ms_builder_push(ms_column_patch_at(&emission->values, position(emission)), value);
}

void ms_set_null_value(ms_emission *emission)
{
    ms_set_value(emission, ms_null());
}

ms_buffer *ms_write_value(ms_emission *emission)
{
    return ms_builder_open(ms_column_patch_at(&emission->values, position(emission)));
}

void ms_set_headers(ms_emission *emission, const ms_header *headers, size_t count)
{
    ms_headers_patch_begin(&emission->headers, position(emission));
    for (size_t i = 0; i < count; i++)
        ms_headers_patch_append(&emission->headers, position(emission), headers[i].name, headers[i].value);
}

void ms_add_header(ms_emission *emission, const char *name, ms_bytes value)
{
    ms_add_header_bytes(emission, ms_text(name), value);
}

void ms_add_header_bytes(ms_emission *emission, ms_bytes name, ms_bytes value)
{
    ms_headers_patch_append(&emission->added, position(emission), name, value);
}

void ms_set_timestamp(ms_emission *emission, int64_t milliseconds)
{
    ms_numbers_patch_set(&emission->timestamps, position(emission), &milliseconds, sizeof milliseconds);
}

void ms_set_partition(ms_emission *emission, int32_t partition)
{
    ms_numbers_patch_set(&emission->partitions, position(emission), &partition, sizeof partition);
}

/// The column of a required field of the value: where it is null, the record's value is. NULL: there is none, or the
/// transform wants to see such records.
static const ms_values *value_witness(const ms_batch *batch, const ms_transform *transform)
{
    if (transform->null_values)
        return NULL;
    for (size_t i = 0; i < transform->fields.count; i++) {
        const ms_field *field = &transform->fields.at[i];
        if (field->part == MS_VALUE && field->presence == MS_REQUIRED)
            return &batch->fields[i];
    }
    return NULL;
}

static MS_COLD void refuse(ms_emitter *out, ms_status status)
{
    struct ms_emission *raw = &out->plan.raw;
    ms_arena *arena = raw->call->arena;
    ms_reason reason = raw->pending;
    if (status != MS_REJECTED) {
        reason.code = ms_text("error");
        reason.text = ms_formatted(arena, "the transform answered %d, which is no status", (int)status);
    } else if (ms_is_null(reason.code)) {
        reason.code = ms_text("error");
        reason.text = ms_text("the transform gave no reason");
    }
    memset(&raw->pending, 0, sizeof raw->pending);
    ms_drop(out);
    ms_plan_refuse(&out->plan, out->row, reason);
}

ms_status ms_run_records(ms_emitter *out, const ms_batch *batch, void *state)
{
    const ms_transform *transform = out->plan.raw.call->transform;
    const ms_values *witness = value_witness(batch, transform);
    ms_record record = {batch, 0};
    for (; record.row < batch->count; record.row++) {
        out->row = (uint32_t)record.row;
        out->start = ms_plan_mark(&out->plan);
        out->plan.raw.open = false;
        if (witness != NULL && ms_values_is_null(witness, record.row)) {
            ms_reason reason = {ms_text("null-value"), ms_text("the record has no value")};
            ms_plan_refuse(&out->plan, out->row, reason);
            continue;
        }
        ms_status status = transform->record(&record, out, state);
        if (status == MS_OK)
            continue;
        if (status == MS_FAILED)
            return MS_FAILED;
        refuse(out, status);
    }
    return MS_OK;
}

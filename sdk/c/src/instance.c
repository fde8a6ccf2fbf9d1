#include "instance.h"

#include "batch.h"
#include "call.h"
#include "host.h"
#include "settings.h"
#include "text.h"

static void *zeroed(ms_arena *arena, size_t count, size_t size)
{
    return memset(ms_arena_take(arena, count * size, _Alignof(max_align_t)), 0, count * size);
}

static ms_bytes text_or_empty(const char *text)
{
    return ms_text(text == NULL ? "" : text);
}

static wit_field described_field(const ms_field *field)
{
    wit_field described;
    memset(&described, 0, sizeof described);
    described.part.kind = (uint8_t)field->part;
    described.part.header = text_or_empty(field->header);
    described.path = text_or_empty(field->path);
    described.type = (uint8_t)field->type;
    described.presence = (uint8_t)field->presence;
    return described;
}

static ms_bytes *described_names(ms_arena *arena, ms_names names)
{
    ms_bytes *described = zeroed(arena, names.count, sizeof *described);
    for (size_t i = 0; i < names.count; i++)
        described[i] = text_or_empty(names.at[i]);
    return described;
}

static void describe(ms_arena *arena, const ms_transform *transform, wit_description *to)
{
    to->reads = (uint8_t)transform->reads;
    to->fields.count = transform->fields.count;
    to->fields.at = zeroed(arena, to->fields.count, sizeof *to->fields.at);
    for (size_t i = 0; i < to->fields.count; i++)
        to->fields.at[i] = described_field(&transform->fields.at[i]);
    to->lookups.count = transform->lookups.count;
    to->lookups.at = zeroed(arena, to->lookups.count, sizeof *to->lookups.at);
    for (size_t i = 0; i < to->lookups.count; i++) {
        const ms_lookup *lookup = &transform->lookups.at[i];
        wit_lookup *described = &to->lookups.at[i];
        described->table = lookup->table;
        described->key.kind = (uint8_t)lookup->key;
        described->key.field = lookup->field;
        described->field.some = lookup->of != NULL;
        if (lookup->of != NULL)
            described->field.value = described_field(lookup->of);
    }
    to->tables.count = transform->tables.count;
    to->tables.at = described_names(arena, transform->tables);
    to->outputs.count = transform->outputs.count;
    to->outputs.at = described_names(arena, transform->outputs);
    to->counters.count = transform->counters.count;
    to->counters.at = described_names(arena, transform->counters);
}

/// What is wrong with a declaration that the host could not name better; null where nothing is.
static ms_bytes flaw(const ms_transform *transform)
{
    if (transform->outputs.count == 0)
        return ms_text("the transform declares no output: add one to `outputs`");
    if ((transform->record == NULL) == (transform->batch == NULL))
        return ms_text("the transform needs one function: set either `record` or `batch`");
    if (transform->counters.count > MS_MOST_COUNTERS)
        return ms_text("the transform declares more than 64 counters");
    for (size_t i = 0; i < transform->fields.count; i++)
        if (transform->fields.at[i].part == MS_HEADER && transform->fields.at[i].header == NULL)
            return ms_text("a field of a header names no header: set `header`");
    return ms_null();
}

void ms_instance_configure(ms_instance *instance, const ms_transform *transform, const wit_pair *set, size_t count,
                           wit_configured *result)
{
    memset(result, 0, sizeof *result);
    instance->transform = *transform;
    instance->state = transform->state_size == 0 ? NULL : zeroed(&instance->kept, 1, transform->state_size);
    ms_settings settings;
    memset(&settings, 0, sizeof settings);
    settings.arena = settings.known.arena = settings.errors.arena = &instance->kept;
    settings.transform = &instance->transform;
    settings.set = set;
    settings.count = count;
    if (transform->configure != NULL)
        transform->configure(&settings, instance->state);
    instance->configured = true;
    ms_bytes error = ms_settings_finish(&settings);
    if (ms_is_null(error))
        error = flaw(&instance->transform);
    result->failed = !ms_is_null(error);
    if (result->failed)
        result->of.error = error;
    else
        describe(&instance->call, &instance->transform, &result->of.description);
}

static void fail(wit_applied *result, uint8_t kind, ms_bytes reason)
{
    memset(result, 0, sizeof *result);
    result->failed = 1;
    result->of.failure.kind = kind;
    result->of.failure.reason = ms_is_null(reason) ? ms_text("the transform gave no reason") : reason;
}

/// What a batch function's status says other than MS_OK; the record face has dealt with rejections already.
static void fail_as(wit_applied *result, ms_call *call, ms_status status, const struct ms_emission *raw)
{
    if (status == MS_FAILED)
        fail(result, raw->failure.kind, raw->failure.reason);
    else if (ms_is_null(raw->pending.code))
        fail(result, WIT_PERMANENT, ms_formatted(call->arena, "the transform answered %d for the batch", (int)status));
    else
        fail(result, WIT_PERMANENT,
             ms_formatted(call->arena, "%.*s: %.*s", MS_PRINT(raw->pending.code), MS_PRINT(raw->pending.text)));
}

void ms_instance_apply(ms_instance *instance, const wit_batch *sent, wit_applied *result)
{
    const ms_transform *transform = &instance->transform;
    if (!instance->configured) {
        fail(result, WIT_PERMANENT, ms_text("apply was called before configure"));
        return;
    }
    ms_call call = {&instance->call, transform, ms_null()};
    ms_batch batch;
    ms_bytes missing;
    if (!ms_batch_lift(&batch, sent, &call, &missing)) {
        fail(result, WIT_PERMANENT, missing);
        return;
    }
    ms_emitter out;
    out.row = 0;
    ms_plan_init(&out.plan, &call, &batch);
    ms_status status = transform->record != NULL ? ms_run_records(&out, &batch, instance->state)
                                                 : transform->batch(&batch, &out.plan, instance->state);
    if (!ms_is_null(call.misuse)) {
        fail(result, WIT_PERMANENT, call.misuse);
        return;
    }
    if (status != MS_OK) {
        fail_as(result, &call, status, &out.plan.raw);
        return;
    }
    for (uint32_t i = 0; i < transform->counters.count; i++)
        if (out.plan.counts[i] != 0)
            ms_host_count(i, out.plan.counts[i]);
    result->failed = 0;
    result->of.output = ms_plan_finish(&out.plan);
}

void ms_instance_reset(ms_instance *instance)
{
    ms_arena_reset(&instance->call);
}

void ms_instance_free(ms_instance *instance)
{
    if (instance->configured && instance->transform.release != NULL)
        instance->transform.release(instance->state);
    ms_arena_free(&instance->kept);
    ms_arena_free(&instance->call);
    memset(instance, 0, sizeof *instance);
}

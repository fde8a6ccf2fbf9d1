#include "testing.h"

#include <stdarg.h>

#include "text.h"

void ms_test_fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("millstream: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *ms_array_add(ms_array *array, size_t size)
{
    if (array->count == array->capacity) {
        array->capacity = array->capacity == 0 ? 8 : 2 * array->capacity;
        array->items = realloc(array->items, array->capacity * size);
        if (array->items == NULL)
            ms_test_fatal("there is no memory for the test");
    }
    return memset(array->items + array->count++ * size, 0, size);
}

ms_test *ms_test_new(const ms_transform *transform)
{
    ms_test *test = calloc(1, sizeof *test);
    if (test == NULL)
        ms_test_fatal("there is no memory for the test");
    test->transform = transform;
    test->topic = ms_text("input");
    return test;
}

void ms_test_free(ms_test *test)
{
    free(test->settings.items);
    free(test->entries.items);
    free(test->inputs.items);
    free(test->emitted.items);
    free(test->rejected.items);
    free(test->dropped.items);
    free(test->logs.items);
    ms_arena_free(&test->arena);
    ms_arena_free(&test->run);
    free(test);
}

void ms_test_setting(ms_test *test, const char *name, const char *value)
{
    wit_pair *pair = ms_array_add(&test->settings, sizeof *pair);
    pair->name = ms_copy(&test->arena, ms_text(name));
    pair->value = ms_copy(&test->arena, ms_text(value));
}

void ms_test_source(ms_test *test, const char *topic, int32_t partition)
{
    test->topic = ms_copy(&test->arena, ms_text(topic));
    test->partition = partition;
}

/// A configured instance. Ends the program where the deployment would be refused.
static void configure(ms_test *test, ms_instance *instance)
{
    wit_configured configured;
    ms_instance_configure(instance, test->transform, (const wit_pair *)test->settings.items, test->settings.count, &configured);
    if (configured.failed)
        ms_test_fatal("the deployment would be refused: %.*s", MS_PRINT(configured.of.error));
}

void ms_test_table(ms_test *test, const char *table, const char *key, const char *value)
{
    // Which tables there are the C++ face says only when it is configured.
    ms_instance instance;
    memset(&instance, 0, sizeof instance);
    configure(test, &instance);
    size_t at = 0, count = instance.transform.tables.count;
    while (at < count && strcmp(instance.transform.tables.at[at], table) != 0)
        at++;
    ms_instance_free(&instance);
    if (at == count)
        ms_test_fatal("the transform declares no table `%s`", table);
    ms_entry *entry = ms_array_add(&test->entries, sizeof *entry);
    entry->table = at;
    entry->key = ms_copy(&test->arena, ms_text(key));
    entry->value = ms_copy(&test->arena, ms_text(value));
}

void ms_test_record_bytes(ms_test *test, ms_bytes value)
{
    size_t row = test->inputs.count;
    ms_input *input = ms_array_add(&test->inputs, sizeof *input);
    input->row = row;
    input->offset = (int64_t)row;
    input->value = ms_copy(&test->arena, value);
}

void ms_test_record(ms_test *test, const char *value)
{
    ms_test_record_bytes(test, ms_text(value));
}

static ms_input *last(ms_test *test)
{
    if (test->inputs.count == 0)
        ms_test_fatal("the test has no record yet: call ms_test_record first");
    return (ms_input *)test->inputs.items + (test->inputs.count - 1);
}

void ms_test_key(ms_test *test, const char *key)
{
    last(test)->key = ms_copy(&test->arena, ms_text(key));
}

void ms_test_header(ms_test *test, const char *name, const char *value)
{
    ms_input *input = last(test);
    if (input->header_count == sizeof input->headers / sizeof *input->headers)
        ms_test_fatal("a record of a test has at most 16 headers");
    input->headers[input->header_count].name = ms_copy(&test->arena, ms_text(name));
    input->headers[input->header_count++].value = ms_copy(&test->arena, ms_text(value));
}

void ms_test_timestamp(ms_test *test, int64_t milliseconds)
{
    last(test)->timestamp = milliseconds;
}

void ms_test_offset(ms_test *test, int64_t offset)
{
    last(test)->offset = offset;
}

ms_bytes ms_test_configure(ms_test *test)
{
    ms_instance instance;
    wit_configured configured;
    memset(&instance, 0, sizeof instance);
    ms_instance_configure(&instance, test->transform, (const wit_pair *)test->settings.items, test->settings.count, &configured);
    ms_bytes error = configured.failed ? ms_copy(&test->arena, configured.of.error) : ms_null();
    ms_instance_free(&instance);
    return error;
}

static ms_bytes numbers(ms_test *test, const ms_input **inputs, size_t count, bool offsets)
{
    ms_buffer packed = {&test->run, NULL, 0, 0};
    for (size_t i = 0; i < count; i++) {
        int64_t number = offsets ? inputs[i]->offset : inputs[i]->timestamp;
        ms_append(&packed, ms_bytes_of(&number, sizeof number));
    }
    return ms_buffer_bytes(&packed);
}

static ms_column column(ms_test *test, const ms_input **inputs, size_t count, bool keys)
{
    ms_column_builder entries;
    ms_builder_init(&entries, &test->run);
    for (size_t i = 0; i < count; i++)
        ms_builder_push(&entries, keys ? inputs[i]->key : inputs[i]->value);
    return ms_builder_finish(&entries);
}

static ms_headers headers(ms_test *test, const ms_input **inputs, size_t count)
{
    ms_headers_patch all;
    ms_headers_patch_init(&all, &test->run);
    for (size_t i = 0; i < count; i++) {
        ms_headers_patch_begin(&all, (uint32_t)i);
        for (size_t j = 0; j < inputs[i]->header_count; j++)
            ms_headers_patch_append(&all, (uint32_t)i, inputs[i]->headers[j].name, inputs[i]->headers[j].value);
    }
    ms_headers sent = {ms_buffer_bytes(&all.ends), ms_builder_finish(&all.names), ms_builder_finish(&all.values)};
    return sent;
}

/// The batch of these records, with what the transform reads.
static void make_batch(ms_test *test, const ms_transform *declared, const ms_input **inputs, size_t count, wit_batch *batch)
{
    batch->topic = test->topic;
    batch->partition = test->partition;
    batch->count = (uint32_t)count;
    batch->offsets.some = (declared->reads & MS_OFFSETS) != 0;
    if (batch->offsets.some)
        batch->offsets.value = numbers(test, inputs, count, true);
    batch->timestamps.some = (declared->reads & MS_TIMESTAMPS) != 0;
    if (batch->timestamps.some)
        batch->timestamps.value = numbers(test, inputs, count, false);
    batch->keys.some = (declared->reads & MS_KEYS) != 0;
    if (batch->keys.some)
        batch->keys.value = column(test, inputs, count, true);
    batch->values.some = (declared->reads & MS_VALUES) != 0;
    if (batch->values.some)
        batch->values.value = column(test, inputs, count, false);
    batch->headers.some = (declared->reads & MS_HEADERS) != 0;
    if (batch->headers.some)
        batch->headers.value = headers(test, inputs, count);
}

static void clear(ms_test *test)
{
    test->emitted.count = test->rejected.count = test->dropped.count = test->logs.count = 0;
    memset(&test->outcome, 0, sizeof test->outcome);
    ms_arena_reset(&test->run);
}

static int by_row(const void *left, const void *right)
{
    const ms_rejected *a = left, *b = right;
    return a->row < b->row ? -1 : a->row > b->row;
}

static void run(ms_test *test, ms_instance *instance)
{
    const ms_transform *declared = &instance->transform;
    const ms_input **kept = ms_arena_take(&test->run, (test->inputs.count + 1) * sizeof *kept, _Alignof(max_align_t));
    wit_batch batch;
    wit_applied applied;
    ms_values *fields, *lookups;
    memset(&batch, 0, sizeof batch);
    size_t count = ms_test_fields(test, declared, kept, &fields, &lookups);
    // The host sends no empty batch.
    if (count == 0)
        return;
    make_batch(test, declared, kept, count, &batch);
    batch.fields.at = fields;
    batch.fields.count = declared->fields.count;
    batch.lookups.at = lookups;
    batch.lookups.count = declared->lookups.count;
    ms_instance_apply(instance, &batch, &applied);
    if (!applied.failed) {
        ms_test_apply(test, declared, kept, count, &applied.of.output);
        return;
    }
    test->rejected.count = 0;
    test->outcome.failure = ms_copy(&test->run, applied.of.failure.reason);
    test->outcome.transient = applied.of.failure.kind == WIT_TRANSIENT;
}

const ms_outcome *ms_test_run(ms_test *test)
{
    ms_instance instance;
    memset(&instance, 0, sizeof instance);
    clear(test);
    ms_test_running = test;
    configure(test, &instance);
    run(test, &instance);
    ms_test_running = NULL;
    // The names of the outputs are the declaration's, and may go with the instance.
    for (size_t i = 0; i < test->emitted.count; i++) {
        ms_emitted *emitted = (ms_emitted *)test->emitted.items + i;
        emitted->output = ms_formatted(&test->run, "%s", emitted->output).data;
    }
    ms_instance_free(&instance);
    if (test->rejected.count != 0)
        qsort(test->rejected.items, test->rejected.count, sizeof(ms_rejected), by_row);
    ms_outcome *outcome = &test->outcome;
    outcome->emitted = (const ms_emitted *)test->emitted.items;
    outcome->emitted_count = test->emitted.count;
    outcome->rejected = (const ms_rejected *)test->rejected.items;
    outcome->rejected_count = test->rejected.count;
    outcome->dropped = (const size_t *)test->dropped.items;
    outcome->dropped_count = test->dropped.count;
    outcome->logs = (const ms_logged *)test->logs.items;
    outcome->log_count = test->logs.count;
    return outcome;
}

ms_bytes ms_emitted_header(const ms_emitted *emitted, const char *name)
{
    ms_bytes value = ms_null();
    for (size_t i = 0; i < emitted->header_count; i++)
        if (ms_is(emitted->headers[i].name, name))
            value = emitted->headers[i].value;
    return value;
}

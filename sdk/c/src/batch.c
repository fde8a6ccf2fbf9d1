#include "batch.h"

#include "host.h"
#include "text.h"

static const char *part_name(unsigned part)
{
    switch (part) {
    case MS_KEYS:
        return "MS_KEYS";
    case MS_VALUES:
        return "MS_VALUES";
    case MS_HEADERS:
        return "MS_HEADERS";
    case MS_TIMESTAMPS:
        return "MS_TIMESTAMPS";
    default:
        return "MS_OFFSETS";
    }
}

void ms_batch_undeclared(const ms_batch *batch, unsigned part)
{
    ms_misuse(batch->call, "the transform looks at what it does not declare: add %s to `reads`", part_name(part));
}

static const char *type_name(unsigned type)
{
    static const char *const names[] = {"MS_TEXT", "MS_INTEGER", "MS_NUMBER", "MS_BOOLEAN", "MS_RAW"};
    return type < sizeof names / sizeof *names ? names[type] : "no type";
}

const ms_values *ms_batch_mistyped(const ms_batch *batch, const char *what, size_t at, unsigned type)
{
    // Its columns have no entries, and every entry that a column does not have is null.
    static const ms_values nothing[] = {
        {.type = MS_TEXT}, {.type = MS_INTEGER}, {.type = MS_NUMBER}, {.type = MS_BOOLEAN}, {.type = MS_RAW}};
    bool is_field = strcmp(what, "field") == 0;
    size_t count = is_field ? batch->field_count : batch->lookup_count;
    const ms_values *values = is_field ? batch->fields : batch->lookups;
    if (at >= count)
        ms_misuse(batch->call, "the transform looks at %s %zu and declares %zu: add it to `%ss`", what, at, count, what);
    else
        ms_misuse(batch->call, "the transform looks at %s %zu as %s, and declares it as %s: use the function for that type",
                  what, at, type_name(type), type_name(values[at].type));
    return &nothing[type <= MS_RAW ? type : MS_TEXT];
}

bool ms_field_is_null(const ms_record *record, size_t field)
{
    const ms_batch *batch = record->batch;
    const ms_values *values =
        field < batch->field_count ? &batch->fields[field] : ms_batch_mistyped(batch, "field", field, MS_TEXT);
    return ms_values_is_null(values, record->row);
}

bool ms_lookup_is_null(const ms_record *record, size_t lookup)
{
    const ms_batch *batch = record->batch;
    const ms_values *values =
        lookup < batch->lookup_count ? &batch->lookups[lookup] : ms_batch_mistyped(batch, "lookup", lookup, MS_TEXT);
    return ms_values_is_null(values, record->row);
}

ms_bytes ms_record_header(const ms_record *record, const char *name)
{
    ms_bytes wanted = ms_text(name);
    for (size_t at = ms_record_header_count(record); at-- > 0;) {
        ms_header header = ms_record_header_at(record, at);
        if (ms_same(header.name, wanted))
            return header.value;
    }
    return ms_null();
}

ms_column ms_table_get_all(const ms_batch *batch, size_t table, const ms_column *keys)
{
    size_t count = batch->call->transform->tables.count;
    if (table < count)
        return ms_host_table((uint32_t)table, keys);
    ms_misuse(batch->call, "the transform looks at table %zu and declares %zu: add it to `tables`", table, count);
    ms_column nothing;
    memset(&nothing, 0, sizeof nothing);
    return nothing;
}

ms_bytes ms_table_get(const ms_record *record, size_t table, ms_bytes key)
{
    uint32_t end = (uint32_t)key.len;
    static const char null_bit = 1;
    ms_column keys = {ms_bytes_of(ms_is_null(key) ? "" : key.data, key.len), ms_bytes_of(&end, sizeof end),
                      ms_bytes_of(&null_bit, ms_is_null(key) ? 1 : 0)};
    ms_column values = ms_table_get_all(record->batch, table, &keys);
    return ms_column_get(&values, 0);
}

static bool column(bool read, const wit_column_option *sent, uint32_t rows, ms_column *to)
{
    if (!read)
        return true;
    *to = sent->value;
    return sent->some && to->ends.len == 4 * (size_t)rows;
}

static bool numbers(bool read, const wit_bytes_option *sent, uint32_t rows, ms_numbers *to)
{
    if (!read)
        return true;
    to->numbers = sent->value;
    return sent->some && to->numbers.len == 8 * (size_t)rows;
}

static bool headers(bool read, const wit_headers_option *sent, uint32_t rows, ms_headers *to)
{
    if (!read)
        return true;
    *to = sent->value;
    return sent->some && to->ends.len == 4 * (size_t)rows;
}

static bool typed(const ms_values *values, enum ms_type type, uint32_t rows)
{
    if (values->type != type)
        return false;
    switch (type) {
    case MS_TEXT:
    case MS_RAW:
        return values->of.column.ends.len == 4 * (size_t)rows;
    case MS_BOOLEAN:
        return values->of.booleans.trues.len == ((size_t)rows + 7) / 8;
    default:
        return values->of.numbers.numbers.len == 8 * (size_t)rows;
    }
}

/// What is not there as declared; NULL where all is.
static const char *missing_column(ms_batch *batch, const wit_batch *sent, const ms_transform *transform)
{
    unsigned reads = transform->reads;
    uint32_t rows = sent->count;
    if (!column(reads & MS_KEYS, &sent->keys, rows, &batch->keys))
        return "keys";
    if (!column(reads & MS_VALUES, &sent->values, rows, &batch->values))
        return "values";
    if (!headers(reads & MS_HEADERS, &sent->headers, rows, &batch->headers))
        return "headers";
    if (!numbers(reads & MS_TIMESTAMPS, &sent->timestamps, rows, &batch->timestamps))
        return "timestamps";
    if (!numbers(reads & MS_OFFSETS, &sent->offsets, rows, &batch->offsets))
        return "offsets";
    if (batch->field_count != transform->fields.count)
        return "fields";
    for (size_t i = 0; i < batch->field_count; i++)
        if (!typed(&batch->fields[i], transform->fields.at[i].type, rows))
            return "fields";
    if (batch->lookup_count != transform->lookups.count)
        return "lookups";
    for (size_t i = 0; i < batch->lookup_count; i++) {
        const ms_field *of = transform->lookups.at[i].of;
        if (!typed(&batch->lookups[i], of == NULL ? MS_RAW : of->type, rows))
            return "lookups";
    }
    return NULL;
}

bool ms_batch_lift(ms_batch *batch, const wit_batch *sent, ms_call *call, ms_bytes *missing)
{
    memset(batch, 0, sizeof *batch);
    batch->call = call;
    batch->topic = sent->topic;
    batch->count = sent->count;
    batch->partition = sent->partition;
    batch->reads = call->transform->reads;
    batch->fields = sent->fields.at;
    batch->field_count = sent->fields.count;
    batch->lookups = sent->lookups.at;
    batch->lookup_count = sent->lookups.count;
    const char *name = missing_column(batch, sent, call->transform);
    if (name != NULL)
        *missing = ms_formatted(call->arena, "the host sent no %s, or too few, for %u rows", name, (unsigned)sent->count);
    return name == NULL;
}

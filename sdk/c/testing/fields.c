/// Takes declared fields out of records as the host does it (wit/README.md says how).
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "testing.h"
#include "text.h"

/// The values of one field, under construction.
typedef struct gathered {
    enum ms_type type;
    ms_column_builder texts;
    /// Packed 64-bit numbers, or a byte for each boolean.
    ms_buffer numbers;
    ms_buffer nulls;
} gathered;

/// What a field comes to in one record.
typedef struct item {
    enum { NOTHING, VALUE, ANOTHER_TYPE } kind;
    ms_bytes text;
    int64_t integer;
    double number;
    bool boolean;
} item;

static const item nothing = {.kind = NOTHING};

/// A text that ends with a NUL.
static const char *terminated(ms_arena *arena, ms_bytes text)
{
    return ms_formatted(arena, "%.*s", MS_PRINT(text)).data;
}

/// Reads encoded JSON, or what is written as JSON is, as a value of this type.
static item typed(ms_arena *arena, enum ms_type type, ms_bytes json)
{
    item read = {.kind = ANOTHER_TYPE};
    char first = json.len == 0 ? 0 : json.data[0];
    bool is_number = first == '-' || (first >= '0' && first <= '9');
    const char *text = terminated(arena, json);
    bool is_integer = is_number && strcspn(text, ".eE") == json.len;
    switch (type) {
    case MS_RAW:
        read.kind = VALUE;
        read.text = json;
        break;
    case MS_TEXT:
        read.text = first == '"' ? ms_json_unquote(arena, json) : ms_null();
        read.kind = ms_is_null(read.text) ? ANOTHER_TYPE : VALUE;
        break;
    case MS_INTEGER:
        errno = 0;
        read.integer = is_integer ? strtoll(text, NULL, 10) : 0;
        read.kind = is_integer && errno == 0 ? VALUE : ANOTHER_TYPE;
        break;
    case MS_NUMBER:
        read.number = is_number ? strtod(text, NULL) : 0;
        read.kind = is_number && isfinite(read.number) ? VALUE : ANOTHER_TYPE;
        break;
    case MS_BOOLEAN:
        read.boolean = ms_is(json, "true");
        read.kind = read.boolean || ms_is(json, "false") ? VALUE : ANOTHER_TYPE;
        break;
    }
    return read;
}

/// The whole of a key or a header: text as it stands, numbers and booleans as in JSON.
static item plain(ms_arena *arena, enum ms_type type, ms_bytes text)
{
    size_t at;
    if (ms_is_null(text))
        return nothing;
    if (type == MS_RAW || (type == MS_TEXT && ms_utf8_prefix(text) == text.len)) {
        item read = {.kind = VALUE, .text = text};
        return read;
    }
    item other = {.kind = ANOTHER_TYPE};
    bool spaced = text.len == 0 || strchr(" \t\r\n", text.data[0]) != NULL || strchr(" \t\r\n", text.data[text.len - 1]) != NULL;
    if (type == MS_TEXT || spaced || ms_json_flaw(text, &at) != NULL)
        return other;
    return typed(arena, type, text);
}

static item in_json(ms_arena *arena, const ms_field *field, ms_bytes part)
{
    if (ms_is_null(part))
        return nothing;
    ms_bytes found = ms_json_find(arena, part, field->path == NULL ? "" : field->path);
    return ms_is_null(found) || ms_is(found, "null") ? nothing : typed(arena, field->type, found);
}

static bool is_whole(const ms_field *field)
{
    return field->path == NULL || field->path[0] == 0;
}

/// Whether the part has to be JSON.
static bool wants_json(const ms_field *field)
{
    return !(is_whole(field) && (field->part == MS_KEY || field->type == MS_RAW)) && field->part != MS_HEADER;
}

static item find(ms_arena *arena, const ms_field *field, const ms_input *input, ms_bytes value)
{
    ms_bytes header = ms_null();
    switch (field->part) {
    case MS_HEADER:
        for (size_t i = 0; i < input->header_count; i++)
            if (ms_is(input->headers[i].name, field->header))
                header = input->headers[i].value;
        return plain(arena, field->type, header);
    case MS_KEY:
        return wants_json(field) ? in_json(arena, field, input->key) : plain(arena, field->type, input->key);
    default:
        return wants_json(field) ? in_json(arena, field, value) : plain(arena, field->type, value);
    }
}

static void reject(ms_test *test, size_t row, const char *code, ms_bytes reason)
{
    ms_rejected *rejected = ms_array_add(&test->rejected, sizeof *rejected);
    rejected->row = row;
    rejected->code = ms_text(code);
    rejected->reason = reason;
}

static ms_bytes shown(ms_arena *arena, const ms_field *field)
{
    if (field->part == MS_HEADER)
        return ms_formatted(arena, "the header `%s`", field->header);
    const char *part = field->part == MS_KEY ? "key" : "value";
    return is_whole(field) ? ms_formatted(arena, "the %s", part) : ms_formatted(arena, "`%s` of the %s", field->path, part);
}

static const char *type_shown(enum ms_type type)
{
    static const char *const names[] = {"text", "an integer", "a number", "a boolean", "JSON"};
    return names[type];
}

/// Whether the host would reject the record for this field, which it then does here. `value` is the record's, or that of
/// a table, which the reason then names; NULL for none.
static bool refused(ms_test *test, const ms_field *field, const ms_input *input, ms_bytes value, const char *table, item *found)
{
    ms_arena *arena = &test->run;
    const char *where = table == NULL ? "" : ms_formatted(arena, "looked up in the table `%s`: ", table).data;
    ms_bytes part = field->part == MS_KEY ? input->key : value;
    size_t at;
    const char *flaw = wants_json(field) && !ms_is_null(part) ? ms_json_flaw(part, &at) : NULL;
    if (flaw != NULL) {
        const char *what = field->part == MS_KEY ? "key" : "value";
        reject(test, input->row, "malformed-json",
               ms_formatted(arena, "%sthe %s is not JSON: %s at byte %zu", where, what, flaw, at));
        return true;
    }
    *found = find(arena, field, input, value);
    if (found->kind == ANOTHER_TYPE && field->presence != MS_LENIENT) {
        reject(test, input->row, "wrong-type",
               ms_formatted(arena, "%s%s is not %s", where, shown(arena, field).data, type_shown(field->type)));
        return true;
    }
    // A value that is null says that its key is gone: it lacks nothing.
    bool excused = field->part == MS_VALUE && ms_is_null(value);
    if (found->kind == NOTHING && field->presence == MS_REQUIRED && !excused) {
        reject(test, input->row, "missing-field",
               ms_formatted(arena, "%s%s is missing or null", where, shown(arena, field).data));
        return true;
    }
    return false;
}

static ms_bytes lookup_key(ms_arena *arena, const ms_lookup *lookup, const ms_transform *declared, const ms_input *input,
                           const item *fields)
{
    if (lookup->key == MS_RECORD_KEY)
        return input->key;
    const item *field = &fields[lookup->field];
    if (field->kind != VALUE)
        return ms_null();
    if (declared->fields.at[lookup->field].type == MS_INTEGER)
        return ms_formatted(arena, "%lld", (long long)field->integer);
    return field->text;
}

static void push(gathered *to, const item *found)
{
    bool null = found->kind != VALUE;
    ms_append_byte(&to->nulls, null);
    switch (to->type) {
    case MS_TEXT:
    case MS_RAW:
        ms_builder_push(&to->texts, null ? ms_null() : found->text);
        break;
    case MS_INTEGER:
        ms_append(&to->numbers, ms_bytes_of(&found->integer, sizeof found->integer));
        break;
    case MS_NUMBER:
        ms_append(&to->numbers, ms_bytes_of(&found->number, sizeof found->number));
        break;
    case MS_BOOLEAN:
        ms_append_byte(&to->numbers, found->boolean);
        break;
    }
}

/// A bit for each byte; no bits at all where none is set and that may be said so.
static ms_bytes packed(ms_arena *arena, const ms_buffer *bytes, bool may_be_empty)
{
    size_t len = (bytes->len + 7) / 8;
    char *bits = memset(ms_arena_take(arena, len, 1), 0, len);
    bool any = false;
    for (size_t i = 0; i < bytes->len; i++) {
        any |= bytes->data[i] != 0;
        bits[i / 8] = (char)((unsigned char)bits[i / 8] | (unsigned)(bytes->data[i] != 0) << (i % 8));
    }
    return ms_bytes_of(bits, any || !may_be_empty ? len : 0);
}

static ms_values finish(ms_arena *arena, gathered *of)
{
    ms_values values;
    memset(&values, 0, sizeof values);
    values.type = (uint8_t)of->type;
    switch (of->type) {
    case MS_TEXT:
    case MS_RAW:
        values.of.column = ms_builder_finish(&of->texts);
        break;
    case MS_BOOLEAN:
        values.of.booleans.trues = packed(arena, &of->numbers, false);
        values.of.booleans.nulls = packed(arena, &of->nulls, true);
        break;
    default:
        values.of.numbers.numbers = ms_buffer_bytes(&of->numbers);
        values.of.numbers.nulls = packed(arena, &of->nulls, true);
    }
    return values;
}

size_t ms_test_fields(ms_test *test, const ms_transform *declared, const ms_input **kept, ms_values **fields,
                      ms_values **lookups)
{
    static const ms_field whole = {.type = MS_RAW, .presence = MS_NULLABLE};
    ms_arena *arena = &test->run;
    size_t field_count = declared->fields.count, count = field_count + declared->lookups.count, rows = 0;
    gathered *all = ms_arena_take(arena, (count + 1) * sizeof *all, _Alignof(max_align_t));
    item *found = ms_arena_take(arena, (count + 1) * sizeof *found, _Alignof(max_align_t));
    for (size_t i = 0; i < count; i++) {
        const ms_field *of = i < field_count ? &declared->fields.at[i] : declared->lookups.at[i - field_count].of;
        all[i].type = of == NULL ? MS_RAW : of->type;
        ms_builder_init(&all[i].texts, arena);
        all[i].numbers = all[i].nulls = all[i].texts.data;
    }
    for (size_t row = 0; row < test->inputs.count; row++) {
        const ms_input *input = (const ms_input *)test->inputs.items + row;
        bool out = false;
        for (size_t i = 0; i < field_count && !out; i++)
            out = refused(test, &declared->fields.at[i], input, input->value, NULL, &found[i]);
        for (size_t i = field_count; i < count && !out; i++) {
            const ms_lookup *lookup = &declared->lookups.at[i - field_count];
            if (lookup->table >= declared->tables.count)
                ms_test_fatal("the deployment would be refused: a lookup in the table %u, of %zu", lookup->table,
                              declared->tables.count);
            ms_bytes value = ms_test_entry(test, lookup->table, lookup_key(arena, lookup, declared, input, found));
            const char *table = declared->tables.at[lookup->table];
            out = refused(test, lookup->of == NULL ? &whole : lookup->of, input, value, table, &found[i]);
        }
        if (out)
            continue;
        for (size_t i = 0; i < count; i++)
            push(&all[i], &found[i]);
        kept[rows++] = input;
    }
    ms_values *values = ms_arena_take(arena, (count + 1) * sizeof *values, _Alignof(max_align_t));
    for (size_t i = 0; i < count; i++)
        values[i] = finish(arena, &all[i]);
    *fields = values;
    *lookups = values + field_count;
    return rows;
}

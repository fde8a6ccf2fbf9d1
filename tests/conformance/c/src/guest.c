/// The conformance guest: an interpreter. Each record says what is to be done with it (../README.md).
#include "guest.h"

static const char *const outputs[] = {"a", "b", "c"};
static const char *const counters[] = {"seen", "asked"};
static const char *const tables[] = {"users", "names"};

static const ms_field fields[] = {
    [DO] = {.path = "/do", .presence = MS_NULLABLE},
    [TEXT] = {.path = "/text", .presence = MS_NULLABLE},
    [INTEGER] = {.path = "/integer", .type = MS_INTEGER, .presence = MS_NULLABLE},
    [NUMBER] = {.path = "/number", .type = MS_NUMBER, .presence = MS_NULLABLE},
    [BOOLEAN] = {.path = "/boolean", .type = MS_BOOLEAN, .presence = MS_NULLABLE},
    [RAW] = {.path = "/raw", .type = MS_RAW, .presence = MS_NULLABLE},
    [LENIENT] = {.path = "/lenient", .type = MS_INTEGER, .presence = MS_LENIENT},
    [KEY] = {.part = MS_KEY, .presence = MS_LENIENT},
    [HEADER] = {.part = MS_HEADER, .header = "h", .presence = MS_LENIENT},
};

static const ms_field of_name = {.path = "/name", .presence = MS_LENIENT};
static const ms_lookup lookups[] = {
    [BY_KEY] = {.table = 0, .key = MS_RECORD_KEY},
    [NAME] = {.table = 0, .key = MS_FIELD_KEY, .field = TEXT, .of = &of_name},
    [BY_NUMBER] = {.table = 1, .key = MS_FIELD_KEY, .field = INTEGER},
};

#define INDEX(name, names) index_of(name, names, sizeof(names) / sizeof *(names))

static unsigned output(ms_bytes name)
{
    int index = INDEX(name, outputs);
    // An index that there is not fails the batch, with its number.
    return index < 0 ? 999 : (unsigned)index;
}

/// The part of a word after its `=`, and the name between `prefix` and it.
static bool change(ms_bytes text, const char *prefix, ms_bytes *named, ms_bytes *value)
{
    size_t len = strlen(prefix);
    if (text.len < len || memcmp(text.data, prefix, len) != 0)
        return false;
    ms_bytes rest = ms_bytes_of(text.data + len, text.len - len);
    const char *equals = memchr(rest.data, '=', rest.len);
    if (equals == NULL)
        return false;
    *named = ms_bytes_of(rest.data, (size_t)(equals - rest.data));
    *value = ms_bytes_of(equals + 1, rest.len - named->len - 1);
    return true;
}

static void emit(const line *words, ms_emitter *out, ms_buffer *buffer)
{
    ms_header set[MOST_WORDS];
    size_t set_count = 0;
    bool sets = false;
    ms_emission *emission = ms_emit(out, output(words->words[1]));
    for (size_t i = 2; i < words->count; i++) {
        ms_bytes text = words->words[i], named, value;
        if (ms_is(text, "headers")) {
            sets = true;
        } else if (change(text, "set:", &named, &value)) {
            sets = true;
            set[set_count].name = word(named, buffer);
            set[set_count++].value = word(value, buffer);
        } else if (change(text, "add:", &named, &value)) {
            ms_add_header(emission, name(named, buffer), word(value, buffer));
        } else if (change(text, "key", &named, &value)) {
            ms_set_key(emission, word(value, buffer));
        } else if (change(text, "value", &named, &value)) {
            ms_set_value(emission, word(value, buffer));
        } else if (change(text, "timestamp", &named, &value)) {
            ms_set_timestamp(emission, number(value));
        } else if (change(text, "partition", &named, &value)) {
            ms_set_partition(emission, (int32_t)number(value));
        }
    }
    if (sets)
        ms_set_headers(emission, set, set_count);
}

static void write_log(const line *words, ms_buffer *buffer)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    int level = INDEX(words->words[1], levels);
    if (level >= 0)
        ms_log((enum ms_level)level, word(from_word(words, 2), buffer));
}

static ms_status execute(const line *words, const ms_record *record, ms_emitter *out, const settings *set, ms_buffer *buffer)
{
    ms_bytes what = words->words[0], first = words->words[1], second = words->words[2];
    if (ms_is(what, "forward")) {
        ms_forward(out, output(first));
    } else if (ms_is(what, "emit")) {
        emit(words, out, buffer);
    } else if (ms_is(what, "drop")) {
        ms_drop(out);
    } else if (ms_is(what, "reject")) {
        const char *code = name(first, buffer);
        ms_bytes reason = word(from_word(words, 2), buffer);
        return ms_reject(out, code, "%.*s", MS_PRINT(reason));
    } else if (ms_is(what, "fail")) {
        ms_bytes reason = word(from_word(words, 2), buffer);
        return ms_is(first, "transient") ? ms_fail_transient(out, "%.*s", MS_PRINT(reason))
                                         : ms_fail_permanent(out, "%.*s", MS_PRINT(reason));
    } else if (ms_is(what, "count")) {
        ms_count(out, (unsigned)INDEX(first, counters), (uint64_t)number(second));
    } else if (ms_is(what, "log")) {
        write_log(words, buffer);
    } else if (ms_is(what, "get")) {
        ms_bytes value = ms_table_get(record, (size_t)INDEX(first, tables), word(second, buffer));
        ms_set_value(ms_emit(out, 0), value);
    } else if (ms_is(what, "show")) {
        show(words, record, out, set, buffer);
    } else {
        ms_bytes unknown = word(what, buffer);
        return ms_reject(out, "unknown-instruction", "%.*s", MS_PRINT(unknown));
    }
    return MS_OK;
}

static ms_status interpret(const ms_record *record, ms_emitter *out, void *state)
{
    if (ms_is_null(ms_record_value(record))) {
        ms_forward(out, 0);
        return MS_OK;
    }
    ms_bytes program = ms_field_text(record, DO), text;
    if (ms_is_null(program))
        return ms_reject(out, "no-program", "the record says nothing");
    ms_buffer *buffer = ms_scratch(out);
    // No word is longer than it is written but for a NUL at its end.
    ms_reserve(buffer, 2 * program.len + 2);
    while (next_part(&program, '\n', &text)) {
        line words;
        split(text, &words);
        MS_TRY(execute(&words, record, out, state, buffer));
    }
    return MS_OK;
}

static void configure(ms_settings *settings, void *state)
{
    struct settings *set = state;
    set->greeting = ms_setting_text(settings, "greeting", "hello");
    set->limit = ms_setting_integer(settings, "limit", 7);
    set->strict = ms_setting_boolean(settings, "strict", false);
}

static const ms_transform conformance = {
    .reads = MS_KEYS | MS_VALUES | MS_HEADERS | MS_TIMESTAMPS | MS_OFFSETS,
    .fields = MS_LIST(fields),
    .lookups = MS_LIST(lookups),
    .tables = MS_LIST(tables),
    .outputs = MS_LIST(outputs),
    .counters = MS_LIST(counters),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = interpret,
};

MILLSTREAM_EXPORT(conformance);

/// Turns CSV into JSON: every line of a record becomes a record of its own, an object.
#include "columns.h"
#include "reader.h"

enum { JSON };
static const char *const outputs[] = {[JSON] = "json"};

typedef struct settings {
    /// The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`.
    columns columns;
    /// What separates them.
    char delimiter;
    /// The fields of the line at hand, one for each column.
    ms_bytes *fields;
} settings;

static char parse_delimiter(ms_settings *from, ms_bytes text)
{
    if (ms_is(text, "tab"))
        return '\t';
    // A single byte of UTF-8 is ASCII.
    if (text.len == 1 && memchr("\"\r\n", text.data[0], 3) == NULL)
        return text.data[0];
    ms_setting_error(from, "setting `delimiter` is `%.*s`, not `tab` or one ASCII character other than a quote or a line break",
                     MS_PRINT(text));
    return ',';
}

static void configure(ms_settings *from, void *state)
{
    settings *to = state;
    ms_setting_required(from, "columns");
    to->columns = columns_parse(from, ms_setting_list(from, "columns", ""));
    if (ms_setting_is_set(from, "columns") && to->columns.count == 0)
        ms_setting_error(from, "setting `columns` names no column");
    to->fields = ms_setting_memory(from, to->columns.count * sizeof *to->fields);
    to->delimiter = parse_delimiter(from, ms_setting_text(from, "delimiter", ","));
}

static ms_status convert_line(const settings *set, size_t number, size_t count, ms_emitter *out)
{
    const columns *columns = &set->columns;
    if (count != columns->count)
        return ms_reject(out, "wrong-columns", "line %zu has %zu %s, not %zu", number, count, count == 1 ? "field" : "fields",
                         columns->count);
    for (size_t i = 0; i < count; i++) {
        const column *column = &columns->at[i];
        if (!column_fits(column, set->fields[i]))
            return ms_reject(out, "wrong-type", "line %zu: %.*s is \"%.*s\", not %s", number, MS_PRINT(column->name),
                             MS_PRINT(set->fields[i]), column->type->described);
    }
    columns_write(columns, set->fields, ms_write_value(ms_emit(out, JSON)));
    return MS_OK;
}

static ms_status convert(const ms_record *record, ms_emitter *out, void *state)
{
    const settings *set = state;
    ms_bytes text;
    ms_status status = ms_record_text(record, out, &text);
    if (status != MS_OK)
        return status;
    // Spreadsheets begin with a byte order mark.
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = ms_bytes_of(text.data + 3, text.len - 3);

    reader lines = {.rest = text, .delimiter = set->delimiter, .unquoted = ms_scratch(out)};
    ms_reserve(lines.unquoted, text.len);
    size_t count;
    for (size_t number = 1;; number++) {
        switch (reader_line(&lines, set->fields, set->columns.count, &count)) {
        case READER_END:
            return MS_OK;
        case READER_MALFORMED:
            return ms_reject(out, "malformed-csv", "line %zu: %s", number, lines.problem);
        case READER_LINE:
            MS_TRY(convert_line(set, number, count, out));
        }
    }
}

static const ms_transform transform = {
    .reads = MS_VALUES,
    .outputs = MS_LIST(outputs),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = convert,
};

MILLSTREAM_EXPORT(transform);

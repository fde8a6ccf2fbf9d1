#include "columns.h"

/// Skips digits; whether there was one.
static bool skip_digits(ms_bytes *text)
{
    size_t len = 0;
    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        len++;
    *text = ms_bytes_of(text->data + len, text->len - len);
    return len != 0;
}

/// Skips one of these characters; whether there was one.
static bool skip_one(ms_bytes *text, const char *of)
{
    if (text->len == 0 || text->data[0] == 0 || strchr(of, text->data[0]) == NULL)
        return false;
    *text = ms_bytes_of(text->data + 1, text->len - 1);
    return true;
}

static bool skip_integer(ms_bytes *text)
{
    skip_one(text, "-");
    return skip_one(text, "0") || skip_digits(text);
}

static bool is_integer(ms_bytes text)
{
    return skip_integer(&text) && text.len == 0;
}

/// The grammar of JSON: an integer, a fraction perhaps, an exponent perhaps.
static bool is_number(ms_bytes text)
{
    if (!skip_integer(&text))
        return false;
    if (skip_one(&text, ".") && !skip_digits(&text))
        return false;
    if (skip_one(&text, "eE")) {
        skip_one(&text, "+-");
        if (!skip_digits(&text))
            return false;
    }
    return text.len == 0;
}

static bool is_boolean(ms_bytes text)
{
    return ms_is(text, "true") || ms_is(text, "false");
}

static const column_type types[] = {
    {"text", "a text", NULL},
    {"integer", "an integer", is_integer},
    {"number", "a number", is_number},
    {"boolean", "a boolean", is_boolean},
};

static const column_type *find_type(ms_bytes name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ms_is(name, types[i].name))
            return &types[i];
    return NULL;
}

static bool has(const column *at, size_t count, ms_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (ms_same(at[i].name, name))
            return true;
    return false;
}

columns columns_parse(ms_settings *settings, ms_list entries)
{
    column *at = ms_setting_memory(settings, entries.count * sizeof *at);
    for (size_t i = 0; i < entries.count; i++) {
        ms_bytes name = entries.at[i], type = ms_text("text");
        const char *colon = memchr(name.data, ':', name.len);
        if (colon != NULL) {
            size_t len = (size_t)(colon - name.data);
            type = ms_bytes_of(colon + 1, name.len - len - 1);
            name.len = len;
        }
        at[i] = (column){name, find_type(type)};
        if (name.len == 0)
            ms_setting_error(settings, "setting `columns`: a column has no name");
        else if (has(at, i, name))
            ms_setting_error(settings, "setting `columns`: two columns are called `%.*s`", MS_PRINT(name));
        else if (at[i].type == NULL)
            ms_setting_error(settings, "setting `columns`: `%.*s` is of the type `%.*s`, not text, integer, number or boolean",
                             MS_PRINT(name), MS_PRINT(type));
    }
    return (columns){at, entries.count};
}

bool column_fits(const column *column, ms_bytes field)
{
    return ms_is_null(field) || column->type->fits == NULL || column->type->fits(field);
}

void columns_write(const columns *columns, const ms_bytes *fields, ms_buffer *json)
{
    ms_append_byte(json, '{');
    for (size_t i = 0; i < columns->count; i++) {
        const column *column = &columns->at[i];
        if (i != 0)
            ms_append_byte(json, ',');
        ms_append_json(json, column->name);
        ms_append_byte(json, ':');
        // A number stays as it is written, and keeps all of its digits.
        if (ms_is_null(fields[i]) || column->type->fits == NULL)
            ms_append_json(json, fields[i]);
        else
            ms_append(json, fields[i]);
    }
    ms_append_byte(json, '}');
}

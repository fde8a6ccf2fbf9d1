#include "reader.h"

static void skip(reader *from, size_t len)
{
    from->rest = ms_bytes_of(from->rest.data + len, from->rest.len - len);
}

static bool is_next(const reader *from, char byte)
{
    return from->rest.len != 0 && from->rest.data[0] == byte;
}

/// The length of the line end that comes next; 0 where there is none.
static size_t line_end(const reader *from)
{
    if (is_next(from, '\n'))
        return 1;
    return from->rest.len >= 2 && memcmp(from->rest.data, "\r\n", 2) == 0 ? 2 : 0;
}

static bool skip_line_end(reader *from)
{
    size_t len = line_end(from);
    skip(from, len);
    return len != 0;
}

static bool read_plain(reader *from, ms_bytes *field)
{
    const char *text = from->rest.data;
    size_t len = 0;
    while (len < from->rest.len && text[len] != '"' && text[len] != '\n' && text[len] != from->delimiter)
        len++;
    skip(from, len);
    if (is_next(from, '"')) {
        from->problem = "a quote is within a field that is not quoted";
        return false;
    }
    if (is_next(from, '\n') && len != 0 && text[len - 1] == '\r')
        len--;
    *field = len == 0 ? ms_null() : ms_bytes_of(text, len);
    return true;
}

/// Lends the text as it stands, unless it has quotes in it.
static bool read_quoted(reader *from, ms_bytes *field)
{
    skip(from, 1);
    size_t start = from->unquoted->len;
    for (;;) {
        const char *quote = memchr(from->rest.data, '"', from->rest.len);
        if (quote == NULL) {
            from->problem = "a quote never ends";
            return false;
        }
        *field = ms_bytes_of(from->rest.data, (size_t)(quote - from->rest.data));
        skip(from, field->len + 1);
        if (!is_next(from, '"'))
            break;
        ms_append(from->unquoted, *field);
        ms_append_byte(from->unquoted, '"');
        skip(from, 1);
    }
    if (from->unquoted->len != start) {
        ms_append(from->unquoted, *field);
        *field = ms_bytes_of(from->unquoted->data + start, from->unquoted->len - start);
    }
    if (from->rest.len != 0 && !is_next(from, from->delimiter) && line_end(from) == 0) {
        from->problem = "something follows a closing quote";
        return false;
    }
    return true;
}

reader_status reader_line(reader *from, ms_bytes *fields, size_t most, size_t *count)
{
    while (skip_line_end(from))
        continue;
    if (from->rest.len == 0)
        return READER_END;
    *count = 0;
    for (;;) {
        ms_bytes field;
        if (!(is_next(from, '"') ? read_quoted : read_plain)(from, &field))
            return READER_MALFORMED;
        if (*count < most)
            fields[*count] = field;
        ++*count;
        if (!is_next(from, from->delimiter))
            break;
        skip(from, 1);
    }
    // The last line may lack its end.
    skip_line_end(from);
    return READER_LINE;
}

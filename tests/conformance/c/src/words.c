#include "words.h"

bool next_part(ms_bytes *rest, char separator, ms_bytes *part)
{
    if (ms_is_null(*rest))
        return false;
    const char *found = memchr(rest->data, separator, rest->len);
    size_t len = found == NULL ? rest->len : (size_t)(found - rest->data);
    *part = ms_bytes_of(rest->data, len);
    *rest = found == NULL ? ms_null() : ms_bytes_of(found + 1, rest->len - len - 1);
    return true;
}

void split(ms_bytes text, line *to)
{
    memset(to, 0, sizeof *to);
    to->text = text;
    while (to->count < MOST_WORDS && next_part(&text, ' ', &to->words[to->count]))
        to->count++;
}

ms_bytes from_word(const line *words, size_t at)
{
    ms_bytes first = words->words[at];
    return ms_is_null(first) ? first : ms_bytes_of(first.data, (size_t)(words->text.data + words->text.len - first.data));
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

ms_bytes word(ms_bytes written, ms_buffer *buffer)
{
    if (ms_is(written, "~"))
        return ms_null();
    // Words point into the buffer, so it must not move: the room for all words of a program is made beforehand.
    size_t start = buffer->len;
    for (size_t i = 0; i < written.len; i++) {
        bool escaped = written.data[i] == '%' && i + 2 < written.len && digit(written.data[i + 1]) >= 0
                       && digit(written.data[i + 2]) >= 0;
        if (!escaped) {
            ms_append_byte(buffer, written.data[i]);
            continue;
        }
        ms_append_byte(buffer, (char)(digit(written.data[i + 1]) * 16 + digit(written.data[i + 2])));
        i += 2;
    }
    return ms_bytes_of(buffer->data + start, buffer->len - start);
}

const char *name(ms_bytes written, ms_buffer *buffer)
{
    ms_bytes text = word(written, buffer);
    ms_append_byte(buffer, 0);
    return ms_is_null(text) ? "" : text.data;
}

int64_t number(ms_bytes written)
{
    bool negative = written.len != 0 && written.data[0] == '-';
    uint64_t sum = 0;
    for (size_t i = negative; i < written.len; i++)
        sum = sum * 10 + (uint64_t)(written.data[i] - '0');
    return (int64_t)(negative ? -sum : sum);
}

int index_of(ms_bytes wanted, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ms_is(wanted, names[i]))
            return (int)i;
    return -1;
}

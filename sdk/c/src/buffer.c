#include "millstream/buffer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"

void ms_reserve(ms_buffer *buffer, size_t more)
{
    if (buffer->capacity - buffer->len >= more)
        return;
    size_t capacity = buffer->capacity < 32 ? 64 : 2 * buffer->capacity;
    if (capacity - buffer->len < more)
        capacity = buffer->len + more;
    buffer->data = ms_arena_grow(buffer->arena, buffer->data, buffer->len, 1, capacity);
    buffer->capacity = capacity;
}

void ms_append_text(ms_buffer *buffer, const char *text)
{
    ms_append(buffer, ms_text(text));
}

void ms_append_integer(ms_buffer *buffer, int64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        digits[--start] = '-';
    ms_append(buffer, ms_bytes_of(digits + start, sizeof digits - start));
}

void ms_append_format(ms_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    size_t room = buffer->capacity - buffer->len;
    int len = vsnprintf(room == 0 ? NULL : buffer->data + buffer->len, room, format, arguments);
    // printf ends with a NUL, which needs room and is not counted.
    if (len > 0 && (size_t)len >= room) {
        ms_reserve(buffer, (size_t)len + 1);
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
    }
    if (len > 0)
        buffer->len += (size_t)len;
    va_end(again);
    va_end(arguments);
}

static void append_escape(ms_buffer *buffer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *name = memchr(named, byte, sizeof named - 1);
    ms_append_byte(buffer, '\\');
    if (name != NULL) {
        ms_append_byte(buffer, letters[name - named]);
        return;
    }
    char code[5] = {'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    ms_append(buffer, ms_bytes_of(code, sizeof code));
}

void ms_append_json(ms_buffer *buffer, ms_bytes text)
{
    if (ms_is_null(text)) {
        ms_append_text(buffer, "null");
        return;
    }
    ms_append_byte(buffer, '"');
    size_t plain = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        ms_append(buffer, ms_bytes_of(text.data + plain, i - plain));
        append_escape(buffer, byte);
        plain = i + 1;
    }
    ms_append(buffer, ms_bytes_of(text.data + plain, text.len - plain));
    ms_append_byte(buffer, '"');
}

static void name_member(ms_buffer *members, const char *name)
{
    if (members->len != 0)
        ms_append_byte(members, ',');
    ms_append_json(members, ms_text(name));
    ms_append_byte(members, ':');
}

void ms_json_text(ms_buffer *members, const char *name, ms_bytes text)
{
    name_member(members, name);
    ms_append_json(members, text);
}

void ms_json_integer(ms_buffer *members, const char *name, int64_t number)
{
    name_member(members, name);
    ms_append_integer(members, number);
}

void ms_json_number(ms_buffer *members, const char *name, double number)
{
    name_member(members, name);
    if (!isfinite(number)) {
        ms_append_text(members, "null");
        return;
    }
    // 17 digits always read as the same number, 15 often do.
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    ms_append_text(members, text);
}

void ms_json_boolean(ms_buffer *members, const char *name, bool boolean)
{
    name_member(members, name);
    ms_append_text(members, boolean ? "true" : "false");
}

void ms_json_raw(ms_buffer *members, const char *name, ms_bytes json)
{
    name_member(members, name);
    if (ms_is_null(json))
        ms_append_text(members, "null");
    else
        ms_append(members, json);
}

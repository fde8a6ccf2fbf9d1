/// @file
/// Text and bytes under construction. The memory is the call's: there is nothing to free.
#ifndef MILLSTREAM_BUFFER_H
#define MILLSTREAM_BUFFER_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ms_arena;

/// Bytes that grow. `ms_scratch` and `ms_write_value` lend one.
typedef struct ms_buffer {
    struct ms_arena *arena;
    char *data;
    size_t len;
    size_t capacity;
} ms_buffer;

/// What was appended so far; never null. Appending more may move it.
static inline ms_bytes ms_buffer_bytes(const ms_buffer *buffer)
{
    return ms_bytes_of(buffer->data == NULL ? "" : buffer->data, buffer->len);
}

/// Makes room for this many bytes more.
void ms_reserve(ms_buffer *buffer, size_t more);

/// Appends bytes; null appends nothing.
static inline void ms_append(ms_buffer *buffer, ms_bytes bytes)
{
    if (buffer->capacity - buffer->len < bytes.len)
        ms_reserve(buffer, bytes.len);
    ms_put(buffer->data + buffer->len, bytes.data, bytes.len);
    buffer->len += bytes.len;
}

/// Appends one byte.
static inline void ms_append_byte(ms_buffer *buffer, char byte)
{
    if (buffer->capacity == buffer->len)
        ms_reserve(buffer, 1);
    buffer->data[buffer->len++] = byte;
}

/// Appends a text that ends with a NUL, without it.
void ms_append_text(ms_buffer *buffer, const char *text);
/// Appends a decimal number.
void ms_append_integer(ms_buffer *buffer, int64_t number);
/// Appends as printf does.
void ms_append_format(ms_buffer *buffer, const char *format, ...) MS_FORMAT(2, 3);
/// Appends a JSON string: quotes, and escapes where JSON wants them. The text has to be UTF-8; null is `null`.
void ms_append_json(ms_buffer *buffer, ms_bytes text);

/// Appends one member of a JSON object, `"name":"text"`, after a comma where the buffer is not empty; this and the functions
/// below make what ms_extend_json adds. The text has to be UTF-8; null is `null`.
void ms_json_text(ms_buffer *members, const char *name, ms_bytes text);
/// Appends a member that is an integer, in decimal.
void ms_json_integer(ms_buffer *members, const char *name, int64_t number);
/// Appends a member that is a number: the shortest text that reads as the same number; what is not finite is `null`.
void ms_json_number(ms_buffer *members, const char *name, double number);
/// Appends a member that is `true` or `false`.
void ms_json_boolean(ms_buffer *members, const char *name, bool boolean);
/// Appends a member whose value is JSON already, and not looked at.
void ms_json_raw(ms_buffer *members, const char *name, ms_bytes json);

#ifdef __cplusplus
}
#endif
#endif

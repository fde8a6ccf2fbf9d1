/// @file
/// Borrowed bytes: keys, values, texts. Null and empty differ everywhere.
#ifndef MILLSTREAM_BYTES_H
#define MILLSTREAM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
/// A function whose argument number `text` is a format as printf's, for those from number `first` on.
#define MS_FORMAT(text, first) __attribute__((format(printf, text, first)))
/// A function that is seldom called.
#define MS_COLD __attribute__((cold, noinline))
#else
#define MS_FORMAT(text, first)
#define MS_COLD
#endif

/// Bytes that somebody else owns; without a NUL at the end. What a record lends lives until its call returns.
typedef struct ms_bytes {
    /// NULL: null. An empty text has an address like any other.
    const char *data;
    /// How many bytes there are; 0 where it is null.
    size_t len;
} ms_bytes;

/// Null.
static inline ms_bytes ms_null(void)
{
    ms_bytes bytes = {NULL, 0};
    return bytes;
}

/// These bytes.
static inline ms_bytes ms_bytes_of(const void *data, size_t len)
{
    ms_bytes bytes = {(const char *)data, len};
    return bytes;
}

/// The bytes of a text that ends with a NUL, without it; NULL is null.
static inline ms_bytes ms_text(const char *text)
{
    return text == NULL ? ms_null() : ms_bytes_of(text, strlen(text));
}

/// Whether these are null.
static inline bool ms_is_null(ms_bytes bytes)
{
    return bytes.data == NULL;
}

/// Copies bytes to where they do not overlap. In WebAssembly an instruction that copies is a call out of the compiled code,
/// which for a name or a number costs ten times what the copying does: short pieces are copied word by word.
static inline void ms_put(char *to, const char *from, size_t len)
{
#ifdef __wasm__
    if (len <= 64) {
        for (; len >= 8; len -= 8, to += 8, from += 8)
            memcpy(to, from, 8);
        if ((len & 4) != 0) {
            memcpy(to, from, 4);
            to += 4;
            from += 4;
        }
        if ((len & 2) != 0) {
            memcpy(to, from, 2);
            to += 2;
            from += 2;
        }
        if ((len & 1) != 0)
            *to = *from;
        return;
    }
#endif
    if (len != 0)
        memcpy(to, from, len);
}

/// Whether both are the same; null is the same as null alone.
static inline bool ms_same(ms_bytes a, ms_bytes b)
{
    if (a.data == NULL || b.data == NULL)
        return a.data == b.data;
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/// Whether these are this text: `ms_is(type, "swipe")`. Null is no text.
static inline bool ms_is(ms_bytes bytes, const char *text)
{
    return ms_same(bytes, ms_text(text));
}

/// The two arguments that `%.*s` wants: `printf("%.*s", MS_PRINT(bytes))`. `bytes` is evaluated more than once.
#define MS_PRINT(bytes) (int)(bytes).len, ((bytes).data == NULL ? "" : (bytes).data)

#ifdef __cplusplus
}
#endif
#endif

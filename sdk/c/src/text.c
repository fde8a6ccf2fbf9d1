#include "text.h"

#include <stdio.h>

/// How many bytes the character at the start takes; 0 where there is none. Overlong forms, surrogates and what lies past
/// U+10FFFF are none.
static size_t character(const unsigned char *text, size_t len)
{
    unsigned char lead = text[0];
    if (lead < 0x80)
        return 1;
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size > len)
        return 0;
    unsigned char least = 0x80, most = 0xbf;
    if (lead == 0xe0)
        least = 0xa0;
    if (lead == 0xed)
        most = 0x9f;
    if (lead == 0xf0)
        least = 0x90;
    if (lead == 0xf4)
        most = 0x8f;
    if (text[1] < least || text[1] > most)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    return size;
}

size_t ms_utf8_prefix(ms_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t size = character((const unsigned char *)text.data + at, text.len - at);
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

ms_bytes ms_utf8_lossy(ms_arena *arena, ms_bytes text)
{
    size_t valid = ms_utf8_prefix(text);
    if (valid == text.len)
        return text;
    static const char replacement[] = "\xef\xbf\xbd";
    char *copy = ms_arena_take(arena, 3 * text.len, 1);
    size_t len = 0;
    while (text.len != 0) {
        if (valid != 0)
            memcpy(copy + len, text.data, valid);
        len += valid;
        if (valid == text.len)
            break;
        memcpy(copy + len, replacement, 3);
        len += 3;
        text = ms_bytes_of(text.data + valid + 1, text.len - valid - 1);
        valid = ms_utf8_prefix(text);
    }
    return ms_bytes_of(copy, len);
}

ms_bytes ms_utf8_cut(ms_bytes text, size_t most)
{
    if (text.len <= most)
        return text;
    while (most != 0 && ((unsigned char)text.data[most] & 0xc0) == 0x80)
        most--;
    return ms_bytes_of(text.data, most);
}

ms_bytes ms_utf8_fit(ms_arena *arena, ms_bytes text, size_t most)
{
    // A text may be as large as a value. A character that begins before the cut has at most three bytes past it, and what is
    // broken by leaving out the rest lies past it as well.
    if (text.len > most && text.len - most > 3)
        text.len = most + 3;
    return ms_utf8_cut(ms_utf8_lossy(arena, text), most);
}

ms_bytes ms_format(ms_arena *arena, const char *format, va_list arguments)
{
    // Most texts are short: they are formatted once.
    char shorter[256];
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(shorter, sizeof shorter, format, arguments);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = ms_arena_take(arena, size, 1);
    if (len < 0)
        text[0] = 0;
    else if (size <= sizeof shorter)
        ms_put(text, shorter, size);
    else
        vsnprintf(text, size, format, again);
    va_end(again);
    return ms_utf8_lossy(arena, ms_bytes_of(text, size - 1));
}

ms_bytes ms_formatted(ms_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    ms_bytes text = ms_format(arena, format, arguments);
    va_end(arguments);
    return text;
}

ms_bytes ms_copy(ms_arena *arena, ms_bytes bytes)
{
    if (ms_is_null(bytes))
        return bytes;
    char *copy = ms_arena_take(arena, bytes.len, 1);
    ms_put(copy, bytes.data, bytes.len);
    return ms_bytes_of(copy, bytes.len);
}

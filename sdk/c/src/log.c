#include "millstream/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "host.h"
#include "text.h"

enum { LONGEST_LINE = 4096 };

void ms_log(enum ms_level level, ms_bytes message)
{
    if (ms_is_null(message))
        message = ms_text("");
    if (ms_utf8_prefix(message) == message.len) {
        ms_host_log((uint8_t)level, message);
        return;
    }
    ms_arena arena = {NULL, NULL, NULL};
    ms_host_log((uint8_t)level, ms_utf8_lossy(&arena, message));
    ms_arena_free(&arena);
}

static void log_formatted(enum ms_level level, const char *format, va_list arguments)
{
    char line[LONGEST_LINE + 1];
    int len = vsnprintf(line, sizeof line, format, arguments);
    if (len < 0)
        len = 0;
    ms_bytes text = ms_bytes_of(line, (size_t)len < sizeof line ? (size_t)len : LONGEST_LINE);
    // A character that was cut in two is left out; others that are none are replaced.
    if ((size_t)len >= sizeof line && text.len - ms_utf8_prefix(text) < 4)
        text.len = ms_utf8_prefix(text);
    ms_log(level, text);
}

#define LOG(level)                                                                                                     \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    log_formatted(level, format, arguments);                                                                           \
    va_end(arguments)

void ms_debug(const char *format, ...)
{
    LOG(MS_DEBUG);
}

void ms_info(const char *format, ...)
{
    LOG(MS_INFO);
}

void ms_warn(const char *format, ...)
{
    LOG(MS_WARN);
}

void ms_error(const char *format, ...)
{
    LOG(MS_ERROR);
}

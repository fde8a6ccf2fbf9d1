#include "millstream/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "host.h"
#include "text.h"

/// The host keeps 8 KiB of a line, and traps at a message of more than 1 MiB.
enum { LONGEST_LINE = 64 * 1024, LONGEST_FORMATTED = 4096 };

static void write_line(enum ms_level level, ms_bytes text, size_t most)
{
    ms_arena arena = {NULL, NULL, NULL};
    ms_host_log((uint8_t)level, ms_utf8_fit(&arena, text, most));
    ms_arena_free(&arena);
}

void ms_log(enum ms_level level, ms_bytes message)
{
    write_line(level, ms_is_null(message) ? ms_text("") : message, LONGEST_LINE);
}

static void log_formatted(enum ms_level level, const char *format, va_list arguments)
{
    // With room for the rest of a character that begins before the cut, and for the NUL.
    char line[LONGEST_FORMATTED + 4];
    int len = vsnprintf(line, sizeof line, format, arguments);
    if (len < 0)
        len = 0;
    write_line(level, ms_bytes_of(line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1), LONGEST_FORMATTED);
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

/// CSV as RFC 4180 has it, strictly: what is malformed is an error, and an empty field differs from a quoted empty text.
#ifndef READER_H
#define READER_H

#include <millstream.h>

/// A text that is read line by line.
typedef struct reader {
    ms_bytes rest;
    /// Neither a quote nor part of a line end.
    char delimiter;
    /// Where texts with quotes in them go. It has room for all of `rest`, so that it never moves.
    ms_buffer *unquoted;
    /// What is wrong with a malformed line.
    const char *problem;
} reader;

typedef enum reader_status { READER_LINE, READER_END, READER_MALFORMED } reader_status;

/// Reads the next line that is not empty: up to `most` of its fields, null where one is empty and not quoted, and in `*count`
/// how many it has. After READER_MALFORMED there is nothing to go on with.
reader_status reader_line(reader *from, ms_bytes *fields, size_t most, size_t *count);

#endif

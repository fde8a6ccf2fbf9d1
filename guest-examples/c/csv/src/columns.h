/// What the fields of a line are, and how they are written as JSON.
#ifndef COLUMNS_H
#define COLUMNS_H

#include <millstream.h>

typedef struct column_type {
    const char *name;
    const char *described;
    /// Whether a text is JSON of this type as it stands. NULL: every text is one, and is written as a string.
    bool (*fits)(ms_bytes text);
} column_type;

/// One of the fields that every line has.
typedef struct column {
    ms_bytes name;
    const column_type *type;
} column;

typedef struct columns {
    const column *at;
    size_t count;
} columns;

/// The columns that the setting names: `id:integer`, or `customer` for a text.
columns columns_parse(ms_settings *settings, ms_list entries);
/// Whether a field is of its column's type. Null is.
bool column_fits(const column *column, ms_bytes field);
/// Appends a line as a JSON object. There are as many fields as columns, and they fit.
void columns_write(const columns *columns, const ms_bytes *fields, ms_buffer *json);

#endif

/// @file
/// The columns that a batch comes in, looked at where they lie. Nothing here copies or allocates.
///
/// Numbers are little-endian and not aligned: they are read through the functions here only.
#ifndef MILLSTREAM_COLUMN_H
#define MILLSTREAM_COLUMN_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Number `at` of packed 32-bit numbers.
static inline uint32_t ms_u32(ms_bytes numbers, size_t at)
{
    uint32_t number;
    memcpy(&number, numbers.data + 4 * at, sizeof number);
    return number;
}

/// Whether bit `at` is set; none is in a set without bytes, or past its end.
static inline bool ms_bit(ms_bytes bits, size_t at)
{
    return at / 8 < bits.len && ((unsigned char)bits.data[at / 8] >> (at % 8) & 1) == 1;
}

/// Byte strings end to end: keys, values, texts, row for row.
typedef struct ms_column {
    /// The bytes of all entries.
    ms_bytes data;
    /// Where each entry ends, as packed 32-bit numbers.
    ms_bytes ends;
    /// A bit for each entry that is null; no bytes where none is.
    ms_bytes nulls;
} ms_column;

/// How many entries there are.
static inline size_t ms_column_len(const ms_column *column)
{
    return column->ends.len / 4;
}

/// The entry of this row. Null where it is null, or where there is no such row.
static inline ms_bytes ms_column_get(const ms_column *column, size_t row)
{
    if (row >= column->ends.len / 4 || ms_bit(column->nulls, row))
        return ms_null();
    size_t start = row == 0 ? 0 : ms_u32(column->ends, row - 1);
    size_t end = ms_u32(column->ends, row);
    // A column of empty entries may have no address, but its entries are not null.
    return ms_bytes_of(column->data.data == NULL ? "" : column->data.data + start, end - start);
}

/// 64-bit integers or floating-point numbers, row for row; a null entry holds 0.
typedef struct ms_numbers {
    /// Eight bytes each.
    ms_bytes numbers;
    /// A bit for each entry that is null; no bytes where none is.
    ms_bytes nulls;
} ms_numbers;

/// The integer of this row; 0 where it is null, or where there is no such row.
static inline int64_t ms_integers_get(const ms_numbers *integers, size_t row)
{
    int64_t number = 0;
    if (row < integers->numbers.len / 8)
        memcpy(&number, integers->numbers.data + 8 * row, sizeof number);
    return number;
}

/// The floating-point number of this row; 0 where it is null, or where there is no such row.
static inline double ms_floats_get(const ms_numbers *floats, size_t row)
{
    double number = 0;
    if (row < floats->numbers.len / 8)
        memcpy(&number, floats->numbers.data + 8 * row, sizeof number);
    return number;
}

/// Booleans, row for row.
typedef struct ms_booleans {
    /// A bit for each entry that is true.
    ms_bytes trues;
    /// A bit for each entry that is null; no bytes where none is.
    ms_bytes nulls;
} ms_booleans;

/// Whether this row is true; false where it is null, or where there is no such row.
static inline bool ms_booleans_get(const ms_booleans *booleans, size_t row)
{
    return ms_bit(booleans->trues, row);
}

/// What the type of a declared field or of a lookup is.
enum ms_type {
    /// The text of a JSON string, without quotes and escapes: UTF-8.
    MS_TEXT,
    /// A JSON number without fraction and exponent that fits 64 bits.
    MS_INTEGER,
    /// A JSON number.
    MS_NUMBER,
    /// `true` or `false`.
    MS_BOOLEAN,
    /// The encoded text of any JSON but `null`; for the empty path the bytes themselves.
    MS_RAW
};

/// The values of one field or lookup, row for row.
typedef struct ms_values {
    /// An `enum ms_type`.
    uint8_t type;
    union {
        /// MS_TEXT and MS_RAW.
        ms_column column;
        /// MS_INTEGER and MS_NUMBER.
        ms_numbers numbers;
        /// MS_BOOLEAN.
        ms_booleans booleans;
    } of;
} ms_values;

/// Whether the entry of this row is null.
static inline bool ms_values_is_null(const ms_values *values, size_t row)
{
    switch (values->type) {
    case MS_TEXT:
    case MS_RAW:
        return ms_bit(values->of.column.nulls, row);
    case MS_BOOLEAN:
        return ms_bit(values->of.booleans.nulls, row);
    default:
        return ms_bit(values->of.numbers.nulls, row);
    }
}

/// The headers of all rows.
typedef struct ms_headers {
    /// The headers of row i are the entries ends[i-1]..ends[i] of the columns.
    ms_bytes ends;
    ms_column names;
    ms_column values;
} ms_headers;

/// One header of a record.
typedef struct ms_header {
    /// UTF-8, never null.
    ms_bytes name;
    /// May be null.
    ms_bytes value;
} ms_header;

/// The position of the first header of this row among all headers.
static inline size_t ms_headers_start(const ms_headers *headers, size_t row)
{
    return row == 0 || row > headers->ends.len / 4 ? 0 : ms_u32(headers->ends, row - 1);
}

/// How many headers this row has.
static inline size_t ms_headers_count(const ms_headers *headers, size_t row)
{
    return row >= headers->ends.len / 4 ? 0 : ms_u32(headers->ends, row) - ms_headers_start(headers, row);
}

/// Header `at` of this row, in the record's order, counted from 0; null where there is none.
static inline ms_header ms_headers_get(const ms_headers *headers, size_t row, size_t at)
{
    ms_header header = {ms_null(), ms_null()};
    if (at < ms_headers_count(headers, row)) {
        size_t entry = ms_headers_start(headers, row) + at;
        header.name = ms_column_get(&headers->names, entry);
        header.value = ms_column_get(&headers->values, entry);
    }
    return header;
}

#ifdef __cplusplus
}
#endif
#endif

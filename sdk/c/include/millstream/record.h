/// @file
/// A batch, and one record of it: nothing in them is looked at before it is asked for.
///
/// Asking for a part that the transform does not declare in `reads`, or for a field as another type than declared, fails
/// the batch with an error that says so: the answer is null, and the mistake cannot go unnoticed.
#ifndef MILLSTREAM_RECORD_H
#define MILLSTREAM_RECORD_H

#include "column.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ms_call;

/// Records of one partition of one topic, in offset order, at least one. Look at it through the functions below: the members
/// are theirs.
typedef struct ms_batch {
    struct ms_call *call;
    ms_bytes topic;
    uint32_t count;
    int32_t partition;
    /// The `MS_KEYS`… that the transform reads.
    unsigned reads;
    ms_column keys;
    ms_column values;
    ms_headers headers;
    ms_numbers timestamps;
    ms_numbers offsets;
    const ms_values *fields;
    size_t field_count;
    const ms_values *lookups;
    size_t lookup_count;
} ms_batch;

/// Parts of a record that a transform looks at: `ms_transform.reads`. What is not named never enters the component.
enum ms_reads { MS_KEYS = 1, MS_VALUES = 2, MS_HEADERS = 4, MS_TIMESTAMPS = 8, MS_OFFSETS = 16 };

/// One record of a batch. May be copied, for as long as the call lasts.
typedef struct ms_record {
    const ms_batch *batch;
    size_t row;
} ms_record;

/// Remembers that the transform asked for what it did not declare, which fails the batch.
MS_COLD void ms_batch_undeclared(const ms_batch *batch, unsigned part);
/// The same for a field (`what` is "field") or a lookup that there is not, or not of this type.
MS_COLD const ms_values *ms_batch_mistyped(const ms_batch *batch, const char *what, size_t at, unsigned type);

/// How many records there are, at least one.
static inline size_t ms_batch_len(const ms_batch *batch)
{
    return batch->count;
}

/// The record of this row, which has to be below the batch's length.
static inline ms_record ms_batch_record(const ms_batch *batch, size_t row)
{
    ms_record record = {batch, row};
    return record;
}

/// The keys, row for row.
static inline const ms_column *ms_batch_keys(const ms_batch *batch)
{
    if ((batch->reads & MS_KEYS) == 0)
        ms_batch_undeclared(batch, MS_KEYS);
    return &batch->keys;
}

/// The values, row for row.
static inline const ms_column *ms_batch_values(const ms_batch *batch)
{
    if ((batch->reads & MS_VALUES) == 0)
        ms_batch_undeclared(batch, MS_VALUES);
    return &batch->values;
}

/// The headers, row for row.
static inline const ms_headers *ms_batch_headers(const ms_batch *batch)
{
    if ((batch->reads & MS_HEADERS) == 0)
        ms_batch_undeclared(batch, MS_HEADERS);
    return &batch->headers;
}

/// Milliseconds since 1970-01-01T00:00Z, row for row; -1 for a record without. `ms_integers_get` reads one.
static inline const ms_numbers *ms_batch_timestamps(const ms_batch *batch)
{
    if ((batch->reads & MS_TIMESTAMPS) == 0)
        ms_batch_undeclared(batch, MS_TIMESTAMPS);
    return &batch->timestamps;
}

/// The records' offsets, ascending. `ms_integers_get` reads one.
static inline const ms_numbers *ms_batch_offsets(const ms_batch *batch)
{
    if ((batch->reads & MS_OFFSETS) == 0)
        ms_batch_undeclared(batch, MS_OFFSETS);
    return &batch->offsets;
}

/// The values of a declared field, which has to be of this `enum ms_type`. In a batch, a record whose value is null has
/// null in all fields of the value, `required` ones too.
static inline const ms_values *ms_batch_field(const ms_batch *batch, size_t field, unsigned type)
{
    if (field >= batch->field_count || batch->fields[field].type != type)
        return ms_batch_mistyped(batch, "field", field, type);
    return &batch->fields[field];
}

/// The values of a lookup, which has to be of this `enum ms_type`.
static inline const ms_values *ms_batch_lookup(const ms_batch *batch, size_t lookup, unsigned type)
{
    if (lookup >= batch->lookup_count || batch->lookups[lookup].type != type)
        return ms_batch_mistyped(batch, "lookup", lookup, type);
    return &batch->lookups[lookup];
}

/// The record's row in its batch. Where batches are cut is the host's affair: don't build on it.
static inline size_t ms_record_row(const ms_record *record)
{
    return record->row;
}

/// The topic that the record comes from.
static inline ms_bytes ms_record_topic(const ms_record *record)
{
    return record->batch->topic;
}

/// The partition that the record comes from.
static inline int32_t ms_record_partition(const ms_record *record)
{
    return record->batch->partition;
}

/// The key. Null where the record has none; an empty key is a key.
static inline ms_bytes ms_record_key(const ms_record *record)
{
    return ms_column_get(ms_batch_keys(record->batch), record->row);
}

/// The value. Null as in a compacted topic's tombstone; an empty value is a value.
static inline ms_bytes ms_record_value(const ms_record *record)
{
    return ms_column_get(ms_batch_values(record->batch), record->row);
}

/// How many headers the record has.
static inline size_t ms_record_header_count(const ms_record *record)
{
    return ms_headers_count(ms_batch_headers(record->batch), record->row);
}

/// Header `at`, in the record's order, counted from 0; names may repeat.
static inline ms_header ms_record_header_at(const ms_record *record, size_t at)
{
    return ms_headers_get(ms_batch_headers(record->batch), record->row, at);
}

/// The value of the last header of this name, which is the one that counts where names repeat. Null where there is none
/// or where it is null.
ms_bytes ms_record_header(const ms_record *record, const char *name);

/// Milliseconds since 1970-01-01T00:00Z, as the record carries them; -1 where it has none.
static inline int64_t ms_record_timestamp(const ms_record *record)
{
    return ms_integers_get(ms_batch_timestamps(record->batch), record->row);
}

/// The record's offset in its partition.
static inline int64_t ms_record_offset(const ms_record *record)
{
    return ms_integers_get(ms_batch_offsets(record->batch), record->row);
}

/// Whether a field that may be null is null, whatever its type.
bool ms_field_is_null(const ms_record *record, size_t field);

/// A field of the type MS_TEXT, UTF-8; null where it is null.
static inline ms_bytes ms_field_text(const ms_record *record, size_t field)
{
    return ms_column_get(&ms_batch_field(record->batch, field, MS_TEXT)->of.column, record->row);
}

/// A field of the type MS_RAW; null where it is null.
static inline ms_bytes ms_field_raw(const ms_record *record, size_t field)
{
    return ms_column_get(&ms_batch_field(record->batch, field, MS_RAW)->of.column, record->row);
}

/// A field of the type MS_INTEGER; 0 where it is null.
static inline int64_t ms_field_integer(const ms_record *record, size_t field)
{
    return ms_integers_get(&ms_batch_field(record->batch, field, MS_INTEGER)->of.numbers, record->row);
}

/// A field of the type MS_NUMBER; 0 where it is null.
static inline double ms_field_number(const ms_record *record, size_t field)
{
    return ms_floats_get(&ms_batch_field(record->batch, field, MS_NUMBER)->of.numbers, record->row);
}

/// A field of the type MS_BOOLEAN; false where it is null.
static inline bool ms_field_boolean(const ms_record *record, size_t field)
{
    return ms_booleans_get(&ms_batch_field(record->batch, field, MS_BOOLEAN)->of.booleans, record->row);
}

/// Whether a lookup found nothing, whatever its type.
bool ms_lookup_is_null(const ms_record *record, size_t lookup);

/// A lookup of the type MS_TEXT, UTF-8; null where the table has nothing.
static inline ms_bytes ms_lookup_text(const ms_record *record, size_t lookup)
{
    return ms_column_get(&ms_batch_lookup(record->batch, lookup, MS_TEXT)->of.column, record->row);
}

/// A lookup of the type MS_RAW, as a lookup of the whole value is; null where the table has nothing.
static inline ms_bytes ms_lookup_raw(const ms_record *record, size_t lookup)
{
    return ms_column_get(&ms_batch_lookup(record->batch, lookup, MS_RAW)->of.column, record->row);
}

/// A lookup of the type MS_INTEGER; 0 where the table has nothing.
static inline int64_t ms_lookup_integer(const ms_record *record, size_t lookup)
{
    return ms_integers_get(&ms_batch_lookup(record->batch, lookup, MS_INTEGER)->of.numbers, record->row);
}

/// A lookup of the type MS_NUMBER; 0 where the table has nothing.
static inline double ms_lookup_number(const ms_record *record, size_t lookup)
{
    return ms_floats_get(&ms_batch_lookup(record->batch, lookup, MS_NUMBER)->of.numbers, record->row);
}

/// A lookup of the type MS_BOOLEAN; false where the table has nothing.
static inline bool ms_lookup_boolean(const ms_record *record, size_t lookup)
{
    return ms_booleans_get(&ms_batch_lookup(record->batch, lookup, MS_BOOLEAN)->of.booleans, record->row);
}

/// What a table has under this key; null where it has nothing, as under the null key. `table` is an index into
/// `ms_transform.tables`. It asks the host: for a column of keys use ms_table_get_all.
ms_bytes ms_table_get(const ms_record *record, size_t table, ms_bytes key);

/// What a table has under these keys, row for row, all from one version of it; null where it has nothing. It lives
/// until the call returns.
ms_column ms_table_get_all(const ms_batch *batch, size_t table, const ms_column *keys);

#ifdef __cplusplus
}
#endif
#endif

/// The contract's types as the canonical ABI lays them out.
///
/// Its rules for records, options and variants are C's for structs whose first member is a byte of discriminant: members in
/// order, each at a multiple of its own alignment. So these are plain structs, which a component exchanges with the host as
/// they lie, and which native tests fill and read with that machine's pointers.
#ifndef MS_WIT_H
#define MS_WIT_H

#include "millstream/column.h"

/// Lists of bytes and texts are `ms_bytes`.
typedef struct wit_column_option { uint8_t some; ms_column value; } wit_column_option;
typedef struct wit_bytes_option { uint8_t some; ms_bytes value; } wit_bytes_option;
typedef struct wit_headers_option { uint8_t some; ms_headers value; } wit_headers_option;

typedef struct wit_batch {
    ms_bytes topic;
    int32_t partition;
    uint32_t count;
    wit_bytes_option offsets;
    wit_bytes_option timestamps;
    wit_column_option keys;
    wit_column_option values;
    wit_headers_option headers;
    struct { const ms_values *at; size_t count; } fields;
    struct { const ms_values *at; size_t count; } lookups;
} wit_batch;

typedef struct wit_column_patch { wit_bytes_option at; ms_column to; } wit_column_patch;
typedef struct wit_headers_patch { wit_bytes_option at; ms_headers to; } wit_headers_patch;
typedef struct wit_bytes_patch { wit_bytes_option at; ms_bytes to; } wit_bytes_patch;
typedef struct wit_rejections { ms_bytes rows; ms_column codes; ms_column reasons; } wit_rejections;

typedef struct wit_output {
    wit_bytes_option rows;
    wit_bytes_option outputs;
    struct { uint8_t some; wit_column_patch value; } keys, values;
    struct { uint8_t some; wit_headers_patch value; } headers, added_headers;
    struct { uint8_t some; wit_bytes_patch value; } timestamps, partitions;
    struct { uint8_t some; wit_rejections value; } rejected;
} wit_output;

enum { WIT_TRANSIENT, WIT_PERMANENT };
typedef struct wit_failure { uint8_t kind; ms_bytes reason; } wit_failure;

/// What `apply` answers.
typedef struct wit_applied {
    uint8_t failed;
    union { wit_output output; wit_failure failure; } of;
} wit_applied;

typedef struct wit_part { uint8_t kind; ms_bytes header; } wit_part;
typedef struct wit_field { wit_part part; ms_bytes path; uint8_t type; uint8_t presence; } wit_field;
typedef struct wit_lookup {
    uint32_t table;
    struct { uint8_t kind; uint32_t field; } key;
    struct { uint8_t some; wit_field value; } field;
} wit_lookup;
typedef struct wit_pair { ms_bytes name; ms_bytes value; } wit_pair;

typedef struct wit_description {
    uint8_t reads;
    struct { wit_field *at; size_t count; } fields;
    struct { wit_lookup *at; size_t count; } lookups;
    struct { ms_bytes *at; size_t count; } tables, outputs, counters;
    struct { wit_pair *at; size_t count; } options;
} wit_description;

/// What `configure` answers.
typedef struct wit_configured {
    uint8_t failed;
    union { wit_description description; ms_bytes error; } of;
} wit_configured;

#ifdef __wasm32__
// Counted by hand from transform.wit.
_Static_assert(sizeof(ms_column) == 24 && sizeof(ms_headers) == 56, "columns");
_Static_assert(sizeof(ms_values) == 28, "variant field-column");
_Static_assert(sizeof(wit_batch) == 172 && offsetof(wit_batch, fields) == 156, "record batch");
_Static_assert(sizeof(wit_output) == 356, "record output");
_Static_assert(sizeof(wit_applied) == 360, "result<output, failure>");
_Static_assert(sizeof(wit_field) == 24 && sizeof(wit_lookup) == 40, "records field and lookup");
_Static_assert(sizeof(wit_configured) == 56, "result<description, string>");
#endif

#endif

/// Column builders for what a plan changes. They know positions and bytes, not what those stand for.
#ifndef MS_PATCH_H
#define MS_PATCH_H

#include "arena.h"
#include "millstream/buffer.h"
#include "wit.h"

/// A column under construction.
typedef struct ms_column_builder {
    ms_buffer data;
    ms_buffer ends;
    /// Empty until the first null.
    ms_buffer nulls;
    /// Whether the last entry may still grow: what is appended to `data` belongs to it.
    bool open;
} ms_column_builder;

void ms_builder_init(ms_column_builder *column, ms_arena *arena);
size_t ms_builder_len(const ms_column_builder *column);
/// Adds an entry; null is null.
void ms_builder_push(ms_column_builder *column, ms_bytes entry);
/// Adds an entry that is what is appended to the buffer until the column is used again.
ms_buffer *ms_builder_open(ms_column_builder *column);
/// Cuts the column to this many entries.
void ms_builder_truncate(ms_column_builder *column, size_t entries);
ms_column ms_builder_finish(ms_column_builder *column);

/// Positions among the emitted records, strictly ascending.
typedef struct ms_positions {
    ms_buffer packed;
} ms_positions;

/// New keys or values, headers, or numbers of emitted records. A position is that of the record emitted last.
typedef struct ms_column_patch {
    ms_positions at;
    ms_column_builder to;
} ms_column_patch;
typedef struct ms_headers_patch {
    ms_positions at;
    ms_buffer ends;
    ms_column_builder names;
    ms_column_builder values;
} ms_headers_patch;
typedef struct ms_numbers_patch {
    ms_positions at;
    ms_buffer to;
} ms_numbers_patch;

void ms_column_patch_init(ms_column_patch *patch, ms_arena *arena);
/// The column to add one entry to: what the record at `position` gets instead of what it had got.
ms_column_builder *ms_column_patch_at(ms_column_patch *patch, uint32_t position);
/// Forgets what the records at `position` and after it get.
void ms_column_patch_truncate(ms_column_patch *patch, uint32_t position);

void ms_headers_patch_init(ms_headers_patch *patch, ms_arena *arena);
/// Begins an empty list for the record at `position`.
void ms_headers_patch_begin(ms_headers_patch *patch, uint32_t position);
/// Appends to the list of the record at `position`.
void ms_headers_patch_append(ms_headers_patch *patch, uint32_t position, ms_bytes name, ms_bytes value);
void ms_headers_patch_truncate(ms_headers_patch *patch, uint32_t position);

void ms_numbers_patch_init(ms_numbers_patch *patch, ms_arena *arena);
/// `number` has `size` bytes, 4 or 8, the same in all calls.
void ms_numbers_patch_set(ms_numbers_patch *patch, uint32_t position, const void *number, size_t size);
void ms_numbers_patch_truncate(ms_numbers_patch *patch, uint32_t position, size_t size);

/// Appends a 32-bit number.
static inline void ms_append_u32(ms_buffer *numbers, uint32_t number)
{
    if (numbers->capacity - numbers->len < sizeof number)
        ms_reserve(numbers, sizeof number);
    memcpy(numbers->data + numbers->len, &number, sizeof number);
    numbers->len += sizeof number;
}

/// How many records are patched.
static inline size_t ms_positions_len(const ms_positions *at)
{
    return at->packed.len / 4;
}

/// None where every emitted record is patched.
wit_bytes_option ms_positions_finish(const ms_positions *at, size_t emitted);

#endif

#include "patch.h"

static ms_buffer buffer_in(ms_arena *arena)
{
    ms_buffer buffer = {arena, NULL, 0, 0};
    return buffer;
}

void ms_builder_init(ms_column_builder *column, ms_arena *arena)
{
    column->data = column->ends = column->nulls = buffer_in(arena);
    column->open = false;
}

size_t ms_builder_len(const ms_column_builder *column)
{
    return column->ends.len / 4;
}

/// What was appended to the open entry becomes part of it.
static void seal(ms_column_builder *column)
{
    if (!column->open)
        return;
    uint32_t end = (uint32_t)column->data.len;
    memcpy(column->ends.data + column->ends.len - sizeof end, &end, sizeof end);
    column->open = false;
}

/// Makes the null bits as many as entries need, all clear.
static void widen_nulls(ms_column_builder *column, size_t bytes)
{
    while (column->nulls.len < bytes)
        ms_append_byte(&column->nulls, 0);
}

static void close_entry(ms_column_builder *column)
{
    // The host refuses a larger answer; in 32 bits of address space it cannot arise.
    ms_append_u32(&column->ends, (uint32_t)column->data.len);
    if (column->nulls.len != 0)
        widen_nulls(column, (ms_builder_len(column) + 7) / 8);
}

void ms_builder_push(ms_column_builder *column, ms_bytes entry)
{
    seal(column);
    if (ms_is_null(entry)) {
        size_t at = ms_builder_len(column);
        widen_nulls(column, at / 8 + 1);
        column->nulls.data[at / 8] = (char)((unsigned char)column->nulls.data[at / 8] | 1u << (at % 8));
    }
    ms_append(&column->data, entry);
    close_entry(column);
}

ms_buffer *ms_builder_open(ms_column_builder *column)
{
    seal(column);
    close_entry(column);
    column->open = true;
    return &column->data;
}

void ms_builder_truncate(ms_column_builder *column, size_t entries)
{
    seal(column);
    if (entries >= ms_builder_len(column))
        return;
    column->ends.len = 4 * entries;
    column->data.len = entries == 0 ? 0 : ms_u32(ms_buffer_bytes(&column->ends), entries - 1);
    if (column->nulls.len > (entries + 7) / 8)
        column->nulls.len = (entries + 7) / 8;
    // Bits past the last entry have to be clear, also for the entries to come.
    if (column->nulls.len != 0 && entries % 8 != 0) {
        char *last = column->nulls.data + column->nulls.len - 1;
        *last = (char)((unsigned char)*last & ((1u << (entries % 8)) - 1));
    }
}

ms_column ms_builder_finish(ms_column_builder *column)
{
    seal(column);
    ms_column finished = {ms_buffer_bytes(&column->data), ms_buffer_bytes(&column->ends), ms_buffer_bytes(&column->nulls)};
    return finished;
}

static bool is_last(const ms_positions *at, uint32_t position)
{
    size_t len = ms_positions_len(at);
    return len != 0 && ms_u32(ms_buffer_bytes(&at->packed), len - 1) == position;
}

/// Drops what is at `position` and after; answers how many remain.
static size_t drop_from(ms_positions *at, uint32_t position)
{
    size_t len = ms_positions_len(at);
    while (len != 0 && ms_u32(ms_buffer_bytes(&at->packed), len - 1) >= position)
        len--;
    at->packed.len = 4 * len;
    return len;
}

wit_bytes_option ms_positions_finish(const ms_positions *at, size_t emitted)
{
    wit_bytes_option option = {ms_positions_len(at) != emitted, ms_buffer_bytes(&at->packed)};
    return option;
}

void ms_column_patch_init(ms_column_patch *patch, ms_arena *arena)
{
    patch->at.packed = buffer_in(arena);
    ms_builder_init(&patch->to, arena);
}

ms_column_builder *ms_column_patch_at(ms_column_patch *patch, uint32_t position)
{
    if (is_last(&patch->at, position))
        ms_column_patch_truncate(patch, position);
    ms_append_u32(&patch->at.packed, position);
    return &patch->to;
}

void ms_column_patch_truncate(ms_column_patch *patch, uint32_t position)
{
    ms_builder_truncate(&patch->to, drop_from(&patch->at, position));
}

void ms_headers_patch_init(ms_headers_patch *patch, ms_arena *arena)
{
    patch->at.packed = patch->ends = buffer_in(arena);
    ms_builder_init(&patch->names, arena);
    ms_builder_init(&patch->values, arena);
}

void ms_headers_patch_begin(ms_headers_patch *patch, uint32_t position)
{
    if (is_last(&patch->at, position))
        ms_headers_patch_truncate(patch, position);
    ms_append_u32(&patch->at.packed, position);
    ms_append_u32(&patch->ends, (uint32_t)ms_builder_len(&patch->names));
}

void ms_headers_patch_append(ms_headers_patch *patch, uint32_t position, ms_bytes name, ms_bytes value)
{
    if (is_last(&patch->at, position))
        patch->ends.len -= 4;
    else
        ms_append_u32(&patch->at.packed, position);
    ms_builder_push(&patch->names, ms_is_null(name) ? ms_text("") : name);
    ms_builder_push(&patch->values, value);
    ms_append_u32(&patch->ends, (uint32_t)ms_builder_len(&patch->names));
}

void ms_headers_patch_truncate(ms_headers_patch *patch, uint32_t position)
{
    size_t left = drop_from(&patch->at, position);
    patch->ends.len = 4 * left;
    size_t entries = left == 0 ? 0 : ms_u32(ms_buffer_bytes(&patch->ends), left - 1);
    ms_builder_truncate(&patch->names, entries);
    ms_builder_truncate(&patch->values, entries);
}

void ms_numbers_patch_init(ms_numbers_patch *patch, ms_arena *arena)
{
    patch->at.packed = patch->to = buffer_in(arena);
}

void ms_numbers_patch_set(ms_numbers_patch *patch, uint32_t position, const void *number, size_t size)
{
    if (is_last(&patch->at, position))
        ms_numbers_patch_truncate(patch, position, size);
    ms_append_u32(&patch->at.packed, position);
    ms_append(&patch->to, ms_bytes_of(number, size));
}

void ms_numbers_patch_truncate(ms_numbers_patch *patch, uint32_t position, size_t size)
{
    patch->to.len = size * drop_from(&patch->at, position);
}

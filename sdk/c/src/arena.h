/// Memory that is given back all at once: the batch that comes in, the answer that goes out, and what is made in between.
///
/// Chunks are kept over a reset, so that an instance whose batches are alike allocates nothing after the first ones. The
/// host replaces instances whose memory grows: this one's stays below three times what the largest call needed.
#ifndef MS_ARENA_H
#define MS_ARENA_H

#include <stddef.h>

struct ms_chunk;

typedef struct ms_arena {
    struct ms_chunk *first;
    struct ms_chunk *current;
    /// Where the last piece began, which alone can grow where it lies.
    char *last;
} ms_arena;

/// Memory of this size at a multiple of `align`, a power of two. Never NULL: ends the program where there is none.
void *ms_arena_take(ms_arena *arena, size_t size, size_t align);
/// Makes a piece larger, where it lies if it can.
void *ms_arena_grow(ms_arena *arena, void *old, size_t old_size, size_t align, size_t size);
/// Gives everything back to the arena.
void ms_arena_reset(ms_arena *arena);
/// Gives everything back to the system.
void ms_arena_free(ms_arena *arena);

#endif

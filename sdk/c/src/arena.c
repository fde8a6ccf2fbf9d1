#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CHUNK = 32 * 1024 };

typedef struct ms_chunk {
    struct ms_chunk *next;
    size_t size;
    size_t used;
    char bytes[];
} ms_chunk;

static void out_of_memory(size_t size)
{
    fprintf(stderr,
            "millstream: there is no memory for %zu bytes more: let the deployment allow the instance more, or keep less\n",
            size);
    abort();
}

/// The piece's place in this chunk, NULL where it does not fit.
static char *place(ms_chunk *chunk, size_t size, size_t align)
{
    uintptr_t free = (uintptr_t)(chunk->bytes + chunk->used);
    size_t padding = (size_t)(-free & (align - 1));
    size_t left = chunk->size - chunk->used;
    if (left < padding || left - padding < size)
        return NULL;
    chunk->used += padding + size;
    return chunk->bytes + chunk->used - size;
}

static ms_chunk *another(ms_arena *arena, size_t size, size_t align)
{
    if (size > SIZE_MAX / 2)
        out_of_memory(size);
    // As large as the one before and more, so that there are few.
    size_t wanted = arena->current == NULL ? SMALLEST_CHUNK : 2 * arena->current->size;
    if (wanted < size + align)
        wanted = size + align;
    ms_chunk *chunk = malloc(sizeof *chunk + wanted);
    if (chunk == NULL) {
        wanted = size + align;
        chunk = malloc(sizeof *chunk + wanted);
    }
    if (chunk == NULL)
        out_of_memory(size);
    chunk->size = wanted;
    chunk->used = 0;
    if (arena->current == NULL) {
        chunk->next = NULL;
        arena->first = chunk;
    } else {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    }
    arena->current = chunk;
    return chunk;
}

void *ms_arena_take(ms_arena *arena, size_t size, size_t align)
{
    // No two pieces have the same address, or the wrong one of them could grow.
    if (size == 0)
        size = 1;
    char *piece = arena->current == NULL ? NULL : place(arena->current, size, align);
    // Chunks of earlier calls come next; those too small for this piece stay empty until the next reset.
    while (piece == NULL && arena->current != NULL && arena->current->next != NULL) {
        arena->current = arena->current->next;
        piece = place(arena->current, size, align);
    }
    if (piece == NULL)
        piece = place(another(arena, size, align), size, align);
    arena->last = piece;
    return piece;
}

void *ms_arena_grow(ms_arena *arena, void *old, size_t old_size, size_t align, size_t size)
{
    ms_chunk *chunk = arena->current;
    if (old != NULL && old == arena->last) {
        size_t start = (size_t)(arena->last - chunk->bytes);
        if (chunk->size - start >= size) {
            chunk->used = start + size;
            return old;
        }
    }
    void *piece = ms_arena_take(arena, size, align);
    if (old_size != 0)
        memcpy(piece, old, old_size < size ? old_size : size);
    return piece;
}

void ms_arena_reset(ms_arena *arena)
{
    for (ms_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next)
        chunk->used = 0;
    arena->current = arena->first;
    arena->last = NULL;
}

void ms_arena_free(ms_arena *arena)
{
    for (ms_chunk *chunk = arena->first; chunk != NULL;) {
        ms_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    memset(arena, 0, sizeof *arena);
}

#include "arena.h"

#include <stdint.h>
#include <string.h>

#include "millstream/testing.h"

static void pieces_are_aligned_and_apart(void)
{
    ms_arena arena = {NULL, NULL, NULL};
    char *byte = ms_arena_take(&arena, 1, 1);
    char *number = ms_arena_take(&arena, 8, 8);
    MS_CHECK((uintptr_t)number % 8 == 0);
    MS_CHECK(number > byte);
    MS_CHECK(ms_arena_take(&arena, 0, 1) != ms_arena_take(&arena, 0, 1));
    ms_arena_free(&arena);
}

static void the_last_piece_grows_where_it_lies(void)
{
    ms_arena arena = {NULL, NULL, NULL};
    char *first = ms_arena_take(&arena, 4, 1);
    memcpy(first, "abc", 4);
    MS_CHECK(ms_arena_grow(&arena, first, 4, 1, 100) == first);
    char *second = ms_arena_take(&arena, 4, 1);
    MS_CHECK(second >= first + 100);
    char *moved = ms_arena_grow(&arena, first, 4, 1, 200);
    MS_CHECK(moved != first && strcmp(moved, "abc") == 0);
    ms_arena_free(&arena);
}

static void a_large_piece_gets_a_chunk_of_its_own(void)
{
    ms_arena arena = {NULL, NULL, NULL};
    char *small = ms_arena_take(&arena, 10, 1);
    memset(small, 1, 10);
    char *large = ms_arena_take(&arena, 1000000, 1);
    memset(large, 2, 1000000);
    MS_CHECK(small[9] == 1);
    ms_arena_free(&arena);
}

static void a_reset_arena_takes_no_more_of_the_system(void)
{
    ms_arena arena = {NULL, NULL, NULL};
    char *pieces[3];
    for (int i = 0; i < 3; i++)
        pieces[i] = ms_arena_take(&arena, 40000, 1);
    for (int round = 0; round < 5; round++) {
        ms_arena_reset(&arena);
        for (int i = 0; i < 3; i++)
            MS_CHECK(ms_arena_take(&arena, 40000, 1) == pieces[i]);
    }
    ms_arena_free(&arena);
}

int main(void)
{
    pieces_are_aligned_and_apart();
    the_last_piece_grows_where_it_lies();
    a_large_piece_gets_a_chunk_of_its_own();
    a_reset_arena_takes_no_more_of_the_system();
    return 0;
}

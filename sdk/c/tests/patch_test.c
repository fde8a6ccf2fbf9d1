#include "patch.h"

#include "millstream/testing.h"

static ms_arena arena;

static void truncating_a_column_clears_the_nulls_past_its_end(void)
{
    ms_column_builder column;
    ms_builder_init(&column, &arena);
    ms_builder_push(&column, ms_text("ab"));
    for (int i = 0; i < 9; i++)
        ms_builder_push(&column, ms_null());
    ms_builder_truncate(&column, 1);
    ms_builder_push(&column, ms_text("c"));
    ms_column finished = ms_builder_finish(&column);
    MS_CHECK_TEXT(finished.data, "abc");
    MS_CHECK(finished.ends.len == 8 && ms_u32(finished.ends, 0) == 2 && ms_u32(finished.ends, 1) == 3);
    MS_CHECK(finished.nulls.len == 1 && finished.nulls.data[0] == 0);
}

static void null_bits_are_as_many_as_entries(void)
{
    ms_column_builder column;
    ms_builder_init(&column, &arena);
    ms_builder_push(&column, ms_null());
    for (int i = 0; i < 8; i++)
        ms_builder_push(&column, ms_text("x"));
    ms_column finished = ms_builder_finish(&column);
    MS_CHECK(finished.nulls.len == 2 && finished.nulls.data[0] == 1 && finished.nulls.data[1] == 0);
    MS_CHECK(ms_is_null(ms_column_get(&finished, 0)));
    MS_CHECK_TEXT(ms_column_get(&finished, 8), "x");
}

static void an_open_entry_ends_where_the_next_one_begins(void)
{
    ms_column_builder column;
    ms_builder_init(&column, &arena);
    ms_append_text(ms_builder_open(&column), "one");
    ms_append_text(ms_builder_open(&column), "two");
    ms_builder_push(&column, ms_text(""));
    ms_append_text(ms_builder_open(&column), "last");
    ms_column finished = ms_builder_finish(&column);
    MS_CHECK_TEXT(ms_column_get(&finished, 0), "one");
    MS_CHECK_TEXT(ms_column_get(&finished, 1), "two");
    MS_CHECK_TEXT(ms_column_get(&finished, 2), "");
    MS_CHECK_TEXT(ms_column_get(&finished, 3), "last");
}

static void headers_of_one_record_gather_in_one_list(void)
{
    ms_headers_patch patch;
    ms_headers_patch_init(&patch, &arena);
    ms_headers_patch_append(&patch, 3, ms_text("a"), ms_text("1"));
    ms_headers_patch_append(&patch, 3, ms_text("b"), ms_null());
    ms_headers_patch_append(&patch, 5, ms_text("c"), ms_text(""));
    ms_headers_patch_begin(&patch, 5);
    MS_CHECK(ms_positions_len(&patch.at) == 2);
    ms_headers headers = {ms_buffer_bytes(&patch.ends), ms_builder_finish(&patch.names), ms_builder_finish(&patch.values)};
    MS_CHECK(ms_headers_count(&headers, 0) == 2 && ms_headers_count(&headers, 1) == 0);
    MS_CHECK_TEXT(headers.names.data, "ab");
    MS_CHECK_TEXT(ms_headers_get(&headers, 0, 0).value, "1");
    MS_CHECK(ms_is_null(ms_headers_get(&headers, 0, 1).value));
}

int main(void)
{
    truncating_a_column_clears_the_nulls_past_its_end();
    null_bits_are_as_many_as_entries();
    an_open_entry_ends_where_the_next_one_begins();
    headers_of_one_record_gather_in_one_list();
    ms_arena_free(&arena);
    return 0;
}

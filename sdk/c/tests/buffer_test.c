#include <limits.h>
#include <math.h>

#include "arena.h"
#include "millstream/testing.h"

static ms_arena arena;

static ms_buffer empty(void)
{
    ms_buffer buffer = {&arena, NULL, 0, 0};
    return buffer;
}

static void integers_of_any_size_are_written(void)
{
    ms_buffer buffer = empty();
    ms_append_integer(&buffer, INT64_MIN);
    ms_append_byte(&buffer, ' ');
    ms_append_integer(&buffer, INT64_MAX);
    ms_append_byte(&buffer, ' ');
    ms_append_integer(&buffer, 0);
    MS_CHECK_TEXT(ms_buffer_bytes(&buffer), "-9223372036854775808 9223372036854775807 0");
}

static void text_is_escaped_where_json_wants_it(void)
{
    ms_buffer buffer = empty();
    ms_append_json(&buffer, ms_bytes_of("a\"b\\c\n\x01\0ä", 10));
    MS_CHECK_TEXT(ms_buffer_bytes(&buffer), "\"a\\\"b\\\\c\\n\\u0001\\u0000ä\"");
}

static void members_are_separated_by_commas(void)
{
    ms_buffer buffer = empty();
    ms_json_text(&buffer, "text", ms_text("x"));
    ms_json_text(&buffer, "null", ms_null());
    ms_json_integer(&buffer, "integer", -3);
    ms_json_number(&buffer, "number", 0.1);
    ms_json_number(&buffer, "third", 1.0 / 3);
    ms_json_number(&buffer, "infinite", INFINITY);
    ms_json_boolean(&buffer, "boolean", true);
    ms_json_raw(&buffer, "raw", ms_text("[1]"));
    MS_CHECK_TEXT(ms_buffer_bytes(&buffer), "\"text\":\"x\",\"null\":null,\"integer\":-3,\"number\":0.1,"
                                            "\"third\":0.3333333333333333,\"infinite\":null,\"boolean\":true,\"raw\":[1]");
}

static void a_format_may_be_longer_than_the_room(void)
{
    ms_buffer buffer = empty();
    for (int i = 0; i < 100; i++)
        ms_append_format(&buffer, "%d,", i);
    MS_CHECK(buffer.len == 290);
    MS_CHECK(memcmp(buffer.data + 284, "98,99,", 6) == 0);
}

int main(void)
{
    integers_of_any_size_are_written();
    text_is_escaped_where_json_wants_it();
    members_are_separated_by_commas();
    a_format_may_be_longer_than_the_room();
    ms_arena_free(&arena);
    return 0;
}

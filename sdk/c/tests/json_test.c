#include "json.h"

#include "millstream/testing.h"

static ms_arena arena;

static bool is_json(const char *text)
{
    size_t at;
    return ms_json_flaw(ms_text(text), &at) == NULL;
}

static void what_rfc_8259_says_is_json(void)
{
    static const char *const good[] = {" {} ", "[1, -0.5e+3, true, false, null]", "\"\\u00e9\\n\"", "0", "{\"a\":{\"b\":[]}}"};
    static const char *const bad[] = {"", "{", "01", "1.", "+1", "[1,]", "{\"a\":1,}", "{a:1}", "'x'", "tru", "\"\n\"", "\"\\x\"",
                                      "\"\\u12\"", "1 2", "\"\xff\"", "nul", "[1 2]", "-"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        MS_CHECK(is_json(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_json(bad[i]))
            MS_CHECK_TEXT(ms_text(bad[i]), "refused");
}

static void a_flaw_has_its_place(void)
{
    size_t at;
    MS_CHECK_TEXT(ms_text(ms_json_flaw(ms_text("{\"type\":\"swipe\""), &at)), "unexpected end");
    MS_CHECK(at == 15);
    MS_CHECK_TEXT(ms_text(ms_json_flaw(ms_text("[1,x]"), &at)), "unexpected character");
    MS_CHECK(at == 3);
}

static void nesting_has_an_end(void)
{
    char deep[2 * 129 + 1];
    for (int i = 0; i < 129; i++) {
        deep[i] = '[';
        deep[129 + i] = ']';
    }
    deep[2 * 129] = 0;
    MS_CHECK(!is_json(deep));
    deep[2 * 129 - 1] = 0;
    MS_CHECK(is_json(deep + 1));
}

static void a_pointer_leads_to_a_value(void)
{
    ms_bytes text = ms_text(" {\"a\" : {\"b/c\":[10, \"x\" ]}, \"a\":{\"b/c\":[ 1 , {\"~\":2} ]}, \"\":3} ");
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/a/b~1c/0"), "1");
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/a/b~1c/1/~0"), "2");
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/"), "3");
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/a/b~1c"), "[ 1 , {\"~\":2} ]");
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/a/b~1c/2"), NULL);
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/a/b~1c/00"), NULL);
    MS_CHECK_TEXT(ms_json_find(&arena, text, "/x/y"), NULL);
    MS_CHECK_TEXT(ms_json_find(&arena, ms_text("[ 7 ]"), ""), "[ 7 ]");
}

static void escapes_become_characters(void)
{
    MS_CHECK_TEXT(ms_json_unquote(&arena, ms_text("\"a\\\"\\/\\n\\u00e9\\ud83c\\udf0a\"")), "a\"/\né🌊");
    MS_CHECK_TEXT(ms_json_unquote(&arena, ms_text("\"\\ud83c\"")), NULL);
    MS_CHECK_TEXT(ms_json_unquote(&arena, ms_text("\"\\udf0a\\ud83c\"")), NULL);
    MS_CHECK_TEXT(ms_json_unquote(&arena, ms_text("\"\"")), "");
}

int main(void)
{
    what_rfc_8259_says_is_json();
    a_flaw_has_its_place();
    nesting_has_an_end();
    a_pointer_leads_to_a_value();
    escapes_become_characters();
    ms_arena_free(&arena);
    return 0;
}

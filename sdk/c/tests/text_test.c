#include "text.h"

#include "millstream/testing.h"

static ms_arena arena;

static void what_is_no_utf8_is_replaced(void)
{
    MS_CHECK_TEXT(ms_utf8_lossy(&arena, ms_text("a\xff" "b\xc3")), "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    MS_CHECK_TEXT(ms_utf8_lossy(&arena, ms_text("näh 🌊")), "näh 🌊");
}

static void overlong_forms_and_surrogates_are_no_utf8(void)
{
    static const char *const bad[] = {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80", "\x80", "\xe2\x82"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        MS_CHECK(ms_utf8_prefix(ms_text(bad[i])) == 0);
    MS_CHECK(ms_utf8_prefix(ms_text("\xed\x9f\xbf\xf4\x8f\xbf\xbf")) == 7);
}

static void a_text_is_cut_between_characters(void)
{
    MS_CHECK_TEXT(ms_utf8_cut(ms_text("aää"), 4), "aä");
    MS_CHECK_TEXT(ms_utf8_cut(ms_text("aää"), 3), "aä");
    MS_CHECK_TEXT(ms_utf8_cut(ms_text("aää"), 5), "aää");
}

static void any_text_is_made_to_fit(void)
{
    MS_CHECK_TEXT(ms_utf8_fit(&arena, ms_text("aää"), 5), "aää");
    MS_CHECK_TEXT(ms_utf8_fit(&arena, ms_text("aäää and more"), 4), "aä");
    // The last character is broken only where the text is cut.
    MS_CHECK_TEXT(ms_utf8_fit(&arena, ms_text("🌊🌊🌊"), 9), "🌊🌊");
    MS_CHECK_TEXT(ms_utf8_fit(&arena, ms_text("a\xff" "bc"), 5), "a\xef\xbf\xbd" "b");
    MS_CHECK_TEXT(ms_utf8_fit(&arena, ms_text("\x80\x80\x80\x80"), 7), "\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
    what_is_no_utf8_is_replaced();
    overlong_forms_and_surrogates_are_no_utf8();
    a_text_is_cut_between_characters();
    any_text_is_made_to_fit();
    ms_arena_free(&arena);
    return 0;
}

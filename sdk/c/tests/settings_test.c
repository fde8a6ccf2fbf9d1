#include "millstream/testing.h"

typedef struct state {
    ms_bytes greeting;
    int64_t limit;
    int64_t age;
    double share;
    bool strict;
    ms_list keep;
    ms_map regions;
} state;

static state seen;

static void configure(ms_settings *settings, void *into)
{
    state *set = into;
    set->greeting = ms_setting_text(settings, "greeting", "hello");
    set->limit = ms_setting_integer(settings, "limit", 7);
    set->age = ms_setting_integer_in(settings, "min-age", 18, 0, 130);
    set->share = ms_setting_number(settings, "share", 0.5);
    set->strict = ms_setting_boolean(settings, "strict", false);
    set->keep = ms_setting_list(settings, "keep", "swipe");
    set->regions = ms_setting_map(settings, "regions", "");
}

static ms_status look(const ms_record *record, ms_emitter *out, void *set)
{
    (void)record;
    (void)out;
    seen = *(state *)set;
    MS_CHECK_TEXT(ms_map_get(seen.regions, ms_text("GB")), ms_list_has(seen.keep, ms_text("b")) ? "europe" : NULL);
    MS_CHECK(seen.keep.count == (ms_list_has(seen.keep, ms_text("b")) ? 2u : 1u));
    MS_CHECK(!ms_list_has(seen.keep, ms_text("c")));
    return MS_OK;
}

static const char *const outputs[] = {"out"};
static const ms_transform transform = {
    .outputs = MS_LIST(outputs), .state_size = sizeof(state), .configure = configure, .record = look};
static const ms_transform without = {.outputs = MS_LIST(outputs), .record = look};

static void what_is_not_set_is_as_the_transform_says(void)
{
    ms_test *test = ms_test_new(&transform);
    ms_test_record(test, "");
    ms_test_run(test);
    MS_CHECK(seen.limit == 7 && seen.age == 18 && seen.share == 0.5 && !seen.strict);
    ms_test_free(test);
}

static void what_is_set_is_read(void)
{
    ms_test *test = ms_test_new(&transform);
    ms_test_setting(test, "limit", "-9223372036854775808");
    ms_test_setting(test, "min-age", " 21 ");
    ms_test_setting(test, "share", "1e-3");
    ms_test_setting(test, "strict", "true");
    ms_test_setting(test, "keep", " a, b ");
    ms_test_setting(test, "regions", "GB = asia, BR=latin-america , GB = europe");
    ms_test_record(test, "");
    ms_test_run(test);
    MS_CHECK(seen.limit == INT64_MIN && seen.age == 21 && seen.share == 0.001 && seen.strict);
    MS_CHECK(seen.regions.count == 2);
    ms_test_free(test);
}

static void all_that_is_wrong_is_said_at_once(void)
{
    ms_test *test = ms_test_new(&transform);
    ms_test_setting(test, "limit", "9223372036854775808");
    ms_test_setting(test, "min-age", "131");
    ms_test_setting(test, "share", "inf");
    ms_test_setting(test, "strict", "yes");
    ms_test_setting(test, "regions", "GB");
    ms_test_setting(test, "min_agee", "1");
    ms_test_setting(test, "colour", "red");
    MS_CHECK_TEXT(ms_test_configure(test),
                  "setting `limit` is `9223372036854775808`, not an integer; setting `min-age` is `131`, not an integer from 0 to "
                  "130; setting `share` is `inf`, not a number; setting `strict` is `yes`, not true or false; setting `regions` is "
                  "`GB`, not a list `name = value, name = value`; there is no setting `min_agee`: did you mean `min-age`?; there is "
                  "no setting `colour`: there are `greeting`, `limit`, `min-age`, `share`, `strict`, `keep`, `regions`");
    ms_test_free(test);
}

static void configure_required(ms_settings *settings, void *into)
{
    (void)into;
    ms_setting_required(settings, "threshold");
    ms_setting_integer(settings, "threshold", 0);
    if (!ms_setting_is_set(settings, "topic"))
        ms_setting_error(settings, "say where in `%s`", "topic");
    ms_setting_text(settings, "topic", "");
}

static void what_is_required_has_to_be_set(void)
{
    const ms_transform required = {.outputs = MS_LIST(outputs), .configure = configure_required, .record = look};
    ms_test *test = ms_test_new(&required);
    MS_CHECK_TEXT(ms_test_configure(test), "setting `threshold` is missing: it is an integer; say where in `topic`");
    ms_test_setting(test, "threshold", "1");
    ms_test_setting(test, "topic", "x");
    MS_CHECK_TEXT(ms_test_configure(test), NULL);
    ms_test_free(test);
}

static void a_transform_without_settings_refuses_each(void)
{
    ms_test *test = ms_test_new(&without);
    ms_test_setting(test, "threshold", "1");
    MS_CHECK_TEXT(ms_test_configure(test), "there is no setting `threshold`: this transform has none");
    ms_test_free(test);
}

int main(void)
{
    what_is_not_set_is_as_the_transform_says();
    what_is_set_is_read();
    all_that_is_wrong_is_said_at_once();
    what_is_required_has_to_be_set();
    a_transform_without_settings_refuses_each();
    return 0;
}

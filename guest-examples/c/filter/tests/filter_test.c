#include <millstream/testing.h>

static void events_of_the_types_to_keep_are_kept_as_they_are(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "keep", "swipe, message");
    ms_test_record(test, "{\"type\":\"open\"}");
    ms_test_record(test, "{\"type\":\"swipe\",\"direction\":\"left\"}");
    ms_test_record(test, "{\"type\":\"message\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->dropped_count == 1 && outcome->dropped[0] == 0);
    MS_CHECK(outcome->emitted_count == 2);
    MS_CHECK_TEXT(outcome->emitted[0].value, "{\"type\":\"swipe\",\"direction\":\"left\"}");
    ms_test_free(test);
}

static void what_is_no_event_is_rejected(void)
{
    static const char *const values[] = {NULL, "{\"type\":\"sw", "{\"kind\":\"swipe\"}", "{\"type\":1}"};
    static const char *const codes[] = {"null-value", "malformed-json", "missing-field", "wrong-type"};
    ms_test *test = ms_test_new(millstream_exported);
    for (size_t i = 0; i < 4; i++)
        ms_test_record(test, values[i]);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 4);
    for (size_t i = 0; i < 4; i++)
        MS_CHECK_TEXT(outcome->rejected[i].code, codes[i]);
    ms_test_free(test);
}

int main(void)
{
    events_of_the_types_to_keep_are_kept_as_they_are();
    what_is_no_event_is_rejected();
    return 0;
}

#include <millstream/testing.h>

static void swipes_go_by_their_direction_and_other_events_nowhere(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{\"type\":\"swipe\",\"direction\":\"right\"}");
    ms_test_record(test, "{\"type\":\"message\",\"direction\":7}");
    ms_test_record(test, "{\"type\":\"swipe\",\"direction\":\"left\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2 && outcome->dropped_count == 1 && outcome->dropped[0] == 1);
    MS_CHECK_TEXT(ms_text(outcome->emitted[0].output), "likes");
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "passes");
    ms_test_free(test);
}

static void a_swipe_to_nowhere_is_rejected(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{\"type\":\"swipe\"}");
    ms_test_record(test, "{\"type\":\"swipe\",\"direction\":\"up\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 2);
    MS_CHECK_TEXT(outcome->rejected[0].code, "unknown-direction");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the swipe has no direction");
    MS_CHECK_TEXT(outcome->rejected[1].reason, "a swipe \"up\" is neither left nor right");
    ms_test_free(test);
}

int main(void)
{
    swipes_go_by_their_direction_and_other_events_nowhere();
    a_swipe_to_nowhere_is_rejected();
    return 0;
}

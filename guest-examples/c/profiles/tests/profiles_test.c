#include <millstream/testing.h>

static ms_test *with_profiles(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_table(test, "profiles", "ann", "{\"name\":\"Ann\",\"age\":31,\"country\":\"GB\"}");
    ms_test_table(test, "profiles", "quoted", "{\"name\":\"\\\"Zoë\\\"\\t<3\",\"age\":27}");
    ms_test_table(test, "profiles", "no-age", "{\"name\":\"Ben\"}");
    ms_test_table(test, "profiles", "no-name", "{\"name\":7,\"age\":0}");
    ms_test_table(test, "profiles", "neither", "{\"country\":\"GB\"}");
    ms_test_table(test, "profiles", "odd", "{\"name\":7,\"age\":\"31\"}");
    return test;
}

static void the_profile_is_added_and_the_rest_stays(void)
{
    ms_test *test = with_profiles();
    ms_test_record(test, "{\"target\":\"ann\",\"direction\":\"right\"}");
    ms_test_key(test, "k");
    ms_test_header(test, "trace", "1");
    ms_test_record(test, "{ \"target\": \"quoted\" }");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2 && outcome->counters[0] == 0);
    const ms_emitted *event = &outcome->emitted[0];
    MS_CHECK_TEXT(ms_text(event->output), "joined");
    MS_CHECK_TEXT(event->value, "{\"target\":\"ann\",\"direction\":\"right\",\"profile\":{\"name\":\"Ann\",\"age\":31}}");
    MS_CHECK_TEXT(event->key, "k");
    MS_CHECK_TEXT(ms_emitted_header(event, "trace"), "1");
    MS_CHECK_TEXT(outcome->emitted[1].value, "{ \"target\": \"quoted\" ,\"profile\":{\"name\":\"\\\"Zoë\\\"\\t<3\",\"age\":27}}");
    ms_test_free(test);
}

static void what_is_not_known_of_a_person_is_left_out(void)
{
    ms_test *test = with_profiles();
    ms_test_record(test, "{\"target\":\"no-age\"}");
    ms_test_record(test, "{\"target\":\"no-name\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2);
    MS_CHECK_TEXT(outcome->emitted[0].value, "{\"target\":\"no-age\",\"profile\":{\"name\":\"Ben\"}}");
    MS_CHECK_TEXT(outcome->emitted[1].value, "{\"target\":\"no-name\",\"profile\":{\"age\":0}}");
    ms_test_free(test);
}

static void swipes_of_unknown_people_stay_as_they_are_and_are_counted(void)
{
    static const char *const swipes[] = {"{\"target\":\"nobody\"}", "{ \"target\": \"neither\" }", "{\"target\":\"odd\"}"};
    ms_test *test = with_profiles();
    for (size_t i = 0; i < 3; i++)
        ms_test_record(test, swipes[i]);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 3 && outcome->counters[0] == 3);
    for (size_t i = 0; i < outcome->emitted_count; i++) {
        MS_CHECK_TEXT(ms_text(outcome->emitted[i].output), "unknown");
        MS_CHECK_TEXT(outcome->emitted[i].value, swipes[i]);
    }
    ms_test_free(test);
}

static void swipes_without_a_target_are_rejected(void)
{
    static const char *const codes[] = {"missing-field", "wrong-type", "malformed-json", "null-value"};
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{}");
    ms_test_record(test, "{\"target\":7}");
    ms_test_record(test, "{\"target\":");
    ms_test_record(test, NULL);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 4);
    for (size_t i = 0; i < outcome->rejected_count; i++)
        MS_CHECK_TEXT(outcome->rejected[i].code, codes[i]);
    ms_test_free(test);
}

int main(void)
{
    the_profile_is_added_and_the_rest_stays();
    what_is_not_known_of_a_person_is_left_out();
    swipes_of_unknown_people_stay_as_they_are_and_are_counted();
    swipes_without_a_target_are_rejected();
    return 0;
}

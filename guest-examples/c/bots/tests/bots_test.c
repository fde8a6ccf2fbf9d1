#include <millstream/testing.h>

static ms_test *with_sessions(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_table(test, "sessions", "clear", "{\"bot-score\":0.97}");
    ms_test_table(test, "sessions", "close", "{\"bot-score\":0.9}");
    ms_test_table(test, "sessions", "human", "{\"bot-score\":0.89}");
    ms_test_table(test, "sessions", "new", "{\"country\":\"GB\"}");
    ms_test_table(test, "sessions", "odd", "{\"bot-score\":\"high\"}");
    return test;
}

static void events_go_by_the_score_of_their_session(void)
{
    ms_test *test = with_sessions();
    ms_test_record(test, "{\"session\":\"clear\"}");
    ms_test_record(test, "{\"session\":\"close\"}");
    ms_test_record(test, "{\"session\":\"human\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 3 && outcome->counters[0] == 0);
    MS_CHECK_TEXT(ms_text(outcome->emitted[0].output), "bots");
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "bots");
    MS_CHECK_TEXT(ms_text(outcome->emitted[2].output), "humans");
    ms_test_free(test);
}

static void sessions_without_a_score_are_humans_and_counted(void)
{
    ms_test *test = with_sessions();
    // Also where every score would be enough.
    ms_test_setting(test, "limit", "0");
    ms_test_record(test, "{\"session\":\"nobody\"}");
    ms_test_record(test, "{\"session\":\"new\"}");
    ms_test_record(test, "{\"session\":\"odd\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 3 && outcome->counters[0] == 3);
    for (size_t i = 0; i < outcome->emitted_count; i++)
        MS_CHECK_TEXT(ms_text(outcome->emitted[i].output), "humans");
    ms_test_free(test);
}

static void the_limit_is_a_setting(void)
{
    ms_test *test = with_sessions();
    ms_test_setting(test, "limit", "0.95");
    ms_test_record(test, "{\"session\":\"clear\"}");
    ms_test_record(test, "{\"session\":\"close\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2);
    MS_CHECK_TEXT(ms_text(outcome->emitted[0].output), "bots");
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "humans");
    ms_test_free(test);
}

static void events_without_a_session_are_rejected(void)
{
    static const char *const codes[] = {"missing-field", "wrong-type", "malformed-json", "null-value"};
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{}");
    ms_test_record(test, "{\"session\":7}");
    ms_test_record(test, "{\"session\":");
    ms_test_record(test, NULL);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 4);
    for (size_t i = 0; i < outcome->rejected_count; i++)
        MS_CHECK_TEXT(outcome->rejected[i].code, codes[i]);
    ms_test_free(test);
}

int main(void)
{
    events_go_by_the_score_of_their_session();
    sessions_without_a_score_are_humans_and_counted();
    the_limit_is_a_setting();
    events_without_a_session_are_rejected();
    return 0;
}

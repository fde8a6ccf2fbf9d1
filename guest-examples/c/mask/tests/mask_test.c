#include <millstream/testing.h>

#define BOTH "{\"to\":\"ann@example.com\",\"paid\":\"by 4111 1111 1111 1111\",\"at\":4111111111111111}"

enum { EMAILS, CARDS };

static void what_is_personal_in_strings_is_masked_and_counted(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, BOTH);
    ms_test_key(test, "ann@example.com");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 1);
    MS_CHECK_TEXT(outcome->emitted[0].value,
                  "{\"to\":\"***@example.com\",\"paid\":\"by **** **** **** 1111\",\"at\":4111111111111111}");
    MS_CHECK_TEXT(outcome->emitted[0].key, "ann@example.com");
    MS_CHECK(outcome->counters[EMAILS] == 1 && outcome->counters[CARDS] == 1);
    ms_test_free(test);
}

static void a_record_with_nothing_to_mask_goes_on_as_it_is(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, NULL);
    ms_test_record(test, "{ \"to\": \"ann at example.com\" }");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2);
    MS_CHECK(ms_is_null(outcome->emitted[0].value));
    MS_CHECK_TEXT(outcome->emitted[1].value, "{ \"to\": \"ann at example.com\" }");
    ms_test_free(test);
}

static void only_what_the_setting_names_is_masked(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "mask", "card");
    ms_test_record(test, BOTH);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->emitted[0].value,
                  "{\"to\":\"ann@example.com\",\"paid\":\"by **** **** **** 1111\",\"at\":4111111111111111}");
    MS_CHECK(outcome->counters[EMAILS] == 0 && outcome->counters[CARDS] == 1);
    ms_test_free(test);
}

static void a_value_that_ends_within_a_string_is_rejected_and_not_counted(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{\"to\":\"ann@example.com\",\"from\":\"bob\\\"");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 1);
    MS_CHECK_TEXT(outcome->rejected[0].code, "malformed-json");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the value ends within a string");
    MS_CHECK(outcome->counters[EMAILS] == 0);
    ms_test_free(test);
}

static void what_cannot_be_masked_is_refused(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "mask", "email, phone");
    MS_CHECK_TEXT(ms_test_configure(test), "setting `mask` names `phone`: there are `email` and `card`");
    ms_test_free(test);
}

int main(void)
{
    what_is_personal_in_strings_is_masked_and_counted();
    a_record_with_nothing_to_mask_goes_on_as_it_is();
    only_what_the_setting_names_is_masked();
    a_value_that_ends_within_a_string_is_rejected_and_not_counted();
    what_cannot_be_masked_is_refused();
    return 0;
}

#include <millstream/testing.h>

static void region_and_hour_are_added_and_the_rest_stays(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "regions", "GB = europe, BR = latin-america");
    ms_test_record(test, "{\"at\":1764000000123,\"country\":\"GB\"}");
    ms_test_key(test, "k");
    ms_test_header(test, "trace", "1");
    ms_test_record(test, "{ \"at\": -1, \"country\": \"ZZ\" }");
    const ms_outcome *outcome = ms_test_run(test);
    const ms_emitted *event = &outcome->emitted[0];
    MS_CHECK_TEXT(event->value, "{\"at\":1764000000123,\"country\":\"GB\",\"region\":\"europe\",\"hour\":16}");
    MS_CHECK_TEXT(event->key, "k");
    MS_CHECK_TEXT(ms_emitted_header(event, "trace"), "1");
    MS_CHECK_TEXT(ms_emitted_header(event, "region"), "europe");
    MS_CHECK_TEXT(outcome->emitted[1].value, "{ \"at\": -1, \"country\": \"ZZ\" ,\"region\":\"elsewhere\",\"hour\":23}");
    ms_test_free(test);
}

static void events_without_country_or_time_are_rejected(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_record(test, "{\"at\":1}");
    ms_test_record(test, "{\"country\":\"GB\",\"at\":\"now\"}");
    ms_test_record(test, NULL);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 3 && outcome->emitted_count == 0);
    MS_CHECK_TEXT(outcome->rejected[0].reason, "`/country` of the value is missing or null");
    MS_CHECK_TEXT(outcome->rejected[1].code, "wrong-type");
    MS_CHECK_TEXT(outcome->rejected[2].code, "null-value");
    ms_test_free(test);
}

static void regions_that_are_no_pairs_are_refused(void)
{
    ms_test *test = ms_test_new(millstream_exported);
    ms_test_setting(test, "regions", "GB");
    MS_CHECK_TEXT(ms_test_configure(test), "setting `regions` is `GB`, not a list `name = value, name = value`");
    ms_test_free(test);
}

int main(void)
{
    region_and_hour_are_added_and_the_rest_stays();
    events_without_country_or_time_are_rejected();
    regions_that_are_no_pairs_are_refused();
    return 0;
}

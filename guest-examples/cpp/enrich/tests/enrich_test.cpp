#include <millstream/testing.hpp>

namespace ms = millstream;

static void region_and_hour_are_added_and_the_rest_stays()
{
    ms::Test test;
    test.setting("regions", "GB = europe, BR = latin-america");
    test.record(R"({"at":1764000000123,"country":"GB"})").key("k").header("trace", "1");
    test.record(R"({ "at": -1, "country": "ZZ" })");
    const ms::Outcome outcome = test.run();
    const ms::Emitted &event = outcome.emitted.at(0);
    MS_CHECK(event.value == R"({"at":1764000000123,"country":"GB","region":"europe","hour":16})");
    MS_CHECK(event.key == "k" && event.header("trace") == "1" && event.header("region") == "europe");
    MS_CHECK(outcome.emitted.at(1).value == R"({ "at": -1, "country": "ZZ" ,"region":"elsewhere","hour":23})");
}

static void events_without_country_or_time_are_rejected()
{
    ms::Test test;
    test.record(R"({"at":1})").record(R"({"country":"GB","at":"now"})").record(std::nullopt);
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.rejected.at(0).reason == "`/country` of the value is missing or null");
    MS_CHECK(outcome.rejected.at(1).code == "wrong-type" && outcome.rejected.at(2).code == "null-value");
}

static void regions_that_are_no_pairs_are_refused()
{
    ms::Test test;
    test.setting("regions", "GB");
    MS_CHECK(test.configure() == "setting `regions` is `GB`, not a list `name = value, name = value`");
}

int main()
{
    region_and_hour_are_added_and_the_rest_stays();
    events_without_country_or_time_are_rejected();
    regions_that_are_no_pairs_are_refused();
}

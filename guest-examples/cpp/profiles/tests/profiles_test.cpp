#include <millstream/testing.hpp>

namespace ms = millstream;

static ms::Test with_profiles()
{
    ms::Test test;
    test.table("profiles", "ann", R"({"name":"Ann","age":31,"country":"GB"})");
    test.table("profiles", "quoted", R"({"name":"\"Zoë\"\t<3","age":27})");
    test.table("profiles", "no-age", R"({"name":"Ben"})");
    test.table("profiles", "no-name", R"({"name":7,"age":40})");
    test.table("profiles", "neither", R"({"country":"GB"})");
    test.table("profiles", "odd", R"({"name":7,"age":"31"})");
    return test;
}

static std::vector<std::string> values(const ms::Outcome &outcome, std::string_view output)
{
    std::vector<std::string> values;
    for (const ms::Emitted &event : outcome.to(output))
        values.push_back(event.value.value());
    return values;
}

static void the_profile_is_added_and_the_rest_stays()
{
    ms::Test test = with_profiles();
    test.record(R"({"target":"ann","direction":"right"})").key("k").header("trace", "1");
    test.record(R"({ "target": "quoted" })");
    const ms::Outcome outcome = test.run();
    const std::vector<std::string> expected = {
        R"({"target":"ann","direction":"right","profile":{"name":"Ann","age":31}})",
        R"({ "target": "quoted" ,"profile":{"name":"\"Zoë\"\t<3","age":27}})",
    };
    MS_CHECK(values(outcome, "joined") == expected);
    const ms::Emitted &event = outcome.emitted.at(0);
    MS_CHECK(event.key == "k" && event.header("trace") == "1");
    MS_CHECK(outcome.counters.at(0) == 0);
}

static void what_is_not_known_of_a_person_is_left_out()
{
    ms::Test test = with_profiles();
    test.record(R"({"target":"no-age"})").record(R"({"target":"no-name"})");
    const std::vector<std::string> expected = {
        R"({"target":"no-age","profile":{"name":"Ben"}})",
        R"({"target":"no-name","profile":{"age":40}})",
    };
    MS_CHECK(values(test.run(), "joined") == expected);
}

static void swipes_of_unknown_people_stay_as_they_are_and_are_counted()
{
    const std::vector<std::string> swipes = {R"({"target":"nobody"})", R"({ "target": "neither" })", R"({"target":"odd"})"};
    ms::Test test = with_profiles();
    for (const std::string &swipe : swipes)
        test.record(swipe);
    const ms::Outcome outcome = test.run();
    MS_CHECK(values(outcome, "unknown") == swipes);
    MS_CHECK(outcome.counters.at(0) == 3);
}

static void swipes_without_a_target_are_rejected()
{
    ms::Test test;
    test.record("{}").record(R"({"target":7})").record(R"({"target":)").record(std::nullopt);
    std::vector<std::string> codes;
    for (const ms::Rejected &rejected : test.run().rejected)
        codes.push_back(rejected.code);
    MS_CHECK((codes == std::vector<std::string>{"missing-field", "wrong-type", "malformed-json", "null-value"}));
}

int main()
{
    the_profile_is_added_and_the_rest_stays();
    what_is_not_known_of_a_person_is_left_out();
    swipes_of_unknown_people_stay_as_they_are_and_are_counted();
    swipes_without_a_target_are_rejected();
}

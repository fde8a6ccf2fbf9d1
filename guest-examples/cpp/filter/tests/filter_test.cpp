#include <millstream/testing.hpp>

namespace ms = millstream;

static void events_of_the_types_to_keep_are_kept_as_they_are()
{
    ms::Test test;
    test.setting("keep", "swipe, message");
    test.record(R"({"type":"open"})").record(R"({"type":"swipe","direction":"left"})").record(R"({"type":"message"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.dropped == std::vector<std::size_t>{0});
    MS_CHECK(outcome.emitted.size() == 2);
    MS_CHECK(outcome.emitted[0].value == R"({"type":"swipe","direction":"left"})");
}

static void what_is_no_event_is_rejected()
{
    ms::Test test;
    test.record(std::nullopt).record(R"({"type":"sw)").record(R"({"kind":"swipe"})").record(R"({"type":1})");
    std::vector<std::string> codes;
    for (const ms::Rejected &rejected : test.run().rejected)
        codes.push_back(rejected.code);
    MS_CHECK((codes == std::vector<std::string>{"null-value", "malformed-json", "missing-field", "wrong-type"}));
}

int main()
{
    events_of_the_types_to_keep_are_kept_as_they_are();
    what_is_no_event_is_rejected();
}

#include <millstream/testing.hpp>

namespace ms = millstream;

static void swipes_go_by_their_direction_and_other_events_nowhere()
{
    ms::Test test;
    test.record(R"({"type":"swipe","direction":"right"})").record(R"({"type":"message","direction":7})");
    test.record(R"({"type":"swipe","direction":"left"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.to("likes").at(0).row == 0);
    MS_CHECK(outcome.to("passes").at(0).row == 2);
    MS_CHECK(outcome.dropped == std::vector<std::size_t>{1});
}

static void a_swipe_to_nowhere_is_rejected()
{
    ms::Test test;
    test.record(R"({"type":"swipe"})").record(R"({"type":"swipe","direction":"up"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.rejected.at(0).code == "unknown-direction");
    MS_CHECK(outcome.rejected.at(0).reason == "the swipe has no direction");
    MS_CHECK(outcome.rejected.at(1).reason == R"(a swipe "up" is neither left nor right)");
}

int main()
{
    swipes_go_by_their_direction_and_other_events_nowhere();
    a_swipe_to_nowhere_is_rejected();
}

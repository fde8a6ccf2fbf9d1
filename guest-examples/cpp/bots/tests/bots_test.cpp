#include <millstream/testing.hpp>

namespace ms = millstream;

static ms::Test with_sessions()
{
    ms::Test test;
    test.table("sessions", "clear", R"({"bot-score":0.97})");
    test.table("sessions", "close", R"({"bot-score":0.9})");
    test.table("sessions", "human", R"({"bot-score":0.89})");
    test.table("sessions", "new", R"({"country":"GB"})");
    test.table("sessions", "odd", R"({"bot-score":"high"})");
    return test;
}

static std::vector<std::size_t> rows(const ms::Outcome &outcome, std::string_view output)
{
    std::vector<std::size_t> rows;
    for (const ms::Emitted &event : outcome.to(output))
        rows.push_back(event.row);
    return rows;
}

static void events_go_by_the_score_of_their_session()
{
    ms::Test test = with_sessions();
    test.record(R"({"session":"clear"})").record(R"({"session":"close"})").record(R"({"session":"human"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK((rows(outcome, "bots") == std::vector<std::size_t>{0, 1}));
    MS_CHECK((rows(outcome, "humans") == std::vector<std::size_t>{2}));
    MS_CHECK(outcome.counters.at(0) == 0);
}

static void sessions_without_a_score_are_humans_and_counted()
{
    ms::Test test = with_sessions();
    test.record(R"({"session":"nobody"})").record(R"({"session":"new"})").record(R"({"session":"odd"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK((rows(outcome, "humans") == std::vector<std::size_t>{0, 1, 2}));
    MS_CHECK(outcome.counters.at(0) == 3);
}

static void the_limit_is_a_setting()
{
    ms::Test test = with_sessions();
    test.setting("limit", "0.95");
    test.record(R"({"session":"clear"})").record(R"({"session":"close"})");
    const ms::Outcome outcome = test.run();
    MS_CHECK((rows(outcome, "bots") == std::vector<std::size_t>{0}));
    MS_CHECK((rows(outcome, "humans") == std::vector<std::size_t>{1}));
}

static void events_without_a_session_are_rejected()
{
    ms::Test test;
    test.record("{}").record(R"({"session":7})").record(R"({"session":)").record(std::nullopt);
    std::vector<std::string> codes;
    for (const ms::Rejected &rejected : test.run().rejected)
        codes.push_back(rejected.code);
    MS_CHECK((codes == std::vector<std::string>{"missing-field", "wrong-type", "malformed-json", "null-value"}));
}

int main()
{
    events_go_by_the_score_of_their_session();
    sessions_without_a_score_are_humans_and_counted();
    the_limit_is_a_setting();
    events_without_a_session_are_rejected();
}

#include <millstream/testing.hpp>

namespace ms = millstream;

static const std::string both = R"({"to":"ann@example.com","paid":"by 4111 1111 1111 1111","at":4111111111111111})";

/// In the order of the declaration.
enum { emails, cards };

static void what_is_personal_in_strings_is_masked_and_counted()
{
    ms::Test test;
    test.record(both).key("ann@example.com");
    const ms::Outcome outcome = test.run();
    const ms::Emitted &event = outcome.emitted.at(0);
    MS_CHECK(event.value == R"({"to":"***@example.com","paid":"by **** **** **** 1111","at":4111111111111111})");
    MS_CHECK(event.key == "ann@example.com");
    MS_CHECK(outcome.counters[emails] == 1 && outcome.counters[cards] == 1);
}

static void a_record_with_nothing_to_mask_goes_on_as_it_is()
{
    ms::Test test;
    test.record(std::nullopt).record(R"({ "to": "ann at example.com" })");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.at(0).value == std::nullopt);
    MS_CHECK(outcome.emitted.at(1).value == R"({ "to": "ann at example.com" })");
}

static void only_what_the_setting_names_is_masked()
{
    ms::Test test;
    test.setting("mask", "card").record(both);
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.at(0).value->find("ann@example.com") != std::string::npos);
    MS_CHECK(outcome.counters[emails] == 0 && outcome.counters[cards] == 1);
}

static void a_value_that_ends_within_a_string_is_rejected_and_not_counted()
{
    ms::Test test;
    test.record(R"({"to":"ann@example.com","from":"bob\")");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.rejected.at(0).code == "malformed-json");
    MS_CHECK(outcome.rejected.at(0).reason == "the value ends within a string");
    MS_CHECK(outcome.counters[emails] == 0);
}

static void what_cannot_be_masked_is_refused()
{
    ms::Test test;
    test.setting("mask", "email, phone");
    MS_CHECK(test.configure() == "setting `mask` names `phone`: there are `email` and `card`");
}

int main()
{
    what_is_personal_in_strings_is_masked_and_counted();
    a_record_with_nothing_to_mask_goes_on_as_it_is();
    only_what_the_setting_names_is_masked();
    a_value_that_ends_within_a_string_is_rejected_and_not_counted();
    what_cannot_be_masked_is_refused();
}

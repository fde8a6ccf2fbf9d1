#include <stdexcept>

#include "millstream/testing.hpp"

namespace ms = millstream;

namespace {

struct Everything : ms::Transform {
    static constexpr unsigned reads = MS_KEYS | MS_VALUES | MS_HEADERS | MS_TIMESTAMPS | MS_OFFSETS;

    ms::Output first = output("first");
    ms::Output second = output("second");
    ms::Counter seen = counter("seen");
    ms::Table users = table("users");
    ms::Text what = text("/do");
    ms::OptionalInteger age = integer("/age", ms::nullable);
    ms::OptionalText trace = text(ms::in_header("trace"), ms::lenient);
    ms::LookupRaw user = lookup(users);
    ms::LookupText name = lookup_of<MS_TEXT>(users, what, "/name");
    std::string greeting = setting_text("greeting", "hello");
    std::int64_t limit = setting_integer("limit", 7);

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        out.count(seen);
        const std::string_view done = record[what];
        if (done == "twice") {
            out.forward(second);
            out.emit(first).value("again").header("n", std::nullopt);
        } else if (done == "change") {
            out.emit(first).null_key().headers({{"a", "1"}}).header("b", "2").timestamp(9).partition(2).write_value().append(
                greeting).append(limit);
        } else if (done == "extend") {
            MILLSTREAM_TRY(out.emit(first).extend_json(ms::Members(out).text("name", record[name]).integer("n", 3)));
        } else if (done == "show") {
            out.emit(first).value(std::to_string(record[age].value_or(-1)) + std::string(record[trace].value_or("none")) +
                                  std::string(record.get(users, record.key()).value_or("nobody")));
        } else if (done == "reject") {
            out.forward(first);
            return ms::Reject("no-good", "it is " + std::string(done));
        } else if (done == "later") {
            return ms::Failure::transient("not now");
        } else if (done == "throw") {
            out.forward(first);
            throw std::runtime_error("thrown");
        }
        ms::log::info(done);
        return ms::ok();
    }
};

struct Columns : ms::Transform {
    ms::Output kept = output("kept");
    ms::Text type = text("/type");

    ms::Result apply(const ms::Batch &batch, ms::Plan &plan)
    {
        const auto types = batch[type];
        for (std::size_t row = 0; row < batch.size(); row++) {
            if (types.is_null(row))
                plan.reject(row, {"null-value", "no value"});
            else if (types[row] == "bad")
                return ms::Reject("bad", "a bad one");
            else if (types[row] == "swipe")
                plan.forward(row, kept);
        }
        return ms::ok();
    }
};

struct Strict : ms::Transform {
    ms::Output all = output("all");
    std::vector<std::string> keep = setting_list("keep");

    Strict()
    {
        if (keep.size() == 1)
            setting_error("`keep` names only one");
    }
    ms::Result apply(const ms::Record &, ms::Emitter &) { return {}; }
};

void records_go_where_they_are_sent()
{
    ms::Test test(ms::transform<Everything>());
    test.setting("limit", "8").table("users", "k", R"({"id":1})").table("users", "extend", R"({"name":"Ann"})");
    test.record(R"({"do":"twice"})").record(R"({"do":"change"})").key("k").header("old", "x");
    test.record(R"({"do":"extend"})").record(R"({"do":"show","age":3})").key("k").header("trace", "t");
    const ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.size() == 5 && outcome.to("second").size() == 1);
    MS_CHECK(outcome.emitted[1].value == "again" && outcome.emitted[1].headers.size() == 1);
    const ms::Emitted &changed = outcome.emitted[2];
    MS_CHECK(!changed.key && changed.value == "hello8" && changed.timestamp == 9 && changed.partition == 2);
    MS_CHECK(changed.header("a") == "1" && changed.header("b") == "2" && !changed.header("old"));
    MS_CHECK(outcome.emitted[3].value == R"({"do":"extend","name":"Ann","n":3})");
    MS_CHECK(outcome.emitted[4].value == R"(3t{"id":1})");
    MS_CHECK(outcome.counters[0] == 4 && outcome.logs.size() == 4);
}

void what_is_wrong_rejects_the_record_or_fails_the_batch()
{
    ms::Test test(ms::transform<Everything>());
    test.record(R"({"do":"reject"})").record(R"({"do":"throw"})").record(std::nullopt).record("{}");
    ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.empty() && outcome.rejected.size() == 4);
    MS_CHECK(outcome.rejected[0].code == "no-good" && outcome.rejected[0].reason == "it is reject");
    MS_CHECK(outcome.rejected[1].code == "error" && outcome.rejected[1].reason == "thrown");
    MS_CHECK(outcome.rejected[2].code == "null-value" && outcome.rejected[3].code == "missing-field");
    outcome = test.record(R"({"do":"later"})").run();
    MS_CHECK(outcome.failure && outcome.failure->is_transient && outcome.failure->reason == "not now");
}

void columns_are_planned()
{
    ms::Test test(ms::transform<Columns>());
    test.record(R"({"type":"swipe"})").record(R"({"type":"open"})").record(std::nullopt);
    ms::Outcome outcome = test.run();
    MS_CHECK(outcome.emitted.size() == 1 && outcome.dropped.at(0) == 1 && outcome.rejected.at(0).row == 2);
    outcome = test.record(R"({"type":"bad"})").run();
    MS_CHECK(outcome.failure && !outcome.failure->is_transient && outcome.failure->reason == "bad: a bad one");
}

/// A text with a NUL in it.
const std::string nul("a\0b", 3);

struct Nul : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;
    ms::Output all = output("all");

    ms::Result apply(const ms::Record &record, ms::Emitter &)
    {
        if (record.value() == "reject")
            return ms::Reject(nul, nul);
        return record.value() == "later" ? ms::Failure::transient(nul) : ms::Failure::permanent(nul);
    }
};

struct NulColumns : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;
    ms::Output all = output("all");

    ms::Result apply(const ms::Batch &batch, ms::Plan &plan)
    {
        plan.reject(0, {nul, nul});
        if (batch.values()[0] == "reject")
            return ms::ok();
        return batch.values()[0] == "fail" ? ms::Result(ms::Reject(nul, nul)) : ms::Failure::transient(nul);
    }
};

struct NulSetting : ms::Transform {
    ms::Output all = output("all");

    NulSetting() { setting_error(nul); }
    ms::Result apply(const ms::Record &, ms::Emitter &) { return {}; }
};

template <class T>
ms::Outcome over(std::string_view value)
{
    return ms::Test(ms::transform<T>()).record(value).run();
}

void what_is_wrong_may_have_a_nul_in_its_text()
{
    const ms::Outcome rejected = over<Nul>("reject"), planned = over<NulColumns>("reject");
    MS_CHECK(rejected.rejected.at(0).code == "a-b" && rejected.rejected[0].reason == nul);
    MS_CHECK(planned.rejected.at(0).code == "a-b" && planned.rejected[0].reason == nul);
    MS_CHECK(over<Nul>("later").failure->reason == nul && over<Nul>("never").failure->reason == nul);
    MS_CHECK(over<NulColumns>("later").failure->reason == nul && over<NulColumns>("fail").failure->reason == nul + ": " + nul);
    MS_CHECK(ms::Test(ms::transform<NulSetting>()).configure() == nul);
}

void settings_are_read_when_the_transform_is_made()
{
    ms::Test test(ms::transform<Strict>());
    MS_CHECK(test.configure() == "setting `keep` is missing: it is a list with commas");
    test.setting("keep", "a");
    MS_CHECK(test.configure() == "`keep` names only one");
    test.setting("keep", "a, b");
    MS_CHECK(!test.configure());
}

} // namespace

int main()
{
    records_go_where_they_are_sent();
    what_is_wrong_rejects_the_record_or_fails_the_batch();
    columns_are_planned();
    what_is_wrong_may_have_a_nul_in_its_text();
    settings_are_read_when_the_transform_is_made();
    return 0;
}

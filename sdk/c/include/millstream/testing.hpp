/// @file
/// Runs a transform in a plain unit test, without WebAssembly: testing.h in C++, with strings of its own.
///
///     millstream::Test test;
///     test.setting("keep", "swipe");
///     test.record(R"({"type":"swipe"})").key("k");
///     const millstream::Outcome outcome = test.run();
///     MS_CHECK(outcome.emitted.at(0).value == R"({"type":"swipe"})");
#ifndef MILLSTREAM_TESTING_HPP
#define MILLSTREAM_TESTING_HPP

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../millstream.hpp"
#include "testing.h"

namespace millstream {

/// Bytes that may be null.
using NullableString = std::optional<std::string>;

/// A record as it is written.
struct Emitted {
    /// The name of the output.
    std::string output;
    /// The row of the record that it comes from, counted from 0.
    std::size_t row;
    NullableString key;
    NullableString value;
    /// In their order.
    std::vector<std::pair<std::string, NullableString>> headers;
    /// Milliseconds since 1970-01-01T00:00Z; -1 for none.
    std::int64_t timestamp;
    /// Null where the transform chose none.
    std::optional<std::int32_t> partition;

    /// The value of the last header of this name; null where there is none or where it is null.
    NullableString header(std::string_view name) const
    {
        for (auto header = headers.rbegin(); header != headers.rend(); ++header)
            if (header->first == name)
                return header->second;
        return std::nullopt;
    }
};

/// A record that could not be processed.
struct Rejected {
    /// Its row, counted from 0.
    std::size_t row;
    /// What is wrong, for machines.
    std::string code;
    /// What is wrong, for people.
    std::string reason;
};

/// A line of the log.
struct Logged {
    ms_level level;
    std::string message;
};

/// What became of the records of a test: testing.h says more.
struct Outcome {
    std::vector<Emitted> emitted;
    std::vector<Rejected> rejected;
    std::vector<std::size_t> dropped;
    std::optional<Failure> failure;
    /// In the order of the declaration.
    std::vector<std::uint64_t> counters;
    std::vector<Logged> logs;

    /// The records that went to this output.
    std::vector<Emitted> to(std::string_view output) const
    {
        std::vector<Emitted> those;
        for (const Emitted &record : emitted)
            if (record.output == output)
                those.push_back(record);
        return those;
    }
};

/// A transform to test, with its settings, its tables and its records.
class Test {
public:
    /// Of the transform that this program's MILLSTREAM_TRANSFORM names, unless said otherwise: `transform<Route>()`.
    explicit Test(const ms_transform &transform = *millstream_exported)
        : transform_(new ms_transform(transform)), test_(ms_test_new(transform_.get()))
    {
    }

    /// Sets a setting, as the deployment would.
    Test &setting(const std::string &name, const std::string &value)
    {
        ms_test_setting(test_.get(), name.c_str(), value.c_str());
        return *this;
    }
    /// Where the records come from; partition 0 of the topic `input` unless said.
    Test &source(const std::string &topic, std::int32_t partition)
    {
        ms_test_source(test_.get(), topic.c_str(), partition);
        return *this;
    }
    /// Puts a value into a table that the transform declares; a later one of the same key counts.
    Test &table(const std::string &table, const std::string &key, const std::string &value)
    {
        ms_test_table(test_.get(), table.c_str(), key.c_str(), value.c_str());
        return *this;
    }
    /// Adds a record, null for one without a value. The functions below are about the one that was added last.
    Test &record(Nullable value)
    {
        ms_test_record_bytes(test_.get(), detail::bytes(value));
        return *this;
    }
    /// A key; without, the record's is null.
    Test &key(const std::string &key)
    {
        ms_test_key(test_.get(), key.c_str());
        return *this;
    }
    /// One more header; the value may be null.
    Test &header(const std::string &name, const std::optional<std::string> &value)
    {
        ms_test_header(test_.get(), name.c_str(), value ? value->c_str() : nullptr);
        return *this;
    }
    /// Milliseconds since 1970-01-01T00:00Z, -1 for none; 0 unless said.
    Test &timestamp(std::int64_t milliseconds)
    {
        ms_test_timestamp(test_.get(), milliseconds);
        return *this;
    }
    /// The record's offset; its row unless said.
    Test &offset(std::int64_t offset)
    {
        ms_test_offset(test_.get(), offset);
        return *this;
    }

    /// Why a deployment with these settings would be refused; null where it would not be.
    NullableString configure() { return string(ms_test_configure(test_.get())); }

    /// Runs the transform over the records, as one batch. Ends the program where the deployment would be refused, or where
    /// the host would refuse the answer.
    Outcome run()
    {
        const ms_outcome *outcome = ms_test_run(test_.get());
        Outcome result;
        for (std::size_t i = 0; i < outcome->emitted_count; i++)
            result.emitted.push_back(emitted(outcome->emitted[i]));
        for (std::size_t i = 0; i < outcome->rejected_count; i++) {
            const ms_rejected &rejected = outcome->rejected[i];
            result.rejected.push_back({rejected.row, *string(rejected.code), *string(rejected.reason)});
        }
        result.dropped.assign(outcome->dropped, outcome->dropped + outcome->dropped_count);
        if (!ms_is_null(outcome->failure))
            result.failure = Failure{outcome->transient, *string(outcome->failure)};
        result.counters.assign(outcome->counters, outcome->counters + 64);
        for (std::size_t i = 0; i < outcome->log_count; i++)
            result.logs.push_back({outcome->logs[i].level, *string(outcome->logs[i].message)});
        return result;
    }

private:
    struct Free {
        void operator()(ms_test *test) const { ms_test_free(test); }
    };

    static NullableString string(ms_bytes bytes)
    {
        return ms_is_null(bytes) ? NullableString() : NullableString(detail::view(bytes));
    }

    static Emitted emitted(const ms_emitted &from)
    {
        Emitted to{from.output, from.row, string(from.key), string(from.value), {}, from.timestamp, std::nullopt};
        for (std::size_t i = 0; i < from.header_count; i++)
            to.headers.emplace_back(detail::view(from.headers[i].name), string(from.headers[i].value));
        if (from.partition != -1)
            to.partition = from.partition;
        return to;
    }

    std::unique_ptr<ms_transform> transform_;
    std::unique_ptr<ms_test, Free> test_;
};

} // namespace millstream

#endif

/// The conformance guest: an interpreter. Each record says what is to be done with it (../../README.md).
#include <cstring>

#include "words.hpp"

namespace ms = millstream;

struct Conformance : ms::Transform {
    static constexpr unsigned reads = MS_KEYS | MS_VALUES | MS_HEADERS | MS_TIMESTAMPS | MS_OFFSETS;

    ms::Output a = output("a"), b = output("b"), c = output("c");
    ms::Counter seen = counter("seen"), asked = counter("asked");
    ms::Table users = table("users"), names = table("names");

    ms::OptionalText program = text("/do", ms::nullable);
    ms::OptionalText a_text = text("/text", ms::nullable);
    ms::OptionalInteger an_integer = integer("/integer", ms::nullable);
    ms::OptionalNumber a_number = number("/number", ms::nullable);
    ms::OptionalBoolean a_boolean = boolean("/boolean", ms::nullable);
    ms::OptionalRaw a_raw = raw("/raw", ms::nullable);
    ms::OptionalInteger a_lenient = integer("/lenient", ms::lenient);
    ms::OptionalText whole_key = text(ms::in_key(), ms::lenient);
    ms::OptionalText a_header = text(ms::in_header("h"), ms::lenient);

    ms::LookupRaw by_key = lookup(users);
    ms::LookupText name = lookup_of<MS_TEXT>(users, a_text, "/name");
    ms::LookupRaw by_number = lookup(names, an_integer);

    std::string greeting = setting_text("greeting", "hello");
    std::int64_t limit = setting_integer("limit", 7);
    bool strict = setting_boolean("strict", false);

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        if (!record.value()) {
            out.forward(a);
            return ms::ok();
        }
        const auto lines = record[program];
        if (!lines)
            return ms::Reject("no-program", "the record says nothing");
        for (const std::string_view line : split(*lines, '\n'))
            MILLSTREAM_TRY(execute(Line(line), record, out));
        return ms::ok();
    }

private:
    ms::Output output_of(std::string_view written) const { return written == "b" ? b : written == "c" ? c : a; }

    ms::Result execute(const Line &line, const ms::Record &record, ms::Emitter &out)
    {
        const std::string_view what = line[0];
        if (what == "forward")
            out.forward(output_of(line[1]));
        else if (what == "emit")
            emit(line, out);
        else if (what == "drop")
            out.drop();
        else if (what == "reject")
            return ms::Reject(line.word(1).value_or(""), line.rest(2));
        else if (what == "fail")
            return line[1] == "transient" ? ms::Failure::transient(line.rest(2)) : ms::Failure::permanent(line.rest(2));
        else if (what == "count")
            out.count(line[1] == "seen" ? seen : asked, ::count(line[2]));
        else if (what == "log")
            log(line);
        else if (what == "get")
            out.emit(a).value(record.get(line[1] == "users" ? users : names, line.word(2)));
        else if (what == "show")
            show(line, record, out.emit(a));
        else
            return ms::Reject("unknown-instruction", word(what).value_or("~"));
        return ms::ok();
    }

    void emit(const Line &line, ms::Emitter &out) const
    {
        // What the headers are views of, which must not move.
        std::vector<std::pair<Word, Word>> set;
        bool sets = false;
        ms::Emission emission = out.emit(output_of(line[1]));
        for (std::size_t i = 2; i < line.size(); i++) {
            const std::string_view change = line[i];
            const std::size_t equals = change.find('=');
            if (change == "headers")
                sets = true;
            if (equals == std::string_view::npos)
                continue;
            const std::string_view part = change.substr(0, equals), value = change.substr(equals + 1);
            if (part == "key") {
                emission.key(word(value));
            } else if (part == "value") {
                emission.value(word(value));
            } else if (part == "timestamp") {
                emission.timestamp(::number(value));
            } else if (part == "partition") {
                emission.partition(static_cast<std::int32_t>(::number(value)));
            } else if (part.substr(0, 4) == "add:") {
                emission.header(word(part.substr(4)).value_or("~"), word(value));
            } else if (part.substr(0, 4) == "set:") {
                sets = true;
                set.emplace_back(word(part.substr(4)), word(value));
            }
        }
        if (!sets)
            return;
        std::vector<ms::Header> headers;
        for (const auto &[header, value] : set)
            headers.push_back({header ? std::string_view(*header) : "~", value});
        emission.headers(headers);
    }

    static void log(const Line &line)
    {
        const std::string message = line.rest(2);
        if (line[1] == "debug")
            ms::log::debug(message);
        else if (line[1] == "info")
            ms::log::info(message);
        else if (line[1] == "warn")
            ms::log::warn(message);
        else
            ms::log::error(message);
    }

    void show(const Line &line, const ms::Record &record, ms::Emission emission) const
    {
        const std::string_view what = line[1], named = line[2];
        if (what == "key")
            emission.value(record.key());
        else if (what == "value")
            emission.value(record.value());
        else if (what == "timestamp")
            emission.value(std::to_string(record.timestamp()));
        else if (what == "offset")
            emission.value(std::to_string(record.offset()));
        else if (what == "partition")
            emission.value(std::to_string(record.partition()));
        else if (what == "topic")
            emission.value(record.topic());
        else if (what == "headers")
            emission.value(headers(record));
        else if (what == "last")
            emission.value(record.header(word(named).value_or("~")));
        else if (what == "field")
            emission.value(field(named, record));
        else if (what == "lookup")
            emission.value(named == "by-key" ? record[by_key] : named == "name" ? record[name] : record[by_number]);
        else if (what == "setting")
            emission.value(named == "greeting" ? greeting : named == "limit" ? std::to_string(limit) : strict ? "true" : "false");
    }

    static std::string headers(const ms::Record &record)
    {
        std::string text;
        for (const ms::Header header : record.headers()) {
            if (!text.empty())
                text += '\n';
            text.append(header.name).append("=").append(written(header.value));
        }
        return text;
    }

    static Word own(ms::Nullable text) { return text ? Word(*text) : Word(); }
    static Word decimal(std::optional<std::int64_t> number) { return number ? Word(std::to_string(*number)) : Word(); }

    static Word bits(std::optional<double> number)
    {
        if (!number)
            return std::nullopt;
        std::uint64_t bits;
        std::memcpy(&bits, &*number, sizeof bits);
        std::string text;
        for (int shift = 60; shift >= 0; shift -= 4)
            text += "0123456789abcdef"[bits >> shift & 15];
        return text;
    }

    Word field(std::string_view named, const ms::Record &record) const
    {
        if (named == "integer")
            return decimal(record[an_integer]);
        if (named == "lenient")
            return decimal(record[a_lenient]);
        if (named == "number")
            return bits(record[a_number]);
        if (named == "boolean") {
            const auto boolean = record[a_boolean];
            return boolean ? Word(*boolean ? "true" : "false") : Word();
        }
        if (named == "raw")
            return own(record[a_raw]);
        if (named == "do")
            return own(record[program]);
        return own(record[named == "text" ? a_text : named == "key" ? whole_key : a_header]);
    }
};

MILLSTREAM_TRANSFORM(Conformance)

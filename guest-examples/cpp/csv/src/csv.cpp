/// Turns CSV into JSON: every line of a record becomes a record of its own, an object.
#include <millstream.hpp>

#include "columns.hpp"
#include "reader.hpp"

namespace ms = millstream;

struct Csv : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;

    ms::Output json = output("json");
    /// The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`.
    std::vector<Column> columns = checked_columns(setting_list("columns"));
    /// What separates them: one ASCII character, or `tab`.
    char delimiter = checked_delimiter(setting_text("delimiter", ","));

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        std::string_view text;
        MILLSTREAM_TRY(record.text(out, text));
        // Spreadsheets begin with a byte order mark.
        if (text.substr(0, 3) == "\xef\xbb\xbf")
            text.remove_prefix(3);
        Reader reader(text, delimiter);
        for (std::size_t number = 1;; number++) {
            const std::string line = "line " + std::to_string(number);
            switch (reader.next()) {
            case Reader::Status::end:
                return ms::ok();
            case Reader::Status::malformed:
                return ms::Reject("malformed-csv", line + ": " + std::string(reader.problem()));
            case Reader::Status::line:
                MILLSTREAM_TRY(convert(line, reader.fields(), out));
            }
        }
    }

private:
    ms::Result convert(const std::string &line, const std::vector<Field> &fields, ms::Emitter &out) const
    {
        if (fields.size() != columns.size()) {
            const std::string count = std::to_string(fields.size()) + (fields.size() == 1 ? " field" : " fields");
            return ms::Reject("wrong-columns", line + " has " + count + ", not " + std::to_string(columns.size()));
        }
        for (std::size_t i = 0; i < fields.size(); i++)
            if (const Column &column = columns[i]; !column.fits(fields[i]))
                return ms::Reject("wrong-type", line + ": " + column.name() + " is \"" + *fields[i] + "\", not " +
                                                    std::string(column.described()));
        ms::Buffer value = out.emit(json).write_value();
        for (std::size_t i = 0; i < fields.size(); i++) {
            value.append(i == 0 ? "{" : ",");
            columns[i].write(fields[i], value);
        }
        value.append("}");
        return ms::ok();
    }

    std::vector<Column> checked_columns(const std::vector<std::string> &entries)
    {
        std::string error;
        std::vector<Column> parsed = parse_columns(entries, error);
        if (!error.empty())
            setting_error(error);
        return parsed;
    }

    char checked_delimiter(const std::string &text)
    {
        if (text == "tab")
            return '\t';
        // A single byte of UTF-8 is ASCII.
        if (text.size() != 1 || text.find_first_of("\"\r\n") != text.npos)
            setting_error("setting `delimiter` is `" + text +
                          "`, not `tab` or one ASCII character other than a quote or a line break");
        return text.empty() ? ',' : text.front();
    }
};

MILLSTREAM_TRANSFORM(Csv)

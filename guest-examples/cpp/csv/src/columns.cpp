#include "columns.hpp"

#include <algorithm>

namespace {

/// Skips digits; whether there was one.
bool skip_digits(std::string_view &text)
{
    const std::size_t len = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(len);
    return len != 0;
}

/// Skips one of these characters; whether there was one.
bool skip_one(std::string_view &text, std::string_view of)
{
    if (text.empty() || of.find(text.front()) == of.npos)
        return false;
    text.remove_prefix(1);
    return true;
}

bool skip_integer(std::string_view &text)
{
    skip_one(text, "-");
    return skip_one(text, "0") || skip_digits(text);
}

bool is_integer(std::string_view text)
{
    return skip_integer(text) && text.empty();
}

/// The grammar of JSON: an integer, a fraction perhaps, an exponent perhaps.
bool is_number(std::string_view text)
{
    if (!skip_integer(text))
        return false;
    if (skip_one(text, ".") && !skip_digits(text))
        return false;
    if (skip_one(text, "eE")) {
        skip_one(text, "+-");
        if (!skip_digits(text))
            return false;
    }
    return text.empty();
}

bool is_boolean(std::string_view text)
{
    return text == "true" || text == "false";
}

constexpr Column::Type types[] = {
    {"text", "a text", nullptr},
    {"integer", "an integer", is_integer},
    {"number", "a number", is_number},
    {"boolean", "a boolean", is_boolean},
};

} // namespace

void Column::write(const Field &field, millstream::Buffer &json) const
{
    json.json(name_).append(":");
    if (!field)
        json.append("null");
    else if (type_->fits == nullptr)
        json.json(*field);
    else
        // A number stays as it is written, and keeps all of its digits.
        json.append(*field);
}

std::vector<Column> parse_columns(const std::vector<std::string> &entries, std::string &error)
{
    std::vector<Column> columns;
    for (const std::string &entry : entries) {
        const std::size_t colon = entry.find(':');
        const std::string name = entry.substr(0, colon);
        const std::string type_name = colon == entry.npos ? "text" : entry.substr(colon + 1);
        const auto is_named = [&](const Column &column) { return column.name() == name; };
        const auto type = std::find_if(std::begin(types), std::end(types), [&](const auto &one) { return one.name == type_name; });
        if (name.empty())
            error = "setting `columns`: a column has no name";
        else if (std::any_of(columns.begin(), columns.end(), is_named))
            error = "setting `columns`: two columns are called `" + name + "`";
        else if (type == std::end(types))
            error = "setting `columns`: `" + name + "` is of the type `" + type_name + "`, not text, integer, number or boolean";
        else
            columns.emplace_back(name, *type);
        if (!error.empty())
            break;
    }
    if (entries.empty())
        error = "setting `columns` names no column";
    return columns;
}

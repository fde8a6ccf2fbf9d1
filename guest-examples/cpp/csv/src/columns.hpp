/// What the fields of a line are, and how they are written as JSON.
#ifndef COLUMNS_HPP
#define COLUMNS_HPP

#include <millstream.hpp>

#include "reader.hpp"

/// One of the fields that every line has.
class Column {
public:
    struct Type {
        std::string_view name;
        std::string_view described;
        /// Whether a text is JSON of this type as it stands. Null: every text is one, and is written as a string.
        bool (*fits)(std::string_view text);
    };

    Column(std::string_view name, const Type &type) : name_(name), type_(&type) {}

    const std::string &name() const { return name_; }
    std::string_view described() const { return type_->described; }
    /// Whether a field is of this type. Null is.
    bool fits(const Field &field) const { return !field || type_->fits == nullptr || type_->fits(*field); }
    /// Appends the field, which fits, as a member of a JSON object.
    void write(const Field &field, millstream::Buffer &json) const;

private:
    std::string name_;
    const Type *type_;
};

/// The columns that the setting names: `id:integer`, or `customer` for a text. Where the setting is wrong, `error` says what is.
std::vector<Column> parse_columns(const std::vector<std::string> &entries, std::string &error);

#endif

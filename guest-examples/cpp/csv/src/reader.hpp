/// CSV as RFC 4180 has it, strictly: what is malformed is an error, and an empty field differs from a quoted empty text.
#ifndef READER_HPP
#define READER_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A field of a line; null where it is empty and not quoted.
using Field = std::optional<std::string>;

/// Reads a text line by line.
class Reader {
public:
    enum class Status { line, end, malformed };

    /// The delimiter is neither a quote nor part of a line end.
    Reader(std::string_view text, char delimiter) : rest_(text), delimiter_(delimiter) {}

    /// Reads the next line that is not empty. After a malformed one there is nothing to go on with.
    Status next();
    /// The fields of the line.
    const std::vector<Field> &fields() const { return fields_; }
    /// What is wrong with a malformed line.
    std::string_view problem() const { return problem_; }

private:
    bool read_field();
    bool read_plain();
    bool read_quoted();
    bool fail(std::string_view problem);
    bool is_next(char byte) const { return !rest_.empty() && rest_.front() == byte; }
    std::size_t line_end() const;
    bool skip_line_end();

    std::string_view rest_;
    char delimiter_;
    std::vector<Field> fields_;
    std::string_view problem_;
};

#endif

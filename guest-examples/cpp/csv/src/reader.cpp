#include "reader.hpp"

Reader::Status Reader::next()
{
    while (skip_line_end())
        continue;
    if (rest_.empty())
        return Status::end;
    fields_.clear();
    while (read_field()) {
        if (!is_next(delimiter_)) {
            // The last line may lack its end.
            skip_line_end();
            return Status::line;
        }
        rest_.remove_prefix(1);
    }
    return Status::malformed;
}

bool Reader::read_field()
{
    return is_next('"') ? read_quoted() : read_plain();
}

bool Reader::read_plain()
{
    const char ends[] = {'"', '\n', delimiter_};
    std::string_view text = rest_.substr(0, rest_.find_first_of(std::string_view(ends, sizeof ends)));
    rest_.remove_prefix(text.size());
    if (is_next('"'))
        return fail("a quote is within a field that is not quoted");
    if (is_next('\n') && !text.empty() && text.back() == '\r')
        text.remove_suffix(1);
    fields_.push_back(text.empty() ? Field() : Field(text));
    return true;
}

bool Reader::read_quoted()
{
    std::string text;
    for (;;) {
        rest_.remove_prefix(1);
        const std::size_t quote = rest_.find('"');
        if (quote == rest_.npos)
            return fail("a quote never ends");
        text += rest_.substr(0, quote);
        rest_.remove_prefix(quote + 1);
        if (!is_next('"'))
            break;
        text += '"';
    }
    if (!rest_.empty() && !is_next(delimiter_) && line_end() == 0)
        return fail("something follows a closing quote");
    fields_.push_back(std::move(text));
    return true;
}

bool Reader::fail(std::string_view problem)
{
    problem_ = problem;
    return false;
}

/// The length of the line end that comes next; 0 where there is none.
std::size_t Reader::line_end() const
{
    if (is_next('\n'))
        return 1;
    return rest_.substr(0, 2) == "\r\n" ? 2 : 0;
}

bool Reader::skip_line_end()
{
    const std::size_t len = line_end();
    rest_.remove_prefix(len);
    return len != 0;
}

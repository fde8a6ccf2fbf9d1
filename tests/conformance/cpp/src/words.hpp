/// The interpreter's language: lines of words.
#ifndef WORDS_HPP
#define WORDS_HPP

#include <millstream.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using Word = std::optional<std::string>;

inline std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (std::size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1))
        parts.push_back(text.substr(0, end));
    parts.push_back(text);
    return parts;
}

inline int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// What a word stands for; null for `~`.
inline Word word(std::string_view written)
{
    if (written == "~")
        return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < written.size(); i++) {
        const bool escaped =
            written[i] == '%' && i + 2 < written.size() && digit(written[i + 1]) >= 0 && digit(written[i + 2]) >= 0;
        bytes += escaped ? static_cast<char>(digit(written[i + 1]) * 16 + digit(written[i + 2])) : written[i];
        i += escaped ? 2 : 0;
    }
    return bytes;
}

/// Bytes as a word, in which only A-Z a-z 0-9 - _ . stand for themselves.
inline std::string written(millstream::Nullable bytes)
{
    static constexpr char hex[] = "0123456789ABCDEF";
    static constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (!bytes)
        return "~";
    std::string text;
    for (const unsigned char byte : *bytes) {
        if (plain.find(static_cast<char>(byte)) != std::string_view::npos)
            text += static_cast<char>(byte);
        else
            text += {'%', hex[byte >> 4], hex[byte & 15]};
    }
    return text;
}

/// A line and its words. Where there are fewer, they are empty.
class Line {
public:
    explicit Line(std::string_view text) : text_(text), words_(split(text, ' ')) {}

    std::size_t size() const { return words_.size(); }
    std::string_view operator[](std::size_t at) const { return at < words_.size() ? words_[at] : std::string_view(); }
    Word word(std::size_t at) const { return ::word((*this)[at]); }
    /// From this word to the end of the line, spaces too: what a text is that comes last.
    std::string rest(std::size_t at) const
    {
        if (at >= words_.size())
            return {};
        const auto start = static_cast<std::size_t>(words_[at].data() - text_.data());
        return ::word(text_.substr(start)).value_or("");
    }

private:
    std::string_view text_;
    std::vector<std::string_view> words_;
};

inline std::int64_t number(std::string_view text) { return std::strtoll(std::string(text).c_str(), nullptr, 10); }
inline std::uint64_t count(std::string_view text) { return std::strtoull(std::string(text).c_str(), nullptr, 10); }

#endif

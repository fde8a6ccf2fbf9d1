#include "personal.hpp"

#include <algorithm>

/// Those of <cctype> ask the locale.
static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
static bool is_letter(char byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'); }

static bool is_one_of(char byte, std::string_view bytes) { return bytes.find(byte) != std::string_view::npos; }
static bool is_of_name(char byte) { return is_letter(byte) || is_digit(byte) || is_one_of(byte, "._%+-"); }
static bool is_of_domain(char byte) { return is_letter(byte) || is_digit(byte) || is_one_of(byte, ".-"); }

/// The domain that the text begins with, empty for none: it ends with the last dot in it that two or more letters follow, and
/// these.
static std::string_view domain_of(std::string_view text)
{
    const auto end = std::find_if_not(text.begin(), text.end(), is_of_domain);
    const std::string_view longest = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    for (std::size_t dot = longest.size(); dot-- > 1;) {
        if (longest[dot] != '.')
            continue;
        const auto first = longest.begin() + static_cast<std::ptrdiff_t>(dot) + 1;
        const auto last = std::find_if_not(first, longest.end(), is_letter);
        if (last - first >= 2)
            return longest.substr(0, static_cast<std::size_t>(last - longest.begin()));
    }
    return {};
}

std::size_t append_without_emails(std::string &to, std::string_view text)
{
    std::size_t found = 0;
    for (std::size_t at = text.find('@'); at != std::string_view::npos;) {
        // What a domain took is cut off already: it is not part of the next address.
        const std::string_view before = text.substr(0, at);
        const auto name = std::find_if_not(before.rbegin(), before.rend(), is_of_name).base();
        const std::string_view domain = domain_of(text.substr(at + 1));
        if (name == before.end() || domain.empty()) {
            at = text.find('@', at + 1);
            continue;
        }
        to.append(before.begin(), name).append("***@").append(domain);
        text.remove_prefix(at + 1 + domain.size());
        at = text.find('@');
        found++;
    }
    to.append(text);
    return found;
}

/// Where the run of digits ends that begins at `at`, or `at`; a space or a hyphen may stand between two of them.
static std::string::iterator end_of_digits(std::string::iterator at, std::string::iterator end)
{
    for (const auto start = at; at != end;) {
        if (is_digit(*at))
            ++at;
        else if (at != start && is_one_of(*at, " -") && at + 1 != end && is_digit(at[1]))
            at += 2;
        else
            break;
    }
    return at;
}

/// Whether there are 13 to 19 digits, the last of which is Luhn's check digit of the others.
static bool is_card(std::string_view text)
{
    int count = 0, sum = 0;
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
        if (!is_digit(*digit))
            continue;
        const int weighed = (*digit - '0') * (count % 2 == 0 ? 1 : 2);
        sum += weighed / 10 + weighed % 10;
        count++;
    }
    return count >= 13 && count <= 19 && sum % 10 == 0;
}

static void hide_all_but_four(std::string::iterator first, std::string::iterator last)
{
    int kept = 0;
    while (last != first)
        if (is_digit(*--last) && ++kept > 4)
            *last = '*';
}

std::size_t mask_cards(std::string &text, std::size_t start)
{
    std::size_t found = 0;
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(start);
    for (auto first = begin; (first = std::find_if(first, text.end(), is_digit)) != text.end();) {
        const auto last = end_of_digits(first, text.end());
        const bool is_part_of_word = (first != begin && is_letter(first[-1])) || (last != text.end() && is_letter(*last));
        if (!is_part_of_word && is_card({&*first, static_cast<std::size_t>(last - first)})) {
            hide_all_but_four(first, last);
            found++;
        }
        first = last;
    }
    return found;
}

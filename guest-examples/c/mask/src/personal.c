#include "personal.h"

static bool is_one_of(char byte, const char *bytes)
{
    // The NUL at the end is found like the others.
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

static bool is_of_name(char byte)
{
    return is_letter(byte) || is_digit(byte) || is_one_of(byte, "._%+-");
}

static bool is_of_domain(char byte)
{
    return is_letter(byte) || is_digit(byte) || is_one_of(byte, ".-");
}

/// How long the domain is that the text begins with, 0 for none: it ends with the last dot in it that two or more letters
/// follow, and these.
static size_t domain(const char *text, size_t len)
{
    size_t end = 0;
    while (end < len && is_of_domain(text[end]))
        end++;
    for (size_t dot = end; dot-- > 1;) {
        if (text[dot] != '.')
            continue;
        size_t letters = 0;
        while (dot + 1 + letters < end && is_letter(text[dot + 1 + letters]))
            letters++;
        if (letters >= 2)
            return dot + 1 + letters;
    }
    return 0;
}

size_t append_without_emails(ms_buffer *to, ms_bytes text)
{
    size_t found = 0, done = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.data[at] != '@')
            continue;
        // What a domain took is not part of the next address.
        size_t name = at;
        while (name > done && is_of_name(text.data[name - 1]))
            name--;
        const size_t len = domain(text.data + at + 1, text.len - at - 1);
        if (name == at || len == 0)
            continue;
        ms_append(to, ms_bytes_of(text.data + done, name - done));
        ms_append_text(to, "***");
        done = at + 1 + len;
        ms_append(to, ms_bytes_of(text.data + at, done - at));
        found++;
    }
    ms_append(to, ms_bytes_of(text.data + done, text.len - done));
    return found;
}

/// How long the run of digits is that the text begins with; a space or a hyphen may stand between two of them.
static size_t digits(const char *text, size_t len)
{
    size_t end = 0;
    while (end < len) {
        if (is_digit(text[end]))
            end++;
        else if (end > 0 && is_one_of(text[end], " -") && end + 1 < len && is_digit(text[end + 1]))
            end += 2;
        else
            break;
    }
    return end;
}

/// Whether there are 13 to 19 digits, the last of which is Luhn's check digit of the others.
static bool is_card(const char *text, size_t len)
{
    int count = 0, sum = 0;
    for (size_t i = len; i-- > 0;) {
        if (!is_digit(text[i]))
            continue;
        const int weighed = (text[i] - '0') * (count % 2 == 0 ? 1 : 2);
        sum += weighed / 10 + weighed % 10;
        count++;
    }
    return count >= 13 && count <= 19 && sum % 10 == 0;
}

static void hide_all_but_four(char *digits, size_t len)
{
    int kept = 0;
    for (size_t i = len; i-- > 0;) {
        if (!is_digit(digits[i]))
            continue;
        if (kept == 4)
            digits[i] = '*';
        else
            kept++;
    }
}

size_t mask_cards(char *text, size_t len)
{
    size_t found = 0;
    for (size_t start = 0; start < len; start++) {
        const size_t run = digits(text + start, len - start);
        if (run == 0)
            continue;
        const size_t end = start + run;
        const bool is_part_of_word = (start > 0 && is_letter(text[start - 1])) || (end < len && is_letter(text[end]));
        if (!is_part_of_word && is_card(text + start, run)) {
            hide_all_but_four(text + start, run);
            found++;
        }
        // What follows is no digit, so nothing is missed.
        start = end;
    }
    return found;
}

/// E-mail addresses and card numbers in a text. A byte that is not ASCII is part of neither.
#ifndef PERSONAL_H
#define PERSONAL_H

#include <millstream.h>

/// Appends the text with `***` for what stands before the `@` of each address; answers how many there were.
size_t append_without_emails(ms_buffer *to, ms_bytes text);
/// Writes `*` over all digits of card numbers but the last four; answers how many numbers there were.
size_t mask_cards(char *text, size_t len);

/// Those of <ctype.h> ask the locale.
static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

#endif

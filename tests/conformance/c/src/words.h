/// The interpreter's language: lines of words.
#ifndef WORDS_H
#define WORDS_H

#include <millstream.h>

enum { MOST_WORDS = 64 };

/// A line, its words still as they are written.
typedef struct line {
    ms_bytes text;
    ms_bytes words[MOST_WORDS];
    size_t count;
} line;

/// The part before the next separator, which `rest` goes past; false at the end.
bool next_part(ms_bytes *rest, char separator, ms_bytes *part);
/// The words of a line; null ones where there are fewer.
void split(ms_bytes text, line *to);
/// From this word to the end of the line, spaces too: what a text is that comes last.
ms_bytes from_word(const line *words, size_t at);
/// What a word stands for: null, or bytes that `buffer` holds from here on.
ms_bytes word(ms_bytes written, ms_buffer *buffer);
/// A word as text that ends with a NUL, for names.
const char *name(ms_bytes written, ms_buffer *buffer);
/// A decimal number.
int64_t number(ms_bytes written);
/// The index of a name; -1 where there is none of it.
int index_of(ms_bytes wanted, const char *const *names, size_t count);

#endif

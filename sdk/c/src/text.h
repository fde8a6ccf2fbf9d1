/// Text that has to be UTF-8, and text made as printf makes it.
#ifndef MS_TEXT_H
#define MS_TEXT_H

#include <stdarg.h>

#include "arena.h"
#include "millstream/bytes.h"

/// How many bytes from the start are UTF-8; all of them where the whole is.
size_t ms_utf8_prefix(ms_bytes text);
/// The same text, with U+FFFD for what is no UTF-8.
ms_bytes ms_utf8_lossy(ms_arena *arena, ms_bytes text);
/// At most `most` bytes of a text in UTF-8, cut between characters.
ms_bytes ms_utf8_cut(ms_bytes text, size_t most);
/// At most `most` bytes of any text, with U+FFFD for what is no UTF-8, cut between characters.
ms_bytes ms_utf8_fit(ms_arena *arena, ms_bytes text, size_t most);
/// A text as printf writes it, in UTF-8.
ms_bytes ms_format(ms_arena *arena, const char *format, va_list arguments);
/// The same with its arguments.
ms_bytes ms_formatted(ms_arena *arena, const char *format, ...) MS_FORMAT(2, 3);
/// A copy.
ms_bytes ms_copy(ms_arena *arena, ms_bytes bytes);

#endif

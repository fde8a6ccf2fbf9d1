/// JSON as the host reads it, for tests: a text is checked as a whole, then places in it are looked for.
#ifndef MS_TESTING_JSON_H
#define MS_TESTING_JSON_H

#include "arena.h"
#include "millstream/buffer.h"

/// What makes a text no JSON (RFC 8259 in UTF-8, nested at most 128 deep), and at which byte; NULL where it is JSON.
const char *ms_json_flaw(ms_bytes text, size_t *at);
/// The encoded text at this JSON Pointer (RFC 6901) in JSON without a flaw; null where there is none.
ms_bytes ms_json_find(ms_arena *arena, ms_bytes text, const char *pointer);
/// The text of a JSON string; null where an escape is no character.
ms_bytes ms_json_unquote(ms_arena *arena, ms_bytes string);

#endif

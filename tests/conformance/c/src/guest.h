/// What the interpreter's parts share.
#ifndef GUEST_H
#define GUEST_H

#include "words.h"

enum { DO, TEXT, INTEGER, NUMBER, BOOLEAN, RAW, LENIENT, KEY, HEADER, FIELDS };
enum { BY_KEY, NAME, BY_NUMBER, LOOKUPS };

typedef struct settings {
    ms_bytes greeting;
    int64_t limit;
    bool strict;
} settings;

/// Carries out `show`.
void show(const line *words, const ms_record *record, ms_emitter *out, const settings *settings, ms_buffer *buffer);

#endif

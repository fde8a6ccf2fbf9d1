/// Keeps three types of events, by a declared field.
#include <millstream.h>

enum { KEPT };
static const char *const outputs[] = {[KEPT] = "kept"};

enum { TYPE };
static const ms_field fields[] = {[TYPE] = {.path = "/type"}};

static ms_status keep(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_bytes type = ms_field_text(record, TYPE);
    if (ms_is(type, "swipe") || ms_is(type, "message") || ms_is(type, "profile"))
        ms_forward(out, KEPT);
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .record = keep};

MILLSTREAM_EXPORT(transform);

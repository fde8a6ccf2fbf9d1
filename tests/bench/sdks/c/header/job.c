/// Sends three types of events to outputs of their own, by a header.
#include <millstream.h>

enum { SWIPES, MESSAGES, PROFILES };
static const char *const outputs[] = {[SWIPES] = "swipes", [MESSAGES] = "messages", [PROFILES] = "profiles"};

enum { TYPE };
static const ms_field fields[] = {[TYPE] = {.part = MS_HEADER, .header = "type"}};

static ms_status route(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_bytes type = ms_field_text(record, TYPE);
    if (ms_is(type, "swipe"))
        ms_forward(out, SWIPES);
    else if (ms_is(type, "message"))
        ms_forward(out, MESSAGES);
    else if (ms_is(type, "profile"))
        ms_forward(out, PROFILES);
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .record = route};

MILLSTREAM_EXPORT(transform);

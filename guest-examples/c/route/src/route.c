/// Sends swipes to the right to one topic and swipes to the left to another; other events are dropped.
#include <millstream.h>

enum { LIKES, PASSES };
static const char *const outputs[] = {[LIKES] = "likes", [PASSES] = "passes"};

/// What the host takes out of each event. The event itself never enters this component.
enum { TYPE, DIRECTION };
static const ms_field fields[] = {
    [TYPE] = {.path = "/type"},
    // Only swipes have one, so whatever else stands there is not looked at.
    [DIRECTION] = {.path = "/direction", .presence = MS_LENIENT},
};

static ms_status route(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    if (!ms_is(ms_field_text(record, TYPE), "swipe"))
        return MS_OK;
    ms_bytes direction = ms_field_text(record, DIRECTION);
    if (ms_is(direction, "right"))
        ms_forward(out, LIKES);
    else if (ms_is(direction, "left"))
        ms_forward(out, PASSES);
    else if (ms_is_null(direction))
        return ms_reject(out, "unknown-direction", "the swipe has no direction");
    else
        return ms_reject(out, "unknown-direction", "a swipe \"%.*s\" is neither left nor right", MS_PRINT(direction));
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .record = route};

MILLSTREAM_EXPORT(transform);

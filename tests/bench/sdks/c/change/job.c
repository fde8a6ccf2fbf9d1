/// Sets one member of each event. C has no JSON library of its own, so unlike in the other languages the value is not parsed:
/// the member is added to its text.
#include <millstream.h>

enum { CHANGED };
static const char *const outputs[] = {[CHANGED] = "changed"};

static ms_status change(const ms_record *record, ms_emitter *out, void *state)
{
    (void)record;
    (void)state;
    ms_buffer *added = ms_scratch(out);
    ms_json_boolean(added, "seen", true);
    return ms_extend_json(ms_emit(out, CHANGED), ms_buffer_bytes(added));
}

static const ms_transform transform = {.reads = MS_VALUES, .outputs = MS_LIST(outputs), .record = change};

MILLSTREAM_EXPORT(transform);

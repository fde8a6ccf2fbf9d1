/// Joins the profile of the person who was swiped into each swipe.
#include <millstream.h>

enum { JOINED, UNKNOWN };
static const char *const outputs[] = {[JOINED] = "joined", [UNKNOWN] = "unknown"};

enum { UNKNOWN_PROFILES };
static const char *const counters[] = {[UNKNOWN_PROFILES] = "unknown_profiles"};

enum { PROFILES };
static const char *const tables[] = {[PROFILES] = "profiles"};

/// Who was swiped.
enum { TARGET };
static const ms_field fields[] = {[TARGET] = {.path = "/target"}};

// People need not say either, and a profile with one of them is better than none.
enum { NAME, AGE };
static const ms_field name_of = {.path = "/name", .presence = MS_LENIENT};
static const ms_field age_of = {.path = "/age", .type = MS_INTEGER, .presence = MS_LENIENT};
static const ms_lookup lookups[] = {
    [NAME] = {.table = PROFILES, .key = MS_FIELD_KEY, .field = TARGET, .of = &name_of},
    [AGE] = {.table = PROFILES, .key = MS_FIELD_KEY, .field = TARGET, .of = &age_of},
};

static ms_status profiles(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    const ms_bytes name = ms_lookup_text(record, NAME);
    // An age that is null reads as 0, which some have.
    const bool ageless = ms_lookup_is_null(record, AGE);
    if (ms_is_null(name) && ageless) {
        ms_count(out, UNKNOWN_PROFILES, 1);
        ms_forward(out, UNKNOWN);
        return MS_OK;
    }
    // What is not known is left out, not null. The profile's own members are written out, since `ms_json_text` and its like
    // put a comma before all but the first thing in the buffer.
    ms_buffer *added = ms_scratch(out);
    ms_append_text(added, "\"profile\":{");
    if (!ms_is_null(name)) {
        ms_append_text(added, "\"name\":");
        ms_append_json(added, name);
    }
    if (!ageless) {
        ms_append_text(added, ms_is_null(name) ? "\"age\":" : ",\"age\":");
        ms_append_integer(added, ms_lookup_integer(record, AGE));
    }
    ms_append_byte(added, '}');
    return ms_extend_json(ms_emit(out, JOINED), ms_buffer_bytes(added));
}

static const ms_transform transform = {
    .reads = MS_VALUES,
    .fields = MS_LIST(fields),
    .lookups = MS_LIST(lookups),
    .tables = MS_LIST(tables),
    .outputs = MS_LIST(outputs),
    .counters = MS_LIST(counters),
    .record = profiles,
};

MILLSTREAM_EXPORT(transform);

/// Adds to each event the region of its country and the hour of its day, and a header with the region.
#include <millstream.h>

enum { ENRICHED };
static const char *const outputs[] = {[ENRICHED] = "enriched"};

enum { COUNTRY, AT };
static const ms_field fields[] = {
    [COUNTRY] = {.path = "/country"},
    [AT] = {.path = "/at", .type = MS_INTEGER},
};

typedef struct settings {
    /// Countries and their regions: `GB = europe, BR = latin-america`.
    ms_map regions;
    /// The region of the other countries.
    ms_bytes fallback;
} settings;

static void configure(ms_settings *from, void *state)
{
    settings *to = state;
    to->regions = ms_setting_map(from, "regions", "");
    to->fallback = ms_setting_text(from, "fallback", "elsewhere");
}

/// The hour of the day, UTC. Division rounds towards zero, so times before 1970 need a step back.
static int64_t hour(int64_t milliseconds)
{
    const int64_t day = 86400000;
    int64_t time = milliseconds % day;
    return (time < 0 ? time + day : time) / 3600000;
}

static ms_status enrich(const ms_record *record, ms_emitter *out, void *state)
{
    const settings *set = state;
    ms_bytes region = ms_map_get(set->regions, ms_field_text(record, COUNTRY));
    if (ms_is_null(region))
        region = set->fallback;
    ms_buffer *added = ms_scratch(out);
    ms_json_text(added, "region", region);
    ms_json_integer(added, "hour", hour(ms_field_integer(record, AT)));
    ms_emission *emission = ms_emit(out, ENRICHED);
    MS_TRY(ms_extend_json(emission, ms_buffer_bytes(added)));
    ms_add_header(emission, "region", region);
    return MS_OK;
}

static const ms_transform transform = {
    .reads = MS_VALUES,
    .fields = MS_LIST(fields),
    .outputs = MS_LIST(outputs),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = enrich,
};

MILLSTREAM_EXPORT(transform);

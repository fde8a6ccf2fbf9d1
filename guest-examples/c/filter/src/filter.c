/// Keeps the events of some types, and drops the others.
#include <millstream.h>

enum { KEPT };
static const char *const outputs[] = {[KEPT] = "kept"};

enum { TYPE };
static const ms_field fields[] = {[TYPE] = {.path = "/type"}};

typedef struct settings {
    /// The types to keep, separated by commas.
    ms_list keep;
} settings;

static void configure(ms_settings *from, void *state)
{
    settings *to = state;
    to->keep = ms_setting_list(from, "keep", "swipe");
}

static ms_status filter(const ms_record *record, ms_emitter *out, void *state)
{
    const settings *set = state;
    if (ms_list_has(set->keep, ms_field_text(record, TYPE)))
        ms_forward(out, KEPT);
    return MS_OK;
}

static const ms_transform transform = {
    .fields = MS_LIST(fields),
    .outputs = MS_LIST(outputs),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = filter,
};

MILLSTREAM_EXPORT(transform);

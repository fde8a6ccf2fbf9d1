/// Tells the events of bots from those of people, by what a table has about their sessions.
#include <millstream.h>

enum { HUMANS, BOTS };
static const char *const outputs[] = {[HUMANS] = "humans", [BOTS] = "bots"};

enum { UNKNOWN_SESSIONS };
static const char *const counters[] = {[UNKNOWN_SESSIONS] = "unknown_sessions"};

enum { SESSIONS };
static const char *const tables[] = {[SESSIONS] = "sessions"};

// What the host takes out of each event, and what it looks up for it. The event itself never enters this component.
enum { SESSION };
static const ms_field fields[] = {[SESSION] = {.path = "/session"}};

/// How likely the session is a bot's, from 0 to 1. Not every session has been judged.
enum { SCORE };
static const ms_field bot_score = {.path = "/bot-score", .type = MS_NUMBER, .presence = MS_LENIENT};
static const ms_lookup lookups[] = {
    [SCORE] = {.table = SESSIONS, .key = MS_FIELD_KEY, .field = SESSION, .of = &bot_score},
};

typedef struct settings {
    /// From this score on a session is a bot's.
    double limit;
} settings;

static void configure(ms_settings *from, void *state)
{
    settings *to = state;
    to->limit = ms_setting_number(from, "limit", 0.9);
}

static ms_status bots(const ms_record *record, ms_emitter *out, void *state)
{
    const settings *set = state;
    // Nobody is taken for a bot without a reason: a score that is null reads as 0, which a limit may be too.
    if (ms_lookup_is_null(record, SCORE)) {
        ms_count(out, UNKNOWN_SESSIONS, 1);
        ms_forward(out, HUMANS);
    } else {
        ms_forward(out, ms_lookup_number(record, SCORE) >= set->limit ? BOTS : HUMANS);
    }
    return MS_OK;
}

static const ms_transform transform = {
    .fields = MS_LIST(fields),
    .lookups = MS_LIST(lookups),
    .tables = MS_LIST(tables),
    .outputs = MS_LIST(outputs),
    .counters = MS_LIST(counters),
    .state_size = sizeof(settings),
    .configure = configure,
    .record = bots,
};

MILLSTREAM_EXPORT(transform);

#include "millstream/testing.h"

enum { USERS, NAMES };
enum { BY_KEY, NAME, NUMBER };

static const char *const tables[] = {"users", "names"};
static const char *const outputs[] = {"out"};
static const ms_field fields[] = {{.path = "/id", .type = MS_INTEGER, .presence = MS_NULLABLE}};
static const ms_field name = {.path = "/name", .presence = MS_LENIENT};
static const ms_lookup lookups[] = {
    [BY_KEY] = {.table = USERS},
    [NAME] = {.table = USERS, .of = &name},
    [NUMBER] = {.table = NAMES, .key = MS_FIELD_KEY, .field = 0},
};

static ms_status show(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_bytes user = ms_table_get(record, USERS, ms_record_key(record));
    MS_CHECK(ms_same(user, ms_lookup_raw(record, BY_KEY)));
    MS_CHECK(ms_is_null(user) == ms_lookup_is_null(record, BY_KEY));
    ms_append_format(ms_write_value(ms_emit(out, 0)), "%.*s %.*s %.*s", MS_PRINT(user), MS_PRINT(ms_lookup_text(record, NAME)),
                     MS_PRINT(ms_lookup_raw(record, NUMBER)));
    return MS_OK;
}

static ms_status show_all(const ms_batch *batch, ms_plan *plan, void *state)
{
    (void)state;
    ms_column users = ms_table_get_all(batch, USERS, ms_batch_keys(batch));
    for (size_t row = 0; row < ms_batch_len(batch); row++)
        ms_set_value(ms_plan_emit(plan, row, 0), ms_column_get(&users, row));
    return MS_OK;
}

static const ms_transform transform = {.reads = MS_KEYS,
                                       .fields = MS_LIST(fields),
                                       .lookups = MS_LIST(lookups),
                                       .tables = MS_LIST(tables),
                                       .outputs = MS_LIST(outputs),
                                       .record = show};

static ms_test *filled(const ms_transform *of)
{
    ms_test *test = ms_test_new(of);
    ms_test_table(test, "users", "ann", "{}");
    ms_test_table(test, "users", "ann", "{\"name\":\"Ann\"}");
    ms_test_table(test, "names", "7", "seven");
    ms_test_record(test, "{\"id\":7}");
    ms_test_key(test, "ann");
    ms_test_record(test, "{}");
    ms_test_record(test, "{}");
    ms_test_key(test, "bob");
    return test;
}

static void lookups_are_joined_and_tables_are_asked(void)
{
    ms_test *test = filled(&transform);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->emitted[0].value, "{\"name\":\"Ann\"} Ann seven");
    MS_CHECK_TEXT(outcome->emitted[1].value, "  ");
    MS_CHECK_TEXT(outcome->emitted[2].value, "  ");
    ms_test_free(test);
}

static void a_column_of_keys_is_asked_for_at_once(void)
{
    ms_transform columns = transform;
    columns.record = NULL;
    columns.batch = show_all;
    ms_test *test = filled(&columns);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->emitted[0].value, "{\"name\":\"Ann\"}");
    MS_CHECK_TEXT(outcome->emitted[1].value, NULL);
    MS_CHECK_TEXT(outcome->emitted[2].value, NULL);
    ms_test_free(test);
}

static void a_lookup_that_is_not_json_rejects_the_record(void)
{
    ms_test *test = filled(&transform);
    ms_test_table(test, "users", "bob", "{");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == 1 && outcome->rejected[0].row == 2);
    MS_CHECK_TEXT(outcome->rejected[0].code, "malformed-json");
    static const char reason[] = "looked up in the table `users`: the value is not JSON: ";
    MS_CHECK(strncmp(outcome->rejected[0].reason.data, reason, sizeof reason - 1) == 0);
    ms_test_free(test);
}

int main(void)
{
    lookups_are_joined_and_tables_are_asked();
    a_column_of_keys_is_asked_for_at_once();
    a_lookup_that_is_not_json_rejects_the_record();
    return 0;
}

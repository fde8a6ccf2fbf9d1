#include "millstream/testing.h"

enum { TYPE, AGE, SCORE, PAID, WHOLE, ID, TRACE, NOTE };

static const ms_field fields[] = {
    [TYPE] = {.path = "/type"},
    [AGE] = {.path = "/age", .type = MS_INTEGER, .presence = MS_NULLABLE},
    [SCORE] = {.path = "/score", .type = MS_NUMBER, .presence = MS_LENIENT},
    [PAID] = {.path = "/paid", .type = MS_BOOLEAN, .presence = MS_NULLABLE},
    [WHOLE] = {.type = MS_RAW, .presence = MS_NULLABLE},
    [ID] = {.part = MS_KEY, .type = MS_INTEGER, .presence = MS_LENIENT},
    [TRACE] = {.part = MS_HEADER, .header = "trace", .presence = MS_LENIENT},
    [NOTE] = {.path = "/note", .type = MS_RAW, .presence = MS_NULLABLE},
};
static const char *const outputs[] = {"out"};

/// Writes down what it sees.
static ms_status show(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_buffer *seen = ms_write_value(ms_emit(out, 0));
    ms_append_format(seen, "%.*s", MS_PRINT(ms_field_text(record, TYPE)));
    if (!ms_field_is_null(record, AGE))
        ms_append_format(seen, " age=%lld", (long long)ms_field_integer(record, AGE));
    if (!ms_field_is_null(record, SCORE))
        ms_append_format(seen, " score=%g", ms_field_number(record, SCORE));
    if (!ms_field_is_null(record, PAID))
        ms_append_format(seen, " paid=%d", ms_field_boolean(record, PAID));
    if (!ms_field_is_null(record, ID))
        ms_append_format(seen, " id=%lld", (long long)ms_field_integer(record, ID));
    if (!ms_is_null(ms_field_text(record, TRACE)))
        ms_append_format(seen, " trace=%.*s", MS_PRINT(ms_field_text(record, TRACE)));
    if (!ms_is_null(ms_field_raw(record, NOTE)))
        ms_append_format(seen, " note=%.*s", MS_PRINT(ms_field_raw(record, NOTE)));
    ms_append_format(seen, " of %zu", ms_field_raw(record, WHOLE).len);
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .record = show};

static void fields_come_typed_and_null_where_they_are_not(void)
{
    ms_test *test = ms_test_new(&transform);
    ms_test_record(test, "{\"type\":\"a\",\"type\":\"\\u00e4\",\"age\":-0,\"score\":1e2,\"paid\":true,\"note\":{ \"x\": 1 }}");
    ms_test_key(test, "77");
    ms_test_header(test, "trace", "first");
    ms_test_header(test, "trace", "last");
    ms_test_record(test, "{\"type\":\"b\",\"age\":null,\"score\":\"no\",\"note\":null}");
    ms_test_key(test, "7.5");
    ms_test_header(test, "trace", "\xff");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->emitted[0].value, "ä age=0 score=100 paid=1 id=77 trace=last note={ \"x\": 1 } of 79");
    MS_CHECK_TEXT(outcome->emitted[1].value, "b of 48");
    ms_test_free(test);
}

static void records_that_lack_what_is_declared_never_come(void)
{
    static const char *const values[] = {"{\"type\":", "{\"age\":1}", "{\"type\":7}", "{\"type\":\"a\",\"age\":1.0}",
                                         "{\"type\":\"a\",\"age\":9223372036854775808}", "{\"type\":\"a\",\"score\":1e999}", NULL,
                                         "{\"type\":\"\\ud800\"}"};
    static const char *const codes[] = {"malformed-json", "missing-field", "wrong-type", "wrong-type", "wrong-type", "null-value",
                                        "wrong-type"};
    ms_test *test = ms_test_new(&transform);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ms_test_record(test, values[i]);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected_count == sizeof codes / sizeof *codes);
    for (size_t i = 0; i < outcome->rejected_count; i++)
        MS_CHECK_TEXT(outcome->rejected[i].code, codes[i]);
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the value is not JSON: unexpected end at byte 8");
    MS_CHECK_TEXT(outcome->rejected[1].reason, "`/type` of the value is missing or null");
    MS_CHECK_TEXT(outcome->rejected[5].reason, "the record has no value");
    MS_CHECK(outcome->emitted_count == 1 && outcome->emitted[0].row == 5);
    ms_test_free(test);
}

static void null_values_come_to_those_who_want_them(void)
{
    ms_transform wanting = transform;
    wanting.null_values = true;
    ms_test *test = ms_test_new(&wanting);
    ms_test_record(test, NULL);
    ms_test_record(test, "{\"type\":\"a\"}");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->emitted[0].value, " of 0");
    MS_CHECK(outcome->emitted_count == 2);
    ms_test_free(test);
}

static ms_status forward(const ms_record *record, ms_emitter *out, void *state)
{
    (void)record;
    (void)state;
    ms_forward(out, 0);
    return MS_OK;
}

static void null_values_come_where_nothing_of_the_value_is_required(void)
{
    static const ms_field optional[] = {{.path = "/type", .presence = MS_NULLABLE}, {.part = MS_KEY}};
    const ms_transform forwarding = {.fields = MS_LIST(optional), .outputs = MS_LIST(outputs), .record = forward};
    ms_test *test = ms_test_new(&forwarding);
    ms_test_record(test, NULL);
    ms_test_key(test, "k");
    ms_test_record(test, NULL);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 1 && outcome->emitted[0].row == 0);
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the key is missing or null");
    ms_test_free(test);
}

int main(void)
{
    fields_come_typed_and_null_where_they_are_not();
    records_that_lack_what_is_declared_never_come();
    null_values_come_to_those_who_want_them();
    null_values_come_where_nothing_of_the_value_is_required();
    return 0;
}

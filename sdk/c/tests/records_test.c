#include "instance.h"
#include "millstream/testing.h"

static const char *const outputs[] = {"first", "second"};
static const char *const counters[] = {"seen", "odd"};

/// What the record's value names is done with it.
static ms_status obey(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_bytes value = ms_record_value(record);
    ms_count(out, 0, 1);
    if (ms_is(value, "forward")) {
        ms_forward(out, 0);
    } else if (ms_is(value, "twice")) {
        ms_forward(out, 1);
        ms_set_value(ms_emit(out, 0), ms_text("again"));
    } else if (ms_is(value, "change")) {
        ms_header instead[] = {{ms_text("a"), ms_text("1")}, {ms_text("a"), ms_null()}};
        ms_emission *emission = ms_emit(out, 0);
        ms_set_key(emission, ms_text("k"));
        ms_set_value(emission, ms_text("lost"));
        ms_append_format(ms_write_value(emission), "row %zu", ms_record_row(record));
        ms_add_header(emission, "b", ms_text(""));
        ms_set_headers(emission, instead, 2);
        ms_set_timestamp(emission, 5);
        ms_set_partition(emission, 3);
    } else if (ms_is(value, "nothing")) {
        ms_emission *emission = ms_emit(out, 0);
        ms_set_null_key(emission);
        ms_set_null_value(emission);
    } else if (ms_is(value, "drop")) {
        ms_forward(out, 0);
        ms_drop(out);
    } else if (ms_is(value, "reject")) {
        ms_set_key(ms_emit(out, 1), ms_text("gone"));
        ms_add_header(ms_emit(out, 1), "gone", ms_null());
        return ms_reject(out, "Bad Thing", "row %zu \xff", ms_record_row(record));
    } else if (ms_is(value, "silently")) {
        return MS_REJECTED;
    } else if (ms_is(value, "oddly")) {
        return (ms_status)7;
    } else if (ms_is(value, "later")) {
        return ms_fail_transient(out, "the %s is away", "server");
    } else if (ms_is(value, "never")) {
        return ms_fail_permanent(out, "no");
    } else {
        ms_bytes text;
        MS_TRY(ms_record_text(record, out, &text));
        ms_info("%.*s", MS_PRINT(text));
    }
    return MS_OK;
}

static const ms_transform transform = {
    .reads = MS_VALUES, .outputs = MS_LIST(outputs), .counters = MS_LIST(counters), .record = obey};

static ms_test *over(const char *first, const char *second, const char *third)
{
    ms_test *test = ms_test_new(&transform);
    ms_test_record(test, first);
    ms_test_record(test, second);
    ms_test_record(test, third);
    return test;
}

static void records_go_where_they_are_sent(void)
{
    ms_test *test = over("forward", "twice", "drop");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 3 && outcome->dropped_count == 1 && outcome->dropped[0] == 2);
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "second");
    MS_CHECK(outcome->emitted[2].row == 1);
    MS_CHECK_TEXT(outcome->emitted[2].value, "again");
    MS_CHECK_TEXT(outcome->emitted[0].value, "forward");
    MS_CHECK(outcome->counters[0] == 3 && outcome->counters[1] == 0);
    ms_test_free(test);
}

static void what_is_changed_is_changed_and_nothing_else(void)
{
    ms_test *test = over("forward", "change", "nothing");
    ms_test_key(test, "old");
    ms_test_header(test, "h", "1");
    const ms_outcome *outcome = ms_test_run(test);
    const ms_emitted *changed = &outcome->emitted[1], *emptied = &outcome->emitted[2];
    MS_CHECK_TEXT(changed->key, "k");
    MS_CHECK_TEXT(changed->value, "row 1");
    MS_CHECK(changed->header_count == 3 && changed->timestamp == 5 && changed->partition == 3);
    MS_CHECK(ms_is_null(changed->headers[1].value));
    MS_CHECK_TEXT(ms_emitted_header(changed, "b"), "");
    MS_CHECK(ms_is_null(emptied->key) && ms_is_null(emptied->value));
    MS_CHECK_TEXT(ms_emitted_header(emptied, "h"), "1");
    MS_CHECK(emptied->timestamp == 0 && emptied->partition == -1);
    ms_test_free(test);
}

static void a_rejected_record_leaves_nothing_behind(void)
{
    ms_test *test = over("forward", "reject", "forward");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 2 && outcome->rejected_count == 1 && outcome->rejected[0].row == 1);
    MS_CHECK(ms_is_null(outcome->emitted[1].key) && outcome->emitted[1].header_count == 0);
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "first");
    MS_CHECK_TEXT(outcome->rejected[0].code, "bad-thing");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "row 1 \xef\xbf\xbd");
    ms_test_free(test);
}

static void a_rejection_without_a_reason_says_so(void)
{
    ms_test *test = over("silently", "oddly", NULL);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->rejected[0].code, "error");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the transform gave no reason");
    MS_CHECK_TEXT(outcome->rejected[1].reason, "the transform answered 7, which is no status");
    MS_CHECK_TEXT(outcome->rejected[2].code, "null-value");
    ms_test_free(test);
}

static void a_value_that_is_no_text_is_rejected_where_text_is_wanted(void)
{
    ms_test *test = over("hello", "a\xff", "forward");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->rejected[0].code, "invalid-utf8");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "the value is not text: invalid UTF-8 at byte 1");
    MS_CHECK(outcome->log_count == 1 && outcome->logs[0].level == MS_INFO);
    MS_CHECK_TEXT(outcome->logs[0].message, "hello");
    ms_test_free(test);
}

static void a_failed_batch_has_no_records_and_no_counts(void)
{
    ms_test *test = over("forward", "reject", "later");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->failure, "the server is away");
    MS_CHECK(outcome->transient && outcome->emitted_count == 0 && outcome->rejected_count == 0 && outcome->counters[0] == 0);
    ms_test_free(test);
    test = over("never", "forward", "forward");
    outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->failure, "no");
    MS_CHECK(!outcome->transient);
    ms_test_free(test);
}

static ms_status extend(const ms_record *record, ms_emitter *out, void *state)
{
    (void)record;
    return ms_extend_json(ms_emit(out, 0), ms_text(state == NULL ? "\"b\":2" : ""));
}

static void members_are_added_to_an_object(void)
{
    static const char *const values[] = {" {\"a\":1} \n", "{ }", "{}", "[]", "\"{}\"", "", NULL, "}{", "{"};
    static const char *const extended[] = {" {\"a\":1,\"b\":2} \n", "{ \"b\":2}", "{\"b\":2}"};
    const ms_transform extending = {.reads = MS_VALUES, .outputs = MS_LIST(outputs), .record = extend};
    ms_test *test = ms_test_new(&extending);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        ms_test_record(test, values[i]);
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->emitted_count == 3 && outcome->rejected_count == 6);
    for (size_t i = 0; i < 3; i++)
        MS_CHECK_TEXT(outcome->emitted[i].value, extended[i]);
    for (size_t i = 0; i < 6; i++)
        MS_CHECK_TEXT(outcome->rejected[i].code, outcome->rejected[i].row == 6 ? "null-value" : "unexpected-json");
    ms_test_free(test);
}

static void no_members_change_nothing(void)
{
    ms_transform extending = {.reads = MS_VALUES, .outputs = MS_LIST(outputs), .record = extend, .state_size = 1};
    ms_test *test = ms_test_new(&extending);
    ms_test_record(test, "{\"a\":1}");
    MS_CHECK_TEXT(ms_test_run(test)->emitted[0].value, "{\"a\":1}");
    ms_test_free(test);
}

static ms_status reject_long(const ms_record *record, ms_emitter *out, void *state)
{
    char reason[2000];
    (void)record;
    (void)state;
    memset(reason, 'x', sizeof reason);
    memcpy(reason + 1023, "ä", 2);
    return ms_reject(out, "öööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööööö", "%.*s", 2000, reason);
}

static void codes_and_reasons_are_made_to_fit(void)
{
    const ms_transform rejecting = {.outputs = MS_LIST(outputs), .record = reject_long};
    ms_test *test = ms_test_new(&rejecting);
    ms_test_record(test, "x");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->rejected[0].reason.len == 1023);
    MS_CHECK_TEXT(outcome->rejected[0].code, "----------------------------------------------------------------");
    ms_test_free(test);
}

/// A line for each way to write one, all of them longer than a line may be.
static ms_status log_long(const ms_record *record, ms_emitter *out, void *state)
{
    static char line[100001];
    (void)record;
    (void)out;
    (void)state;
    memset(line, 'x', sizeof line - 1);
    memcpy(line + 4095, "ä", 2);
    memcpy(line + 65535, "ä", 2);
    ms_log(MS_INFO, ms_text(line));
    ms_info("%s", line);
    memset(line, 0xff, sizeof line - 1);
    ms_log(MS_INFO, ms_text(line));
    return MS_OK;
}

static void a_long_line_is_cut_between_characters(void)
{
    const ms_transform logging = {.outputs = MS_LIST(outputs), .record = log_long};
    ms_test *test = ms_test_new(&logging);
    ms_test_record(test, "x");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK(outcome->log_count == 3 && outcome->logs[0].message.len == 65535 && outcome->logs[1].message.len == 4095);
    // Each byte that is none is replaced by three.
    MS_CHECK(outcome->logs[2].message.len == 65535 && memcmp(outcome->logs[2].message.data, "\xef\xbf\xbd", 3) == 0);
    ms_test_free(test);
}

static ms_status reject_bytes(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    if (ms_record_row(record) == 0)
        return ms_reject_bytes(out, ms_bytes_of("a\0b", 3), ms_bytes_of("c\0\xff", 3));
    if (ms_record_row(record) == 1)
        return ms_reject_bytes(out, ms_null(), ms_null());
    return ms_fail_transient_bytes(out, ms_bytes_of("d\0\xff", 3));
}

static void reasons_that_are_bytes_do_not_end_at_a_nul(void)
{
    const ms_transform rejecting = {.outputs = MS_LIST(outputs), .record = reject_bytes};
    ms_test *test = ms_test_new(&rejecting);
    ms_test_record(test, "x");
    ms_test_record(test, "y");
    const ms_outcome *outcome = ms_test_run(test);
    MS_CHECK_TEXT(outcome->rejected[0].code, "a-b");
    MS_CHECK(ms_same(outcome->rejected[0].reason, ms_bytes_of("c\0\xef\xbf\xbd", 5)));
    MS_CHECK_TEXT(outcome->rejected[1].code, "error");
    MS_CHECK_TEXT(outcome->rejected[1].reason, "");
    ms_test_record(test, "z");
    outcome = ms_test_run(test);
    MS_CHECK(outcome->transient && ms_same(outcome->failure, ms_bytes_of("d\0\xef\xbf\xbd", 5)));
    ms_test_free(test);
}

/// The answer itself, for what it leaves out.
static wit_output answer(ms_instance *instance, const char *const *values, uint32_t count)
{
    static char data[64];
    static uint32_t ends[8];
    wit_configured configured;
    static wit_applied applied;
    wit_batch batch;
    memset(instance, 0, sizeof *instance);
    memset(&batch, 0, sizeof batch);
    ms_instance_configure(instance, &transform, NULL, 0, &configured);
    MS_CHECK(!configured.failed);
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(data + len, values[i], strlen(values[i]));
        len += strlen(values[i]);
        ends[i] = (uint32_t)len;
    }
    batch.count = count;
    batch.values.some = 1;
    batch.values.value.data = ms_bytes_of(data, len);
    batch.values.value.ends = ms_bytes_of(ends, 4 * count);
    ms_instance_apply(instance, &batch, &applied);
    MS_CHECK(!applied.failed);
    return applied.of.output;
}

static void what_need_not_be_said_is_left_out(void)
{
    ms_instance instance;
    const char *const plain[] = {"forward", "reject", "forward"};
    wit_output output = answer(&instance, plain, 3);
    MS_CHECK(!output.rows.some && !output.outputs.some && !output.values.some && !output.keys.some && !output.added_headers.some);
    MS_CHECK(output.rejected.some && ms_u32(output.rejected.value.rows, 0) == 1);
    ms_instance_free(&instance);
    const char *const changed[] = {"change", "change"};
    output = answer(&instance, changed, 2);
    MS_CHECK(!output.rows.some && output.values.some && !output.values.value.at.some);
    ms_instance_free(&instance);
    const char *const dropped[] = {"forward", "drop", "change"};
    output = answer(&instance, dropped, 3);
    MS_CHECK(output.rows.some && output.rows.value.len == 8 && output.values.value.at.some);
    MS_CHECK(ms_u32(output.values.value.at.value, 0) == 1);
    ms_instance_free(&instance);
}

int main(void)
{
    records_go_where_they_are_sent();
    what_is_changed_is_changed_and_nothing_else();
    a_rejected_record_leaves_nothing_behind();
    a_rejection_without_a_reason_says_so();
    a_value_that_is_no_text_is_rejected_where_text_is_wanted();
    a_failed_batch_has_no_records_and_no_counts();
    members_are_added_to_an_object();
    no_members_change_nothing();
    codes_and_reasons_are_made_to_fit();
    a_long_line_is_cut_between_characters();
    reasons_that_are_bytes_do_not_end_at_a_nul();
    what_need_not_be_said_is_left_out();
    return 0;
}

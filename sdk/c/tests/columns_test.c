#include "instance.h"
#include "millstream/testing.h"

static const char *const outputs[] = {"kept", "copied"};
static const char *const counters[] = {"rows"};
static const ms_field fields[] = {{.path = "/type"}};

/// Keeps what is a swipe; the face for all the speed.
static ms_status keep(const ms_batch *batch, ms_plan *plan, void *state)
{
    (void)state;
    const ms_column *types = &ms_batch_field(batch, 0, MS_TEXT)->of.column;
    for (size_t row = 0; row < ms_batch_len(batch); row++) {
        ms_bytes type = ms_column_get(types, row);
        ms_plan_count(plan, 0, 1);
        if (ms_is(type, "swipe"))
            ms_plan_forward(plan, row, 0);
        else if (ms_is(type, "copy"))
            ms_set_key(ms_plan_emit(plan, row, 1), ms_column_get(ms_batch_values(batch), row));
        else if (ms_is_null(type))
            ms_plan_reject(plan, row, "none", "row %zu has no type", row);
        else if (ms_is(type, "reject"))
            ms_plan_reject(plan, 0, "first", "it is to blame for row %zu", row);
        else if (ms_is(type, "later"))
            return ms_plan_fail_transient(plan, "row %zu", row);
        else if (ms_is(type, "wrong"))
            return MS_REJECTED;
    }
    return MS_OK;
}

static const ms_transform transform = {.reads = MS_VALUES,
                                       .fields = MS_LIST(fields),
                                       .outputs = MS_LIST(outputs),
                                       .counters = MS_LIST(counters),
                                       .batch = keep};

static const ms_outcome *run(ms_test *test, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ms_test_record(test, values[i]);
    return ms_test_run(test);
}

static void rows_go_where_the_plan_says(void)
{
    static const char *const values[] = {"{\"type\":\"open\"}", "{\"type\":\"swipe\"}", "{\"type\":\"copy\"}", NULL};
    ms_test *test = ms_test_new(&transform);
    const ms_outcome *outcome = run(test, values, 4);
    MS_CHECK(outcome->emitted_count == 2 && outcome->emitted[0].row == 1 && outcome->emitted[1].row == 2);
    MS_CHECK_TEXT(outcome->emitted[1].key, "{\"type\":\"copy\"}");
    MS_CHECK_TEXT(ms_text(outcome->emitted[1].output), "copied");
    MS_CHECK_TEXT(outcome->rejected[0].reason, "row 3 has no type");
    MS_CHECK(outcome->counters[0] == 4 && outcome->dropped_count == 1);
    ms_test_free(test);
}

static void of_two_rejections_of_a_row_the_first_counts_and_rows_are_sorted(void)
{
    static const char *const values[] = {"{\"type\":\"open\"}", NULL, "{\"type\":\"reject\"}", "{\"type\":\"reject\"}"};
    ms_test *test = ms_test_new(&transform);
    const ms_outcome *outcome = run(test, values, 4);
    MS_CHECK(outcome->rejected_count == 2 && outcome->rejected[0].row == 0 && outcome->rejected[1].row == 1);
    MS_CHECK_TEXT(outcome->rejected[0].reason, "it is to blame for row 2");
    ms_test_free(test);
}

static void a_plan_may_fail_its_batch(void)
{
    static const char *const later[] = {"{\"type\":\"swipe\"}", "{\"type\":\"later\"}"};
    static const char *const wrong[] = {"{\"type\":\"wrong\"}"};
    ms_test *test = ms_test_new(&transform);
    const ms_outcome *outcome = run(test, later, 2);
    MS_CHECK_TEXT(outcome->failure, "row 1");
    MS_CHECK(outcome->transient);
    ms_test_free(test);
    test = ms_test_new(&transform);
    outcome = run(test, wrong, 1);
    MS_CHECK_TEXT(outcome->failure, "the transform answered 1 for the batch");
    MS_CHECK(!outcome->transient);
    ms_test_free(test);
}

static ms_status emit_and_reject(const ms_batch *batch, ms_plan *plan, void *state)
{
    (void)batch;
    (void)state;
    ms_plan_forward(plan, 0, 0);
    ms_plan_forward(plan, 2, 0);
    ms_plan_reject(plan, 2, "bad", "it was emitted before");
    return MS_OK;
}

static void a_row_that_is_both_emitted_and_rejected_is_said_so_that_the_host_sees_it(void)
{
    const ms_transform both = {.outputs = MS_LIST(outputs), .batch = emit_and_reject};
    ms_instance instance;
    wit_configured configured;
    wit_applied applied;
    wit_batch batch;
    memset(&instance, 0, sizeof instance);
    memset(&batch, 0, sizeof batch);
    batch.count = 3;
    ms_instance_configure(&instance, &both, NULL, 0, &configured);
    ms_instance_apply(&instance, &batch, &applied);
    // Two emitted and one rejected are as many as there are, but row 1 is not among them.
    MS_CHECK(!applied.failed && applied.of.output.rows.some);
    MS_CHECK(ms_u32(applied.of.output.rows.value, 1) == 2 && ms_u32(applied.of.output.rejected.value.rows, 0) == 2);
    ms_instance_free(&instance);
}

int main(void)
{
    rows_go_where_the_plan_says();
    of_two_rejections_of_a_row_the_first_counts_and_rows_are_sorted();
    a_plan_may_fail_its_batch();
    a_row_that_is_both_emitted_and_rejected_is_said_so_that_the_host_sees_it();
    return 0;
}

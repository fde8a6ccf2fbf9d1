/// What a transform does and did not declare fails its batch, with an error that says what to declare.
#include "instance.h"
#include "millstream/testing.h"

static const char *const outputs[] = {"out"};
static const ms_field fields[] = {{.path = "/type", .presence = MS_NULLABLE}};

static ms_status misuse(const ms_record *record, ms_emitter *out, void *state)
{
    (void)state;
    ms_emission *kept;
    switch (ms_record_row(record)) {
    case 0:
        MS_CHECK(ms_is_null(ms_record_key(record)));
        break;
    case 1:
        MS_CHECK(ms_field_integer(record, 0) == 0);
        break;
    case 2:
        MS_CHECK(ms_is_null(ms_field_raw(record, 3)));
        break;
    case 3:
        ms_forward(out, 1);
        break;
    case 4:
        ms_count(out, 0, 1);
        break;
    case 5:
        MS_CHECK(ms_is_null(ms_table_get(record, 0, ms_text("k"))));
        break;
    case 7:
        kept = ms_emit(out, 0);
        ms_forward(out, 0);
        ms_set_null_key(kept);
        break;
    case 8:
        kept = ms_emit(out, 0);
        ms_drop(out);
        ms_set_timestamp(kept, 1);
        break;
    case 6:
        MS_CHECK(ms_record_header_count(record) == 0 && ms_record_timestamp(record) == 0);
        break;
    }
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .record = misuse};

static size_t first_row;

static ms_status from_row(const ms_record *record, ms_emitter *out, void *state)
{
    ms_record shifted = *record;
    shifted.row += first_row;
    return misuse(&shifted, out, state);
}

static void each_misuse_is_named(void)
{
    static const char *const errors[] = {
        "the transform looks at what it does not declare: add MS_KEYS to `reads`",
        "the transform looks at field 0 as MS_INTEGER, and declares it as MS_TEXT: use the function for that type",
        "the transform looks at field 3 and declares 1: add it to `fields`",
        "the transform emits to output 1 and declares 1: add it to `outputs`",
        "the transform counts counter 0 and declares 0: add it to `counters`",
        "the transform looks at table 0 and declares 0: add it to `tables`",
        "the transform looks at what it does not declare: add MS_HEADERS to `reads`",
        "the transform changes a record when it has dropped it or emitted another one: change it right after ms_emit",
        "the transform changes a record when it has dropped it or emitted another one: change it right after ms_emit",
    };
    ms_transform shifted = transform;
    shifted.record = from_row;
    for (first_row = 0; first_row < sizeof errors / sizeof *errors; first_row++) {
        ms_test *test = ms_test_new(&shifted);
        ms_test_record(test, "{}");
        const ms_outcome *outcome = ms_test_run(test);
        MS_CHECK_TEXT(outcome->failure, errors[first_row]);
        MS_CHECK(!outcome->transient);
        ms_test_free(test);
    }
}

static void a_declaration_that_cannot_be_is_refused(void)
{
    const ms_transform no_output = {.record = misuse};
    const ms_transform no_function = {.outputs = MS_LIST(outputs)};
    ms_test *test = ms_test_new(&no_output);
    MS_CHECK_TEXT(ms_test_configure(test), "the transform declares no output: add one to `outputs`");
    ms_test_free(test);
    test = ms_test_new(&no_function);
    MS_CHECK_TEXT(ms_test_configure(test), "the transform needs one function: set either `record` or `batch`");
    ms_test_free(test);
}

static void a_batch_that_is_not_as_declared_is_refused(void)
{
    ms_instance instance;
    wit_applied applied;
    wit_configured configured;
    wit_batch batch;
    memset(&instance, 0, sizeof instance);
    memset(&batch, 0, sizeof batch);
    batch.count = 2;
    ms_instance_apply(&instance, &batch, &applied);
    MS_CHECK_TEXT(applied.of.failure.reason, "apply was called before configure");
    ms_instance_configure(&instance, &transform, NULL, 0, &configured);
    ms_instance_apply(&instance, &batch, &applied);
    MS_CHECK(applied.failed);
    MS_CHECK_TEXT(applied.of.failure.reason, "the host sent no fields, or too few, for 2 rows");
    ms_instance_free(&instance);
}

int main(void)
{
    each_misuse_is_named();
    a_declaration_that_cannot_be_is_refused();
    a_batch_that_is_not_as_declared_is_refused();
    return 0;
}

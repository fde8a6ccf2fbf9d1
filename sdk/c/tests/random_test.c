/// Random programs of emissions, changes, drops and rejections come out as a simple model says: whatever is taken back, the
/// positions of all patches fit.
#include "millstream/testing.h"

enum { ROWS = 40, ROUNDS = 400, MOST_EMITTED = 16 };

static const char *const outputs[] = {"a", "b"};
static uint32_t round_seed;

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/// What is expected of one emitted record; -1 and null stand for what is not changed.
typedef struct expected {
    unsigned output;
    bool key_set, value_set, headers_set;
    char key[8], value[24];
    bool null_value;
    unsigned added;
    int64_t timestamp;
    int32_t partition;
} expected;

typedef struct fate {
    expected emitted[MOST_EMITTED];
    size_t count;
    bool rejected;
} fate;

/// Changes an emission as the seed says, and the model's with it.
static void change(uint32_t *seed, ms_emission *emission, expected *model)
{
    static const ms_header instead[] = {{{"x", 1}, {NULL, 0}}};
    uint32_t what = next(seed) % 64, number = next(seed);
    if ((what & 1) != 0) {
        model->key_set = true;
        snprintf(model->key, sizeof model->key, "%u", (unsigned)(number % 1000));
        if (emission != NULL)
            ms_set_key(emission, ms_text(model->key));
    }
    if ((what & 2) != 0) {
        model->value_set = true;
        model->null_value = number % 3 == 0;
        snprintf(model->value, sizeof model->value, "v%u", (unsigned)number);
        if (emission != NULL && number % 2 == 0)
            ms_set_value(emission, ms_text("is replaced"));
        if (emission != NULL && model->null_value)
            ms_set_null_value(emission);
        else if (emission != NULL)
            ms_append_format(ms_write_value(emission), "v%u", (unsigned)number);
    }
    if ((what & 4) != 0) {
        model->headers_set = true;
        if (emission != NULL)
            ms_set_headers(emission, instead, 1);
    }
    if ((what & 8) != 0) {
        model->added = number % 3;
        for (unsigned i = 0; emission != NULL && i < model->added; i++)
            ms_add_header(emission, "added", i == 0 ? ms_null() : ms_text("1"));
    }
    if ((what & 16) != 0) {
        model->timestamp = number;
        if (emission != NULL)
            ms_set_timestamp(emission, number);
    }
    if ((what & 32) != 0) {
        model->partition = (int32_t)(number % 100);
        if (emission != NULL)
            ms_set_partition(emission, model->partition);
    }
}

/// Carries out a row's program: with an emitter, in the model, or both.
static ms_status carry_out(size_t row, ms_emitter *out, fate *model)
{
    uint32_t seed = round_seed * 7919u + (uint32_t)row;
    size_t steps = next(&seed) % 8;
    memset(model, 0, sizeof *model);
    for (size_t i = 0; i < steps; i++) {
        uint32_t step = next(&seed) % 8;
        unsigned output = next(&seed) % 4 == 0;
        expected *emitted = &model->emitted[model->count];
        memset(emitted, 0, sizeof *emitted);
        emitted->output = output;
        emitted->partition = -1;
        switch (step) {
        case 0:
            model->count = 0;
            if (out != NULL)
                ms_drop(out);
            break;
        case 1:
            model->count = 0;
            model->rejected = true;
            return out == NULL ? MS_REJECTED : ms_reject(out, "no", "row %zu", row);
        case 2:
        case 3:
            model->count++;
            if (out != NULL)
                ms_forward(out, output);
            break;
        default:
            model->count++;
            change(&seed, out == NULL ? NULL : ms_emit(out, output), emitted);
        }
    }
    return MS_OK;
}

static ms_status run(const ms_record *record, ms_emitter *out, void *state)
{
    fate model;
    (void)state;
    return carry_out(ms_record_row(record), out, &model);
}

static void check(const ms_emitted *is, const expected *model, size_t row)
{
    char value[24];
    snprintf(value, sizeof value, "value %zu", row);
    MS_CHECK(is->row == row);
    MS_CHECK_TEXT(ms_text(is->output), outputs[model->output]);
    MS_CHECK_TEXT(is->key, model->key_set ? model->key : "key");
    MS_CHECK_TEXT(is->value, model->value_set ? (model->null_value ? NULL : model->value) : value);
    MS_CHECK(is->header_count == 1 + model->added);
    MS_CHECK_TEXT(is->headers[0].name, model->headers_set ? "x" : "own");
    MS_CHECK(model->added < 2 || ms_is(is->headers[2].value, "1"));
    MS_CHECK(is->timestamp == model->timestamp && is->partition == model->partition);
}

int main(void)
{
    const ms_transform transform = {.outputs = MS_LIST(outputs), .record = run};
    for (round_seed = 0; round_seed < ROUNDS; round_seed++) {
        ms_test *test = ms_test_new(&transform);
        for (size_t row = 0; row < ROWS; row++) {
            char value[24];
            snprintf(value, sizeof value, "value %zu", row);
            ms_test_record(test, value);
            ms_test_key(test, "key");
            ms_test_header(test, "own", NULL);
        }
        const ms_outcome *outcome = ms_test_run(test);
        size_t emitted = 0, rejected = 0;
        MS_CHECK(ms_is_null(outcome->failure));
        for (size_t row = 0; row < ROWS; row++) {
            fate model;
            carry_out(row, NULL, &model);
            for (size_t i = 0; i < model.count; i++)
                check(&outcome->emitted[emitted++], &model.emitted[i], row);
            MS_CHECK(!model.rejected || outcome->rejected[rejected].row == row);
            rejected += model.rejected;
        }
        MS_CHECK(emitted == outcome->emitted_count && rejected == outcome->rejected_count);
        ms_test_free(test);
    }
    return 0;
}

/// What `field` does, over the columns of a batch.
#include <millstream.h>

enum { KEPT };
static const char *const outputs[] = {[KEPT] = "kept"};

enum { TYPE };
static const ms_field fields[] = {[TYPE] = {.path = "/type"}};

static ms_status keep(const ms_batch *batch, ms_plan *plan, void *state)
{
    (void)state;
    const ms_column *types = &ms_batch_field(batch, TYPE, MS_TEXT)->of.column;
    for (size_t row = 0; row < ms_batch_len(batch); row++) {
        ms_bytes type = ms_column_get(types, row);
        if (ms_is(type, "swipe") || ms_is(type, "message") || ms_is(type, "profile"))
            ms_plan_forward(plan, row, KEPT);
    }
    return MS_OK;
}

static const ms_transform transform = {.fields = MS_LIST(fields), .outputs = MS_LIST(outputs), .batch = keep};

MILLSTREAM_EXPORT(transform);

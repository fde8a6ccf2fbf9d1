/// The answer applied to a test's records, as the host does it.
#include "testing.h"

#include "text.h"

/// Which entry of a patch the record at `position` gets; false where it gets none.
static bool patched(uint8_t some, const wit_bytes_option *at, size_t position, size_t *entry)
{
    *entry = position;
    if (!some || !at->some)
        return some;
    for (*entry = 0; *entry < at->value.len / 4; ++*entry)
        if (ms_u32(at->value, *entry) == position)
            return true;
    return false;
}

static ms_bytes changed(ms_test *test, uint8_t some, const wit_column_patch *patch, size_t position, ms_bytes unchanged)
{
    size_t entry;
    if (!patched(some, &patch->at, position, &entry))
        return unchanged;
    return ms_copy(&test->run, ms_column_get(&patch->to, entry));
}

/// Appends the headers that a patch has for the record at `position`; false where it has none.
static bool patched_headers(ms_test *test, uint8_t some, const wit_headers_patch *patch, size_t position, ms_array *to)
{
    size_t entry;
    if (!patched(some, &patch->at, position, &entry))
        return false;
    for (size_t i = 0; i < ms_headers_count(&patch->to, entry); i++) {
        ms_header sent = ms_headers_get(&patch->to, entry, i);
        ms_header *header = ms_array_add(to, sizeof *header);
        header->name = ms_copy(&test->run, sent.name);
        header->value = ms_copy(&test->run, sent.value);
        if (sent.name.len >= 11 && memcmp(sent.name.data, "millstream.", 11) == 0)
            ms_test_fatal("the host would refuse the answer: the header `%.*s`: names that begin with `millstream.` are the host's",
                          MS_PRINT(sent.name));
        if (ms_utf8_prefix(sent.name) != sent.name.len)
            ms_test_fatal("the host would refuse the answer: a header's name is no UTF-8");
    }
    return true;
}

static void set_headers(ms_test *test, const wit_output *output, size_t position, const ms_input *input, ms_emitted *to)
{
    ms_array headers = {NULL, 0, 0};
    if (!patched_headers(test, output->headers.some, &output->headers.value, position, &headers))
        for (size_t i = 0; i < input->header_count; i++)
            *(ms_header *)ms_array_add(&headers, sizeof(ms_header)) = input->headers[i];
    patched_headers(test, output->added_headers.some, &output->added_headers.value, position, &headers);
    ms_bytes copy = ms_copy(&test->run, ms_bytes_of(headers.items == NULL ? "" : headers.items, headers.count * sizeof(ms_header)));
    // ms_copy aligns to nothing.
    ms_header *aligned = ms_arena_take(&test->run, copy.len, _Alignof(ms_header));
    memcpy(aligned, copy.data, copy.len);
    to->headers = aligned;
    to->header_count = headers.count;
    free(headers.items);
}

static void emit(ms_test *test, const ms_transform *declared, const ms_input *input, size_t position, const wit_output *output)
{
    uint16_t index = 0;
    size_t entry;
    ms_emitted *emitted = ms_array_add(&test->emitted, sizeof *emitted);
    if (output->outputs.some)
        memcpy(&index, output->outputs.value.data + 2 * position, sizeof index);
    emitted->output = declared->outputs.at[index];
    emitted->row = input->row;
    emitted->key = changed(test, output->keys.some, &output->keys.value, position, input->key);
    emitted->value = changed(test, output->values.some, &output->values.value, position, input->value);
    set_headers(test, output, position, input, emitted);
    emitted->timestamp = input->timestamp;
    if (patched(output->timestamps.some, &output->timestamps.value.at, position, &entry))
        memcpy(&emitted->timestamp, output->timestamps.value.to.data + 8 * entry, sizeof emitted->timestamp);
    emitted->partition = -1;
    if (patched(output->partitions.some, &output->partitions.value.at, position, &entry))
        memcpy(&emitted->partition, output->partitions.value.to.data + 4 * entry, sizeof emitted->partition);
    if (emitted->timestamp < -1 || emitted->partition < -1)
        ms_test_fatal("the host would refuse the answer: timestamp %lld, partition %d: they are -1 or later",
                      (long long)emitted->timestamp, (int)emitted->partition);
}

enum fate { DROPPED, EMITTED, REJECTED };

static void reject_all(ms_test *test, const ms_input *const *inputs, const wit_rejections *rejections, char *fates)
{
    for (size_t i = 0; i < rejections->rows.len / 4; i++) {
        uint32_t row = ms_u32(rejections->rows, i);
        fates[row] = REJECTED;
        ms_rejected *rejected = ms_array_add(&test->rejected, sizeof *rejected);
        rejected->row = inputs[row]->row;
        rejected->code = ms_copy(&test->run, ms_column_get(&rejections->codes, i));
        rejected->reason = ms_copy(&test->run, ms_column_get(&rejections->reasons, i));
    }
}

void ms_test_apply(ms_test *test, const ms_transform *declared, const ms_input *const *inputs, size_t count,
                   const wit_output *output)
{
    char *fates = memset(ms_arena_take(&test->run, count, 1), DROPPED, count);
    if (output->rejected.some)
        reject_all(test, inputs, &output->rejected.value, fates);
    size_t emitted = output->rows.some ? output->rows.value.len / 4 : count;
    for (size_t i = 0, position = 0; i < emitted; i++) {
        size_t row = output->rows.some ? ms_u32(output->rows.value, i) : i;
        if (!output->rows.some && fates[row] == REJECTED)
            continue;
        if (fates[row] == REJECTED)
            ms_test_fatal("the host would refuse the answer: row %zu is both emitted and rejected", inputs[row]->row);
        fates[row] = EMITTED;
        emit(test, declared, inputs[row], position++, output);
    }
    for (size_t row = 0; row < count; row++)
        if (fates[row] == DROPPED)
            *(size_t *)ms_array_add(&test->dropped, sizeof(size_t)) = inputs[row]->row;
}

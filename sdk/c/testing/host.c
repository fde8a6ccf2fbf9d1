/// The host of a test: its log, its counters and its tables.
#include "host.h"

#include <stdio.h>

#include "testing.h"
#include "text.h"

ms_test *ms_test_running;

void ms_host_log(uint8_t level, ms_bytes message)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (ms_test_running == NULL) {
        fprintf(stderr, "%s: %.*s\n", names[level], MS_PRINT(message));
        return;
    }
    ms_logged *line = ms_array_add(&ms_test_running->logs, sizeof *line);
    line->level = (enum ms_level)level;
    line->message = ms_copy(&ms_test_running->run, message);
}

void ms_host_count(uint32_t counter, uint64_t by)
{
    if (ms_test_running != NULL)
        ms_test_running->outcome.counters[counter] += by;
}

ms_bytes ms_test_entry(const ms_test *test, size_t table, ms_bytes key)
{
    const ms_entry *entries = (const ms_entry *)test->entries.items;
    for (size_t i = test->entries.count; i-- > 0;)
        if (entries[i].table == table && !ms_is_null(key) && ms_same(entries[i].key, key))
            return entries[i].value;
    return ms_null();
}

ms_column ms_host_table(uint32_t table, const ms_column *keys)
{
    ms_column_builder values;
    ms_builder_init(&values, &ms_test_running->run);
    for (size_t i = 0; i < ms_column_len(keys); i++)
        ms_builder_push(&values, ms_test_entry(ms_test_running, table, ms_column_get(keys, i)));
    return ms_builder_finish(&values);
}

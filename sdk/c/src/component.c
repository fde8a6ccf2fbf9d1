/// The component's side of the contract: what it exports and imports as a core module. Compiled for WebAssembly only.
///
/// One instance holds one transform and is never called twice at once.
#include <stdlib.h>

#include "host.h"
#include "instance.h"

#define CONTRACT(interface) "millstream:transform/" interface "@0.1.0"
#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT(CONTRACT("log"), "write") void import_write(int32_t level, const char *message, size_t len);
IMPORT(CONTRACT("metrics"), "add") void import_add(int32_t counter, int64_t by);
IMPORT(CONTRACT("tables"), "get")
void import_get(int32_t table, const char *data, size_t data_len, const char *ends, size_t ends_len, const char *nulls,
                size_t nulls_len, ms_column *values);
/// What makes clocks move: they stand still within a call.
IMPORT("wasi_snapshot_preview1", "sync_clock") void import_sync_clock(void);

static ms_instance instance;

void ms_host_log(uint8_t level, ms_bytes message)
{
    import_write(level, message.data, message.len);
}

void ms_host_count(uint32_t counter, uint64_t by)
{
    import_add((int32_t)counter, (int64_t)by);
}

ms_column ms_host_table(uint32_t table, const ms_column *keys)
{
    ms_column values;
    import_get((int32_t)table, keys->data.data, keys->data.len, keys->ends.data, keys->ends.len, keys->nulls.data,
               keys->nulls.len, &values);
    return values;
}

/// Where the host puts arguments and what imports answer.
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size)
{
    // An empty list needs an address, not memory.
    if (size == 0)
        return (void *)align;
    return ms_arena_grow(&instance.call, old_size == 0 ? NULL : old, old_size, align, size);
}

EXPORT("millstream:transform/guest@0.1.0#configure")
wit_configured *export_configure(const wit_pair *settings, size_t count)
{
    static wit_configured result;
    import_sync_clock();
    ms_instance_configure(&instance, millstream_exported, settings, count, &result);
    return &result;
}

EXPORT("millstream:transform/guest@0.1.0#apply") wit_applied *export_apply(const wit_batch *batch)
{
    static wit_applied result;
    import_sync_clock();
    ms_instance_apply(&instance, batch, &result);
    return &result;
}

/// Called when the host has read the answer. The next call's arguments come before the call itself, so this is the only
/// place where nothing of the arena is in use.
EXPORT("cabi_post_millstream:transform/guest@0.1.0#configure") void post_configure(wit_configured *result)
{
    (void)result;
    ms_instance_reset(&instance);
}

EXPORT("cabi_post_millstream:transform/guest@0.1.0#apply") void post_apply(wit_applied *result)
{
    (void)result;
    ms_instance_reset(&instance);
}

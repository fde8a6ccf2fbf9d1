/// What a test is made of. The parts: fields.c takes fields out as the host does, outcome.c applies the answer as the host
/// does, host.c is what the transform asks of its host, test.c puts them together.
#ifndef MS_TESTING_TESTING_H
#define MS_TESTING_TESTING_H

#include "instance.h"
#include "millstream/testing.h"
#include "patch.h"

typedef struct ms_input {
    /// Its row among all records.
    size_t row;
    ms_bytes key;
    ms_bytes value;
    ms_header headers[16];
    size_t header_count;
    int64_t timestamp;
    int64_t offset;
} ms_input;

typedef struct ms_entry {
    size_t table;
    ms_bytes key;
    ms_bytes value;
} ms_entry;

/// A growing array of structs of one size.
typedef struct ms_array {
    char *items;
    size_t count;
    size_t capacity;
} ms_array;

/// The new last item, zeroed.
void *ms_array_add(ms_array *array, size_t size);

struct ms_test {
    const ms_transform *transform;
    /// Lives as long as the test.
    ms_arena arena;
    /// Lives until the next run.
    ms_arena run;
    ms_bytes topic;
    int32_t partition;
    ms_array settings; // wit_pair
    ms_array entries;  // ms_entry
    ms_array inputs;   // ms_input
    ms_array emitted;  // ms_emitted
    ms_array rejected; // ms_rejected
    ms_array dropped;  // size_t
    ms_array logs;     // ms_logged
    ms_outcome outcome;
};

/// The test that runs, for the host's functions; NULL: none.
extern ms_test *ms_test_running;

/// Ends the program.
void ms_test_fatal(const char *format, ...) MS_FORMAT(1, 2);

/// Takes fields and lookups out of the inputs. Rejects those that the host rejects, and leaves the rows of the others in
/// `kept`, as many as it answers. The columns have entries for those.
size_t ms_test_fields(ms_test *test, const ms_transform *declared, const ms_input **kept, ms_values **fields,
                      ms_values **lookups);

/// What a table has; null where it has nothing.
ms_bytes ms_test_entry(const ms_test *test, size_t table, ms_bytes key);

/// Applies the answer to these records. Ends the program where the host would refuse it.
void ms_test_apply(ms_test *test, const ms_transform *declared, const ms_input *const *inputs, size_t count,
                   const wit_output *output);

#endif

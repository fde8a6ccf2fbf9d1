/// @file
/// Runs a transform in a plain unit test, without WebAssembly: through the same batch and the same answer that a component
/// exchanges with its host, so nothing of it is skipped. For native builds only.
///
///     ms_test *test = ms_test_new(millstream_exported);
///     ms_test_setting(test, "keep", "swipe");
///     ms_test_record(test, "{\"type\":\"swipe\"}");
///     const ms_outcome *outcome = ms_test_run(test);
///     MS_CHECK(outcome->emitted_count == 1);
///     MS_CHECK_TEXT(outcome->emitted[0].value, "{\"type\":\"swipe\"}");
///     ms_test_free(test);
///
/// Declared fields are taken out of the records as the host does it: JSON of RFC 8259, the last of two members of one name,
/// integers exact, and records that are malformed or lack what is required are rejected before the transform sees them.
#ifndef MILLSTREAM_TESTING_H
#define MILLSTREAM_TESTING_H

#include <stdio.h>
#include <stdlib.h>

#include "../millstream.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A transform to test, with its settings, its tables and its records.
typedef struct ms_test ms_test;

/// A test of this transform. Records come from partition 0 of the topic `input`, unless said otherwise.
ms_test *ms_test_new(const ms_transform *transform);
/// Gives everything back, also the outcome.
void ms_test_free(ms_test *test);
/// Sets a setting, as the deployment would.
void ms_test_setting(ms_test *test, const char *name, const char *value);
/// Where the records come from.
void ms_test_source(ms_test *test, const char *topic, int32_t partition);
/// Puts a value into a table that the transform declares; a later one of the same key counts. Ends the program where there is
/// no such table.
void ms_test_table(ms_test *test, const char *table, const char *key, const char *value);

/// Adds a record with this value, NULL for null, without a key and headers, with the timestamp 0 and its row as offset.
void ms_test_record(ms_test *test, const char *value);
/// The same for any bytes.
void ms_test_record_bytes(ms_test *test, ms_bytes value);
/// Gives the record that was added last a key; NULL for null.
void ms_test_key(ms_test *test, const char *key);
/// Gives the record that was added last one more header; the value may be NULL for null.
void ms_test_header(ms_test *test, const char *name, const char *value);
/// Gives the record that was added last a timestamp, in milliseconds since 1970-01-01T00:00Z; -1 for none.
void ms_test_timestamp(ms_test *test, int64_t milliseconds);
/// Gives the record that was added last an offset.
void ms_test_offset(ms_test *test, int64_t offset);

/// A record as it is written.
typedef struct ms_emitted {
    /// The name of the output.
    const char *output;
    /// The row of the record that it comes from, counted from 0.
    size_t row;
    /// Null where there is none.
    ms_bytes key;
    /// Null where there is none.
    ms_bytes value;
    /// In their order.
    const ms_header *headers;
    size_t header_count;
    /// Milliseconds since 1970-01-01T00:00Z; -1 for none.
    int64_t timestamp;
    /// -1 where the transform chose none.
    int32_t partition;
} ms_emitted;

/// A record that could not be processed.
typedef struct ms_rejected {
    /// Its row, counted from 0.
    size_t row;
    /// What is wrong, for machines.
    ms_bytes code;
    /// What is wrong, for people.
    ms_bytes reason;
} ms_rejected;

/// A line of the log.
typedef struct ms_logged {
    enum ms_level level;
    ms_bytes message;
} ms_logged;

/// What became of the records of a test. It lives until the test runs again or is freed.
typedef struct ms_outcome {
    /// In the order in which they are written.
    const ms_emitted *emitted;
    size_t emitted_count;
    /// In the order of the input.
    const ms_rejected *rejected;
    size_t rejected_count;
    /// The rows of the records that were neither emitted nor rejected, ascending.
    const size_t *dropped;
    size_t dropped_count;
    /// Why the batch failed; null where it did not. Nothing is emitted, rejected or counted then.
    ms_bytes failure;
    /// Whether a failure is one that may pass.
    bool transient;
    /// What the counters come to, in the order of the declaration.
    uint64_t counters[64];
    const ms_logged *logs;
    size_t log_count;
} ms_outcome;

/// Runs the transform over the records, as one batch. Ends the program, with the reason, where the deployment would be
/// refused, or where the host would refuse the answer.
const ms_outcome *ms_test_run(ms_test *test);
/// Why a deployment with these settings would be refused; null where it would not be.
ms_bytes ms_test_configure(ms_test *test);
/// The value of the last header of this name; null where there is none or where it is null.
ms_bytes ms_emitted_header(const ms_emitted *emitted, const char *name);

/// Ends the program with the place and the condition unless it holds, whatever NDEBUG is.
#define MS_CHECK(condition)                                                                                            \
    ((condition) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), exit(1)))

/// Ends the program with both texts unless these bytes are this text; NULL is null.
#define MS_CHECK_TEXT(bytes, text) ms_check_text(bytes, text, __FILE__, __LINE__)

/// What MS_CHECK_TEXT calls.
static inline void ms_check_text(ms_bytes bytes, const char *text, const char *file, int line)
{
    if (ms_same(bytes, ms_text(text)))
        return;
    fprintf(stderr, "%s:%d: it is %s%.*s, not %s\n", file, line, ms_is_null(bytes) ? "null" : "", MS_PRINT(bytes),
            text == NULL ? "null" : text);
    exit(1);
}

#ifdef __cplusplus
}
#endif
#endif

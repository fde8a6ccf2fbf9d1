/// @file
/// What a function over records answers with: where its record goes and what of it changes, or why it cannot be processed.
#ifndef MILLSTREAM_EMITTER_H
#define MILLSTREAM_EMITTER_H

#include "buffer.h"
#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What a transform's function returns.
typedef enum ms_status {
    /// All is well.
    MS_OK,
    /// The record cannot be processed: what ms_reject returns.
    MS_REJECTED,
    /// The batch failed: what ms_fail_transient and ms_fail_permanent return.
    MS_FAILED
} ms_status;

/// Returns from the function with what `expression` answers, unless that is MS_OK.
#define MS_TRY(expression)                                                                                             \
    do {                                                                                                               \
        ms_status ms_try_status = (expression);                                                                        \
        if (ms_try_status != MS_OK)                                                                                    \
            return ms_try_status;                                                                                      \
    } while (0)

/// Emits records that come from the record at hand. A record for which nothing is emitted is dropped.
///
/// When the function rejects its record, what it emitted for it is taken back.
typedef struct ms_emitter ms_emitter;

/// The record that was emitted last. What is not changed of it is its row's own; changing a part again replaces what was
/// set before. It may be used until the next record is emitted.
typedef struct ms_emission ms_emission;

/// Emits the record as it is, to the output of this index. Calling it again emits the record again.
void ms_forward(ms_emitter *out, unsigned output);
/// Emits the record; the answer says what of it changes.
ms_emission *ms_emit(ms_emitter *out, unsigned output);
/// Takes back what was emitted for this record. A record for which nothing was emitted is dropped without this.
void ms_drop(ms_emitter *out);
/// Adds to the counter of this index. It counts if the host accepts the answer to this batch, whatever becomes of this
/// record.
void ms_count(ms_emitter *out, unsigned counter, uint64_t by);

/// Rejects the record: `return ms_reject(out, "no-user", "user %lld is unknown", id)`. It goes where the deployment sends
/// failures. `code` is for machines and made to fit a-z, 0-9 and '-', 64 bytes; the reason, as printf writes it, is for
/// people and cut at 1 KiB.
///
/// A function that returns MS_REJECTED without it rejects its record with the code `error`.
ms_status ms_reject(ms_emitter *out, const char *code, const char *format, ...) MS_FORMAT(3, 4);
/// The same for a code and a reason that are bytes: a NUL does not end them, and what is no UTF-8 in the reason is replaced.
/// They are copied.
ms_status ms_reject_bytes(ms_emitter *out, ms_bytes code, ms_bytes reason);
/// Fails the batch, which may succeed later: the host tries it again.
ms_status ms_fail_transient(ms_emitter *out, const char *format, ...) MS_FORMAT(2, 3);
/// Fails the batch, which never will succeed: the host looks for the records that are to blame.
ms_status ms_fail_permanent(ms_emitter *out, const char *format, ...) MS_FORMAT(2, 3);
/// ms_fail_transient for a reason that is bytes, as ms_reject_bytes takes it.
ms_status ms_fail_transient_bytes(ms_emitter *out, ms_bytes reason);
/// ms_fail_permanent for a reason that is bytes, as ms_reject_bytes takes it.
ms_status ms_fail_permanent_bytes(ms_emitter *out, ms_bytes reason);

/// The record's value as text, in `*text`. Rejects the record as `null-value` where it is null and as `invalid-utf8` where
/// it is no text.
ms_status ms_record_text(const ms_record *record, ms_emitter *out, ms_bytes *text);

/// An empty buffer to write into. It is the same one each time: what was written is gone at the next call.
ms_buffer *ms_scratch(ms_emitter *out);

/// A new key; null for none.
void ms_set_key(ms_emission *emission, ms_bytes key);
/// No key.
void ms_set_null_key(ms_emission *emission);
/// A new value; null for none, which is a tombstone in a compacted topic.
void ms_set_value(ms_emission *emission, ms_bytes value);
/// No value.
void ms_set_null_value(ms_emission *emission);
/// A new value, written straight into the answer: all that is appended to the buffer until something else is done with
/// the emitter.
ms_buffer *ms_write_value(ms_emission *emission);
/// The record's own value, a JSON object, with these members added before its last brace: `"region":"eu","hour":3`, as
/// ms_json_text and its like write them. Nothing else of it changes. Rejects the record as `unexpected-json` where its
/// value is no object, as `null-value` where it is null; the transform has to read MS_VALUES.
ms_status ms_extend_json(ms_emission *emission, ms_bytes members);
/// Other headers instead of the record's.
void ms_set_headers(ms_emission *emission, const ms_header *headers, size_t count);
/// One more header, after those that the record has; the value may be null. Names are UTF-8; those that begin with
/// `millstream.` are the host's.
void ms_add_header(ms_emission *emission, const char *name, ms_bytes value);
/// The same for a name without a NUL at its end.
void ms_add_header_bytes(ms_emission *emission, ms_bytes name, ms_bytes value);
/// Another timestamp, in milliseconds since 1970-01-01T00:00Z; -1 for none.
void ms_set_timestamp(ms_emission *emission, int64_t milliseconds);
/// A partition of the output's topic; -1 leaves it to the partitioner.
void ms_set_partition(ms_emission *emission, int32_t partition);

#ifdef __cplusplus
}
#endif
#endif

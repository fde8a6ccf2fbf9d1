/// @file
/// The declaration of a transform.
#ifndef MILLSTREAM_TRANSFORM_H
#define MILLSTREAM_TRANSFORM_H

#include "emitter.h"
#include "plan.h"
#include "record.h"
#include "settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Where a field is looked for.
enum ms_part {
    /// The value, which is JSON.
    MS_VALUE,
    /// The key: JSON where a path leads into it, else text as it stands.
    MS_KEY,
    /// The last header of the field's `header`, text as it stands.
    MS_HEADER
};

/// What the host does about a field that a record lacks.
enum ms_presence {
    /// Absent, null or of another type: the host rejects the record.
    MS_REQUIRED,
    /// Absent or null: null. Of another type: the host rejects the record.
    MS_NULLABLE,
    /// Absent, null or of another type: null.
    MS_LENIENT
};

/// A field that the host takes out of each record, so that the component need not parse it. What is left out is a
/// required text of the value: `{.path = "/type"}`, `{.path = "/age", .type = MS_INTEGER, .presence = MS_NULLABLE}`,
/// `{.part = MS_HEADER, .header = "trace", .presence = MS_LENIENT}`.
typedef struct ms_field {
    /// A JSON Pointer (RFC 6901) into the part; NULL or empty for the whole of it.
    const char *path;
    enum ms_type type;
    enum ms_presence presence;
    enum ms_part part;
    /// The name of the header; of MS_HEADER only.
    const char *header;
} ms_field;

/// Which key a lookup has.
enum ms_lookup_key {
    /// The record's.
    MS_RECORD_KEY,
    /// The text, integer or raw field of the lookup's index `field`.
    MS_FIELD_KEY
};

/// A value of a table that the host joins to every record.
typedef struct ms_lookup {
    /// An index into `ms_transform.tables`.
    unsigned table;
    enum ms_lookup_key key;
    /// An index into `ms_transform.fields`; of MS_FIELD_KEY only.
    unsigned field;
    /// What of the table's value is wanted; its part is MS_VALUE, and its presence counts as that of a record's field does.
    /// Then a table's value that is not JSON rejects the record as `malformed-json`. NULL: all of it, as MS_RAW.
    const ms_field *of;
} ms_lookup;

/// Names, as many as there are.
typedef struct ms_names {
    const char *const *at;
    size_t count;
} ms_names;
/// Fields, as many as there are.
typedef struct ms_fields {
    const ms_field *at;
    size_t count;
} ms_fields;
/// Lookups, as many as there are.
typedef struct ms_lookups {
    const ms_lookup *at;
    size_t count;
} ms_lookups;

/// An array as a list of the declaration: `.outputs = MS_LIST(outputs)`.
#define MS_LIST(array) {(array), sizeof(array) / sizeof *(array)}

/// A transform. What is left out is zero: nothing read, no fields, no settings. Outputs there have to be.
typedef struct ms_transform {
    /// `MS_KEYS | MS_VALUES`…: what the functions look at besides fields.
    unsigned reads;
    ms_fields fields;
    ms_lookups lookups;
    /// Names of the tables used; the deployment says which topic each one is.
    ms_names tables;
    /// Names of the outputs, at least one: a-z, 0-9, '-' and '_'. Their indexes are what ms_forward takes.
    ms_names outputs;
    /// Names of counters, at most 64: a-z, 0-9 and '_'.
    ms_names counters;
    /// Whether records whose value is null are wanted though a field of the value is required: all fields of the value
    /// are null then. Else they are rejected as `null-value`.
    bool null_values;

    /// How large the state is that `configure` fills and the functions get. It is zeroed, and a cache: the host puts a new
    /// instance in this one's place between any two calls. 0: the functions get NULL.
    size_t state_size;
    /// Reads the settings into the state. Without it every setting is refused.
    void (*configure)(ms_settings *settings, void *state);
    /// Gives back what `configure` took besides ms_setting_memory; only tests, which run many instances, need it.
    void (*release)(void *state);

    /// Called for each record.
    ms_status (*record)(const ms_record *record, ms_emitter *out, void *state);
    /// Called for each batch, instead of `record`. Rejects no record by what it returns: MS_REJECTED fails the batch.
    ms_status (*batch)(const ms_batch *batch, ms_plan *plan, void *state);
} ms_transform;

/// The declaration that is being configured, for faces in other languages: it may be completed from within `configure`.
ms_transform *ms_settings_transform(ms_settings *settings);

/// The component's transform.
extern const ms_transform *const millstream_exported;

/// Makes a transform the component's; once, in a source file. Unit tests find it as `millstream_exported`.
#define MILLSTREAM_EXPORT(transform) const ms_transform *const millstream_exported = &(transform)

#ifdef __cplusplus
}
#endif
#endif

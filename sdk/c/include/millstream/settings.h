/// @file
/// A deployment's settings, taken one by one. All that is wrong with them is said at once, when the transform is deployed.
///
/// Each function answers the setting, or the default where it is not set. A setting that is wrong is remembered (the
/// answer is then the default, and `configure` goes on to the next one), and so is one that nobody asked for.
#ifndef MILLSTREAM_SETTINGS_H
#define MILLSTREAM_SETTINGS_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What `ms_transform.configure` reads settings from.
typedef struct ms_settings ms_settings;

/// Texts in order; they live as long as the instance.
typedef struct ms_list {
    const ms_bytes *at;
    size_t count;
} ms_list;

/// A name and what it stands for.
typedef struct ms_pair {
    ms_bytes name;
    ms_bytes value;
} ms_pair;

/// Pairs, ascending by name, no name twice; they live as long as the instance.
typedef struct ms_map {
    const ms_pair *at;
    size_t count;
} ms_map;

/// A text.
ms_bytes ms_setting_text(ms_settings *settings, const char *name, const char *unset);
/// An integer of 64 bits.
int64_t ms_setting_integer(ms_settings *settings, const char *name, int64_t unset);
/// An integer from `least` to `most`.
int64_t ms_setting_integer_in(ms_settings *settings, const char *name, int64_t unset, int64_t least, int64_t most);
/// A finite number.
double ms_setting_number(ms_settings *settings, const char *name, double unset);
/// `true` or `false`.
bool ms_setting_boolean(ms_settings *settings, const char *name, bool unset);
/// Texts separated by commas, without the spaces around them; an empty text is an empty list. `unset` is written so too.
ms_list ms_setting_list(ms_settings *settings, const char *name, const char *unset);
/// `berlin = eu, boston = us`; of one name the last counts. `unset` is written so too.
ms_map ms_setting_map(ms_settings *settings, const char *name, const char *unset);

/// Says that this setting has to be set: call it before the function that reads it.
void ms_setting_required(ms_settings *settings, const char *name);
/// Whether this setting is set.
bool ms_setting_is_set(const ms_settings *settings, const char *name);
/// Says what else is wrong with the settings, as printf does; it refuses the deployment.
void ms_setting_error(ms_settings *settings, const char *format, ...) MS_FORMAT(2, 3);
/// The same for an error that is bytes: a NUL does not end it, and what is no UTF-8 in it is replaced. It is copied.
void ms_setting_error_bytes(ms_settings *settings, ms_bytes error);

/// Memory that lives as long as the instance, zeroed, for what `configure` makes of the settings.
void *ms_setting_memory(ms_settings *settings, size_t size);

/// Whether a list has this entry.
bool ms_list_has(ms_list list, ms_bytes entry);
/// What a map has under this name; null where it has nothing.
ms_bytes ms_map_get(ms_map map, ms_bytes name);

#ifdef __cplusplus
}
#endif
#endif

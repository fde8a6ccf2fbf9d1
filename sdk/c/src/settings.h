/// Settings under reading: which were asked for, and what is wrong with them.
#ifndef MS_SETTINGS_H
#define MS_SETTINGS_H

#include "arena.h"
#include "millstream/settings.h"
#include "millstream/transform.h"
#include "wit.h"

struct ms_settings {
    /// Lives as long as the instance.
    ms_arena *arena;
    /// The instance's own copy of the declaration, which the C++ face completes.
    ms_transform *transform;
    const wit_pair *set;
    size_t count;
    /// Names that were asked for, as `const char *`.
    ms_buffer known;
    /// What is wrong, separated by `; `.
    ms_buffer errors;
    const char *required;
};

/// What is wrong, with every setting that nobody asked for; null where nothing is.
ms_bytes ms_settings_finish(ms_settings *settings);

#endif

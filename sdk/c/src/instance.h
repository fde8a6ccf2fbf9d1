/// One instance of a transform: what a component holds, and what a test makes for each run.
#ifndef MS_INSTANCE_H
#define MS_INSTANCE_H

#include "arena.h"
#include "millstream/transform.h"
#include "wit.h"

typedef struct ms_instance {
    /// A copy of the declaration, which the C++ face completes while it is configured.
    ms_transform transform;
    bool configured;
    void *state;
    /// What lives as long as the instance: the state and the settings.
    ms_arena kept;
    /// What lives as long as a call.
    ms_arena call;
} ms_instance;

/// Reads the settings, makes the state, and says what the transform reads and has.
void ms_instance_configure(ms_instance *instance, const ms_transform *transform, const wit_pair *settings, size_t count,
                           wit_configured *result);
/// Runs the transform over a batch. The answer lives until the reset.
void ms_instance_apply(ms_instance *instance, const wit_batch *batch, wit_applied *result);
/// Gives back what the last call took, its arguments and its answer too.
void ms_instance_reset(ms_instance *instance);
/// Gives back everything.
void ms_instance_free(ms_instance *instance);

#endif

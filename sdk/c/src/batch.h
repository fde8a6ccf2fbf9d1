/// A batch as the host sends it, checked and made what transforms look at.
#ifndef MS_BATCH_H
#define MS_BATCH_H

#include "call.h"

/// False where a column is missing or too short, which `*missing` then says.
bool ms_batch_lift(ms_batch *batch, const wit_batch *sent, ms_call *call, ms_bytes *missing);

#endif

/// @file
/// Millstream transforms in C: a function over records, which becomes a WebAssembly component.
///
/// A transform is a constant `ms_transform` that says what is read, which fields the host takes out of each record, which
/// outputs there are, and which function is called; MILLSTREAM_EXPORT makes it the component's. See README.md for a
/// first one, and millstream/testing.h for unit tests without WebAssembly.
#ifndef MILLSTREAM_H
#define MILLSTREAM_H

#include "millstream/buffer.h"
#include "millstream/bytes.h"
#include "millstream/column.h"
#include "millstream/emitter.h"
#include "millstream/log.h"
#include "millstream/plan.h"
#include "millstream/record.h"
#include "millstream/settings.h"
#include "millstream/transform.h"

#endif

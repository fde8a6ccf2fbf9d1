/// @file
/// Lines for the transform's log. The host limits them, per line, per call and per second.
///
/// What a component prints becomes lines of the log as well; these keep their level.
#ifndef MILLSTREAM_LOG_H
#define MILLSTREAM_LOG_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How much a line matters.
enum ms_level { MS_DEBUG, MS_INFO, MS_WARN, MS_ERROR };

/// Writes a line, cut at 64 KiB; what is no UTF-8 in it is replaced.
void ms_log(enum ms_level level, ms_bytes message);

/// Writes a line as printf does, cut at 4 KiB: for whoever looks for a bug.
void ms_debug(const char *format, ...) MS_FORMAT(1, 2);
/// The same for whoever wants to know.
void ms_info(const char *format, ...) MS_FORMAT(1, 2);
/// The same for what somebody should look at some time.
void ms_warn(const char *format, ...) MS_FORMAT(1, 2);
/// The same for what somebody should look at.
void ms_error(const char *format, ...) MS_FORMAT(1, 2);

#ifdef __cplusplus
}
#endif
#endif

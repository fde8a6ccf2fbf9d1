/// @file
/// Lines for the transform's log. The host limits them, per line, per call and per second.
#ifndef MILLSTREAM_LOG_HPP
#define MILLSTREAM_LOG_HPP

#include "result.hpp"

namespace millstream::log {

/// Writes a line for whoever looks for a bug, cut at 64 KiB; what is no UTF-8 in it is replaced.
inline void debug(std::string_view message) { ms_log(MS_DEBUG, detail::bytes(message)); }
/// The same for whoever wants to know.
inline void info(std::string_view message) { ms_log(MS_INFO, detail::bytes(message)); }
/// The same for what somebody should look at some time.
inline void warn(std::string_view message) { ms_log(MS_WARN, detail::bytes(message)); }
/// The same for what somebody should look at.
inline void error(std::string_view message) { ms_log(MS_ERROR, detail::bytes(message)); }

} // namespace millstream::log

#endif

/// Lines for the transform's log. The host limits them, per line, per call and per second.
#ifndef MILLSTREAM_LOG_HPP
#define MILLSTREAM_LOG_HPP

#include "result.hpp"

namespace millstream::log {

inline void debug(std::string_view message) { ms_log(MS_DEBUG, detail::bytes(message)); }
inline void info(std::string_view message) { ms_log(MS_INFO, detail::bytes(message)); }
inline void warn(std::string_view message) { ms_log(MS_WARN, detail::bytes(message)); }
inline void error(std::string_view message) { ms_log(MS_ERROR, detail::bytes(message)); }

} // namespace millstream::log

#endif

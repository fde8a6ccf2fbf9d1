/// @file
/// Millstream transforms in C++17: a class with a function over records, which becomes a WebAssembly component.
///
///     struct Route : millstream::Transform {
///         millstream::Output likes = output("likes");
///         millstream::Output passes = output("passes");
///         millstream::Text direction = text("/direction");
///
///         millstream::Result apply(const millstream::Record &record, millstream::Emitter &out)
///         {
///             if (record[direction] == "right")
///                 out.forward(likes);
///             else
///                 out.forward(passes);
///             return millstream::ok();
///         }
///     };
///     MILLSTREAM_TRANSFORM(Route)
///
/// The members are the declaration. Nothing here needs exceptions, which WebAssembly's compilers leave out: a function
/// answers a Result. Where there are exceptions (in unit tests, say) those that escape reject the record.
#ifndef MILLSTREAM_HPP
#define MILLSTREAM_HPP

#include "millstream/batch.hpp"
#include "millstream/emitter.hpp"
#include "millstream/log.hpp"
#include "millstream/record.hpp"
#include "millstream/result.hpp"
#include "millstream/transform.hpp"

#endif

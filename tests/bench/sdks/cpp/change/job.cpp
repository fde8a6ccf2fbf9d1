/// Sets one member of each event. C++ has no JSON library of its own, so unlike in the other languages the value is not parsed:
/// the member is added to its text.
#include <millstream.hpp>

namespace ms = millstream;

struct Change : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;

    ms::Output changed = output("changed");

    ms::Result apply(const ms::Record &, ms::Emitter &out)
    {
        const ms::Members seen = ms::Members(out).boolean("seen", true);
        return out.emit(changed).extend_json(seen);
    }
};

MILLSTREAM_TRANSFORM(Change)

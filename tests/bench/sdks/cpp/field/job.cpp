/// Keeps three types of events, by a declared field.
#include <millstream.hpp>

namespace ms = millstream;

struct Keep : ms::Transform {
    ms::Output kept = output("kept");
    ms::Text type = text("/type");

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        const std::string_view kind = record[type];
        if (kind == "swipe" || kind == "message" || kind == "profile")
            out.forward(kept);
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Keep)

/// Sends three types of events to outputs of their own, by a header.
#include <millstream.hpp>

namespace ms = millstream;

struct Route : ms::Transform {
    ms::Output swipes = output("swipes");
    ms::Output messages = output("messages");
    ms::Output profiles = output("profiles");
    ms::Text type = text(ms::in_header("type"));

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        const std::string_view kind = record[type];
        if (kind == "swipe")
            out.forward(swipes);
        else if (kind == "message")
            out.forward(messages);
        else if (kind == "profile")
            out.forward(profiles);
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Route)

/// Sends swipes to the right to one topic and swipes to the left to another; other events are dropped.
#include <millstream.hpp>

namespace ms = millstream;

struct Route : ms::Transform {
    ms::Output likes = output("likes");
    ms::Output passes = output("passes");
    // What the host takes out of each event. The event itself never enters this component.
    ms::Text type = text("/type");
    // Only swipes have one, so whatever else stands there is not looked at.
    ms::OptionalText direction = text("/direction", ms::lenient);

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        if (record[type] != "swipe")
            return ms::ok();
        const auto way = record[direction];
        if (!way)
            return ms::Reject("unknown-direction", "the swipe has no direction");
        if (*way == "right")
            out.forward(likes);
        else if (*way == "left")
            out.forward(passes);
        else
            return ms::Reject("unknown-direction", "a swipe \"" + std::string(*way) + "\" is neither left nor right");
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Route)

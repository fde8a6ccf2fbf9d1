/// Keeps the events of some types, and drops the others.
#include <algorithm>

#include <millstream.hpp>

namespace ms = millstream;

struct Filter : ms::Transform {
    ms::Output kept = output("kept");
    ms::Text type = text("/type");
    /// The types to keep, separated by commas.
    std::vector<std::string> keep = setting_list("keep", "swipe");

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        if (std::find(keep.begin(), keep.end(), record[type]) != keep.end())
            out.forward(kept);
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Filter)

/// What `field` does, over the columns of a batch.
#include <millstream.hpp>

namespace ms = millstream;

struct Keep : ms::Transform {
    ms::Output kept = output("kept");
    ms::Text type = text("/type");

    ms::Result apply(const ms::Batch &batch, ms::Plan &plan)
    {
        const auto types = batch[type];
        for (std::size_t row = 0; row < batch.size(); row++) {
            const std::string_view kind = types[row];
            if (kind == "swipe" || kind == "message" || kind == "profile")
                plan.forward(row, kept);
        }
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Keep)

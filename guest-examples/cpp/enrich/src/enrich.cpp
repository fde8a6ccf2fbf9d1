/// Adds to each event the region of its country and the hour of its day, and a header with the region.
#include <millstream.hpp>

namespace ms = millstream;

/// The hour of the day, UTC. Division rounds towards zero, so times before 1970 need a step back.
static std::int64_t hour(std::int64_t milliseconds)
{
    constexpr std::int64_t day = 86400000;
    const std::int64_t time = milliseconds % day;
    return (time < 0 ? time + day : time) / 3600000;
}

struct Enrich : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;

    ms::Output enriched = output("enriched");
    ms::Text country = text("/country");
    ms::Integer at = integer("/at");
    /// Countries and their regions: `GB = europe, BR = latin-america`.
    Map regions = setting_map("regions", "");
    /// The region of the other countries.
    std::string fallback = setting_text("fallback", "elsewhere");

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        const auto known = regions.find(record[country]);
        const std::string &region = known == regions.end() ? fallback : known->second;
        const ms::Members added = ms::Members(out).text("region", region).integer("hour", hour(record[at]));
        ms::Emission emission = out.emit(enriched);
        MILLSTREAM_TRY(emission.extend_json(added));
        emission.header("region", region);
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Enrich)

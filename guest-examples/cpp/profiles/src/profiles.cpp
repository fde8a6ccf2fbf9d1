/// Joins the profile of the person who was swiped into each swipe.
#include <millstream.hpp>

namespace ms = millstream;

struct Profiles : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;

    ms::Output joined = output("joined");
    ms::Output unknown = output("unknown");
    ms::Counter unknown_profiles = counter("unknown_profiles");
    /// Who was swiped.
    ms::Text target = text("/target");
    ms::Table profiles = table("profiles");
    // People need not say either, and a profile with one of them is better than none.
    ms::LookupText name_of = lookup_of<MS_TEXT>(profiles, target, "/name");
    ms::LookupInteger age_of = lookup_of<MS_INTEGER>(profiles, target, "/age");

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        const std::optional<std::string_view> name = record[name_of];
        const std::optional<std::int64_t> age = record[age_of];
        if (!name && !age) {
            out.count(unknown_profiles);
            out.forward(unknown);
            return ms::ok();
        }
        // What is not known is left out, not null.
        ms::Members known(out);
        if (name)
            known.text("name", *name);
        if (age)
            known.integer("age", *age);
        // A copy, because all members are written into the same buffer.
        const std::string profile = "{" + std::string(known.view()) + "}";
        return out.emit(joined).extend_json(ms::Members(out).raw("profile", profile));
    }
};

MILLSTREAM_TRANSFORM(Profiles)
